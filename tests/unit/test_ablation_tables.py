"""Tables of ablations, the arms that they make, and the settings that came with them and leave older keys as they are."""

from pathlib import Path
from typing import Any

import making
import pytest

from caco_tasks.ablations.ablation_tables import arm_settings, bundled_tables, is_ablation, load_arms, load_table
from caco_tasks.check_settings import SETTINGS_OF_SOME, RuleSettings
from caco_tasks.config import RunConfig, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.identity import RunKeys, config_hash, pipeline_run_id, training_hash
from caco_tasks.pipeline import find_stage, stages_of
from caco_tasks.store import RunRecord

TWO_SOURCES = ['seeds.sources=[{name="bank", reader="bank"}, {name="own", reader="bank", limit=7}]']


@pytest.mark.parametrize("name", bundled_tables())
def test_the_arms_of_a_bundled_table_are_settings_and_no_two_are_the_same(name: str) -> None:
    arms = load_arms(load_table(name), "nano", tuple(TWO_SOURCES))
    runs = {pipeline_run_id("nightly", making.DAY, config) for _, config in arms.values()}
    assert len(runs) == len(arms)
    assert all(is_ablation(config.publish.name) for _, config in arms.values())
    assert all(config.dedup.claims == "own" for _, config in arms.values())


def test_every_rule_that_rejects_has_an_arm_that_leaves_it_out() -> None:
    sections = {name: one for name, one in making.small_config() if isinstance(one, RuleSettings)}
    rules = {
        f"{name}.{rule}" for name, one in sections.items() for rule, is_set in one.rules.items() if is_set == "reject"
    }
    [without, *arms] = load_table("checks").arms
    assert without.set == ()
    assert {arm.name for arm in arms} == rules
    assert all(arm.set == (f"{arm.name}=off",) for arm in arms)


def test_an_arm_of_a_source_trains_its_codegen_on_that_source_alone() -> None:
    arms = load_arms(load_table("sources"), "nano", tuple(TWO_SOURCES))
    named = {arm.name: [source.name for source in config.seeds.sources] for arm, (_, config) in arms.items()}
    assert named == {"all sources": ["bank", "own"], "only bank": ["bank"], "only own": ["own"]}
    assert len({training_hash(config) for _, config in arms.values()}) == 3
    limits = {arm.name: config.seeds.sources[-1].limit for arm, (_, config) in arms.items()}
    assert limits["only own"] == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('title="t"\nreference="a"', "the reference 'a' is none of its arms", id="no arm"),
        pytest.param('title="t"\nreference="a"\n[[arms]]\nname="a"', "there is nothing to compare", id="one arm"),
        pytest.param('title="t"\nreference="a"\nsize=[1]', "The setting 'size'", id="no such setting"),
        pytest.param(
            'title="t"\nreference="a"\nsizes=[5,9]\nreference_size=7\n[[arms]]\nname="a"',
            "none of its sizes",
            id="size",
        ),
        pytest.param("title=", "is not valid TOML", id="no TOML"),
    ],
)
def test_a_table_that_compares_nothing_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_table(str(tmp_path / "own.toml"))


def test_what_is_missing_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="the nearest is 'verification'"):
        load_table("verificaton")
    with pytest.raises(ConfigError, match="has one: name several"):
        load_arms(load_table("sources"), "nano", ())
    own = load_config("nano", ["publish.name=mine-ablation"])
    assert arm_settings(load_table("scale").arms[0], own)[0] == 'publish.name="mine-ablation"'


def keys_of(pipeline: str, config: RunConfig) -> dict[str, str]:
    """The key of each stage of a run whose pins are always the same."""
    models = {role: f"{role}@1" for role in ("codegen", "reverser", "solver", "judge", "base")}
    run = RunRecord(
        run_id="0" * 32,
        pipeline=pipeline,
        partition=making.DAY,
        config_hash="",
        config=config.model_dump(mode="json"),
        code_version="0",
        models=models,
        dataset="d/1",
        dataset_sha256="1" * 64,
    )
    keys = RunKeys(run, {})
    return {spec.name: keys.key(spec.name, 0) for spec in stages_of(pipeline)}


# setting -> a value, and the first stage whose key holds it
LATER: dict[str, tuple[Any, str]] = {
    "agree.answers_differ": ("off", "agree"),
    "judge.inconsistent": ("off", "judge"),
    "judge.ill_posed": ("record", "judge"),
    "dedup.claims": ("own", "dedup"),
    "solver.keep_easy": (0.5, "agree"),
    "steer.explore": (0.5, "sample"),
    "evaluate.max_rows": (9, "student"),
    "evaluate.repeat": (1, "student"),
}


@pytest.mark.parametrize("path", LATER)
def test_a_later_setting_is_in_no_key_as_it_is_by_default_and_in_those_of_its_stage_otherwise(path: str) -> None:
    value, stage = LATER[path]
    pipeline = "evaluate" if path.startswith("evaluate") else "nightly"
    plain = load_config("nano")
    section, _, name = path.partition(".")
    kept = path if path in SETTINGS_OF_SOME else section  # a section of which no setting is there
    default = load_config("nano", [f"{path}={SETTINGS_OF_SOME[kept]}"] if SETTINGS_OF_SOME[kept] is not None else [])
    changed = load_config("nano", [f"{path}={value}"])
    assert getattr(getattr(plain, section), name, None) == SETTINGS_OF_SOME[kept]
    assert config_hash(pipeline, default) == config_hash(pipeline, plain) != config_hash(pipeline, changed)
    assert name not in str(plain.data_settings(section))
    before, after = keys_of(pipeline, plain), keys_of(pipeline, changed)
    moved = [name for name in before if before[name] != after[name]]
    names = [spec.name for spec in stages_of(pipeline)]
    later = names[names.index(stage) :]
    assert moved == [
        name for name in later if name != "evaluate"
    ]  # its first shard is the base's, which no student changes


def test_all_later_settings_are_tried() -> None:
    assert {path if path in SETTINGS_OF_SOME else path.partition(".")[0] for path in LATER} == set(SETTINGS_OF_SOME)


def test_runs_that_came_the_same_way_share_their_claims_and_others_do_not() -> None:
    def spaces(*overrides: str) -> tuple[str | None, str | None]:
        config = load_config("nano", overrides)
        run = making.nightly_run(config)
        keys = RunKeys(run, {})
        first, last = (keys.claim_space(find_stage("nightly", name)) for name in ("dedup", "decontaminate"))
        return first, last

    own = "dedup.claims=own"
    assert spaces() == (None, None)
    plain, again, judged = spaces(own), spaces(own, "publish.name=other"), spaces(own, "judge.inconsistent=off")
    assert plain == again
    assert plain[0] == judged[0] is not None
    assert plain[1] != judged[1]
    assert spaces(own, "screen.trivial=off")[0] != plain[0]
