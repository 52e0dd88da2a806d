"""What the adapters learn from: prompts as the stages ask them, replies as the stages read them."""

import json
from pathlib import Path

from caco_tasks.grading import extract_answer
from caco_tasks.smol.quadruples import ROLES, Quadruple, make_examples, read_quadruples


def quadruple(seed_id: str, boxes: int, *, is_redraw: bool = False) -> Quadruple:
    """A problem about boxes with so many of them."""
    return Quadruple(
        source="ours",
        seed_id=seed_id,
        problem=f"A stall has {boxes} boxes of 6 pears. How many pears is that ({seed_id})?",
        solution=f"There are {boxes}*6={boxes * 6} pears.",
        code=f'input = {{"boxes": {boxes}, "pears": 6}}\n\n\ndef solve(boxes, pears):\n    total = boxes * pears\n'
        "    return total\n\n\noutput = solve(**input)\nprint(output)\n",
        answer=str(boxes * 6),
        is_redraw=is_redraw,
    )


SEEDS = [[quadruple(f"s{n}", 10 + n), quadruple(f"s{n}", 30 + n, is_redraw=True)] for n in range(6)]


def test_the_same_examples_every_time() -> None:
    for role in ROLES:
        assert list(make_examples(role, SEEDS, count=20, seed=1)) == list(make_examples(role, SEEDS, count=20, seed=1))


def test_the_reverser_never_learns_from_a_prompt_that_holds_the_problem() -> None:
    for prompt, reply in make_examples("reverser", SEEDS, count=12, seed=1):
        assert reply.startswith("A stall has")
        assert reply not in prompt
        assert "def solve" in prompt


def test_a_solution_ends_in_an_answer_that_is_read() -> None:
    for prompt, reply in make_examples("solver", SEEDS, count=12, seed=1):
        assert "def solve" not in prompt
        assert extract_answer(reply) == reply.partition("=")[2].split()[0]


def test_judgements_are_right() -> None:
    verdicts = set()
    for prompt, reply in make_examples("judge", SEEDS, count=200, seed=1):
        verdict = json.loads(reply.splitlines()[-1])
        problem = prompt.partition("Problem: ")[2].partition(" boxes")[0].split()[-1]
        program = prompt.partition('"boxes": ')[2].partition(",")[0]
        solution = prompt.partition("There are ")[2].partition("*")[0]
        # what is foreign is foreign by its seed, which the problem's text names
        told = prompt.partition("(s")[2].partition(")")[0]
        is_foreign = int(program) % 10 != int(told) % 10
        expected = "no" if is_foreign or len({problem, program, solution}) > 1 else "yes"
        assert verdict["verdict"] == expected
        verdicts.add(verdict["verdict"])
    assert verdicts == {"yes", "no"}


def test_quadruples_of_one_seed_come_together(tmp_path: Path) -> None:
    from dataclasses import asdict

    path = tmp_path / "quadruples.jsonl"
    path.write_text("".join(json.dumps(asdict(one)) + "\n" for group in zip(*SEEDS, strict=True) for one in group))
    assert read_quadruples(path) == SEEDS
