"""A mix really run: programs made of seed programs go down the whole line, and every place says where they come from."""

import json
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, Place, caco, run_pipeline, run_stage

from caco_tasks import tasks
from caco_tasks.connections import Connections
from caco_tasks.errors import ConfigError
from caco_tasks.ids import program_id
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.analyst import Analyst
from caco_tasks.pipeline import stages_of
from caco_tasks.publishing.dataset_row import RowOrigin, dataset_row
from caco_tasks.publishing.licences import Licence
from caco_tasks.records import (
    Execution,
    Generation,
    JudgedRecord,
    Judgement,
    Problem,
    Program,
    ProgramOrigin,
    Sample,
    Solution,
)
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.lineage_graph import lineage_graph
from caco_tasks.verification.row_checks import ROW_CHECKS

MIX = ("mix.compose=0.4", "mix.mutate=0.4")
SHARDS = 2


def samples(line: Place, run_id: str, shards: int = SHARDS) -> dict[int, Sample]:
    """The samples of a run by their index, as they were made."""
    judged: list[JudgedRecord[Sample]] = []
    for shard in range(shards):
        judged += line.samples(line.manifest(run_id, "sample", shard))
    return {int(str(row.record.index)): row.record for row in judged}


def asked(line: Place, query: str, **values: Any) -> list[tuple[Any, ...]]:
    """The rows of an answer of the ledger."""
    engine = create_engine(line.owner_url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query), values)]
    engine.dispose()
    return rows


def test_a_mix_goes_down_the_line_and_names_the_parents_everywhere(line: Place) -> None:
    run_id = run_pipeline("nightly", DAY, *MIX)
    assert run_id != line.runs["nightly"]
    made = samples(line, run_id)
    kinds = {sample.program.origin.kind if sample.program.origin else "codegen" for sample in made.values()}
    assert kinds == {"codegen", "compose", "mutate"}
    _parents_are_verified_seed_programs(line, run_id, made)
    _the_view_counts_them(line, run_id, made)
    _lineage_and_page_show_them(line, made)
    _more_samples_extend_the_mix(line, made)


def _parents_are_verified_seed_programs(line: Place, run_id: str, made: dict[int, Sample]) -> None:
    verified = dict(asked(line, "SELECT caco.hex(program_id), caco.hex(seed_id) FROM caco.program"))
    for sample in made.values():
        origin, program = sample.program.origin, sample.program
        assert program.program_id == program_id(program.code)
        assert (origin is None) != (program.generation is None)
        if origin is not None:
            assert len(origin.parents) == len(origin.seeds) == (2 if origin.kind == "compose" else 1)
            assert all(verified[parent] for parent in origin.parents)
    query = """
        SELECT caco.hex(sample_id), kind, operator, array_agg(caco.hex(program_id) ORDER BY number)
        FROM caco.program_parent GROUP BY sample_id, kind, operator
    """
    kept = {row[0]: row[1:] for row in asked(line, query)}
    origins = {sample.sample_id: sample.program.origin for sample in made.values()}
    assert kept == {
        name: (origin.kind, origin.operator, list(origin.parents))
        for name, origin in origins.items()
        if origin is not None
    }


def _the_view_counts_them(line: Place, run_id: str, made: dict[int, Sample]) -> None:
    query = "SELECT origin, samples, published FROM caco.yield_by_origin WHERE run_id = CAST(:run AS uuid)"
    counted = {origin: (count, published) for origin, count, published in asked(line, query, run=run_id)}
    assert sum(count for count, _ in counted.values()) == len(made)
    assert counted["compose"][0] == sum(
        sample.program.origin is not None and sample.program.origin.kind == "compose" for sample in made.values()
    )
    rows = asked(line, "SELECT rows FROM caco.dataset WHERE run_id = CAST(:run AS uuid)", run=run_id)
    assert sum(published for _, published in counted.values()) == rows[0][0]


