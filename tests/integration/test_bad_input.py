"""What is wrong from outside ends in one sentence that names it, an exit code, and nothing counted as done."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from whole_line import DAY, PATIENCE_SECONDS, Place, caco, command, ledger_content

from caco_tasks import tasks
from caco_tasks.cli import main
from caco_tasks.errors import ConfigError, DamagedError, EngineError, SourceError
from caco_tasks.llm import local_models
from caco_tasks.platform.ports import free_port

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" * 40

RUN = '{ "$@"; code=$?; ls -A "$0"; exit $code; }'  # a command, then what it left in the folder "$0"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture under the name of a source."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(PNG)
    return path


@pytest.fixture
def closed(first_port: int) -> int:
    """A port on which nobody listens."""
    return free_port(first_port + 400)


def refused(line: Place, *words: str, says: str, **environ: str) -> None:
    """Asserts that the command line refuses in one line on standard error, and that nothing was counted as done."""
    before, content = line.manifests(), ledger_content(line.owner_url)
    done = caco(line, *words, **environ)
    demand_one_sentence(done.returncode, done.stderr, says)
    assert done.stdout == ""
    assert line.manifests() == before
    assert ledger_content(line.owner_url) == content


def demand_one_sentence(code: int, stderr: str, says: str) -> None:
    assert code != 0
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert stderr.startswith("caco: ")
    assert says in stderr
    assert stderr.rstrip().endswith((".", ".)")), stderr


def new_run(*overrides: str) -> str:
    return str(tasks.plan("nightly", partition=DAY, config="smoke", overrides=["shards=1", *overrides])["run_id"])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["sampels=3"], "'sampels'"),
        (["models.codegen.heat=1"], "'models.codegen.heat'"),
        (["samples=many"], "'samples'"),
        (["samples=0"], "'samples'"),
        (["sandbox=fast"], "'sandbox'"),
        (["samples"], "'samples' is not of the form"),
        (["samples.more=3"], "'samples', which is not a table"),
    ],
    ids=["unknown key", "unknown key within", "wrong type", "out of range", "no table", "no value", "into a number"],
)
def test_a_wrong_setting_is_named(line: Place, settings: list[str], says: str) -> None:
    words = [word for setting in settings for word in ("--set", setting)]
    refused(line, "plan", "seeds", "--partition", DAY, "--config", "smoke", *words, says=says)


def test_a_config_that_is_no_toml_is_named(line: Place, picture: Path) -> None:
    refused(line, "plan", "seeds", "--partition", DAY, "--config", str(picture), says="train.jsonl is not valid TOML")


def test_a_partition_that_is_no_date_is_named(line: Place) -> None:
    refused(line, "plan", "seeds", "--partition", "yesterday", "--config", "smoke", says="'yesterday' is not a date")


def test_a_run_that_is_not_there_is_named(line: Place) -> None:
    refused(line, "stage", "sample", "--run", "0000", "--shard", "0", says="There is no run '0000'")


def test_a_stage_of_another_pipeline_is_named(line: Place) -> None:
    refused(line, "stage", "seeds", "--run", line.runs["nightly"], "--shard", "0", says="has no stage 'seeds'")


def test_a_postgres_that_does_not_answer_is_named_without_its_password(line: Place, closed: int) -> None:
    url = f"postgresql://caco_writer:secret@127.0.0.1:{closed}/caco"
    done = caco(line, "funnel", CACO_LEDGER_URL=url)
    assert "secret" not in done.stderr
    words = ("plan", "seeds", "--partition", DAY, "--config", "smoke")
    refused(line, *words, says=f"Postgres at 127.0.0.1:{closed}/caco cannot be used", CACO_LEDGER_URL=url)


def test_a_stage_that_asks_a_postgres_that_does_not_answer_is_not_done(line: Place, closed: int) -> None:
    run_id = str(tasks.plan("seeds", partition=DAY, config="smoke", overrides=["seeds.shards=1"])["run_id"])
    url = f"postgresql://caco_writer:secret@127.0.0.1:{closed}/caco"
    words = ("stage", "seeds", "--run", run_id, "--shard", "0")
    refused(line, *words, says=f"Postgres at 127.0.0.1:{closed}/caco cannot be used", CACO_LEDGER_URL=url)


def test_an_s3_server_that_does_not_answer_is_named(line: Place, closed: int) -> None:
    where = f"http://127.0.0.1:{closed}"
    s3 = {"CACO_S3_ENDPOINT": where, "CACO_S3_ACCESS_KEY": "a", "CACO_S3_SECRET_KEY": "secret"}
    words = ("stage", "sample", "--run", line.runs["nightly"], "--shard", "0")
    refused(line, *words, says=f"The S3 server {where} does not answer", CACO_STORE="s3://caco/x", **s3)


def test_a_store_of_an_unknown_kind_is_named(line: Place) -> None:
    words = ("stage", "sample", "--run", line.runs["nightly"], "--shard", "0")
    refused(line, *words, says="'ftp://caco' is neither", CACO_STORE="ftp://caco")


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[: len(data) // 2], lambda data: PNG, lambda data: b"", lambda data: flipped(data)],
    ids=["cut in half", "another file", "empty", "one bit"],
)
def test_a_damaged_shard_is_named_and_read_by_nobody(line: Place, damage: Callable[[bytes], bytes]) -> None:
    run_id = line.runs["nightly"]
    line.manifest_path(run_id, "execute", 0).unlink()
    manifest = line.manifest(run_id, "sample", 0)
    shard = line.folder / manifest.uri
    shard.write_bytes(damage(shard.read_bytes()))
    refused(line, "stage", "execute", "--run", run_id, "--shard", "0", says=f"The output {manifest.uri} is damaged")


def test_rows_that_were_damaged_and_deleted_are_made_again_for_store_and_ledger(line: Place) -> None:
    run_id = line.runs["nightly"]
    first, content = line.manifest(run_id, "execute", 0), ledger_content(line.owner_url)
    (line.folder / first.uri).unlink()
    line.manifest_path(run_id, "screen", 0).unlink()
    again = tasks.work("execute", run_id, 0, line.environ)
    assert again.sha256 != first.sha256  # it took other seconds
    for stage in ("execute", "screen"):
        tasks.work(stage, run_id, 0, line.environ)
        tasks.load(run_id, stage, 0)
    now = line.manifest(run_id, "execute", 0)
    assert (now.uri, now.passed) == (again.uri, first.passed)
    tasks.gate(run_id)
    after = ledger_content(line.owner_url)
    assert {table: len(rows) for table, rows in after.items()} == {table: len(rows) for table, rows in content.items()}


def flipped(data: bytes) -> bytes:
    """The data with one bit in its middle changed."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("content", [b"{", PNG, b"", b"{}"], ids=["cut off", "another file", "empty", "no fields"])
@pytest.mark.parametrize("stage", ["sample", "execute"], ids=["of what is read", "of the shard itself"])
def test_a_damaged_manifest_is_named(line: Place, stage: str, content: bytes) -> None:
    run_id = line.runs["nightly"]
    damaged = line.manifest_path(run_id, stage, 0)
    line.manifest_path(run_id, "execute", 0).unlink()
    damaged.write_bytes(content)
    result = CliRunner().invoke(main, ["stage", "execute", "--run", run_id, "--shard", "0"])
    demand_one_sentence(result.exit_code, result.stderr, f"{damaged.relative_to(line.folder)} is damaged")
    with pytest.raises(DamagedError, match=r"manifest\.json is damaged"):
        tasks.load(run_id, stage, 0)
    assert damaged.read_bytes() == content


def test_a_damaged_record_of_a_run_is_named(line: Place) -> None:
    record = line.run_folder(line.runs["nightly"]) / "run.json"
    record.write_text("{")
    words = ("stage", "sample", "--run", line.runs["nightly"], "--shard", "0")
    refused(line, *words, says=f"{line.runs['nightly']}/run.json is damaged")


def test_missing_bundled_weights_are_named(line: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_models, "NANO_FOLDER", tmp_path / "no weights")
    line.manifest_path(line.runs["codegen"], "train", 0).unlink()
    before = line.manifests()
    result = CliRunner().invoke(main, ["stage", "train", "--run", line.runs["codegen"], "--shard", "0"])
    demand_one_sentence(result.exit_code, result.stderr, "The bundled model 'codegen' is missing")
    assert line.manifests() == before


def test_missing_trained_weights_are_named(line: Place) -> None:
    run_id = new_run("models.codegen.temperature=0.8")
    shutil.rmtree(line.folder / "models")
    refused(line, "stage", "sample", "--run", run_id, "--shard", "0", says="are not in the store: run `caco_codegen`")


@pytest.mark.parametrize("content", [b"", PNG], ids=["empty", "another file"])
def test_damaged_trained_weights_are_named(line: Place, content: bytes) -> None:
    run_id = new_run("models.codegen.temperature=0.8")
    next(line.folder.glob("models/*/model.safetensors")).write_bytes(content)
    before = line.manifests()
    result = CliRunner().invoke(main, ["stage", "sample", "--run", run_id, "--shard", "0"])
    demand_one_sentence(result.exit_code, result.stderr, "model.safetensors is damaged")
    assert line.manifests() == before


def test_a_source_that_is_not_what_it_claims_is_named(line: Place, picture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = caco(line, "unify", "--source", "gsm8k", "--path", str(picture), "--out", str(out))
    demand_one_sentence(done.returncode, done.stderr.removeprefix("reading\n"), str(picture))
    assert not (out / "report.json").exists()


def test_a_stage_whose_source_is_not_what_it_claims_is_not_done(line: Place, picture: Path) -> None:
    source = f'seeds.sources=[{{name="gsm8k", reader="gsm8k", path="{picture}"}}]'
    run_id = str(tasks.plan("seeds", partition=DAY, config="smoke", overrides=[source])["run_id"])
    refused(line, "stage", "seeds", "--run", run_id, "--shard", "0", says=str(picture))


def test_a_source_that_is_missing_stops_the_plan(line: Place, tmp_path: Path) -> None:
    source = f'seeds.sources=[{{name="gsm8k", reader="gsm8k", path="{tmp_path / "gone.jsonl"}"}}]'
    with pytest.raises(SourceError, match=r"The source 'gsm8k' cannot be read at .*gone\.jsonl: No such file"):
        tasks.plan("seeds", partition=DAY, config="smoke", overrides=[source])


def test_an_output_whose_key_does_not_match_its_manifest_is_named(line: Place) -> None:
    path = line.manifest_path(line.runs["nightly"], "agree", 0)
    manifest = json.loads(path.read_text())
    manifest["recipe"]["settings"]["agree"]["wrong_unit"] = "off"
    path.write_text(json.dumps(manifest))
    result = CliRunner().invoke(main, ["stage", "judge", "--run", new_run("judge.times=3"), "--shard", "0"])
    assert result.exit_code == 1
    with pytest.raises(DamagedError, match="does not match its key: what it says has the key"):
        tasks.load(line.runs["nightly"], "agree", 0)


def test_a_run_that_names_an_output_that_is_gone_is_told_to_make_it_again(line: Place) -> None:
    run_id = line.runs["nightly"]
    line.manifest_path(run_id, "agree", 1).unlink()
    with pytest.raises(ConfigError, match=r"names the output [0-9a-f]{12}, which is gone: rerun 'agree'"):
        tasks.load(run_id, "agree", 1)
    assert caco(line, "stage", "agree", "--run", run_id, "--shard", "1").returncode == 0
    tasks.load(run_id, "agree", 1)


def test_a_date_before_the_first_codegen_is_refused_with_the_remedy(line: Place) -> None:
    words = ("plan", "--partition", "2020-01-01", "--config", "smoke")
    refused(
        line, *words, says="No CodeGen of the config 'smoke' was accepted on or before 2020-01-01: run `caco_seeds`"
    )


def test_a_config_with_other_training_settings_does_not_take_this_codegen(line: Place) -> None:
    words = ("plan", "--partition", DAY, "--config", "smoke", "--set", "train.learning_rate=2e-4")
    refused(line, *words, says="No CodeGen of the config 'smoke' was accepted")


def test_weights_that_are_not_those_that_the_run_pinned_are_refused(
    line: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ["models.judge.temperature=0.5"]
    run_id = str(tasks.plan("nightly", partition=DAY, config="smoke", overrides=overrides)["run_id"])
    shutil.copytree(local_models.NANO_FOLDER, tmp_path / "weights")
    (tmp_path / "weights" / "judge" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(local_models, "NANO_FOLDER", tmp_path / "weights")
    with pytest.raises(EngineError, match=r"The model 'nano:judge' on this machine is .*, the run pinned nano:judge@"):
        tasks.work("judge", run_id, 0, line.environ)


def problems(path: Path, first: str) -> Path:
    """A file of some problems with their answers."""
    texts = [first, *(f"Ann has {number} apples and buys 3 more. How many has she?" for number in range(2, 6))]
    rows = [{"question": text, "answer": "2 + 3 = <<2+3=5>>5\n#### 5"} for text in texts]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


CHANGED = {
    "source": 'seeds.sources=[{name="mine", reader="gsm8k", path="FILE"}]',
    "benchmark": 'decontamination.benchmarks=[{name="mine", path="FILE", problem_column="question"}]',
}


@pytest.mark.parametrize("kind", CHANGED)
def test_what_was_changed_since_it_was_pinned_is_refused(line: Place, tmp_path: Path, kind: str) -> None:
    file = problems(tmp_path / "train.jsonl", "Bob has 9 pears. How many are left?")
    overrides = [CHANGED[kind].replace("FILE", str(file))]
    run_id = str(tasks.plan("seeds", partition=DAY, config="smoke", overrides=overrides)["run_id"])
    tasks.work("seeds", run_id, 0, line.environ)
    problems(file, "Bob has 8 pears. How many are left?")
    before = line.manifests()
    with pytest.raises(SourceError, match=f"The {kind} 'mine' was changed after run {run_id[:12]} was planned"):
        tasks.work("seeds", run_id, 1, line.environ)
    assert line.manifests() == before


def test_a_base_whose_weights_are_not_those_that_the_run_pinned_is_not_trained(
    line: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.manifest_path(line.runs["codegen"], "train", 0).unlink()
    shutil.copytree(local_models.NANO_FOLDER, tmp_path / "weights")
    for file in (tmp_path / "weights").rglob("*.safetensors"):
        file.write_bytes(b"other weights")
    monkeypatch.setattr(local_models, "NANO_FOLDER", tmp_path / "weights")
    with pytest.raises(EngineError, match=r"on this machine is .*, the run pinned nano:"):
        tasks.work("train", line.runs["codegen"], 0, line.environ)


@pytest.mark.parametrize(
    ("shell", "says"),
    [
        (["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=4k tmpfs "$0" && {RUN}'], "The disk is full"),
        (["sh", "-c", f"ulimit -f 2; {RUN}"], "File too large"),
    ],
    ids=["a file system of one page", "a limit on the size of files"],
)
def test_a_disk_without_room_is_named_and_nothing_is_left_on_it(line: Place, shell: list[str], says: str) -> None:
    if subprocess.run([*shell[:-1], "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives users no name spaces to mount in")
    run_id = line.runs["nightly"]
    assert line.manifest(run_id, "decontaminate", 0).bytes > 4096
    folder = line.manifest_path(run_id, "decontaminate", 0).parent
    shutil.rmtree(folder)
    folder.mkdir()
    done = subprocess.run(
        [*shell, str(folder), *command("stage", "decontaminate", "--run", run_id, "--shard", "0")],
        env={**os.environ, **line.environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    demand_one_sentence(done.returncode, done.stderr, says)
    assert done.stdout == ""


def test_a_taken_port_is_named_and_nothing_is_left_running(line: Place, tmp_path: Path) -> None:
    home = {"CACO_HOME": str(tmp_path / "platform")}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = caco(line, "up", "--port", str(port), **home)
    assert done.returncode == 1
    assert f"Port {port} for airflow is taken by another program" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    status = caco(line, "status", "--json", **home)
    assert status.returncode == 1
    assert {service["pid"] for service in json.loads(status.stdout)["services"]} <= {None}
