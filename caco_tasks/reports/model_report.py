"""The models: trained here, with parents, curves and yields, or only asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from caco_tasks.errors import AmbiguousIdError, UnknownIdError
from caco_tasks.ledger import model_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.pipeline import STAGES
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.report_parts import Json, Report, RunRef, Share, run_ref, share_of

MAX_MODELS = 200
MAX_USES = 200
MAX_ROUNDS = 60
MAX_ANCESTORS = 20


class ModelLine(Report):
    """One model in a table."""

    model_id: str
    role: str  # codegen, unifier, reverser, solver, judge, matcher or student
    is_trained_here: bool
    parent: str | None
    run: RunRef | None  # that trained it
    accepted: bool | None  # None: not trained here
    refused_because: str | None
    loss_before: float | None  # held out
    loss_after: float | None
    tokens: int | None  # trained on
    seconds: float | None
    replies: int  # that it gave in all runs
    kept_share: Share  # of the records that it was asked about


class ModelPage(Report):
    """All models, newest first."""

    rows: tuple[ModelLine, ...]
    is_cut: bool


class CurvePoint(Report):
    """A point of a training."""

    step: int
    loss: float


class ModelUse(Report):
    """What a model made in one stage of one run."""

    run: RunRef
    stage: str
    prompt: str
    replies: int
    kept_share: Share
    published: int
    cut_off: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    seconds: float


class LoopRound(Report):
    """One date of a training: its model, and the night that sampled from it or from the one before."""

    partition: str
    run_id: str
    model_id: str
    accepted: bool
    refused_because: str | None
    own_rows: int  # published rows that it learnt from, beside seed_programs
    seed_programs: int | None
    own_share: float
    own_shapes: int
    ran: float | None  # share of the gate's programs
    shapes_per_1000: float | None
    new_shapes: float | None  # share of those that ran with a shape that no seed has
    spread: float | None
    nightly_run_id: str | None
    sampled_from: str | None
    sampled: int | None
    published: int | None


class ModelReport(Report):
    """All of one model."""

    line: ModelLine
    ancestors: tuple[str, ...]  # parent, its parent, and so on
    children: tuple[str, ...]
    config: dict[str, Json]
    metrics: dict[str, Json]
    curve: tuple[CurvePoint, ...]
    data_hash: str | None
    uri: str | None
    sha256: str | None
    uses: tuple[ModelUse, ...]  # newest first
    is_cut: bool  # there are more uses
    rounds: tuple[LoopRound, ...]  # of its training, oldest first; none of a model that is no CodeGen


def list_models(archive: Archive) -> ModelPage:
    """The models that were trained here, and those that were asked.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        trained = {row["model_id"]: row for row in model_queries.trained_models(connection)}
        asked = {row["model_id"]: row for row in model_queries.asked_models(connection)}
    newest = {name: _newest(trained.get(name), asked.get(name)) for name in trained.keys() | asked.keys()}
    names = sorted(newest, key=lambda name: (newest[name], name), reverse=True)
    lines = tuple(_describe_model(name, trained.get(name), asked.get(name)) for name in names[:MAX_MODELS])
    return ModelPage(rows=lines, is_cut=len(names) > MAX_MODELS)


