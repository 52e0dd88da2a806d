"""False alarms: what each text check says against texts that are known to be right, by source and subject.

Beside it stands what has to be caught all the same (marked mistakes, unequal answers, copies of benchmark items), for a
check that says nothing has no false alarm. Public data of `$CACO_PUBLIC_DATA`; what is not there is left out. The rules are
those of the bundled nano config.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caco_tasks.checks.arithmetic.equations import false_equations
from caco_tasks.checks.problems.exchanged_values import find_exchanged_values
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.checks.rules import apply_rules
from caco_tasks.checks.steps.step_grounding import find_step_faults
from caco_tasks.config import GradingSettings, RunConfig, SandboxSettings, SourceSettings, load_config
from caco_tasks.convert import unify_seeds
from caco_tasks.errors import CacoError, ConfigError
from caco_tasks.grading import Grader
from caco_tasks.records import Grade, Outcome, Reason, SeedProgram, Verdict, fail
from caco_tasks.sandbox import Sandbox
from caco_tasks.sources import READERS, read_source
from caco_tasks.text_checks.program_check import check_programs

sys.path.insert(0, str(Path(__file__).parent))
from copied_problems import look_for_copies
from known_right import (
    ONE_IN,
    KnownText,
    answer_pairs,
    changed_results,
    gsm8k_solutions,
    marked_mistakes,
    math_solutions,
    rated_solutions,
    replies,
    steps_before_mistakes,
)
from public_files import find_public
from verification import share

WORKERS = 2
CONVERTED = {  # natural problems, each beside the program that `convert` makes of its annotation
    "gsm8k": "gsm8k/train.jsonl",
    "mawps": "mawps/mawps_single_source.json",
    "svamp": "svamp/SVAMP.json",
    "asdiv": "asdiv/ASDiv.xml",
    "mathqa": "mathqa/dev.json",
}
CONVERTED_EACH = 1000
SCREENED_EACH = 100  # of them, whose inputs are changed
PUBLISHED = {  # files as their authors publish them -> reader, records
    "omni_math/omni_math_rule.jsonl": ("omni_math", 2821),
    "olympiadbench/OE_TO_maths_en_COMP.json": ("olympiadbench", 675),
    "theoremqa/theoremqa_test.json": ("theoremqa", 800),
}


def bench(each: int = sys.maxsize) -> dict[str, Any]:
    """All tables; of each source and subject at most `each` texts.

    Raises:
        ConfigError: the public data are not on this machine.
    """
    if find_public() is None:
        raise ConfigError("There is nothing to look at here: name the folder of public data in CACO_PUBLIC_DATA.")
    config = load_config("nano")
    with Sandbox(SandboxSettings(workers=WORKERS)) as sandbox, Grader(GradingSettings(workers=WORKERS)) as grader:
        pairs = {name: list(_converted(name, sandbox, min(each, CONVERTED_EACH))) for name in CONVERTED}
        return {
            "equations": _equations(_limited(_right_solutions(), each)),
            "mistakes": _equations(_limited([*marked_mistakes(), *changed_results()], each), column="caught"),
            "agree_as_a_whole": _agree(_limited(math_solutions(one_in=ONE_IN), each), config, grader),
            "problem_rules": {name: _problem_rules(found, config) for name, found in pairs.items() if found},
            "screen": {name: _screen(found, config, sandbox) for name, found in pairs.items() if found},
            "answers": _answers(grader),
            "whole_replies": _whole_replies(grader, each),
            "copies_of_benchmark_items": look_for_copies(each),
            "sources_as_published": _sources(),
        }


def _right_solutions() -> list[KnownText]:
    return [
        *math_solutions(), *gsm8k_solutions(), *rated_solutions(), *replies(are_right=True), *steps_before_mistakes()
    ]  # fmt: skip


def _limited(texts: Iterable[KnownText], each: int) -> dict[str, list[KnownText]]:
    """The texts by source and subject, at most `each` of one, and behind those of a source with subjects all of them."""
    groups: dict[str, list[KnownText]] = defaultdict(list)
    for text in texts:
        if len(groups[text.of]) < each:
            groups[text.of].append(text)
    subjects = [name for name in groups if name.startswith("MATH: ")]
    whole = {"MATH, all": [text for name in subjects for text in groups[name]]} if subjects else {}
    return {**{name: groups[name] for name in sorted(groups)}, **whole}


def _equations(groups: Mapping[str, Sequence[KnownText]], *, column: str = "called_false") -> dict[str, Any]:
    """The share of the texts in which a statement is called false; statements computed, and not understood."""
    figures = {}
    for of, texts in groups.items():
        found = [false_equations(text.text) for text in texts]
        figures[of] = {
            column: share(sum(bool(one.false) for one in found), len(found)),
            "computed": sum(one.checked for one in found),
            "not_understood": sum(one.not_understood for one in found),
        }
    return figures


def _agree(groups: Mapping[str, Sequence[KnownText]], config: RunConfig, grader: Grader) -> dict[str, Any]:
    """Right solutions that `agree` rejects; there is no program, so nothing is asked of its inputs.

    Those whose steps cannot be followed are unknown here, also where the config only records that.
    """
    rules = config.agree.rules | {"not_understood": "reject"}
    figures = {}
    for of, texts in groups.items():
        answered = [text for text in texts if text.answer]
        compared = grader.compare((text.answer or "", text.text) for text in answered)
        verdicts = [
            _judge(text, rules) if comparison.verdict.kept else comparison.verdict
            for text, comparison in zip(answered, compared, strict=True)
        ]
        figures[of] = _outcomes(verdicts)
    return figures


def _judge(text: KnownText, rules: Mapping[str, str]) -> Verdict:
    return apply_rules(_find_faults(text, rules), rules, stage="agree")[0]


def _find_faults(text: KnownText, rules: Mapping[str, str]) -> Iterator[Verdict]:
    equations = false_equations(text.text)
    if equations.false:
        yield fail(Reason.FALSE_EQUATION, equations.false[0])
    yield from find_step_faults(text.problem, text.text, rules, input_json="{}", output_text=text.answer or "", code="")


def _converted(name: str, sandbox: Sandbox, limit: int) -> Iterator[SeedProgram]:
    """Problems whose converted program gives the right answer and uses every number of the problem."""
    path = find_public(CONVERTED[name])
    if path is None:
        return
    source = SourceSettings(name=name, reader=name, path=str(path), limit=limit)
    for judged in unify_seeds(read_source(source), name, sandbox):
        if judged.verdict.kept and judged.record.grade is Grade.S:
            yield judged.record


def _problem_rules(pairs: Sequence[SeedProgram], config: RunConfig) -> dict[str, Any]:
    rules = config.reverse.rules
    return _outcomes([apply_rules(_find_problem_faults(pair, rules), rules, stage="reverse")[0] for pair in pairs])


def _find_problem_faults(pair: SeedProgram, rules: Mapping[str, str]) -> Iterator[Verdict]:
    if pair.execution is None or pair.program is None:
        return
    input_json, problem = pair.execution.input_json or "null", pair.seed.problem
    yield from find_problem_faults(
        problem, rules, input_json=input_json, output_text=pair.execution.output_text or "", code=pair.program.code
    )
    yield from find_exchanged_values(problem, input_json)


def _screen(pairs: Sequence[SeedProgram], config: RunConfig, sandbox: Sandbox) -> dict[str, Any]:
    codes = [pair.program.code for pair in pairs[:SCREENED_EACH] if pair.program is not None]
    found = check_programs(codes, config, sandbox)
    reasons = Counter(one.reason for one in found if one.reason is not None)
    rejected = share(sum(one.outcome is Outcome.FAIL for one in found), len(found))
    return {"rejected": rejected, "because": dict(reasons.most_common())}


def _answers(grader: Grader) -> dict[str, Any]:
    """Pairs of answers: right ones called different, wrong ones called equal."""
    pairs = list(answer_pairs())
    outcomes = [one.verdict.outcome for one in grader.compare((gold, pred) for _, gold, pred, _ in pairs)]
    figures = {}
    for name in dict.fromkeys(name for name, *_ in pairs):
        ends = [(is_equal, end) for (of, _, _, is_equal), end in zip(pairs, outcomes, strict=True) if of == name]
        equal, unequal = [end for is_equal, end in ends if is_equal], [end for is_equal, end in ends if not is_equal]
        figures[name] = {
            "right_not_equal": share(sum(end is not Outcome.PASS for end in equal), len(equal)),
            "wrong_called_equal": share(sum(end is Outcome.PASS for end in unequal), len(unequal)),
        }
    return figures


def _whole_replies(grader: Grader, each: int) -> dict[str, Any]:
    """Whole replies held against gold: right ones refused, wrong ones called equal."""
    figures: dict[str, dict[str, Any]] = defaultdict(dict)
    for are_right, column in ((True, "right_refused"), (False, "wrong_called_equal")):
        for of, texts in _limited(replies(are_right=are_right), each).items():
            compared = list(grader.compare((text.answer or "", text.text) for text in texts))
            hits = sum(one.verdict.kept is not are_right for one in compared)
            figures[of][column] = share(hits, len(compared))
    return dict(figures)


def _sources() -> dict[str, Any]:
    """Files as they are published: records that there are, those that are read, and why not."""
    figures = {}
    for name, (reader, records) in PUBLISHED.items():
        path = find_public(name)
        if path is None:
            continue
        source = SourceSettings(name=reader, reader=reader if reader in READERS else "jsonl", path=str(path))
        try:
            verdicts = [judged.verdict for judged in read_source(source)]
        except CacoError as exc:
            figures[reader] = {"records": records, "read": 0, "because": str(exc)}
            continue
        reasons = Counter(str(verdict.detail) for verdict in verdicts if not verdict.kept)
        figures[reader] = {
            "records": records, "read": sum(verdict.kept for verdict in verdicts), "because": dict(reasons.most_common(3))
        }  # fmt: skip
    return figures


def _outcomes(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    reasons = Counter(str(verdict.reason) for verdict in verdicts if not verdict.kept)
    return {
        "rejected": share(sum(verdict.outcome is Outcome.FAIL for verdict in verdicts), len(verdicts)),
        "unknown": share(sum(verdict.outcome is Outcome.UNKNOWN for verdict in verdicts), len(verdicts)),
        "because": dict(reasons.most_common()),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
