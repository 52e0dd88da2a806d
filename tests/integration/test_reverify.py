"""What is stored, judged again: the verdicts are those of a run with the new settings, and nothing else is touched."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from whole_line import DAY, Place, caco, ledger_content, run_pipeline

from caco_tasks.connections import Connections
from caco_tasks.errors import ConfigError
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import mapped_stages
from caco_tasks.reports.archive import open_archive
from caco_tasks.reports.reverification_report import run_reverifications
from caco_tasks.reverification.moved_samples import parse_moves, read_moved, write_shard_result
from caco_tasks.reverification.reverify import Asked, Plan, plan_anew, plan_reverification, reverify
from caco_tasks.reverification.shard_replay import ShardResult
from caco_tasks.reverification.stored_run import find_stored, keys_of_today
from caco_tasks.reverification.stored_samples import End as StoredEnd
from caco_tasks.services import TaskServices
from caco_tasks.store.manifest import Manifest, RunOutput, manifest_uri, output_key, parse_stored, run_output_uri
from caco_tasks.store.registry import DatasetRecord, dataset_manifest_uri
from caco_tasks.store.reverification_record import ReverificationRecord, reverification_folder

LOOSER, STRICTER = "agree.false_equation=off", "screen.min_lines=100"  # some are accepted now; all are rejected
STAGES = [spec.name for spec in mapped_stages("nightly")]
End = tuple[str, str, str | None]


def planned(line: Place, what: str, overrides: Sequence[str] = (), **asked: Any) -> Plan:
    """A re-verification before it begins."""
    with Ledger(line.writer_url) as ledger:
        stored = find_stored(what, ledger, line.store)
    with TaskServices(connections(line), run=stored.run, config=line.keys(line.runs["nightly"]).config) as services:
        keys = keys_of_today(stored, overrides, services.models)
    return plan_reverification(Asked(stored=stored, overrides=tuple(overrides), by="ada", **asked), keys)


def judged_again(line: Place, what: str, overrides: Sequence[str] = (), **asked: Any) -> ReverificationRecord:
    """What came of a re-verification."""
    return reverify(planned(line, what, overrides, **asked), connections(line), environ={})


def connections(line: Place) -> Connections:
    """What a process can reach there."""
    return Connections.from_environ(line.environ)


def moves(line: Place, record: ReverificationRecord) -> dict[str, tuple[End, End]]:
    """The samples that moved: how they ended, and end now."""
    found = [move for batch in read_moved(line.store, record) for move in parse_moves(batch.to_pylist())]
    ends = [
        (move.sample_id, *((end.stage, end.outcome, end.reason) for end in (move.before, move.now))) for move in found
    ]
    return {sample_id: (was, now) for sample_id, was, now in ends}


def ends(line: Place, run_id: str) -> dict[str, End]:
    """The last verdict on each sample of a run."""
    found: dict[str, End] = {}
    with Ledger(line.writer_url) as ledger:
        for stage in STAGES:
            for manifest in ledger.outputs(run_id, stage):
                for row in line.samples(manifest):
                    reason = None if row.verdict.reason is None else str(row.verdict.reason)
                    found[row.id] = (stage, str(row.verdict.outcome), reason)
    return found


def judged_by(line: Place, stage: str) -> int:
    """How many samples came to a stage of the run."""
    return sum(line.manifest(line.runs["nightly"], stage, shard).read for shard in range(2))


def claims(line: Place) -> int:
    """How many fingerprints are claimed."""
    engine = create_engine(line.owner_url)
    with engine.connect() as connection:
        count = int(connection.execute(text("SELECT count(*) FROM caco.fingerprint")).scalar_one())
    engine.dispose()
    return count


def test_verdicts_are_those_of_a_run_with_the_new_settings(line: Place) -> None:
    before = ends(line, line.runs["nightly"])
    record = judged_again(line, line.runs["nightly"], [LOOSER], asked=("judge",))
    found = moves(line, record)
    assert {sample: was for sample, (was, _) in found.items()} == {sample: before[sample] for sample in found}
    now = before | {sample: end for sample, (_, end) in found.items()}
    # the oracle: the same settings, by the runner, the ledger and its claims
    looser = run_pipeline("nightly", DAY, LOOSER)
    assert now == ends(line, looser)
    # and back: what passed is looked at by the stricter rule alone; one that is loosened beside it changes nothing of that
    for beside in ([], ["agree.wrong_unit=off"]):
        back = moves(line, judged_again(line, looser, ["agree.false_equation=reject", *beside]))
        assert now | {sample: end for sample, (_, end) in back.items()} == before
        assert len(back) == len(found) > 0
    assert record.model_calls == sum(end[2] == "false_equation" for end in before.values()) > 0
    assert record.newly_accepted == sum(end[:2] == ("decontaminate", "pass") for _, end in found.values()) > 0
    assert sum(count.samples for count in record.counts) == record.read == judged_by(line, "agree")


def test_no_model_is_asked_nothing_is_claimed_and_the_run_stays_as_it_is(line: Place) -> None:
    there, claimed = line.listing(), claims(line)
    record = judged_again(line, line.runs["nightly"], [LOOSER])
    assert set(moves(line, record).values()) == {
        (("agree", "fail", "false_equation"), ("judge", "unknown", "not_asked"))
    }
    assert record.model_calls == 0
    stricter, accepted = (
        judged_again(line, line.runs["nightly"], [STRICTER]),
        Counter(ends(line, line.runs["nightly"]).values()),
    )
    assert {end for _, end in moves(line, stricter).values()} == {("screen", "fail", "too_short")}
    assert stricter.newly_rejected == accepted["decontaminate", "pass", None] > 0
    # every stage that can be replayed, from parts of the stored rows: it says what it said of the whole ones
    again = judged_again(line, line.runs["nightly"], stage="execute", workers=2)
    assert (again.rows, again.read) == (0, judged_by(line, "execute"))
    assert claims(line) == claimed
    assert {name: seen for name, seen in line.listing().items() if not name.startswith("reverifications/")} == there


def test_what_was_not_asked_is_judged_again_on_demand(line: Place) -> None:
    plan = planned(line, line.runs["nightly"], [LOOSER])
    first = reverify(plan, connections(line), environ={})
    run_pipeline("nightly", DAY, LOOSER)  # whose judge is asked what nobody had asked
    assert reverify(plan, connections(line), environ={}) == first
    anew = plan_anew(plan, line.store)
    again = reverify(anew, connections(line), environ={})
    assert anew.reverification_id != first.reverification_id == plan.reverification_id
    assert "not_asked" in {end[2] for _, end in moves(line, first).values()}
    assert "not_asked" not in {end[2] for _, end in moves(line, again).values()}
    assert again.model_calls == 0
    assert plan_anew(plan, line.store).reverification_id not in (anew.reverification_id, plan.reverification_id)


def test_known_verdicts_stand_where_only_unknown_ones_are_asked_for(line: Place) -> None:
    assert judged_again(line, line.runs["nightly"], [LOOSER], only_unknown=True).rows == 0


@pytest.mark.parametrize(
    ("overrides", "stage", "said"),
    [
        ([], "dedup", "its claims stand"),
        ([], "sample", "writes the programs"),
        (["dedup.same_problem_jaccard=0.5"], None, "its claims stand"),
        (["models.solver.max_tokens=100"], None, "writes the solutions"),
        (["reverse.no_question=off"], None, "writes the problems"),
        ([], None, "Nothing would be judged otherwise"),
    ],
)
def test_what_cannot_be_judged_again_is_refused(
    line: Place, overrides: Sequence[str], stage: str | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        planned(line, line.runs["nightly"], overrides, stage=stage)


def test_a_shard_that_a_killed_attempt_had_done_is_not_judged_again(line: Place) -> None:
    plan = planned(line, line.runs["nightly"], [LOOSER])
    end = StoredEnd(stage="agree", outcome="fail", reason="answers_differ")
    counts = Counter({(end, end): plan.shards[0].judged["agree"].read})
    # what nobody would come to by judging: 7 calls
    done = ShardResult(shard=0, counts=counts, moves=(), calls=7)
    write_shard_result(line.store, reverification_folder(plan.reverification_id), done)
    assert reverify(plan, connections(line), environ={}).model_calls == 7


def test_a_dataset_that_older_code_made_is_judged_by_the_code_of_today(line: Place) -> None:
    [dataset] = [path.parent for path in line.folder.glob("datasets/*/*/manifest.json")]
    name = f"{dataset.parent.name}/{dataset.name}"
    judged = judged_by(line, "agree")
    make_older(line, name)
    assert caco(line, "ledger", "rebuild").returncode == 0
    plan = planned(line, name)
    assert plan.work.stage == "agree"
    record = reverify(plan, connections(line), environ={})
    assert (record.rows, record.read, record.dataset) == (0, judged, name)


def make_older(line: Place, dataset: str) -> None:
    """Gives the outputs of the run, from `agree` on, the keys that an earlier version of `agree` would have given them."""
    run, renamed = line.keys(line.runs["nightly"]).run, dict[str, str]()
    for stage in ("agree", "judge", "decontaminate", "publish"):
        for shard in range(1 if stage == "publish" else 2):
            uri = run_output_uri(run, stage, shard)
            place = parse_stored(RunOutput, line.store.get(uri) or b"", uri=uri)
            old = manifest_uri(stage, place.key)
            made = parse_stored(Manifest, line.store.get(old) or b"", uri=old)
            recipe = made.recipe | ({"version": made.recipe["version"] - 1} if stage == "agree" else {})
            inputs = tuple(renamed.get(key, key) for key in made.inputs)
            key = renamed[place.key] = output_key(recipe, origin=made.origin, inputs=inputs)
            changed = made.model_copy(update={"recipe": recipe, "inputs": inputs, "key": key})
            line.store.put(manifest_uri(stage, key), changed.model_dump_json().encode())
            line.store.put(uri, place.model_copy(update={"key": key}).model_dump_json().encode())
            line.store.delete(old)
    uri = dataset_manifest_uri(*dataset.split("/"))
    record = parse_stored(DatasetRecord, line.store.get(uri) or b"", uri=uri)
    facts = record.facts | {"output_key": renamed[record.facts["output_key"]]}
    line.store.put(uri, record.model_copy(update={"facts": facts}).model_dump_json().encode())


def test_the_command_shows_texts_publishes_a_version_and_leaves_rows_in_the_ledger(line: Place) -> None:
    words = ["reverify", line.runs["nightly"][:8], "--set", LOOSER, "--ask", "judge", "--publish"]
    done = caco(line, *words, "--by", "ada", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    examples = said["newly_accepted"]["examples"]
    assert len(examples) == said["newly_accepted"]["count"] > 0
    assert all(example[name] for example in examples for name in ("problem", "solution", "code", "answer", "output"))
    [before_it] = [name for name in datasets(line) if name != said["dataset"]]
    assert line.dataset(said["dataset"]).rows == line.dataset(before_it).rows + len(examples)
    verified = json.loads(caco(line, "verify", said["dataset"], "--json").stdout)
    assert {fault["check"] for fault in verified["faults"]} == {
        "equations"
    }  # what the rule was loosened for, and no other
    assert json.loads(caco(line, *words, "--json").stdout)["dataset"] == said["dataset"]  # the same again is the same
    with open_archive(connections_of_analyst(line)) as archive:
        [shown] = run_reverifications(archive, line.runs["nightly"]).rows
    assert (shown.newly_accepted, shown.newly_rejected, shown.by) == (len(examples), 0, "ada")
    assert [one.sample_id for one in shown.accepted] == [example["sample_id"] for example in examples]
    before = ledger_content(line.owner_url)
    assert all(before[table] for table in ("reverification", "reverification_move", "reverified_sample"))
    assert caco(line, "ledger", "rebuild").returncode == 0
    after = ledger_content(line.owner_url)
    assert {table: after[table] for table in before} == before


def datasets(line: Place) -> list[str]:
    """The datasets of the store."""
    return ["/".join(path.parts[-3:-1]) for path in line.folder.glob("datasets/*/*/manifest.json")]


def connections_of_analyst(line: Place) -> Connections:
    """As the owner looks, who may do all that an analyst may."""
    return Connections.from_environ({**line.environ, "CACO_LEDGER_ANALYST_URL": line.owner_url})
