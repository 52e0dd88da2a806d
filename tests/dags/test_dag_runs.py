"""Every DAG really run on the smoke config, on a real Postgres and a store of files: once, again, and with a fault."""

import contextlib
import hashlib
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
import yaml  # type: ignore[import-untyped, unused-ignore]
from endpoints import Endpoint
from psycopg2 import sql
from published import NAME, VERSION, publish_bank

from caco_tasks import tasks
from caco_tasks.config import CONFIGS_FOLDER, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.notifications import describe_funnel
from caco_tasks.pipeline import PIPELINES, count_shards
from caco_tasks.publishing.states import change_state
from caco_tasks.store import RunRecord, open_store
from caco_tasks.store.manifest import manifest_uri
from caco_tasks.store.store import StoreSettings

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.models.dagrun import DagRun

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

DAGS = Path(__file__).parents[2] / "dags"
FORM = {"config": "smoke", "partition": "2026-11-01"}
EVALUATION = {**FORM, "dataset": f"{NAME}/{VERSION}"}  # a run as small as this one may publish nothing
FORMS = {"caco_seeds": FORM, "caco_codegen": FORM, "caco_nightly": FORM, "caco_evaluate": EVALUATION}
IN_ORDER = list(FORMS)


@pytest.fixture(scope="module")
def first_runs(dag_bag: "BundleDagBag", ledger_url: str, airflow_database: None) -> dict[str, "DagRun"]:
    """Each DAG run once, one after the other, as each needs what the one before made."""
    with Ledger(ledger_url) as ledger:
        publish_bank(open_store(StoreSettings(root=os.environ["CACO_STORE"])), ledger, each=1)
    return {dag_id: dag_bag.dags[dag_id].test(run_conf=form) for dag_id, form in FORMS.items()}


@pytest.mark.parametrize("dag_id", IN_ORDER)
def test_a_dag_runs_on_the_smoke_config(first_runs: dict[str, "DagRun"], dag_id: str) -> None:
    nothing_to_decide = (
        {"skipped"} if dag_id == "caco_nightly" else set()
    )  # its dataset counts, as the first of its date
    assert states(first_runs[dag_id]) == {"success"} | nothing_to_decide
    assert first_runs[dag_id].get_task_instance("plan").state == "success"
    assert first_runs[dag_id].state == "success"


@pytest.mark.parametrize("dag_id", IN_ORDER)
def test_the_run_names_an_output_for_every_shard(first_runs: dict[str, "DagRun"], dag_id: str) -> None:
    specs, config = PIPELINES[dag_id.removeprefix("caco_")], load_config("smoke")
    wanted = {f"{spec.name}/{shard:05d}" for spec in specs for shard in range(count_shards(spec, config))}
    named = {path for path in store().glob("runs/*/*/outputs/*/*.json")}
    assert wanted <= {f"{path.parent.name}/{path.stem}" for path in named}
    keys = {path: json.loads(path.read_text())["key"] for path in named}
    assert all((store() / f"outputs/{path.parent.name}/{key}/manifest.json").is_file() for path, key in keys.items())


@pytest.mark.parametrize("dag_id", IN_ORDER)
def test_a_second_run_of_the_same_date_and_config_changes_nothing(
    first_runs: dict[str, "DagRun"], dag_bag: "BundleDagBag", ledger_url: str, dag_id: str
) -> None:
    before, planned = snapshot(ledger_url), count_triggers(ledger_url)
    again = dag_bag.dags[dag_id].test(run_conf=FORMS[dag_id])
    assert again.state == "success"
    assert again.run_id != first_runs[dag_id].run_id
    assert snapshot(ledger_url) == before
    assert count_triggers(ledger_url) == planned + 1  # which runs of Airflow asked for it is noted, and nothing else