def _lineage_and_page_show_them(line: Place, made: dict[int, Sample]) -> None:
    sample = next(one for one in made.values() if one.program.origin is not None)
    origin = sample.program.origin
    assert origin is not None
    with Ledger(line.writer_url) as ledger:
        shown = ledger.lineage(sample.sample_id)
    assert shown["origin"]["operator"] == origin.operator
    assert [parent["program_id"] for parent in shown["origin"]["parents"]] == list(origin.parents)
    assert {parent["licence"] for parent in shown["origin"]["parents"]} == {"CC0-1.0"}
    assert f"made of    {origin.parents[0][:12]} by {origin.kind}" in caco(line, "lineage", sample.sample_id).stdout
    with Analyst(line.owner_url) as analyst:
        connections = Connections.from_environ(line.environ)
        graph = lineage_graph(Archive(ledger=analyst, store=line.store, connections=connections), sample.sample_id)
    assert {f"sample:{seed}" for seed in origin.seeds} <= {node.id for node in graph.nodes}


def _more_samples_extend_the_mix(line: Place, made: dict[int, Sample]) -> None:
    planned = tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=[*MIX, "samples=36"])
    longer = str(planned["run_id"])
    run_stage("sample", longer, planned["shards"])
    more = samples(line, longer, shards=3)
    assert len(more) == 36
    assert {index: more[index] for index in made} == made


def test_a_config_without_a_mix_keeps_its_keys_and_draw(line: Place) -> None:
    plain, mixed = (tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=list(more)) for more in ((), MIX))
    assert plain["run_id"] == line.runs["nightly"]
    keys, others = line.keys(str(plain["run_id"])), line.keys(str(mixed["run_id"]))
    for spec in stages_of("nightly"):
        assert "mix" not in json.dumps(keys.recipe(spec)), spec.name
        assert keys.key(spec.name, 0) != others.key(spec.name, 0)
    assert keys.run.input_keys == ()
    assert others.run.input_keys == line.keys(line.runs["codegen"]).run.input_keys
    assert keys.draw != others.draw
    with pytest.raises(ConfigError, match="'trained'"):  # no seed programs are known behind another CodeGen
        tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=[*MIX, "models.codegen.model=nano:codegen"])


def test_a_row_made_of_others_names_its_parents_and_no_model_that_wrote_it(line: Place) -> None:
    keys = line.keys(line.runs["nightly"])
    made = line.manifest(line.runs["nightly"], "decontaminate", 0)
    wrote = Generation(
        request_id="r",
        model_id="m",
        prompt="p",
        finish_reason="stop",
        prompt_tokens=1,
        completion_tokens=1,
        seconds=0.1,
    )
    code = "input = {'a': 1}\n"
    origin = ProgramOrigin(kind="mutate", operator="tax", parents=("p" * 32,), seeds=("s" * 32,))
    ran = Execution(
        **dict.fromkeys(("input_json", "output_json", "output_text", "output_type", "error")),
        **dict.fromkeys(("wall_seconds", "cpu_seconds", "peak_memory_mb"), 0.1),
        stdout="",
        sandbox_level="full",
    )
    sample = Sample(
        sample_id="i",
        program=Program(program_id=program_id(code), code=code, origin=origin),
        execution=ran,
        problem=Problem(text="Q", generation=wrote),
        solution=Solution(text="A", answer="2", generation=wrote),
        judgement=Judgement(reply="", generation=wrote),
    )
    of_output = RowOrigin(
        run=keys.run, draw=keys.draw, made=made, licence=Licence(expression="CC0-1.0", note=None), sources=("bank",)
    )
    row = dataset_row(sample, of_output)
    assert (row["origin"], row["operator"], row["parents"]) == ("mutate", "tax", ["p" * 32])
    assert (row["codegen"], row["codegen_prompt"], row["codegen_request"]) == (None, None, None)
    assert [find(row, None) for _, find in ROW_CHECKS] == [None, None, None]
    for fault in ({"parents": []}, {"origin": None}):
        assert any(find(row | fault, None) for _, find in ROW_CHECKS)
