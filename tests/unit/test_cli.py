"""The command line: its names are a contract, and what a user can mend is one sentence and exit code 1."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import making
import published
import pytest
from click.testing import CliRunner, Result

from caco_tasks.cli import main
from caco_tasks.cli.command_examples import EXAMPLES
from caco_tasks.publishing.export import FORMATS
from caco_tasks.publishing.states import change_state, stage_dataset

COMMANDS = [
    *("demo", "up", "down", "status", "doctor", "run", "plan", "rerun", "stage", "funnel", "runs", "scores", "lineage"),
    *("sql", "unify", "exec", "grade", "check", "dataset", "export", "verify"),
    *("bench", "ledger", "audit", "housekeeping", "mcp", "completion"),
]
OPTIONS = {
    "run": ["--partition", "--config", "--set"],
    "plan": ["[PIPELINE]", "--partition", "--config", "--set", "--register", "--json"],
    "rerun": ["RUN", "--stage", "--shard", "--unknown", "--here"],
    "stage": ["--run", "--shard", "--json"],
    "funnel": ["--json"],
    "runs": ["--json"],
    "sql": ["--engine", "--timeout", "--json", "--csv", "--vertical", "--file", "--recipe", "--set"],
    "dataset withdraw": ["NAME/VERSION", "--because", "--by", "--release-claims"],
    "dataset restore": ["NAME/VERSION", "--because", "--by"],
    "dataset list": ["--json"],
    "unify": ["--source", "--path", "--out"],
    "exec": ["--jsonl", "--out", "--workers", "--timeout"],
    "grade": ["--jsonl", "--out", "--workers"],
    "check": ["--jsonl", "--out", "--workers", "--config"],
    "export": ["--format", "--out"],
    "verify": ["DATASET|FOLDER", "--workers", "--json"],
    "bench": ["--json"],
    "up": ["--store", "--port"],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which no platform was ever started, and an environment that names none."""
    for name in ("CACO_STORE", "CACO_LEDGER_URL", "CACO_LEDGER_OWNER_URL", "CACO_LEDGER_ANALYST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "home"))
    return tmp_path


def caco(*arguments: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, arguments)


def test_help_lists_every_command() -> None:
    told = caco("--help").stdout
    listed = [line.split()[0] for line in told.partition("The platform:")[2].splitlines() if line.startswith("  ")]
    assert set(COMMANDS) <= set(listed)
    assert sum(map(len, main.sections.values())) == len(main.commands) == len(set(main.commands))  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_help_is_whole_at_any_width(width: str) -> None:
    told = CliRunner().invoke(main, ["--help"], env={"COLUMNS": width}, terminal_width=int(width)).stdout
    assert [name for name in main.commands if f"  {name}" not in told] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("group", ["dataset", "audit", "ledger"])
def test_help_of_a_group_cuts_no_sentence(group: str) -> None:
    told = CliRunner().invoke(main, [group, "--help"], terminal_width=40).stdout
    assert "..." not in told.partition("Commands:")[2]
    commands = main.commands[group].commands  # type: ignore[attr-defined]
    listed = [line.split()[0] for line in told.partition("Commands:")[2].splitlines() if line[2:3].strip()]
    assert listed == list(commands)


MISSPELT = {
    "a command": (["fnnel"], "Did you mean 'funnel'?"),
    "an option": (["runs", "--newst", "3"], "Did you mean '--newest'?"),
    "a command of a group": (["dataset", "witdraw", "a/1"], "Did you mean 'withdraw'?"),
    "a pipeline": (["plan", "nightli"], ", the nearest is 'nightly': there are"),
    "a reader": (["unify", "--source", "gsm8kk", "--out", "x"], ", the nearest is 'gsm8k': use"),
    "a benchmark": (["bench", "gradin"], ", the nearest is 'grading': there are"),
    "a recipe": (["sql", "--recipe", "pass_rate"], ", the nearest is 'pass_rates': `caco sql --recipe` lists them"),
    "a format": (["export", "a/1", "--format", "mesages", "--out", "x"], "is not one of 'messages', 'alpaca', 'caco'"),
}


@pytest.mark.parametrize(("words", "said"), MISSPELT.values(), ids=MISSPELT)
def test_a_misspelt_name_is_offered_the_nearest(home: Path, words: list[str], said: str) -> None:
    result = caco(*words)
    assert result.exit_code in (1, 2)
    assert said in result.stderr


def test_the_formats_of_an_export_are_those_of_the_library() -> None:
    [choice] = [option.type for option in main.commands["export"].params if option.name == "format_name"]  # type: ignore[attr-defined]
    assert tuple(choice.choices) == (*FORMATS, "parquet")


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_example_of_a_command_is_one_that_it_takes(path: str) -> None:
    words = shlex.split(EXAMPLES[path].removeprefix('eval "$(').removesuffix(')"'))
    assert words[: 1 + len(path.split())] == ["caco", *path.split()]
    context = click.Context(main, info_name="caco")
    command: click.Command = main
    for name in path.split():
        command = command.commands[name]  # type: ignore[attr-defined]
    command.make_context(path, words[1 + len(path.split()) :], parent=context)  # raises where it is wrong
    assert f"  Example: {EXAMPLES[path]}\n" in caco(*path.split(), "--help").stdout  # in one line, to be copied


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how_to_complete(shell: str) -> None:
    told = caco("completion", shell).stdout
    assert f"_CACO_COMPLETE={shell}_complete" in told


def test_the_command_is_there_and_starts_without_heavy_libraries() -> None:
    heavy = ("torch", "airflow", "boto3", "sympy", "pydantic", "pyarrow", "sqlalchemy", "caco_tasks.ledger")
    code = f"import sys, caco_tasks.cli; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    help_text = subprocess.run(
        [sys.executable, "-m", "caco_tasks.cli", "-h"], capture_output=True, text=True, check=True
    ).stdout
    assert "Usage:" in help_text