def test_a_dataset_is_announced_once(first_runs: dict[str, "DagRun"], dag_bag: "BundleDagBag") -> None:
    dag, announced = dag_bag.dags["caco_nightly"], first_runs["caco_nightly"].get_task_instance("announce")
    assert announced.state == "success"
    [dataset] = announced.xcom_pull(task_ids="announce")
    assert dataset.startswith("caco-smoke/2026-11-01-")
    again = dag.test(run_conf=FORM)
    assert {task: again.get_task_instance(task).state for task in ("finish", "announce", "offer")} == {
        "finish": "success",
        "announce": "skipped",
        "offer": "skipped",
    }
    assert again.state == "success"


def test_a_second_version_of_a_date_is_offered_once(first_runs: dict[str, "DagRun"], dag_bag: "BundleDagBag") -> None:
    other = {**FORM, "samples": 12, "release": "staged"}
    run = dag_bag.dags["caco_nightly"].test(run_conf=other)
    assert run.get_task_instance("announce").state == "skipped"  # nothing was published
    [dataset] = run.get_task_instance("offer").xcom_pull(task_ids="offer")
    with Ledger(os.environ["CACO_LEDGER_URL"]) as ledger:
        assert dataset in ledger.datasets(state="staged")
    again = dag_bag.dags["caco_nightly"].test(run_conf=other)
    assert again.get_task_instance("offer").state == "skipped"
    assert again.state == "success"


def test_an_ablation_measures_its_arms_and_publishes_nothing(
    first_runs: dict[str, "DagRun"], dag_bag: "BundleDagBag", ledger_url: str, tmp_path: Path
) -> None:
    arms = [
        'name = "all checks"',
        'name = "neither"\nset = ["agree.answers_differ=off", "judge.inconsistent=off", "judge.ill_posed=off"]',
    ]
    head = 'title = "t"\nsizes = [3]\nrepeats = 1\nreference = "all checks"\n'
    (tmp_path / "own.toml").write_text(head + "".join(f"[[arms]]\n{arm}\n" for arm in arms))
    form = {**FORM, "table": str(tmp_path / "own.toml"), "overrides": ["evaluate.max_items=4"]}
    before = snapshot_of_claims(ledger_url)
    done = dag_bag.dags["caco_ablate"].test(run_conf=form)
    assert done.state == "success"
    found = done.get_task_instance("finish").xcom_pull(task_ids="finish")
    assert [arm["dataset"].partition("/")[0] for arm in found["arms"]] == ["caco-smoke-ablation"] * 2
    assert all(cell["run_id"] for cell in found["cells"])
    assert {one["arm"] for one in found["results"]} == {"all checks", "neither"}
    with Ledger(ledger_url) as ledger:
        states = {
            one: [state.state for state in ledger.dataset_states(one)]
            for one in (arm["dataset"] for arm in found["arms"])
        }
    assert set(map(tuple, states.values())) == {("staged",)}
    for dataset in states:
        with pytest.raises(ConfigError, match="it stays staged, and is never published"):
            change_state(
                open_store(StoreSettings(root=os.environ["CACO_STORE"])),
                dataset,
                "published",
                by="ada",
                because="why not",
            )
    assert snapshot_of_claims(ledger_url) == before  # what the arms keep takes nothing from other runs
    again, kept = dag_bag.dags["caco_ablate"].test(run_conf=form), snapshot(ledger_url)
    assert again.state == "success"
    assert snapshot(ledger_url) == kept


def snapshot_of_claims(url: str) -> list[Any]:
    """All claims that are everybody's."""
    with Ledger(url) as ledger:
        return ledger.ask(
            "SELECT kind, hash, place, owner FROM caco.fingerprint WHERE kind NOT LIKE '%@%' ORDER BY 1, 2, 3"
        )[1]


