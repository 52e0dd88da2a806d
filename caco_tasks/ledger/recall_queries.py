"""What a recall asks of the ledger: which outputs were made from which, who asked whom, and where rows of them lie.

Whole outputs are told by their numbers in this ledger; what descends from them is walked by `caco_tasks.recall.descent`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, TextClause, text

from caco_tasks.ledger.answer_rows import Row, read_rows

# a later attempt that keeps known verdicts has them from the attempt before
_EDGES = text("""
    SELECT child.output_no AS child, parent.output_no AS parent, caco.hex(named.key) AS key
    FROM caco.output AS child
    CROSS JOIN LATERAL (
        SELECT unnest(child.inputs) AS key
        UNION ALL
        SELECT child.previous WHERE child.keeps_known AND child.previous IS NOT NULL
    ) AS named
    LEFT JOIN caco.output AS parent ON parent.key = named.key
""")
_OUTPUTS = text("""
    SELECT output_no, caco.hex(key) AS key, CAST(stage AS text) AS stage, read, passed, artifacts ->> 'dataset' AS dataset
    FROM caco.output
""")
_MODELS = text("""
    SELECT model.output_no, model.model_id, model.role, model.parent, model.accepted, caco.hex(model.run_id) AS run_id
    FROM caco.model ORDER BY model.output_no
""")
_DATASETS = text("""
    SELECT dataset.dataset_no, dataset.dataset || '/' || dataset.version AS name, dataset.rows, dataset.supersedes,
        caco.hex(dataset.run_id) AS run_id, CAST(coalesce(last.state, 'published') AS text) AS state
    FROM caco.dataset
    LEFT JOIN LATERAL (
        SELECT state FROM caco.dataset_state WHERE dataset_state.dataset_no = dataset.dataset_no
        ORDER BY number DESC LIMIT 1
    ) AS last ON true
    ORDER BY dataset.dataset_no
""")
_RUNS = text("""
    SELECT run_no, caco.hex(run_id) AS run_id, pipeline, CAST(partition AS text) AS partition, config ->> 'name' AS config,
        caco.hex(seed_run_id) AS seed_run_id, caco.hex(codegen_run_id) AS codegen_run_id, model_id, dataset
    FROM caco.run
""")
_PLACES = text("""
    SELECT run_no, CAST(stage AS text) AS stage, shard, output_no FROM caco.run_output
    WHERE is_current AND output_no = ANY(CAST(:outputs AS integer[]))
    ORDER BY run_no, run_output.stage, shard
""")
# a model that begins with another one's weights, or carries an adapter, names both in one text, joined by +
_ASKED_MODEL = text("""
    SELECT output_no FROM caco.output
    WHERE CAST(:names AS text[]) && string_to_array(
        concat_ws('+', array_to_string(models, '+'), recipe ->> 'model', recipe ->> 'embedder',
            recipe ->> 'selector'), '+')
""")
_ASKED_PROMPT = text("""
    SELECT output_no FROM caco.output
    WHERE :name = ANY(prompts) OR jsonb_exists(coalesce(recipe -> 'prompts', '{}'), :name)
""")
_OF_STAGE_VERSION = text("""
    SELECT output_no FROM caco.output
    WHERE stage = CAST(:stage AS caco.stage) AND recipe ->> 'version' = :version
""")
_OF_CODE_VERSION = text("SELECT output_no FROM caco.output WHERE code_version = :version")
_OF_SANDBOX = text("SELECT output_no FROM caco.output WHERE sandbox_version = :version")
_OF_SOURCE = """
    SELECT DISTINCT seed_id FROM caco.seed JOIN caco.source USING (source_no)
    WHERE source = :source AND (CAST(:revision AS text) IS NULL OR revision = :revision)
"""
_SEEDS_LIKE = text("""
    SELECT DISTINCT caco.hex(seed_id) AS seed_id FROM caco.seed
    WHERE seed_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) LIMIT 2
""")
_PROGRAMS_LIKE = text("""
    SELECT DISTINCT caco.hex(program_id) AS program_id FROM (
        SELECT program_id FROM caco.program WHERE program_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
        UNION ALL
        SELECT program_id FROM caco.dataset_row WHERE program_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
    ) AS found LIMIT 2
""")
_UNIFIED = text("SELECT output_no, CAST(partition AS text) AS partition FROM caco.output WHERE stage = 'unify'")
# what passed unify is what a training may read; by the numbers of its outputs, so that the fates of samples are not looked at
_TAUGHT = """
    SELECT output_no, count(*) AS programs FROM caco.fate
    WHERE output_no = ANY(CAST(:outputs AS integer[])) AND partition = ANY(CAST(:dates AS date[])) AND outcome = 'pass'
        AND subject IN ({bad})
    GROUP BY output_no
