"""All the ancestors of a sample: what each stage said of it, where its texts lie, and the runs, models and seeds behind it."""

from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row
from caco_tasks.ledger.connection import hex_or_none
from caco_tasks.ledger.lookups import sources, trainings_behind
from caco_tasks.ledger.sample_details import chain_of, ends_of
from caco_tasks.ledger.sample_queries import find_subject
from caco_tasks.pipeline import STAGES

_OVERLAPS = text("""
    SELECT number, benchmark, item, rule, score, matched_text FROM caco.benchmark_overlap
    WHERE output_no = :output_no AND subject = CAST(:subject AS uuid) ORDER BY number
""")
_PUBLISHED = text("""
    SELECT dataset, version, files -> file ->> 'uri' AS uri, row
    FROM caco.dataset_row JOIN caco.dataset USING (dataset_no)
    WHERE sample_id = CAST(:subject AS uuid) ORDER BY dataset, version
""")
_PARENTS = text("""
    SELECT DISTINCT ON (parent.number) parent.kind, parent.operator, caco.hex(parent.program_id) AS program_id,
        caco.hex(parent.seed_id) AS seed_id, source.source, source.licence, seed.key
    FROM caco.program_parent AS parent
    LEFT JOIN caco.seed ON seed.seed_id = parent.seed_id
    LEFT JOIN caco.source USING (source_no)
    WHERE parent.sample_id = CAST(:subject AS uuid)
    ORDER BY parent.number, parent.output_no DESC
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
        UnknownIdError, AmbiguousIdError: there is no such sample, or more than one.
    """
    subject = find_subject(connection, sample_id_or_prefix)
    end, *others = ends_of(connection, subject)
    chain = chain_of(connection, end)
    place = {"uri": end["uri"], "row": end["row"]}
    return {  # a tree of names for readers; ids are as the store and the command line write them
        "sample_id": subject,
        "verdicts": [_verdict(step, end) for step in chain],
        "texts": {name: place for name in (STAGES[step["stage"]].text for step in chain) if name is not None},
        "origin": origin_of(connection, subject),
        "requests": [{name: step[name] for name in ("stage", "models", "prompts")} for step in chain if step["models"]],
        "sandbox": next(
            (
                {"level": step["sandbox_level"], "version": step["sandbox_version"]}
                for step in chain
                if step["sandbox_level"]
            ),
            None,
        ),
        "overlaps": _rows(connection.execute(_OVERLAPS, {"subject": subject, "output_no": end["output_no"]})),
        "published_in": _rows(connection.execute(_PUBLISHED, {"subject": subject})),
        "other_runs": [one["run_id"] for one in others],
        "run": _run(connection, end["run_id"]),
    }


def origin_of(connection: Connection, subject: str) -> dict[str, Any] | None:
    """How the program of a sample was made of others, and of which; None: it was not."""
    found = _rows(connection.execute(_PARENTS, {"subject": subject}))
    if not found:
        return None
    parents = [{name: row[name] for name in ("program_id", "seed_id", "source", "licence", "key")} for row in found]
    return {"kind": found[0]["kind"], "operator": found[0]["operator"], "parents": parents}


def _verdict(step: Row, end: Row) -> dict[str, Any]:
    """What a stage said: it passed the sample, unless the sample ended there."""
    said: dict[str, Any] = {"stage": step["stage"], "outcome": "pass"}
    if step["stage"] == end["stage"]:
        said |= {name: end[name] for name in ("outcome", "reason", "detail", "row")}
    said |= {"output": step["key"], **{name: step[name] for name in ("uri", "sha256", "is_reused")}}
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
        learnt = [one for one in trainings_behind(connection, run_id) if one.own_datasets]
        if learnt:  # flat: each training once, however many models learnt from it
            run["model"]["learnt_from"] = [{"run_id": one.run_id, "datasets": list(one.own_datasets)} for one in learnt]
    elif run["seed_run_id"] is not None:
        run["seed_run"] = _run(connection, run["seed_run_id"])
    return run


def _rows(found: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in found]