def test_a_nightly_run_out_of_band_is_told_of_with_its_whole_funnel(
    first_runs: dict[str, "DagRun"], dag_bag: "BundleDagBag", ledger_url: str, hook: Endpoint
) -> None:
    run = dag_bag.dags["caco_nightly"].test(run_conf={**FORM, "overrides": ["gate.min_published=100000"]})
    assert run.state == "failed"
    [told] = [told for _, _, told in hook.asked]
    assert (told["task"], told["run"]) == ("gate", run.run_id)
    assert told["sentence"].endswith("rows to publish, its gate demands 100000.")
    with Ledger(ledger_url) as ledger:
        rows = ledger.funnel_of_trigger("caco_nightly", run.run_id)
    # the same run, under a gate that it does not pass: its outputs are there, and what it published before
    assert [row.stage for row in rows] == [spec.name for spec in PIPELINES["nightly"]]
    assert told["funnel"] == describe_funnel(rows)


def test_a_mapped_task_is_named_by_its_shard(first_runs: dict[str, "DagRun"]) -> None:
    instances = [each for each in first_runs["caco_seeds"].get_task_instances() if each.map_index >= 0]
    assert {each.rendered_map_index for each in instances} == {"shard 0", "shard 1"}
    instances = [each for each in first_runs["caco_evaluate"].get_task_instances() if each.map_index >= 0]
    assert {each.rendered_map_index for each in instances} == {"base", "student"}


def test_a_task_may_work_on_several_shards_and_is_named_by_them(
    dag_bag: "BundleDagBag", ledger_url: str, airflow_database: None
) -> None:
    form = {"config": "smoke", "partition": "2026-11-03", "overrides": ["seeds.shards=3", "runner.shards_per_task=2"]}
    run = dag_bag.dags["caco_seeds"].test(run_conf=form)
    assert states(run) == {"success"}
    mapped = [each for each in run.get_task_instances() if each.map_index >= 0]
    named = {(each.task_id, each.map_index, each.rendered_map_index) for each in mapped}
    assert named == {
        (f"conversion.{stage}", *task)
        for stage in ("seeds", "unify")
        for task in ((0, "shards 0 to 1"), (1, "shard 2"))
    }
    made = sorted(path.stem for path in store().glob("runs/2026-11-03/*/outputs/unify/*.json"))
    assert made == ["00000", "00001", "00002"]


