"""What an ablation says of known answers; claims that are a run's own; rows that were let through without verification."""

import math
from dataclasses import asdict
from pathlib import Path

import pytest
from ledger_world import World
from scored import write_ablation
from whole_line import CONFIG, DAY, Place, run_pipeline

from caco_tasks import tasks
from caco_tasks.cli.ablation_results import ablation_markdown
from caco_tasks.config import load_config
from caco_tasks.errors import ConfigError, GateError, UnknownIdError
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.publishing.states import change_state, read_state
from caco_tasks.records import Reason
from caco_tasks.store import Store
from caco_tasks.verification.verify import open_tools, verify_folder

T_3 = 3.182446  # the 97.5 % point of Student's t with 3 degrees of freedom
OFF = ("agree.answers_differ=off", "judge.inconsistent=off", "judge.ill_posed=off")


def test_differences_are_held_against_items_and_training(ledger: Ledger, store: Store, loaded: World) -> None:
    record = write_ablation(store, ledger)
    found = {one.arm: one for one in ledger.ablation_results(record.ablation_id)}
    assert list(found) == ["all checks", "bad", "near", "same"]
    reference, bad, near, same = found.values()
    assert (reference.score, reference.students, reference.items, reference.verdict) == (0.9, 2, 10, None)
    assert reference.difference is None
    assert bad.score_high == pytest.approx(0.2775, abs=1e-4)  # Wilson, of 0 of 10
    # three trainings, of which only those of `near` differ: 0.8 and 1.0; the shared one counts once
    variance = (0.1**2 + 0.1**2) / 3
    assert [one.noise for one in found.values()] == [pytest.approx(math.sqrt(variance))] * 4
    assert (bad.gained, bad.lost, bad.difference) == (0, 9, pytest.approx(-0.9))
    assert bad.p == pytest.approx(2 / 2**9)
    assert bad.p_holm == pytest.approx(3 * 2 / 2**9)  # the smallest of three
    items = 1.959964**2 * ((9 + 2) / 12 - (9 / 12) ** 2) / 12
    half = math.sqrt(items + T_3**2 * variance * (1 / 2 + 1 / 2))
    assert bad.difference_low == pytest.approx(-1.0)  # a share cannot be less
    assert bad.difference_high == pytest.approx(-9 / 12 + half, abs=2e-3)
    # of one item the one, of another the other is right more often
    assert (near.gained, near.lost, near.difference, near.p) == (1, 1, pytest.approx(0.0), 1.0)
    assert (same.gained, same.lost, same.difference) == (0, 0, 0.0)
    assert [one.verdict for one in (bad, near, same)] == ["worse", "within noise", "within noise"]


def test_one_student_each_does_not_tell_the_noise_of_training(ledger: Ledger, store: Store, loaded: World) -> None:
    record = write_ablation(store, ledger, repeats=1)
    found = ledger.ablation_results(record.ablation_id)
    assert {(one.noise, one.verdict) for one in found} == {(None, None)}
    told = {**record.model_dump(mode="json"), "results": [asdict(one) for one in found], "base": []}
    text = ablation_markdown(told)
    assert "| not known |" in text
    assert "there is no verdict" in text
    assert "'all checks', 'same' (all rows)" in text


def test_an_ablation_is_found_by_name_or_id_and_comes_back_from_the_store(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    record = write_ablation(store, ledger)
    before = ledger.ablation_results(record.ablation_id)
    assert ledger.find_ablation("toys") == ledger.find_ablation(record.ablation_id[:8]) == ledger.find_ablation(None)
    with pytest.raises(UnknownIdError, match="There is no ablation 'other'"):
        ledger.find_ablation("other")
    rebuild(ledger, store)
    assert ledger.ablation_results(record.ablation_id) == before != []


def an_id(name: str) -> str:
    return content_id("test", name)


def test_claims_of_its_own_take_nothing_from_others_and_yield_to_other_dates(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    run = loaded.run("nightly")
    dedup = loaded.of("dedup")[0]  # an output of this date, loaded
    tonight, earlier = ledger.claims(run, dedup.key), ledger.claims(run, an_id("an output of another date"))
    arm, other = (ledger.own_claims(run, an_id(name), an_id(f"space {name}")) for name in ("arm", "other arm"))
    a, b, c = map(an_id, "abc")
    h1, h2, h3 = map(an_id, ("h1", "h2", "h3"))
    assert tonight.claim("tree", [h1], [a]) == [a]
    assert earlier.claim("tree", [h2], [a]) == [a]
    # of its own date it sees nothing, of another all
    assert arm.claim("tree", [h1, h2, h3], [b, b, b]) == [b, a, b]
    assert other.claim("tree", [h3], [c]) == [c]
    assert arm.claim("tree", [h1, h3], [c, c]) == [b, b]
    assert tonight.claim("tree", [h1, h3], [c, c]) == [a, c]

    def is_alike(one: bytes, two: bytes) -> bool:
        return one[:1] == two[:1]

    assert tonight.claim_unlike("near", [h1], [b"x1"], [a], is_alike=is_alike) == [a]
    assert earlier.claim_unlike("near", [h2], [b"x1"], [a], is_alike=is_alike) == [a]
    told = arm.claim_unlike("near", [h1, h2, h2, h3], [b"x2", b"x2", b"y2", b"x2"], [b, b, b, b], is_alike=is_alike)
    assert told == [b, a, b, b]
    assert tonight.claim_unlike("near", [h3], [b"x3"], [c], is_alike=is_alike) == [c]


def test_rows_without_verification_stay_staged_and_say_what_they_are(line: Place) -> None:
    with pytest.raises(GateError, match=r"made with agree\.answers_differ=off, judge\.inconsistent=off"):
        run_pipeline("nightly", DAY, *OFF)
    run_id = pipeline_run_id("nightly", DAY, load_config(CONFIG, OFF))
    [manifest] = [line.manifest(run_id, "publish", 0)]
    name = str(manifest.artifacts["dataset"])
    state = read_state(line.store, name)
    assert state is not None
    assert state.state == "staged"
    with pytest.raises(ConfigError, match="are not verified"):
        change_state(line.store, name, "published", by="ada", because="I like them")
    rows = list(dataset_rows(line.store, name))
    said = {Reason.ANSWERS_NOT_COMPARED.value, Reason.NOT_JUDGED.value}
    assert rows
    assert all(said <= set(row["findings"]) and row["judge"] is None for row in rows)
    assert line.dataset(name).facts["unverified"] == list(OFF)
    folder = Path(line.folder, "datasets", name)
    opening, _, _ = (folder / "README.md").read_text().partition("\n## ")
    assert "**These rows are not verified.**" in opening
    with open_tools(load_config(CONFIG), workers=1) as tools:
        report = verify_folder(folder, tools)
    assert (report.faults, report.is_whole) == ([], True)
    assert report.unverified == dict.fromkeys(sorted(said), len(rows))
    wrong = [row for row in rows if not row["answer"]]
    assert report.unequal_answers >= len(wrong)
    assert any(note.startswith("NOT VERIFIED") for note in report.notes)
    with Ledger(line.writer_url) as ledger:
        assert tasks.published(run_id) == [] == ledger.datasets(run_id, state="published")