"""
_TAUGHT_BY_SEED = text(_TAUGHT.format(bad="CAST(:seed AS uuid)"))
_TAUGHT_BY_SOURCE = text(_TAUGHT.format(bad=_OF_SOURCE))
_PROGRAMS = """
    SELECT program.output_no, caco.hex(program.seed_id) AS seed_id FROM caco.program
    JOIN caco.output USING (output_no)
    JOIN caco.fate ON fate.output_no = program.output_no AND fate.partition = output.partition
        AND fate.subject = program.seed_id AND fate.outcome = 'pass'
"""
_WITH_PROGRAM = text(f"{_PROGRAMS} WHERE program.program_id = CAST(:program AS uuid)")
_SEEDS_WITH_PROGRAM = text("""
    SELECT DISTINCT caco.hex(seed_id) AS seed_id FROM caco.program WHERE program_id = CAST(:program AS uuid)
""")
_WRITTEN_BY_MODEL = text(f"""
    SELECT output_no, count(*) AS programs FROM ({_PROGRAMS}
        WHERE program.grade IS NULL AND program.output_no = ANY(CAST(:outputs AS integer[]))) AS written
    GROUP BY output_no
""")
# one look at all rows tells which outputs each dataset has rows of, and how many
_HOLDINGS = text("""
    SELECT dataset_no, caco.hex(output_key) AS key, count(*) AS rows, count(*) - count(program_id) AS without_program
    FROM caco.dataset_row GROUP BY dataset_no, output_key
""")
# which rows a CodeGen learnt from beside its seeds, by the outputs that they came from
_OWN_ROWS = text("""
    SELECT own_row.output_no, dataset.dataset_no, caco.hex(dataset_row.output_key) AS key, count(*) AS rows
    FROM caco.own_row
    JOIN caco.dataset ON dataset.dataset || '/' || dataset.version = own_row.dataset
    JOIN caco.dataset_row ON dataset_row.sample_id = own_row.sample_id AND dataset_row.dataset_no = dataset.dataset_no
    GROUP BY own_row.output_no, dataset.dataset_no, dataset_row.output_key
""")
_OWN_OF_SAMPLES = text("""
    SELECT own_row.output_no, dataset.dataset_no, caco.hex(own_row.sample_id) AS sample_id
    FROM caco.own_row JOIN caco.dataset ON dataset.dataset || '/' || dataset.version = own_row.dataset
    WHERE own_row.sample_id = ANY(CAST(:samples AS uuid[]))
""")
# rows whose programs were made of seed programs, with the output in which they were made
_MADE_OF = """
    SELECT DISTINCT dataset_row.dataset_no, caco.hex(sample_id) AS sample_id, caco.hex(dataset_row.output_key) AS key,
        parent.output_no AS made_in
    FROM caco.program_parent AS parent JOIN caco.dataset_row USING (sample_id)
"""
_MADE_OF_SEED = text(f"{_MADE_OF} WHERE parent.seed_id = CAST(:seed AS uuid)")
_MADE_OF_SOURCE = text(f"{_MADE_OF} WHERE parent.seed_id IN ({_OF_SOURCE})")
_MADE_OF_PROGRAM = text(f"{_MADE_OF} WHERE parent.program_id = CAST(:program AS uuid)")
_MADE_OF_OUTPUTS = text(f"""{_MADE_OF}
    JOIN caco.output AS made ON made.output_no = parent.output_no
    JOIN caco.run USING (run_no)
    JOIN caco.output AS unify ON unify.key = ANY(run.input_keys) AND unify.output_no = ANY(CAST(:outputs AS integer[]))
    JOIN caco.program ON program.output_no = unify.output_no AND program.seed_id = parent.seed_id
        AND program.program_id = parent.program_id
    WHERE program.grade IS NULL OR NOT :is_written
""")
_ROWS_WITH_PROGRAM = text("""
    SELECT dataset_no, caco.hex(sample_id) AS sample_id, caco.hex(output_key) AS key
    FROM caco.dataset_row WHERE program_id = CAST(:program AS uuid)
""")
_LIST_ROWS = text("""
    SELECT caco.hex(sample_id) AS sample_id FROM caco.dataset_row
    WHERE dataset_no = :dataset_no
        AND (output_key = ANY(CAST(:keys AS uuid[])) OR sample_id = ANY(CAST(:samples AS uuid[])))
    ORDER BY sample_id
""")
_CODEGENS_FROM_ELSEWHERE = text("""
    SELECT DISTINCT named.model FROM caco.output CROSS JOIN LATERAL unnest(models) AS named (model)
    WHERE stage = 'sample' AND NOT EXISTS (
        SELECT FROM caco.model WHERE model_id = ANY(string_to_array(named.model, '+')))
    ORDER BY 1
