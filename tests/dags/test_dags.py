"""What every DAG must be before it runs: importable, wired as meant, light, and fit for the person on duty."""

import copy
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from caco_tasks.audit import ANSWERS
from caco_tasks.config import bundled_configs
from caco_tasks.errors import ConfigError
from caco_tasks.pipeline import PIPELINES, STAGES, mapped_stages

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import BundleDagBag

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend

DAGS = Path(__file__).parents[2] / "dags"
LINE = ["caco_codegen", "caco_evaluate", "caco_nightly", "caco_seeds"]  # each runs a pipeline
IDS = sorted([*LINE, "caco_ablate", "caco_audit", "caco_housekeeping", "caco_promote", "caco_release"])
FORMS_AT_ONCE = 32  # of caco_promote: each run of it waits for a person, and does nothing meanwhile

FUNNEL = [f"funnel.{spec.name}" for spec in mapped_stages("nightly")]
STRUCTURE = {
    "caco_seeds": {
        "plan": {"conversion.seeds", "conversion.unify", "finish"},
        "conversion.seeds": {"conversion.unify"},
        "conversion.unify": {"finish"},
        "finish": set(),
    },
    "caco_codegen": {"plan": {"train", "finish"}, "train": {"finish"}, "finish": set()},
    "caco_evaluate": {
        "plan": {"student", "evaluate", "finish"},
        "student": {"evaluate"},
        "evaluate": {"finish"},
        "finish": set(),
    },
    "caco_ablate": {
        "plan": {"train", "plan_arms", "publish", "plan_students", "finish"},
        "train": {"plan_arms"},
        "plan_arms": set(FUNNEL),
        **{task: {after} for task, after in zip(FUNNEL, [*FUNNEL[1:], "publish"], strict=True)},
        "publish": {"plan_students"},
        "plan_students": {"student"},
        "student": {"finish"},
        "finish": set(),
    },
    "caco_audit": {"draw": {"rows.ask", "rows.record"}, "rows.ask": {"rows.record"}, "rows.record": set()},
    "caco_housekeeping": {"sweep": set()},
    "caco_release": {"release": set()},
    "caco_promote": {"find": {"ask", "decide"}, "ask": {"decide"}, "decide": set()},
    "caco_nightly": {
        "plan": {"dry_run", "gate", "publish", "finish", "diversity", "announce", "offer"},
        "dry_run": set(FUNNEL),
        **{task: {after} for task, after in zip(FUNNEL, [*FUNNEL[1:], "gate"], strict=True)},
        "gate": {"publish"},
        "publish": {"finish"},
        "finish": {"diversity"},
        "diversity": {"announce"},
        "announce": {"offer"},
        "offer": set(),
    },
}

