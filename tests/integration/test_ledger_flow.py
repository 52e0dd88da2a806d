"""The ledger's idea of the flow is that of the stages, though it may not import them."""

from caco_tasks.config import load_config
from caco_tasks.ledger.flow import GATHERING_STAGES, PIPELINES, shards_expected
from caco_tasks.stages import PIPELINES as STAGES_OF_PIPELINES
from caco_tasks.stages import STAGES, shards_of

MAPPED = {"seeds": 2, "codegen": 1, "nightly": 2, "dry_run": 2, "evaluate": 2}  # shards, by the config nano


def test_pipelines_and_gathering_stages_are_those_of_the_stages() -> None:
    assert dict(PIPELINES) == STAGES_OF_PIPELINES
    assert set(GATHERING_STAGES) == {name for name, stage in STAGES.items() if stage.gathers}


def test_the_shards_expected_are_those_that_are_mapped() -> None:
    config = load_config("nano")
    values = config.model_dump(mode="json")
    assert {pipeline: len(shards_of(pipeline, config)) for pipeline in PIPELINES} == MAPPED
    for pipeline, stages in PIPELINES.items():
        mapped = MAPPED[pipeline]
        for stage in stages:
            assert shards_expected(pipeline, stage, values) == (1 if stage in GATHERING_STAGES else mapped)