""")
# each says which sample or seed came first, at its end
_SHUT_OUT = """
    SELECT DISTINCT caco.hex(fate.subject) AS sample_id, CAST(fate.reason AS text) AS reason
    FROM caco.fate
    WHERE fate.reason IN ('same_program', 'same_behaviour', 'near_duplicate', 'same_problem', 'duplicate_seed')
        AND right(fate.detail, 32) {bad}
    ORDER BY 1
"""
_SHUT_OUT_BY_OWNERS = text(_SHUT_OUT.format(bad="= ANY(CAST(:owners AS text[]))"))
_SHUT_OUT_BY_SOURCE = text(_SHUT_OUT.format(bad=f"IN (SELECT caco.hex(seed_id) FROM ({_OF_SOURCE}) AS bad)"))
# outputs whose records are known to have ended while none of their fates is there: dates that were forgotten
_FORGOTTEN = text("""
    SELECT DISTINCT CAST(output.partition AS text) AS partition FROM caco.output
    WHERE output.failed + output.unknown > 0 AND NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = caco.fate_table(output.partition))
    ORDER BY 1
""")
_KNOWN_NAMES = {
    "model": "SELECT unnest(models) FROM caco.output UNION SELECT model_id FROM caco.model "
    "UNION SELECT recipe ->> 'model' FROM caco.output UNION SELECT recipe ->> 'embedder' FROM caco.output "
    "UNION SELECT caco.hex(selector_id) FROM caco.selector",
    "prompt": "SELECT unnest(prompts) FROM caco.output "
    "UNION SELECT jsonb_object_keys(recipe -> 'prompts') FROM caco.output WHERE recipe ? 'prompts'",
    "sandbox-version": "SELECT DISTINCT sandbox_version FROM caco.output",
    "source": "SELECT DISTINCT source FROM caco.source",
    "check-version": "SELECT code_version FROM caco.output UNION SELECT stage || ':' || (recipe ->> 'version') FROM caco.output",
}


def edges(connection: Connection) -> list[Row]:
    """Every output with each that it was made from; `parent` is NULL where the ledger has not got the one of this `key`."""
    return read_rows(connection, _EDGES)


def outputs(connection: Connection) -> list[Row]:
    """Every output with its stage and counts; `dataset` is the one that it published."""
    return read_rows(connection, _OUTPUTS)


def models(connection: Connection) -> list[Row]:
    """The models that were trained here."""
    return read_rows(connection, _MODELS)


def datasets(connection: Connection) -> list[Row]:
    """All datasets with their states."""
    return read_rows(connection, _DATASETS)


def runs(connection: Connection) -> list[Row]:
    """All runs, with what they pinned of earlier ones."""
    return read_rows(connection, _RUNS)


def places(connection: Connection, outputs: Iterable[int]) -> list[Row]:
    """Where runs have outputs now, by run, stage and shard."""
    return read_rows(connection, _PLACES, {"outputs": list(outputs)})


def asked_model(connection: Connection, names: Iterable[str]) -> list[int]:
    """The outputs that asked one of these models, begin with its weights, or were told to compare by it."""
    return list(connection.execute(_ASKED_MODEL, {"names": list(names)}).scalars())


def asked_prompt(connection: Connection, name: str) -> list[int]:
    """The outputs that asked with a prompt."""
    return list(connection.execute(_ASKED_PROMPT, {"name": name}).scalars())


def made_by_check(connection: Connection, stage: str | None, version: str) -> list[int]:
    """The outputs of a version of a stage, or, without a stage, of a version of the code."""
    statement = _OF_CODE_VERSION if stage is None else _OF_STAGE_VERSION
    return list(connection.execute(statement, {"stage": stage, "version": version}).scalars())


def made_in_sandbox(connection: Connection, version: str) -> list[int]:
    """The outputs whose programs ran in a version of the sandbox."""
    return list(connection.execute(_OF_SANDBOX, {"version": version}).scalars())


def ids_like(connection: Connection, kind: str, first: str, last: str) -> list[str]:
    """At most two ids of seeds, or of programs of seeds and published rows, in a range."""
    statement = _SEEDS_LIKE if kind == "seed" else _PROGRAMS_LIKE
    return list(connection.execute(statement, {"first": first, "last": last}).scalars())


def known_names(connection: Connection, kind: str) -> list[str]:
    """The names of a kind of ancestor that the ledger knows."""
    return sorted(name for name in connection.execute(text(_KNOWN_NAMES[kind])).scalars() if name)


def taught_by_seed(connection: Connection, seed: str) -> dict[int, int]:
    """How many programs of a seed each output of unify passed on, where it is any."""
    return _count_taught(connection, _TAUGHT_BY_SEED, {"seed": seed})


def taught_by_source(connection: Connection, source: str, revision: str | None) -> dict[int, int]:
    """The same of the seeds of a source, of one revision or of all."""
    return _count_taught(connection, _TAUGHT_BY_SOURCE, {"source": source, "revision": revision})


def _count_taught(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> dict[int, int]:
    found = read_rows(connection, _UNIFIED)
    outputs, dates = [row["output_no"] for row in found], sorted({row["partition"] for row in found})
    counted = connection.execute(statement, {"outputs": outputs, "dates": dates, **values})
    return {row.output_no: row.programs for row in counted}


def taught_by_program(connection: Connection, program: str) -> dict[int, int]:
    """The same of seeds that have a program."""
    counts: dict[int, int] = {}
    for row in connection.execute(_WITH_PROGRAM, {"program": program}):
        counts[row.output_no] = counts.get(row.output_no, 0) + 1
    return counts


def seeds_with_program(connection: Connection, program: str) -> list[str]:
    """The seeds for which a program was found, passed or not."""
    return list(connection.execute(_SEEDS_WITH_PROGRAM, {"program": program}).scalars())


def written_by_model(connection: Connection, outputs: Iterable[int]) -> dict[int, int]:
    """How many of the programs that outputs of unify passed on were written by a model."""
    found = connection.execute(_WRITTEN_BY_MODEL, {"outputs": list(outputs)})
    return {row.output_no: row.programs for row in found}


def rows_with_program(connection: Connection, program: str) -> list[Row]:
    """The published rows with a program, each with the output that it came from."""
    return read_rows(connection, _ROWS_WITH_PROGRAM, {"program": program})


def holdings(connection: Connection) -> list[Row]:
    """How many rows each dataset has of each output of the last check; `key` is NULL where that is not known."""
    return read_rows(connection, _HOLDINGS)


def own_rows(connection: Connection) -> list[Row]:
    """How many rows of which outputs in which dataset each training learnt from beside seeds."""
    return read_rows(connection, _OWN_ROWS)


def own_rows_of(connection: Connection, samples: Iterable[str]) -> list[Row]:
    """The trainings that learnt from some samples, and the datasets that these were read from."""
    samples = list(samples)
    return read_rows(connection, _OWN_OF_SAMPLES, {"samples": samples}) if samples else []


def rows_made_of_seed(connection: Connection, seed: str) -> list[Row]:
    """The published rows whose program was made of a seed's; `made_in` is the output of the stage sample."""
    return read_rows(connection, _MADE_OF_SEED, {"seed": seed})


