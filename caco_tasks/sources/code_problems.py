"""Programming problems: KodCode, MBPP and HumanEval. No answer is given; tests say what the code must return.

The annotation of each holds `code`, `tests` (a list of Python texts) and `entry_point`, what is under test; `rivals` are
other functions under test that the problem may ask for as well.
"""

from typing import Any

from caco_tasks.sources.asked_functions import find_asked
from caco_tasks.sources.fields import Row, identifier, nested, optional_text, slug, text, text_list
from caco_tasks.sources.reading import Fields

KODCODE_DIFFICULTIES = {"easy": 1, "medium": 3, "hard": 5}


def mbpp(row: Row) -> Fields:
    """MBPP, whole or sanitised: one assert a test; the lines that the tests need first are `setup`."""
    code = text(row, "code")
    tests = text_list(row, "test_list")
    # the whole dataset and the sanitised one name and type this field differently
    setup = optional_text(row, "test_setup_code") or "\n".join(text_list(row, "test_imports"))
    problem = text(row, "text" if "text" in row else "prompt")
    annotation = {"code": code, "tests": tests, "setup": setup, **_asked_for(problem, code, tests)}
    return Fields(key=identifier(row, "task_id"), problem=problem, solution=code, answer=None, annotation=annotation)


def humaneval(row: Row) -> Fields:
    """HumanEval: the problem is the signature with its docstring; prompt and solution together are the code."""
    prompt, solution = text(row, "prompt"), text(row, "canonical_solution")
    annotation = {"code": prompt + solution, "tests": [text(row, "test")], "entry_point": text(row, "entry_point")}
    return Fields(key=identifier(row, "task_id"), problem=prompt, solution=solution, answer=None, annotation=annotation)


def kodcode(row: Row) -> Fields:
    """KodCode: as released (`question`, `solution`), as its pipeline verifies it, or one of its untested code seeds."""
    if "codes" in row:
        return kodcode_seed(row)
    is_release = "question" in row
    code = text(row, "solution" if is_release else "response")
    tests = [text(row, "test" if "test" in row else "test_code")]
    # `instruction` may be a rewriting that shows the solution
    original = None if is_release else optional_text(nested(row, "metadata"), "original_instruction")
    problem = original or text(row, "question" if is_release else "instruction")
    return Fields(
        key=_kodcode_key(row),
        problem=problem,
        solution=code,
        answer=None,
        annotation={"code": code, "tests": tests, **_asked_for(problem, code, tests)},
        difficulty=KODCODE_DIFFICULTIES.get(optional_text(row, "gpt_difficulty") or ""),
    )


def kodcode_seed(row: Row) -> Fields:
    """A code seed of KodCode: code without tests, named by its file."""
    code = text(row, "codes")
    return Fields(
        key=identifier(row, "id"),
        problem=text(row, "file_name").replace("_", " "),
        solution=code,
        answer=None,
        annotation={"code": code, "tests": [], "entry_point": None},
        domain=slug(row.get("category")),
    )


def _asked_for(problem: str, code: str, tests: list[str]) -> dict[str, Any]:
    """What is under test and asked for, as the annotation holds it."""
    asked = find_asked(problem, code, tests)
    rivals = {"rivals": list(asked.rivals)} if asked is not None and asked.rivals else {}
    return {"entry_point": asked.name if asked is not None else None, **rivals}


def _kodcode_key(row: Row) -> str:
    for name in ("question_id", "conversation_id"):
        if name in row:
            return identifier(row, name)
    metadata = nested(row, "metadata")
    return f"{text(metadata, 'mode')}/{identifier(metadata, 'prompt_id')}"
