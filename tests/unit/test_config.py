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

FULL = making.small_config(
    samples=100,
    shards=7,
    decontamination={"benchmarks": [{"name": "b", "path": "b.jsonl"}]},
).model_dump(mode="json")
CANDIDATES = (
    "x",
    "vllm",
    "http://x/v1",
    "float32",
    "fsdp",
    "flash_attention_2",
    "huggingface",
    "unknown",
    "json",
    "openai",
    "record",
    "bfloat16",
    "full",
    "S",
    3,
    16,
    0.5,
    ["x"],
    {"problem": "x"},
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


PATHS = [path for path in leaves(FULL) if path[:2] not in [("models", "reverser"), ("models", "solver")]]


@pytest.mark.parametrize("path", PATHS, ids=[".".join(map(str, path)) for path in PATHS])
def test_a_setting_enters_the_hash_unless_it_changes_no_data(path: tuple[str | int, ...]) -> None:
    same = changed(path).fingerprint() == parse_config(FULL, origin="").fingerprint()
    assert same is is_free(path)


def test_the_excluded_settings_are_these_and_no_others() -> None:
    assert set(SETTINGS_THAT_CHANGE_NO_DATA) == {
        "description",
        "sandbox.workers",
        "sandbox.min_level",
        "grading.workers",
        "models.*.vllm",
        "models.*.endpoint.connection",
        "models.*.endpoint.concurrency",
        "models.*.endpoint.timeout_seconds",
        "models.*.endpoint.attempts",
        "models.*.endpoint.max_error_share",
        "models.*.price",
        "runner.reply_rows",
        "train.hardware",
        "gate",
        "dry_run",
        "evaluate",
    }


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
    assert (
        parse_config(spoken, origin="").fingerprint()
        == making.small_config(samples=100, shards=7, decontamination=FULL["decontamination"]).fingerprint()
    )


def test_the_bundled_configs_are_there() -> None:
    assert {"nano", "smoke"} <= set(bundled_configs())


@pytest.mark.parametrize("name", bundled_configs())
def test_a_bundled_config_loads_and_is_named_as_its_file(name: str) -> None:
    config = load_config(name)
    assert config.name == name
    assert {"codegen", "reverser", "solver", "judge"} <= set(config.models)
    assert parse_config(config.model_dump(mode="json"), origin="its own dump") == config


def test_bundled_configs_differ() -> None:
    assert len({load_config(name).fingerprint() for name in bundled_configs()}) == len(bundled_configs())


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
def test_the_shards_share_out_all_samples_as_evenly_as_can_be(samples: int, shards: int) -> None:
    config = making.small_config(samples=samples, shards=shards)
    rows = [config.rows_of_shard(shard) for shard in range(shards)]
    assert sum(rows) == samples
    assert max(rows) - min(rows) <= 1
