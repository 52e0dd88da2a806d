"""All the ancestors of a sample: what each stage said of it, where its texts lie, and the runs, models and seeds behind it."""

from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError
from caco_tasks.ledger.connection import hex_or_none, id_range
from caco_tasks.ledger.lookups import sources
from caco_tasks.pipeline import STAGES

# a range of ids, not a pattern: the index of each date answers it
_SUBJECTS = text("""
    SELECT DISTINCT subject FROM caco.fate
    WHERE subject BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) ORDER BY subject LIMIT 2
""")
# of the runs that have a sample, the one that published it, else the newest, is the one whose chain is told
_PLACES = text("""
    SELECT run.run_no, run.run_id, place.shard, CAST(place.stage AS text) AS stage, output.uri, fate.row,
        CAST(fate.outcome AS text) AS outcome, CAST(fate.reason AS text) AS reason, fate.detail, fate.output_no
    FROM caco.fate
    JOIN caco.output ON output.output_no = fate.output_no AND output.partition = fate.partition
    JOIN caco.run_output AS place ON place.output_no = fate.output_no AND place.is_current
    JOIN caco.run ON run.run_no = place.run_no
    WHERE fate.subject = CAST(:subject AS uuid)
    ORDER BY EXISTS (
            SELECT FROM caco.dataset_row JOIN caco.dataset USING (dataset_no)
            WHERE dataset_row.sample_id = fate.subject AND dataset.run_id = run.run_id) DESC,
        run.partition DESC, run.planned_at DESC NULLS LAST, run.created_at DESC, run.run_id
""")
_CHAIN = text("""
    SELECT CAST(place.stage AS text) AS stage, caco.hex(output.key) AS key, output.uri, output.sha256,
        place.is_reused, output.models, output.prompts, output.sandbox_level, output.sandbox_version, output.code_version
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.shard = :shard AND place.is_current
        AND place.stage <= CAST(:stage AS caco.stage) AND place.stage NOT IN ('train', 'publish', 'student')
    ORDER BY place.stage
""")
_OVERLAPS = text("""
    SELECT number, benchmark, item, rule, score, matched_text FROM caco.benchmark_overlap
    WHERE output_no = :output_no AND subject = CAST(:subject AS uuid) ORDER BY number
""")
_PUBLISHED = text("""
    SELECT dataset, version, files -> file ->> 'uri' AS uri, row
    FROM caco.dataset_row JOIN caco.dataset USING (dataset_no)
    WHERE sample_id = CAST(:subject AS uuid) ORDER BY dataset, version
""")
_RUN = text("""
    SELECT run_id, pipeline, CAST(partition AS text) AS partition, config_hash, code_version, planned_at,
        seed_run_id, codegen_run_id, model_id, training, dataset
    FROM caco.run WHERE run_id = CAST(:run_id AS uuid)
""")
_MODEL = text("""
    SELECT model_id, role, parent, data_hash, config, metrics, uri, sha256, accepted
    FROM caco.model WHERE model_id = :model_id ORDER BY output_no LIMIT 1
""")


def lineage(connection: Connection, sample_id_or_prefix: str) -> dict[str, Any]:
    """All the ancestors of a sample, nested, ready for JSON.

    Raises:
        LedgerError: there is no such sample, or more than one.
    """
    subject = _find_subject(connection, sample_id_or_prefix)
    places = connection.execute(_PLACES, {"subject": subject}).all()
    if not places:
        raise LedgerError(f"The sample {subject} is in no current output of a run: every run has moved on from it.")
    end = places[0]
    chain = connection.execute(_CHAIN, {"run_no": end.run_no, "shard": end.shard, "stage": end.stage}).all()
    place = {"uri": end.uri, "row": end.row}
    return {  # a tree of names for readers; ids are as the store and the command line write them
        "sample_id": subject,
        "verdicts": [_verdict(step, end) for step in chain],
        "texts": {name: place for name in (STAGES[step.stage].text for step in chain) if name is not None},
        "requests": [
            {"stage": step.stage, "models": step.models, "prompts": step.prompts} for step in chain if step.models
        ],
        "sandbox": next(
            ({"level": one.sandbox_level, "version": one.sandbox_version} for one in chain if one.sandbox_level), None
        ),
        "overlaps": _rows(connection.execute(_OVERLAPS, {"subject": subject, "output_no": end.output_no})),
        "published_in": _rows(connection.execute(_PUBLISHED, {"subject": subject})),
        "other_runs": [one.run_id.hex for one in places[1:]],
        "run": _run(connection, end.run_id.hex),
    }


def _find_subject(connection: Connection, prefix: str) -> str:
    ids = id_range(prefix) if prefix else None
    rows = connection.execute(_SUBJECTS, {"first": ids[0], "last": ids[1]}).scalars().all() if ids else []
    if not rows:
        raise LedgerError(
            f"There is no sample '{prefix}' in the ledger: give the id of a published row, or of one that has ended."
        )
    if len(rows) > 1:
        raise LedgerError(f"More than one sample begins with '{prefix}': give more of its id.")
    return str(rows[0].hex)


def _verdict(step: Any, end: Any) -> dict[str, Any]:
    """What a stage said: it passed the sample, unless the sample ended there."""
    said: dict[str, Any] = {"stage": step.stage, "outcome": "pass"}
    if step.stage == end.stage:
        said |= {"outcome": end.outcome, "reason": end.reason, "detail": end.detail, "row": end.row}
    said |= {"output": step.key, "uri": step.uri, "sha256": step.sha256, "is_reused": step.is_reused}
    return {name: value for name, value in said.items() if value is not None}


def _run(connection: Connection, run_id: str) -> dict[str, Any]:
    """A run, the model that it pinned, the run that trained this, and the seeds behind both."""
    row = connection.execute(_RUN, {"run_id": run_id}).first()
    if row is None:
        return {"run_id": run_id, "missing": True}  # pinned, but never registered in this ledger
    run = dict(row._mapping)
    run |= {name: hex_or_none(run[name]) for name in ("run_id", "seed_run_id", "codegen_run_id")}
    run["planned_at"] = None if row.planned_at is None else row.planned_at.isoformat()
    if row.pipeline == "seeds":  # here every lineage ends
        found = sources(connection, run_id)
        return {**run, "sources": [{name: getattr(one, name) for name in one.__slots__} for one in found]}
    if run["codegen_run_id"] is not None:
        model = connection.execute(_MODEL, {"model_id": row.model_id}).first()
        known = dict(model._mapping) if model is not None else {"model_id": row.model_id, "missing": True}
        run["model"] = {**known, "run": _run(connection, run["codegen_run_id"])}
    elif run["seed_run_id"] is not None:
        run["seed_run"] = _run(connection, run["seed_run_id"])
    return run


def _rows(found: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in found]