def rows_made_of_source(connection: Connection, source: str, revision: str | None) -> list[Row]:
    """The same of the seeds of a source."""
    return read_rows(connection, _MADE_OF_SOURCE, {"source": source, "revision": revision})


def rows_made_of_program(connection: Connection, program: str) -> list[Row]:
    """The same of one program."""
    return read_rows(connection, _MADE_OF_PROGRAM, {"program": program})


def rows_made_of_outputs(connection: Connection, outputs: Iterable[int], *, is_written: bool) -> list[Row]:
    """The same of the programs that outputs of unify hold; with `is_written` of those alone that a model wrote."""
    values = {"outputs": list(outputs), "is_written": is_written}
    return read_rows(connection, _MADE_OF_OUTPUTS, values) if values["outputs"] else []


def list_rows(connection: Connection, dataset_no: int, *, keys: Iterable[str], samples: Iterable[str]) -> list[str]:
    """The samples of a dataset that came from some outputs, or are named."""
    values = {"dataset_no": dataset_no, "keys": list(keys), "samples": list(samples)}
    return list(connection.execute(_LIST_ROWS, values).scalars())


def codegens_from_elsewhere(connection: Connection) -> list[str]:
    """The models that programs were sampled from and that were not trained here: nobody knows their seeds."""
    return list(connection.execute(_CODEGENS_FROM_ELSEWHERE).scalars())


def shut_out_by(connection: Connection, owners: Iterable[str]) -> list[Row]:
    """The records that were rejected because one of these samples or seeds had come before, with the reason."""
    owners = list(owners)
    return read_rows(connection, _SHUT_OUT_BY_OWNERS, {"owners": owners}) if owners else []


def shut_out_by_source(connection: Connection, source: str, revision: str | None) -> list[Row]:
    """The same of the seeds of a source."""
    return read_rows(connection, _SHUT_OUT_BY_SOURCE, {"source": source, "revision": revision})


def forgotten_dates(connection: Connection) -> list[str]:
    """Dates of which the ledger has outputs and not what became of their records."""
    return list(connection.execute(_FORGOTTEN).scalars())
