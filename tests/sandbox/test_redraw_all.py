"""Redrawn seeds of real sources: run, and true by the checks that the line holds solutions to."""

from collections.abc import Iterator
from itertools import islice

import pytest
from public_data import require_public

from caco_tasks.checks.arithmetic.equations import false_equations
from caco_tasks.config import SandboxSettings, SourceSettings
from caco_tasks.convert.redraw import redraw_all
from caco_tasks.records import Seed
from caco_tasks.sandbox import Sandbox
from caco_tasks.sources import read_source

SLICE = 40  # every fortieth record of a source


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(workers=1)) as started:
        yield started


def a_seed(seed_id: str, problem: str, solution: str, answer: str) -> Seed:
    return Seed(
        seed_id=seed_id, source="s", revision="1", licence="CC0-1.0", key="0", problem=problem, solution=solution,
        answer=answer,
    )  # fmt: skip


def test_a_seed_comes_first_as_it_is_then_its_versions_and_the_same_every_time(sandbox: Sandbox) -> None:
    right = a_seed(
        "right", "A box holds 14 pens. Ada buys 6 boxes. How many pens are that?",
        "They are 14*6=<<14*6=84>>84 pens.\n#### 84", "84",
    )  # fmt: skip
    wrong = a_seed("wrong", right.problem, str(right.solution), "85")
    found = list(redraw_all([right, wrong], "gsm8k", sandbox, draws=3))
    assert [(one.seed.seed_id, one.draw) for one in found] == [("right", draw) for draw in range(4)]
    assert (found[0].problem, found[0].solution, found[0].answer) == (right.problem, "They are 14*6=84 pens.", "84")
    assert len({one.problem for one in found}) == len(found)
    assert list(redraw_all([right], "gsm8k", sandbox, draws=3)) == found


@pytest.mark.parametrize(
    ("reader", "path", "share"),
    [
        pytest.param("gsm8k", "gsm8k/train.jsonl", 0.5, id="gsm8k"),
        pytest.param("svamp", "svamp/SVAMP.json", 0.7, id="svamp"),
        pytest.param("mawps", "mawps/mawps_single_source.json", 0.7, id="mawps"),
        pytest.param("asdiv", "asdiv/ASDiv.xml", 0.7, id="asdiv"),
    ],
)
def test_most_seeds_of_a_real_source_can_be_redrawn_and_their_equations_are_true(
    sandbox: Sandbox, reader: str, path: str, share: float
) -> None:
    source = SourceSettings(name=reader, reader=reader, path=str(require_public(path)))
    seeds = [judged.record for judged in islice(read_source(source), 0, None, SLICE) if judged.verdict.kept]
    found = list(redraw_all(seeds, reader, sandbox, draws=1))
    originals = {one.seed.seed_id: one for one in found if one.draw == 0}
    versions = [one for one in found if one.draw]
    assert len(versions) >= share * len(originals)
    for one in versions:
        known = false_equations(originals[one.seed.seed_id].solution or "").false
        assert len(false_equations(one.solution or "").false) <= len(known), one