def model_report(archive: Archive, model_id_or_prefix: str) -> ModelReport:
    """All of a model.

    Raises:
        UnknownIdError, AmbiguousIdError: the model.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        model_id = find_model_id(connection, model_id_or_prefix)
        found = model_queries.trained_models(connection, model_id)
        row: Mapping[str, Any] | None = found[0] if found else None
        uses = model_queries.uses_of(connection, model_id, most=MAX_USES + 1)
        asked = next((one for one in model_queries.asked_models(connection) if one["model_id"] == model_id), None)
        return ModelReport(
            line=_describe_model(model_id, row, asked),
            ancestors=tuple(_ancestors(connection, row["parent"] if row is not None else None)),
            children=tuple(model_queries.children_of(connection, model_id)),
            config=row["config"] if row is not None else {},
            metrics={name: value for name, value in row["metrics"].items() if name != "curve"}
            if row is not None
            else {},
            curve=curve_of(row["metrics"]) if row is not None else (),
            data_hash=row["data_hash"] if row is not None else None,
            uri=row["uri"] if row is not None else None,
            sha256=row["sha256"] if row is not None else None,
            uses=tuple(_describe_use(one) for one in uses[:MAX_USES]),
            is_cut=len(uses) > MAX_USES,
            rounds=tuple(
                LoopRound.model_validate({name: one[name] for name in LoopRound.model_fields})
                for one in model_queries.rounds_of(connection, model_id, most=MAX_ROUNDS)
            ),
        )


def find_model_id(connection: Connection, prefix: str) -> str:
    """The whole name of a model.

    Raises:
        UnknownIdError: no model begins so.
        AmbiguousIdError: more than one does.
    """
    names = model_queries.model_names(connection, prefix)
    if not names:
        raise UnknownIdError(f"There is no model '{prefix}' in the ledger.")
    if len(names) > 1:
        raise AmbiguousIdError(f"More than one model begins with '{prefix}': give more of its name.")
    return names[0]


def curve_of(metrics: Mapping[str, Any]) -> tuple[CurvePoint, ...]:
    """The curve of a training as its metrics hold it; none where they hold none."""
    points = metrics.get("curve")
    if not isinstance(points, list):
        return ()
    pairs = [one for one in points if isinstance(one, list) and len(one) == 2]
    return tuple(
        CurvePoint(step=int(step), loss=float(loss))
        for step, loss in pairs
        if isinstance(step, int | float) and isinstance(loss, int | float)
    )


def _newest(trained: Mapping[str, Any] | None, asked: Mapping[str, Any] | None) -> str:
    days = [str(trained["partition"] or "")] if trained is not None else []
    days += [asked["newest"].isoformat()] if asked is not None else []
    return max(days, default="")


def _describe_model(model_id: str, trained: Mapping[str, Any] | None, asked: Mapping[str, Any] | None) -> ModelLine:
    metrics = trained["metrics"] if trained is not None else {}
    return ModelLine(
        model_id=model_id,
        role=trained["role"] if trained is not None else _role_of(asked),
        is_trained_here=trained is not None,
        parent=trained["parent"] if trained is not None else None,
        run=run_ref({**trained, "config": trained["run_config"]}) if trained and trained["run_id"] else None,
        accepted=trained["accepted"] if trained is not None else None,
        refused_because=trained["refused_because"] if trained is not None else None,
        loss_before=_number(metrics.get("loss_before")),
        loss_after=_number(metrics.get("loss_after")),
        tokens=int(metrics["tokens"]) if isinstance(metrics.get("tokens"), int | float) else None,
        seconds=_number(metrics.get("seconds")),
        replies=asked["replies"] if asked is not None else 0,
        kept_share=share_of(asked["passed"], asked["read"]) if asked is not None else share_of(0, 0),
    )


def _role_of(asked: Mapping[str, Any] | None) -> str:
    """The roles of the stages that asked it."""
    stages = asked["stages"] if asked is not None else []
    roles = {str(STAGES[name].role or name) for name in stages if name in STAGES}
    return ", ".join(sorted(roles)) or "parent"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _ancestors(connection: Connection, parent: str | None) -> Iterator[str]:
    """Parent, its parent, and so on, as far as they were trained here."""
    seen: set[str] = set()
    while parent is not None and parent not in seen and len(seen) < MAX_ANCESTORS:
        yield parent
        seen.add(parent)
        found = model_queries.trained_models(connection, parent)
        parent = found[0]["parent"] if found else None


def _describe_use(row: Mapping[str, Any]) -> ModelUse:
    return ModelUse(
        run=run_ref(row),
        stage=row["stage"],
        prompt=row["prompt"],
        replies=row["replies"],
        kept_share=share_of(row["passed"], row["read"]),
        published=row["published"],
        cut_off=row["cut_off"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        cost_usd=row["cost_usd"],
        seconds=row["seconds"],
    )
