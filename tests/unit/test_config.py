"""The settings of a run: read strictly, named when wrong, hashed by what changes data."""

import copy
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import making
import pytest

from caco_tasks.config import SETTINGS_THAT_CHANGE_NO_DATA, RunConfig, bundled_configs, load_config, parse_config
from caco_tasks.errors import ConfigError
from caco_tasks.identity import config_hash
from caco_tasks.llm.llm import SAMPLING, SAMPLING_OF_SOME
from caco_tasks.pipeline import PIPELINES

MODEL: dict[str, Any] = {"model": "nano:codegen", "prompt": "nano_program.v1"}
ASKED_TWICE = MODEL | {"temperature": 0.7}  # or several programs, problems or solutions would be one
FULL = making.small_config(
    samples=100,
    shards=7,
    models={role: MODEL for role in ("codegen", "judge", "matcher")}
    | {role: ASKED_TWICE for role in ("unifier", "reverser", "solver")},
    decontamination={"benchmarks": [{"name": "b", "path": "b.jsonl"}]},
    neighbours={"embedder": "e"},
    train={"base": "b", "own": {"datasets": ["d"], "guard": {}}},
    mix={"compose": 0.2, "mutate": 0.2},
    select={"explore": 0.1},
    steer={"explore": 0.5},
    evaluate={"bank_each": 1, "train": {"base": "b"}, "ask": {"model": "b", "prompt": "solve.v1", "temperature": 1.0}},
).model_dump(mode="json")
DECLARED_BY_NO_STAGE = {"name", "description", "shard_samples", "runner", "gate", "dry_run", "diversity"}
OF_A_MODEL = {"model", "revision", "adapter", "prompt", "context_tokens", *SAMPLING, *SAMPLING_OF_SOME}
CANDIDATES = (
    "x",
    "vllm",
    "http://x/v1",
    "float32",
    "fsdp",
    "flash_attention_2",
    "huggingface",
    "unknown",
    "off",
    "shortest",
    "own",
    "json",
    "openai",
    "record",
    "judge.v2",
    "words/1",
    "bfloat16",
    "full",
    "S",
    3,
    16,
    0.5,
    ["x"],
    {"problem": "x"},
    ["seed"],
    {"max_tokens": "max_completion_tokens"},
    {"in few words": 1.0},
    [{"name": "b", "path": "x.jsonl", "answer_column": "a"}],
    {"bank_each": 1, "train": {"base": "b"}, "ask": {"model": "b", "prompt": "p"}},
)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all settings; an empty table or list is one setting."""
    if isinstance(value, dict | list) and value:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def changed(path: tuple[str | int, ...]) -> RunConfig:
    """The settings with another valid value at `path`."""
    values = copy.deepcopy(FULL)
    table: Any = values
    for key in path[:-1]:
        table = table[key]
    old = table[path[-1]]
    for candidate in (*_near(old), *CANDIDATES):
        table[path[-1]] = candidate
        try:
            config = parse_config(values, origin="the test's settings")
        except ConfigError:
            continue
        if config.model_dump(mode="json") != FULL:
            return config
    raise AssertionError(f"no other value was found for {path}")


def _near(old: Any) -> list[Any]:
    if isinstance(old, bool):
        return [not old]
    if isinstance(old, int | float):
        return [old + 1, old / 2]
    return [f"{old}x"] if isinstance(old, str) else []


def is_free(path: tuple[str | int, ...]) -> bool:
    """Whether the list of excluded settings names `path` or a table above it."""
    dotted = ".".join(str(key) for key in path)
    return any(fnmatch(dotted, pattern) or fnmatch(dotted, f"{pattern}.*") for pattern in SETTINGS_THAT_CHANGE_NO_DATA)


def is_hashed(path: tuple[str | int, ...]) -> bool:
    """Whether a setting should enter what names a run."""
    if path[0] in DECLARED_BY_NO_STAGE or is_free(path):
        return False
    return path[0] != "models" or path[2] in OF_A_MODEL


def hashes(config: RunConfig) -> dict[str, str]:
    """What names the settings of a run of each pipeline."""
    return {pipeline: config_hash(pipeline, config) for pipeline in PIPELINES}


# base and asked model must be the same and have no adapter, so none can change alone; roles of a night are alike
NOT_ALONE = [("evaluate", "train", "base"), ("evaluate", "ask", "model"), ("evaluate", "ask", "adapter")]
PATHS = [path for path in leaves(FULL) if path[:2] not in [("models", "reverser"), ("models", "solver")]]
PATHS = [path for path in PATHS if path not in NOT_ALONE]


@pytest.mark.parametrize("path", PATHS, ids=[".".join(map(str, path)) for path in PATHS])
def test_a_setting_enters_the_hash_unless_it_changes_no_data(path: tuple[str | int, ...]) -> None:
    same = hashes(changed(path)) == hashes(parse_config(FULL, origin=""))
    assert same is not is_hashed(path)


@pytest.mark.parametrize(
    ("override", "pipelines"),
    [
        ("seeds.min_seed_grade=S", {"seeds", "codegen", "nightly"}),
        ("models.unifier.temperature=0.5", {"seeds", "codegen", "nightly"}),
        ("train.epochs=7", {"codegen", "nightly"}),
        ("samples=7", {"nightly"}),
        ("judge.times=3", {"nightly"}),
        ("agree.wrong_unit=off", {"nightly"}),
        ("publish.name=other", {"nightly"}),
        ("sandbox.timeout_seconds=1", {"seeds", "codegen", "nightly"}),
        ("grading.timeout_seconds=1", {"seeds", "codegen", "nightly", "evaluate"}),
        ("evaluate.bank_each=2", {"evaluate"}),
        ("runner.part_rows=7", set()),
    ],
)
def test_a_setting_names_the_runs_of_the_pipelines_that_read_it(override: str, pipelines: set[str]) -> None:
    unifier = ["models.unifier.model=nano:codegen", "models.unifier.prompt=solve.v1"]
    plain, other = (hashes(load_config("smoke", [*unifier, *changes])) for changes in ([], [override]))
    assert {name for name in PIPELINES if plain[name] != other[name]} == pipelines


def test_an_endpoint_that_tells_no_revision_is_named_by_its_host() -> None:
    def served_at(host: str, **changes: str) -> dict[str, str]:
        judge = {"engine": "openai", "model": "m", "prompt": "judge.v2", "endpoint": {"base_url": f"http://{host}/v1"}}
        models = FULL["models"] | {"judge": judge | changes}
        return hashes(parse_config(FULL | {"models": models}, origin=""))

    assert served_at("one:8000") != served_at("other:8000")
    assert served_at("one:8000", revision="r1") == served_at("other:8000", revision="r1")


def test_a_run_is_named_by_the_ranges_of_its_shards_however_they_were_asked_for() -> None:
    def cut(**layout: int | None) -> dict[str, str]:
        return hashes(making.small_config(samples=100, **{"shards": None} | layout))

    assert cut(shard_samples=50) == cut(shards=2)
    assert cut(shard_samples=50) != cut(shard_samples=60) != cut(shard_samples=20)


def test_every_excluded_setting_exists() -> None:
    dotted = [".".join(str(key) for key in path) for path in leaves(FULL)]
    unused = [
        pattern
        for pattern in SETTINGS_THAT_CHANGE_NO_DATA
        if not any(fnmatch(path, pattern) or fnmatch(path, f"{pattern}.*") for path in dotted)
    ]
    assert unused == []


def test_a_default_that_is_written_out_changes_nothing() -> None:
    spoken = FULL | {"screen": {"min_lines": 6}}
    assert hashes(parse_config(spoken, origin="")) == hashes(parse_config(FULL, origin=""))


def test_an_adapter_upon_a_model_that_is_made_anew_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"models\.codegen\.adapter is set"):
        load_config("single-gpu", ["models.codegen.adapter=a/b"])


def test_the_bundled_configs_are_there() -> None:
    assert {"nano", "smoke"} <= set(bundled_configs())


@pytest.mark.parametrize("name", bundled_configs())
def test_a_bundled_config_loads_and_is_named_as_its_file(name: str) -> None:
    config = load_config(name)
    assert config.name == name
    assert {"codegen", "reverser", "solver", "judge"} <= set(config.models)
    assert parse_config(config.model_dump(mode="json"), origin="its own dump") == config


def test_bundled_configs_differ() -> None:
    assert len({config_hash("nightly", load_config(name)) for name in bundled_configs()}) == len(bundled_configs())


OVERRIDES: dict[str, tuple[str, Any]] = {
    "a number": ("samples=7", 7),
    "a fraction": ("train.learning_rate=1e-4", 1e-4),
    "a bare word": ("publish.name=night-words", "night-words"),
    "a quoted text": ('publish.name="7"', "7"),
    "a truth value": ("dedup.behaviour=false", False),
    "a list": ('models.solver.stop=["a", "b"]', ("a", "b")),
    "an equals sign in a value": ("description=a=b", "a=b"),
    "an empty value": ("description=", ""),
}


@pytest.mark.parametrize(("override", "expected"), OVERRIDES.values(), ids=OVERRIDES)
def test_an_override_sets_one_setting(override: str, expected: Any) -> None:
    config = load_config("smoke", [override])
    found: Any = config.model_dump()
    for key in override.partition("=")[0].split("."):
        found = found[key]
    assert found == expected


def test_the_last_override_wins() -> None:
    assert load_config("smoke", ["samples=7", "samples=8"]).samples == 8


WRONG: dict[str, tuple[str, str]] = {
    "an unknown key": ("sampels=7", "'sampels'"),
    "an unknown key in a table": ("screen.least_lines=7", "'screen.least_lines'"),
    "an unknown role": ("models.critic.model=a", "'models.critic"),
    "a wrong type": ("samples=many", "'samples'"),
    "a number where a truth value belongs": ("dedup.behaviour=7", "'dedup.behaviour'"),
    "a value out of range": ("samples=0", "'samples'"),
    "a value beyond the range": ("models.judge.top_p=1.5", "'models.judge.top_p'"),
    "a word that is not in the list": ("models.judge.engine=abacus", "'models.judge.engine'"),
    "a grade that there is none": ("seeds.min_seed_grade=E", "'seeds.min_seed_grade'"),
    "a name that is no plain name": ("publish.name=../x", "'publish.name'"),
    "no equals sign": ("samples", "'samples'"),
    "no key": ("=7", "'=7'"),
    "a way through a value": ("samples.x=7", "'samples.x=7'"),
    "a number that Python refuses to read": (f"samples={'9' * 5000}", "'samples'"),
    "a nesting without an end": (f"samples={'[' * 2000}", "'samples'"),
    "a name of Python's own": ("__class__=1", "'__class__'"),
    "a template": ("samples={{ 7 * 7 }}", "'samples'"),
}


@pytest.mark.parametrize(("override", "named"), WRONG.values(), ids=WRONG)
def test_a_wrong_override_is_named_in_one_sentence(override: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("smoke", [override])
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'publish' in my\.toml is wrong: Field required"):
        parse_config({key: value for key, value in FULL.items() if key != "publish"}, origin="my.toml")


@pytest.mark.parametrize(
    "named", ["/dev/zero", "/proc/self/mem", "/etc", "{{ var.value.x }}", "http://127.0.0.1/", "nano\0", "nano; ls", ""]
)
def test_a_config_that_is_no_file_is_refused(named: str) -> None:
    with pytest.raises(ConfigError, match=r"^There is no config|cannot be read: Input/output error\.$"):
        load_config(named)


@pytest.mark.parametrize(
    "content", ["hunter2", 'samples = "hunter2"', 'password = "hunter2"', 'x = ["hunter2"', "a = hunter2"]
)
def test_a_refusal_repeats_nothing_of_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path / "secret"))
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_named_with_the_ones_that_are_there() -> None:
    with pytest.raises(ConfigError, match=r"no config 'nothing'.*nano, .*smoke"):
        load_config("nothing")


@pytest.mark.parametrize("content", [b"samples = ", b"\xff\xfe", b"[a]\n[a]\n"], ids=["cut off", "no text", "twice"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.toml is not valid TOML"):
        load_config(str(path))


def test_a_config_is_read_from_any_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((Path(making.__file__).parents[1] / "caco_tasks/configs/smoke.toml").read_text(), encoding="utf-8")
    assert load_config(str(path)) == load_config("smoke")


@pytest.mark.parametrize(("samples", "shards"), [(10, 3), (2, 4), (1, 1), (1200, 7)])
def test_shards_are_ranges_of_one_size_that_hold_each_sample_once(samples: int, shards: int) -> None:
    config = making.small_config(samples=samples, shards=shards)
    ranges = [config.sample_range(shard) for shard in range(config.sample_shards)]
    assert [index for found in ranges for index in found] == list(range(samples))
    assert len(ranges) <= shards
    assert len({len(found) for found in ranges[:-1]}) <= 1
    assert 0 < len(ranges[-1]) <= len(ranges[0])


def test_a_longer_run_begins_with_the_ranges_of_a_shorter_one() -> None:
    short, long = (making.small_config(samples=size, shards=None, shard_samples=30) for size in (60, 100))
    assert [short.sample_range(shard) for shard in range(2)] == [long.sample_range(shard) for shard in range(2)]
    assert (short.sample_shards, long.sample_shards, long.sample_range(3)) == (2, 4, range(90, 100))