def test_a_run_goes_on_by_its_own_settings_though_its_config_was_changed_since(
    dag_bag: "BundleDagBag", ledger_url: str, airflow_database: None, tmp_path: Path
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text((CONFIGS_FOLDER / "smoke.toml").read_text(encoding="utf-8"))
    form = {"config": str(config), "partition": "2026-11-04", "overrides": ["seeds.shards=1"]}
    assert states(dag_bag.dags["caco_seeds"].test(run_conf=form)) == {"success"}
    [folder] = store().glob("runs/2026-11-04/*")
    config.write_text(config.read_text().replace('min_seed_grade = "A"', 'min_seed_grade = "S"'))
    again = dag_bag.dags["caco_seeds"].test(run_conf={"run_id": folder.name[:12]})
    assert states(again) == {"success"}
    assert list(store().glob("runs/2026-11-04/*")) == [folder]
    with pytest.raises(ConfigError, match=rf"The run {folder.name} is one of caco_seeds: start that DAG with its id"):
        tasks.resume("nightly", folder.name)


def test_a_failing_shard_fails_its_run_and_no_other_shard(
    first_runs: dict[str, "DagRun"], monkeypatch: pytest.MonkeyPatch
) -> None:
    import caco_common  # on the path once the DAGs were parsed
    from airflow.dag_processing.dagbag import BundleDagBag

    monkeypatch.setitem(caco_common.DEFAULT_ARGS, "retries", 0)  # the pauses between attempts take a minute
    run = tasks.plan("seeds", partition="2026-11-02", config="smoke")["run_id"]
    record = RunRecord.model_validate_json((store() / f"runs/2026-11-02/{run}/run.json").read_text())
    manifest = store() / manifest_uri("seeds", RunKeys(record, {}).key("seeds", 1))
    manifest.parent.mkdir(parents=True, exist_ok=True)
    finished = manifest.read_bytes() if manifest.exists() else None
    manifest.write_text("damaged")
    dag = BundleDagBag(DAGS, bundle_path=DAGS, bundle_name="dags-folder").dags["caco_seeds"]
    failed = dag.test(run_conf={**FORM, "partition": "2026-11-02"})
    assert failed.state == "failed"
    assert {(each.task_id, each.map_index): each.state for each in failed.get_task_instances()} == {
        ("plan", -1): "success",
        ("conversion.seeds", 0): "success",
        ("conversion.seeds", 1): "failed",
        ("conversion.unify", 0): "success",
        ("conversion.unify", 1): "upstream_failed",
        ("finish", -1): "failed",
    }
    manifest.write_bytes(finished) if finished is not None else manifest.unlink()


@pytest.mark.parametrize(("name", "at_once"), [("cpu", 4), ("gpu", 1)])
def test_workers_on_kubernetes_are_counted_from_the_tasks_that_wait(
    first_runs: dict[str, "DagRun"], name: str, at_once: int
) -> None:
    values = yaml.safe_load((DAGS.parent / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8"))
    [query] = [each["keda"]["query"] for each in values["workers"]["celery"]["sets"] if each["name"] == name]
    queues = ["cpu", "default"] if name == "cpu" else ["gpu"]
    connection = psycopg2.connect(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", ""))
    with contextlib.closing(connection), connection.cursor() as cursor:  # nothing is committed
        cursor.execute(query)
        assert cursor.fetchone() == (0,)  # all have ended
        cursor.execute("UPDATE task_instance SET state = 'queued' WHERE queue = ANY (%s)", (queues,))
        waiting = cursor.rowcount
        assert waiting > at_once
        cursor.execute(query)
        assert cursor.fetchone() == (math.ceil(waiting / at_once),)


def test_housekeeping_counts_first_and_removes_on_demand(
    dag_bag: "BundleDagBag", ledger_url: str, airflow_database: None
) -> None:
    orphan = store() / f"outputs/execute/{'f' * 32}/{'a' * 16}.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"lost")
    os.utime(orphan, (0, 0))
    before = snapshot(ledger_url)
    for form in ({}, {"delete": True}):
        assert orphan.exists()
        run = dag_bag.dags["caco_housekeeping"].test(run_conf=form)
        assert run.state == "success"
        found = run.get_task_instance("sweep").xcom_pull(task_ids="sweep")["found"]
        assert {kind: each["things"] for kind, each in found.items() if each["things"]} == {"unfinished outputs": 1}
    assert {name for name in before if name not in snapshot(ledger_url)} == {str(orphan)}


def states(run: "DagRun") -> set[str]:
    """The states that the tasks of a run ended in."""
    return {str(instance.state) for instance in run.get_task_instances()}


def store() -> Path:
    """The folder of the store that the tasks of this module write to."""
    return Path(os.environ["CACO_STORE"].removeprefix("file://"))


def snapshot(ledger_url: str) -> dict[str, Any]:
    """Every object of the store and every row of the ledger, as digests, but for the notes on who planned a run."""
    paths = (path for path in sorted(store().rglob("*")) if path.is_file() and path.parent.name != "triggers")
    digests = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    with psycopg2.connect(ledger_url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'caco' AND tablename <> 'run_trigger'")
        tables = [name for (name,) in cursor.fetchall()]
        rows = {}
        for name in tables:
            query = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t"
            cursor.execute(sql.SQL(query).format(sql.Identifier("caco", name)))
            rows[name] = cursor.fetchone()
    return {**digests, **rows}


def count_triggers(ledger_url: str) -> int:
    """How many runs of Airflow are on record, the same in the store and in the ledger."""
    with psycopg2.connect(ledger_url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM caco.run_trigger")
        (count,) = cursor.fetchone() or (0,)
    assert len(list(store().glob("runs/*/*/triggers/*.json"))) == count
    return int(count)