PARSE_AND_REPORT = """
import json, sys, time
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
before, start = set(sys.modules), time.process_time()
bag = BundleDagBag(Path(sys.argv[1]), bundle_path=Path(sys.argv[1]), bundle_name="dags-folder")
seconds = time.process_time() - start
print(json.dumps({"dags": len(bag.dags), "seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""


SPOIL_AND_REPORT = """
import json, shutil, sys
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
from caco_tasks.llm import prompts
folder = shutil.copytree(prompts.TEMPLATES_FOLDER, sys.argv[2])
(Path(folder) / "reverse.v2.txt").write_text("[user]\\nWrite about $topic: $code")
prompts.TEMPLATES_FOLDER = Path(folder)
bag = BundleDagBag(Path(sys.argv[1]), bundle_path=Path(sys.argv[1]), bundle_name="dags-folder")
print(json.dumps({"dags": sorted(bag.dags), "errors": list(bag.import_errors.values())}))
"""


def test_all_files_are_imported_without_an_error_and_make_exactly_these_dags(dag_bag: "BundleDagBag") -> None:
    assert dag_bag.import_errors == {}
    assert sorted(dag_bag.dags) == IDS


@pytest.mark.parametrize("dag_id", IDS)
def test_the_tasks_of_a_dag_follow_each_other_as_meant(dag_bag: "BundleDagBag", dag_id: str) -> None:
    assert {task.task_id: set(task.downstream_task_ids) for task in dag_bag.dags[dag_id].tasks} == STRUCTURE[dag_id]


def test_a_prompt_that_cannot_be_filled_in_stops_the_dags_where_they_are_parsed(
    airflow_home: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SPOIL_AND_REPORT, str(DAGS), str(tmp_path / "templates")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    report = json.loads(done.stdout.strip().splitlines()[-1])
    assert report["dags"] == []
    said = r"In the config '(paper|single-gpu)', models.reverser.prompt: The prompt 'reverse.v2' names topic; it may name code, "
    assert [error for error in report["errors"] if not re.search(said, error)] == []
    assert len(report["errors"]) >= len(IDS)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_dag_has_a_task_for_every_stage_of_its_pipeline(dag_bag: "BundleDagBag", pipeline: str) -> None:
    names = {task.task_id.rpartition(".")[2] for task in dag_bag.dags[f"caco_{pipeline}"].tasks}
    assert names - {"dry_run", "gate", "diversity", "announce", "offer"} == {
        "plan",
        *(spec.name for spec in PIPELINES[pipeline]),
        "finish",
    }


@pytest.mark.parametrize(("dag_id", "group"), [("caco_seeds", "conversion"), ("caco_nightly", "funnel")])
def test_shards_are_mapped_as_a_group_so_that_none_waits_for_another(
    dag_bag: "BundleDagBag", dag_id: str, group: str
) -> None:
    from airflow.sdk.definitions.taskgroup import MappedTaskGroup

    assert isinstance(dag_bag.dags[dag_id].task_group.get_child_by_label(group), MappedTaskGroup)


def test_parsing_takes_less_than_two_seconds_and_loads_nothing_heavy(airflow_home: Path) -> None:
    command = [sys.executable, "-c", PARSE_AND_REPORT, str(DAGS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.strip().splitlines()[-1])
    heavy = {"torch", "transformers", "datasets", "vllm", "boto3", "pyarrow", "numpy", "pandas", "psycopg2", "sympy"}
    loaded = {name.split(".")[0] for name in report["modules"]}
    assert report["dags"] == len(IDS)
    assert report["seconds"] < 2
    assert loaded & heavy == set()
    parts = {name.split(".")[1] for name in report["modules"] if name.startswith("caco_tasks.")}
    assert parts <= {
        "ablations",
        "addresses",
        "errors",
        "format",
        "ids",
        "records",
        "check_settings",
        "generation_settings",
        "model_settings",
        "config",
        "pipeline",
        "llm",
        "variety",
        "bank",
    }  # what it takes to look at configs and stages


@pytest.mark.parametrize("dag_id", IDS)
def test_a_dag_tells_the_person_on_duty_what_to_know(dag_bag: "BundleDagBag", dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]
    for word in ("What it does.", "Reads", "Writes", "When", "To rerun", "It will not", "Example"):
        assert f"**{word}**" in (dag.doc_md or ""), word
    assert "caco" in dag.tags
    assert dag.catchup is False
    assert dag.max_active_runs <= (FORMS_AT_ONCE if dag_id == "caco_promote" else 4)


@pytest.mark.parametrize("dag_id", IDS)
def test_the_example_in_the_docstring_fits_the_form(dag_bag: "BundleDagBag", dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]
    example = json.loads(re.findall(r"^    (\{.*\})$", dag.doc_md or "", re.MULTILINE)[0])
    assert example.get("config", "nano") in bundled_configs()
    params = copy.deepcopy(dag.params)
    params.update(example)
    params.validate()


@pytest.mark.parametrize("dag_id", IDS)
def test_every_task_has_owner_retries_timeout_and_queue(dag_bag: "BundleDagBag", dag_id: str) -> None:
    for task in dag_bag.dags[dag_id].tasks:
        assert task.owner == "caco", task.task_id
        assert task.retries == 6, task.task_id
        callbacks = task.on_failure_callback  # of a mapped task as it was given, of others a list
        callbacks = callbacks if isinstance(callbacks, list) else [callbacks]
        assert [callback.__name__ for callback in callbacks] == ["notify_failure"], task.task_id
        assert task.retry_exponential_backoff == 2, task.task_id
        assert (getattr(task, "response_timeout", None) or task.execution_timeout) is not None, task.task_id
        assert task.queue in {"cpu", "gpu"}, task.task_id
        assert (task.pool == "gpu") == (task.queue == "gpu"), task.task_id


def test_every_stage_runs_on_the_workers_that_it_declares(dag_bag: "BundleDagBag") -> None:
    tasks = {task.task_id.rpartition(".")[2]: task for dag in dag_bag.dags.values() for task in dag.tasks}
    assert {name: tasks[name].queue for name in STAGES} == {name: spec.queue for name, spec in STAGES.items()}
    assert tasks["dry_run"].queue == "gpu"  # it takes the first shards through all stages


@pytest.mark.parametrize("dag_id", LINE)
def test_the_only_leaf_takes_its_state_from_finish_which_runs_after_failures_too(
    dag_bag: "BundleDagBag", dag_id: str
) -> None:
    dag = dag_bag.dags[dag_id]
    last = "offer" if dag_id == "caco_nightly" else "finish"  # what follows `finish` fails with it
    assert [task.task_id for task in dag.leaves] == [last]
    assert dag.get_task("finish").trigger_rule == "all_done_min_one_success"
    if dag_id == "caco_nightly":
        assert dag.get_task("announce").trigger_rule == "all_success"
        assert dag.get_task("offer").trigger_rule == "none_failed"  # also where nothing was announced


def test_nothing_is_published_before_the_gate(dag_bag: "BundleDagBag") -> None:
    publish = dag_bag.dags["caco_nightly"].get_task("publish")
    assert "gate" in publish.upstream_task_ids
    assert publish.trigger_rule == "all_success"


@pytest.mark.parametrize(
    ("dag_id", "told"),
    [
        ("caco_seeds", {"finish": ["caco_seed_programs"]}),
        ("caco_codegen", {"finish": ["caco_codegen_model"]}),
        ("caco_nightly", {"announce": ["caco_dataset"], "offer": ["caco_waiting_dataset"]}),
    ],
)
def test_only_what_comes_last_says_what_was_made(
    dag_bag: "BundleDagBag", dag_id: str, told: dict[str, list[str]]
) -> None:
    outlets = {task.task_id: [outlet.name for outlet in task.outlets] for task in dag_bag.dags[dag_id].tasks}
    assert {task: names for task, names in outlets.items() if names} == told


def test_the_nightly_has_one_run_per_date_in_utc(dag_bag: "BundleDagBag") -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable

    timetable = coerce_to_core_timetable(dag_bag.dags["caco_nightly"].timetable)
    first, last = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
    infos = list(timetable.iter_partition_dagrun_infos(earliest=first, latest=last))
    assert [info.partition_key for info in infos] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert [info.run_after for info in infos] == [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]


def test_a_release_waits_for_every_date_of_its_week(dag_bag: "BundleDagBag") -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable

    mapper = coerce_to_core_timetable(dag_bag.dags["caco_release"].timetable).default_partition_mapper
    assert {mapper.to_downstream(f"2026-11-{day}") for day in range(23, 30)} == {"2026-11-23"}
    assert mapper.to_downstream("2026-11-30") == "2026-11-30"
    assert sorted(mapper.to_upstream("2026-11-23")) == [f"2026-11-{day}" for day in range(23, 30)]


def test_a_form_offers_the_answers_that_a_file_may_hold_and_no_verdict(dag_bag: "BundleDagBag") -> None:
    ask = dag_bag.dags["caco_audit"].get_task("rows.ask")
    assert ask.partial_kwargs["options"] == list(ANSWERS) if ask.is_mapped else ask.options == list(ANSWERS)


def test_housekeeping_removes_nothing_unless_it_is_asked_to(dag_bag: "BundleDagBag") -> None:
    dag = dag_bag.dags["caco_housekeeping"]
    assert dag.params.get_param("delete").value is False
    assert dag.timetable.can_be_scheduled


@pytest.mark.parametrize("dag_id", LINE)
def test_the_form_offers_exactly_the_bundled_configs(dag_bag: "BundleDagBag", dag_id: str) -> None:
    assert sorted(dag_bag.dags[dag_id].params.get_param("config").schema["examples"]) == bundled_configs()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"samples": 0}, id="no samples"),
        pytest.param({"samples": "many"}, id="samples in words"),
        pytest.param({"samples": 10**8}, id="far too many samples"),
        pytest.param({"partition": "yesterday"}, id="a partition that is no date"),
        pytest.param({"overrides": ["shards"]}, id="an override without a value"),
        pytest.param({"overrides": "shards=2"}, id="overrides that are no list"),
        pytest.param({"config": ""}, id="an empty config"),
        pytest.param({"rerun": "judge 3"}, id="a stage to rerun that is no name"),
        pytest.param({"run_id": "newest"}, id="a run that is no id"),
    ],
)
def test_the_form_refuses(dag_bag: "BundleDagBag", values: dict[str, Any]) -> None:
    refuse(dag_bag, "caco_nightly", values)


@pytest.mark.parametrize(
    ("dag_id", "values"),
    [
        pytest.param("caco_nightly", {"partition": "../../etc"}, id="a path for a date"),
        pytest.param("caco_nightly", {"partition": "2026-02-30"}, id="a day that there is none"),
        pytest.param("caco_nightly", {"run_id": "' OR 1=1; --"}, id="SQL for a run"),
        pytest.param("caco_nightly", {"run_id": "../" * 4}, id="a path for a run"),
        pytest.param("caco_nightly", {"rerun": "judge:1; DROP TABLE caco.run"}, id="SQL for a stage"),
        pytest.param("caco_nightly", {"rerun": "--help"}, id="an option for a stage"),
        pytest.param("caco_nightly", {"overrides": ["a=b\nc=d"]}, id="two overrides in one"),
        pytest.param("caco_nightly", {"overrides": ["__import__('os')=1"]}, id="code for a setting"),
        pytest.param("caco_nightly", {"overrides": ["samples=" + "9" * 2000]}, id="an override without an end"),
        pytest.param("caco_nightly", {"overrides": ["samples=1"] * 51}, id="overrides without an end"),
        pytest.param("caco_nightly", {"config": ["nano"]}, id="a list of configs"),
        pytest.param("caco_nightly", {"samples": True}, id="a truth value for a number"),
        pytest.param("caco_evaluate", {"dataset": "../../etc/passwd"}, id="a path for a dataset"),
        pytest.param("caco_evaluate", {"dataset": "caco-nano/../../x"}, id="a way out of a dataset"),
        pytest.param("caco_audit", {"run": "%"}, id="a pattern for a run"),
        pytest.param("caco_audit", {"rows": 10**6}, id="rows without an end"),
        pytest.param("caco_audit", {"person": "x" * 101}, id="a name without an end"),
        pytest.param("caco_housekeeping", {"older_than_days": -1}, id="what was made tomorrow"),
        pytest.param("caco_housekeeping", {"delete": "false"}, id="a word that is true"),
    ],
)
def test_a_form_refuses_what_was_made_to_harm(dag_bag: "BundleDagBag", dag_id: str, values: dict[str, Any]) -> None:
    refuse(dag_bag, dag_id, values)


def refuse(dag_bag: "BundleDagBag", dag_id: str, values: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    params = copy.deepcopy(dag_bag.dags[dag_id].params)
    params.validate()
    with pytest.raises(ParamValidationError):
        params.update(values)


def test_a_key_of_a_conf_that_is_no_field_is_refused(dag_bag: "BundleDagBag") -> None:
    import caco_common

    dag = dag_bag.dags["caco_nightly"]
    for conf in ({}, None, {"samples": 3, "partition": "2026-11-20"}):
        caco_common.require_known_fields({"dag": dag, "dag_run": SimpleNamespace(conf=conf)})  # type: ignore[typeddict-item]
    with pytest.raises(ConfigError, match="no 'smaples' in the form of caco_nightly, the nearest is 'samples'"):
        caco_common.require_known_fields({"dag": dag, "dag_run": SimpleNamespace(conf={"smaples": 3})})  # type: ignore[typeddict-item]


NOTHING: dict[str, Any] = {"partition": "2026-11-20", "config": "from the variable", "overrides": []}
FIRST: dict[str, Any] = {"partition": "2026-11-05", "config": "nano", "overrides": ["shards=3"]}
SECOND: dict[str, Any] = {"partition": "2026-11-06", "config": "smoke", "overrides": []}


@pytest.mark.parametrize(
    ("form", "partition_key", "events", "expected"),
    [
        pytest.param({}, None, [], {}, id="the day and the variable"),
        pytest.param({"partition": "2026-11-02"}, None, [], {"partition": "2026-11-02"}, id="the date of the form"),
        pytest.param({"partition": "2026-11-02"}, "2026-11-01", [], {"partition": "2026-11-01"}, id="the key first"),
        pytest.param({"config": "smoke"}, None, [], {"config": "smoke"}, id="the config of the form"),
        pytest.param({"samples": 9}, None, [], {"overrides": ["samples=9"]}, id="the samples of the form"),
        pytest.param(
            {"dataset": "a/1"}, None, [], {"overrides": ["evaluate.dataset=a/1"]}, id="the dataset of the form"
        ),
        pytest.param(
            {"samples": 9, "overrides": ["shards=1"]},
            None,
            [],
            {"overrides": ["shards=1", "samples=9"]},
            id="the samples after the overrides",
        ),
        pytest.param({}, None, [FIRST], FIRST, id="the event"),
        pytest.param({}, None, [FIRST, SECOND], SECOND, id="the newest of two events"),
        pytest.param({"config": "smoke"}, None, [FIRST], {**FIRST, "config": "smoke"}, id="the form before the event"),
    ],
)
def test_the_settings_of_a_run_are(
    dag_bag: "BundleDagBag",
    monkeypatch: pytest.MonkeyPatch,
    form: dict[str, Any],
    partition_key: str | None,
    events: list[dict[str, Any]],
    expected: dict[str, Any],
) -> None:
    import caco_common  # on the path once the DAGs were parsed

    monkeypatch.setenv("AIRFLOW_VAR_CACO_CONFIG", "from the variable")
    arrived = [SimpleNamespace(timestamp=datetime(2026, 11, 20, n, tzinfo=UTC), extra=e) for n, e in enumerate(events)]
    context: Any = {
        "params": {"config": None, "partition": None, "overrides": [], **form},
        "partition_key": partition_key,
        "triggering_asset_events": {"caco_seed_programs": list(reversed(arrived))},
        "dag_run": SimpleNamespace(logical_date=None, run_after=datetime(2026, 11, 20, 23, 59, tzinfo=UTC)),
    }
    assert caco_common.resolve_settings(context) == {**NOTHING, **expected}


@pytest.mark.parametrize(
    ("kind", "conf", "variable", "is_refused"),
    [
        pytest.param("backfill", {}, None, True, id="a form that Airflow dropped"),
        pytest.param("backfill", {"samples": 60}, None, False, id="a backfill with a configuration"),
        pytest.param("backfill", {}, "nano", False, id="a backfill of the config that somebody set"),
        pytest.param("scheduled", {}, None, False, id="the run of a night"),
        pytest.param("manual", {}, None, False, id="by hand"),
    ],
)
def test_a_backfill_without_its_configuration_is_refused(
    dag_bag: "BundleDagBag",
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    conf: dict[str, Any],
    variable: str | None,
    is_refused: bool,
) -> None:
    import caco_common  # on the path once the DAGs were parsed
    from airflow.utils.types import DagRunType

    def get(name: str, default: str | None) -> str | None:
        return variable

    monkeypatch.setattr(caco_common.Variable, "get", get)
    context: Any = {"dag_run": SimpleNamespace(run_type=DagRunType(kind), conf=conf)}
    if is_refused:
        with pytest.raises(ConfigError, match="Override parameters on existing runs"):
            caco_common.require_asked_config(context)
    else:
        caco_common.require_asked_config(context)


@pytest.mark.parametrize("dag_id", IDS)
def test_every_dag_says_in_the_list_what_it_does(dag_bag: "BundleDagBag", dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]
    assert dag.description.endswith(".")
    assert dag.dag_display_name.startswith("Caco ")


@pytest.mark.parametrize(
    ("pipeline", "config", "is_by_event", "is_skipped"),
    [
        pytest.param("evaluate", "single-gpu", True, True, id="a config without it"),
        pytest.param("evaluate", "smoke", True, False, id="a config with it"),
        pytest.param("evaluate", "single-gpu", False, False, id="by hand, to be told what is missing"),
        pytest.param("codegen", "single-gpu", True, False, id="another pipeline"),
    ],
)
def test_a_published_dataset_is_evaluated_where_its_config_asks_for_it(
    dag_bag: "BundleDagBag", pipeline: str, config: str, is_by_event: bool, is_skipped: bool
) -> None:
    import caco_common  # on the path once the DAGs were parsed
    from airflow.sdk.exceptions import AirflowSkipException

    context: Any = {"triggering_asset_events": {"caco_dataset": [SimpleNamespace(extra={})]} if is_by_event else {}}
    settings = {"config": config, "overrides": []}
    if is_skipped:
        with pytest.raises(AirflowSkipException, match=r"^The config 'single-gpu' has no section \[evaluate\], so no"):
            caco_common.require_wanted(pipeline, context, settings)
    else:
        caco_common.require_wanted(pipeline, context, settings)