@pytest.mark.parametrize("command", OPTIONS)
def test_a_command_has_the_options_of_the_contract(command: str) -> None:
    said = caco(*command.split(), "--help")
    assert said.exit_code == 0
    assert [option for option in OPTIONS[command] if option not in said.stdout] == []


MENDABLE = {
    "an unknown config": (
        ["plan", "seeds", "--partition", "2026-01-02", "--config", "nothing"],
        "There is no config 'nothing': give a TOML file or one of nano, nano-mix, paper, single-gpu, smoke, smol.",
    ),
    "a wrong override": (
        ["plan", "seeds", "--partition", "2026-01-02", "--set", "samples=many"],
        "The setting 'samples' in the override 'samples=many' is wrong: ",
    ),
    "fewer samples than none": (
        ["run", "--set", "samples=-5"],
        "The setting 'samples' in the override 'samples=-5' is wrong: Input should be greater than or equal to 1.",
    ),
    "a value of a table that is wrong": (
        ["plan", "--set", "models.judge.temperature=-1"],
        "The setting 'models.judge.temperature' in the override 'models.judge.temperature=-1' is wrong",
    ),
    "a table in the place of a value": (
        ["plan", "--set", "samples.of=3"],
        "The override 'samples.of=3' goes into 'samples', which is not a table.",
    ),
    "a misspelt role": (["plan", "--set", "models.jugde.max_tokens=3"], "in the override 'models.jugde.max_tokens=3'"),
    "an override without a value": (["plan", "--set", "samples"], "'samples' is not of the form key.path=value"),
    "a misspelt config": (["run", "--config", "nanoo"], "There is no config 'nanoo', the nearest is 'nano': give"),
    "a day that no calendar has": (["plan", "--partition", "2026-02-30"], "'2026-02-30' is not a date of the form"),
    "a day that Python does not know": (
        ["run", "--partition", "20000-01-01"],
        "'20000-01-01' is not a date of the form",
    ),
    "a misspelt override": (["plan", "--set", "sampels=3"], "is unknown, the nearest is 'samples'."),
    "a misspelt override in a table": (
        ["run", "--set", "models.judge.max_token=3"],
        "is unknown, the nearest is 'models.judge.max_tokens'.",
    ),
    "a pipeline that there is none": (
        ["plan", "weekly"],
        "There is no pipeline 'weekly': there are seeds, codegen, nightly, evaluate.",
    ),
    "a partition that is no date": (
        ["plan", "seeds", "--partition", "2026-1-2"],
        "The partition '2026-1-2' is not a date of the form YYYY-MM-DD.",
    ),
    "a run of a day that is no date": (["run", "--partition", "today"], "The partition 'today' is not a date"),
    "a demo of an unknown config": (["demo", "--config", "nothing"], "There is no config 'nothing'"),
    "a plan without a store": (["plan"], "There is no store: "),
    "a rerun without a store": (["rerun", "r", "--stage", "judge"], "There is no store: "),
    "runs without a ledger": (["runs"], "There is no ledger for the analyst: start the local platform with"),
    "a query without a ledger": (
        ["sql", "SELECT 1"],
        "There is no ledger for the analyst: start the local platform with `caco up`, or set CACO_LEDGER_ANALYST_URL.",
    ),
    "psql without a ledger": (["sql"], "There is no ledger for the analyst: "),
    "duckdb without a query": (["sql", "--engine", "duckdb"], "There is no query: give a QUERY, -f FILE"),
    "datasets without a store": (["dataset", "list"], "There is no store: "),
    "a withdrawal without a store": (["dataset", "withdraw", "a/1", "--because", "b"], "There is no store: "),
    "a stage without a store": (
        ["stage", "agree", "--run", "r", "--shard", "0"],
        "There is no store: start the local platform with `caco up`, or set CACO_STORE.",
    ),
    "a funnel without a ledger": (["funnel"], "start the local platform with `caco up`, or set CACO_LEDGER_URL."),
    "an export without a store": (["export", "a/1", "--format", "caco", "--out", "x"], "There is no store: "),
    "a run without a platform": (["run"], "The local platform was never started here: run `caco up`."),
    "a source that is not there": (
        ["unify", "--source", "gsm8k", "--path", "nothing.jsonl", "--out", "x"],
        "nothing.jsonl",
    ),
    "a file of programs that is not there": (["exec", "--jsonl", "nothing.jsonl", "--out", "x"], "nothing.jsonl"),
    "a file of answers that is not there": (["grade", "--jsonl", "nothing.jsonl", "--out", "x"], "nothing.jsonl"),
    "a file of texts that is not there": (["check", "--jsonl", "nothing.jsonl", "--out", "x"], "nothing.jsonl"),
    "a dataset without a store": (["verify", "a/1"], "There is no store: "),
    "a folder without a dataset": (["verify", "."], "holds no dataset: give a folder with manifest.json"),
    "an option that a benchmark does not take": (
        ["bench", "grading", "--config", "nano"],
        "The benchmark 'grading' takes no --config: leave it out.",
    ),
    "an unknown benchmark": (["bench", "nothing"], "There is no benchmark 'nothing': there are "),
}


@pytest.mark.parametrize(("arguments", "said"), MENDABLE.values(), ids=MENDABLE)
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_1(
    home: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(home)
    result = caco(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("caco: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert list(home.iterdir()) == []


TOLD_AS_JSON = {
    "stage": (["stage", "agree", "--run", "r", "--shard", "0"], "There is no store: "),
    "exec": (["exec", "--jsonl", "nothing.jsonl", "--out", "x"], "Programs cannot go from nothing.jsonl"),
    "grade": (["grade", "--jsonl", "nothing.jsonl", "--out", "x"], ""),
    "check": (["check", "--jsonl", "nothing.jsonl", "--out", "x"], ""),
    "unify": (["unify", "--source", "none", "--out", "x"], "The source 'none' names no reader"),
    "audit draw": (["audit", "draw", "--out", "x"], "There is no "),
    "audit answer": (["audit", "answer", "--file", "x", "--person", " "], "The name of the person is empty"),
    "ledger migrate": (["ledger", "migrate"], "There is no ledger for the owner"),
    "ledger rebuild": (["ledger", "rebuild"], "There is no ledger for the owner"),
    "dataset withdraw": (["dataset", "withdraw", "a/1", "--because", "b"], "There is no store: "),
    "dataset restore": (["dataset", "restore", "a/1", "--because", "b"], "There is no store: "),
}


@pytest.mark.parametrize(("words", "said"), TOLD_AS_JSON.values(), ids=TOLD_AS_JSON)
def test_a_script_finds_the_sentence_where_it_reads(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(home)
    result = caco(*words, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["message"].startswith(said)


def test_every_command_has_json_but_those_that_write_for_a_program() -> None:
    without = {path for path in EXAMPLES if "--json" not in caco(*path.split(), "--help").stdout}
    assert without == {"mcp", "completion"}


def test_a_wrong_option_is_a_wrong_use(home: Path) -> None:
    assert caco("stage", "agree", "--run", "r", "--shard", "-1").exit_code == 2
    assert caco("dataset", "withdraw", "a/1").exit_code == 2
    assert caco("sql", "SELECT 1", "--engine", "sqlite").exit_code == 2


def test_an_argument_that_is_no_text_is_told() -> None:
    command = [sys.executable, "-m", "caco_tasks.cli", "sql", b"SELECT '\xff'"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert (
        done.stderr
        == b"caco: The argument 'SELECT '\\udcff'' is not text in UTF-8: give it in UTF-8, or rename the file.\n"
    )


@pytest.mark.parametrize("words", [["--help"], ["sql", "--recipe", ""], ["sql", "--recipe", "", "--csv"]])
def test_a_full_disk_behind_the_output_is_told(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "caco_tasks.cli", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"caco: The output cannot be written: No space left on device.\n")


def test_a_reader_that_has_read_enough_is_no_error_to_tell() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "caco_tasks.cli", "sql", "--recipe", ""]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["--help", "sql --recipe ''", "exec --jsonl in.jsonl --out out.jsonl --workers 1"])
def test_a_closed_stream_costs_its_output_and_nothing_else(home: Path, words: str, closing: str) -> None:
    (home / "in.jsonl").write_text('{"id": "a", "code": "input = 1; output = 2"}\n')
    shell = f"{shlex.quote(sys.executable)} -m caco_tasks.cli {words} {closing}"
    done = subprocess.run(["sh", "-c", shell], cwd=home, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (" >&-" not in f" {closing}")
    if words.startswith("exec"):
        assert json.loads((home / "out.jsonl").read_text())["output"] == 2


NAME = "a" * 5000
PATHS = {
    "a name that is too long for a folder": (["verify", NAME], "File name too long"),
    "one of a config": (["plan", "--config", NAME], "File name too long"),
    "one of a source": (["unify", "--source", "gsm8k", "--path", NAME, "--out", "x"], "File name too long"),
    "a file in the place of a folder": (["unify", "--source", "bank", "--out", "file"], "file"),
    "a folder below a file": (["unify", "--source", "bank", "--out", "file/x"], "Not a directory"),
    "an export to a file": (["export", "shop-words/1", "--format", "caco", "--out", "file"], "file"),
    "an export to a name that is too long": (
        ["export", "shop-words/1", "--format", "caco", "--out", NAME],
        "File name too long",
    ),
}


@pytest.mark.parametrize(("words", "said"), PATHS.values(), ids=PATHS)
def test_a_path_that_can_be_none_is_one_sentence(
    datasets: list[str], home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(home)
    (home / "file").touch()
    result = caco(*words)
    assert result.exit_code == 1
    assert result.stderr.startswith("caco: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_an_empty_id_names_no_run(planned: str) -> None:
    result = caco("stage", "sample", "--run", "", "--shard", "0")
    assert result.exit_code == 1
    assert "There is no run '' in " in result.stderr


@pytest.fixture
def planned(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that is planned in a store, without a ledger; its id."""
    monkeypatch.setenv("CACO_STORE", making.store_settings(home).root)
    return making.register(making.nightly_run(making.small_config()), making.store_in(home)).run_id


RUNS = {
    "an unknown run": ("agree", "nothing", "There is no run 'nothing' in "),
    "a stage of another pipeline": ("unify", "", "A run of 'nightly' has no stage 'unify': its stages are sample, "),
    "no stage at all": ("nothing", "", "A run of 'nightly' has no stage 'nothing'"),
    "a misspelt stage": ("exeute", "", "has no stage 'exeute', the nearest is 'execute': its stages are"),
    "a stage whose input is missing": ("execute", "", "The stage 'execute' cannot start: "),
}


@pytest.mark.parametrize(("stage", "run", "said"), RUNS.values(), ids=RUNS)
def test_a_stage_that_cannot_start_says_why(planned: str, stage: str, run: str, said: str) -> None:
    result = caco("stage", stage, "--run", run or planned[:8], "--shard", "0")
    assert result.exit_code == 1
    assert said in result.stderr


def test_status_of_a_platform_that_was_never_started_is_not_healthy(home: Path) -> None:
    result = caco("status", "--json")
    assert result.exit_code == 1
    assert result.stdout


def test_a_shard_that_a_run_does_not_have_is_named(planned: str) -> None:
    result = caco("stage", "sample", "--run", planned, "--shard", "7")
    assert result.exit_code == 1
    assert "has no shard 7" in result.stderr


@pytest.fixture
def datasets(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two datasets in a store, without a ledger: the newer one is withdrawn."""
    monkeypatch.setenv("CACO_STORE", making.store_settings(home).root)
    store, run = making.store_in(home), making.nightly_run(making.small_config())
    for version, day in (("1", "2026-01-01"), ("2", "2026-01-02")):
        dated = run.model_copy(update={"partition": day})
        published.write_dataset(store, dated, [making.sample(), making.sample("s1")], name=f"shop-words/{version}")
    change_state(store, "shop-words/2", "withdrawn", by="ada", because="prices are wrong")
    return ["shop-words/2", "shop-words/1"]


def test_datasets_are_listed_the_newest_first_with_their_states(datasets: list[str]) -> None:
    found = json.loads(caco("dataset", "list", "--json").stdout)
    assert [each["dataset"] for each in found] == datasets
    assert [(each["state"], each["rows"], each["by"]) for each in found] == [
        ("withdrawn", 2, "ada"),
        ("published", 2, "gate"),
    ]
    lines = caco("dataset", "list").stdout.splitlines()
    assert [[name for name in datasets if name in line] for line in lines[3:-1]] == [[name] for name in datasets]
    assert "prices are wrong" in lines[3]


def test_a_store_without_datasets_lists_none(planned: str) -> None:
    assert caco("dataset", "list").stdout == "There is no dataset yet.\n"
    assert caco("dataset", "list", "--json").stdout == "[]\n"


RESTORED = {
    "one that is published": ("shop-words/1", "The dataset 'shop-words/1' is published: only a withdrawn one can be"),
    "none": ("shop-words/3", "There is no dataset 'shop-words/3'"),
    "no name of one": ("shop-words", "'shop-words' names no dataset"),
}


@pytest.mark.parametrize(("name", "said"), RESTORED.values(), ids=RESTORED)
def test_what_cannot_be_restored_is_told(datasets: list[str], name: str, said: str) -> None:
    result = caco("dataset", "restore", name, "--because", "b")
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_dataset_that_its_gate_never_passed_is_not_published_by_restoring_it(datasets: list[str], home: Path) -> None:
    store = making.store_in(home)
    store.delete("datasets/shop-words/1/state.json")
    stage_dataset(store, "shop-words/1", by="publish", because="written")
    change_state(store, "shop-words/1", "withdrawn", by="ada", because="doubtful")
    result = caco("dataset", "restore", "shop-words/1", "--because", "b")
    assert result.exit_code == 1
    assert "was never published" in result.stderr
