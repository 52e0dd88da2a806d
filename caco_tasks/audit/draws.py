"""A stratified random draw of a finished nightly run's rows, with all that a person needs to judge them.

A stratum holds the rows that ended at one check in one way; those that every check accepted are one more. Rows that
`dedup` or `decontaminate` took out, or any stage for a benchmark, are not drawn: nobody can see that from one row.
Within a stratum rows stand in an order that follows from run and row alone, and the first ones with a text are drawn, so
a larger draw of a run holds every smaller one and answers are never asked for twice.
"""

from caco_tasks.errors import ConfigError, LedgerError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger, Stratum
from caco_tasks.pipeline import mapped_stages
from caco_tasks.records import Sample
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import AuditDraw, AuditStratum, DrawnRow, draw_uri
from caco_tasks.store.shards import read_shard

PASSED_OVER_AT_MOST = 10  # times the rows wanted: a stratum without texts is not read to its end


def draw_rows(ledger: Ledger, store: Store, run: RunRecord, max_rows: int) -> AuditDraw:
    """Draws at most `max_rows` rows of each stratum, writes them to the store and registers them.

    The same run and number are the same draw, which is then found and not made again.

    Raises:
        ConfigError: the run is not a nightly one.
        ConservationError: an output of the run is missing: what every check accepted is only known at the end.
        LedgerError: the checks saw no row.
    """
    if run.pipeline != "nightly":
        raise ConfigError(f"The run {run.run_id} is one of '{run.pipeline}': only nightly runs have rows to audit.")
    draw_id = content_id("draw", run.run_id, max_rows)
    uri = draw_uri(run.run_id, draw_id)
    # found again and not made anew: people may have judged its rows already
    found = store.get(uri)
    draw = parse_stored(AuditDraw, found, uri=uri) if found is not None else _make_draw(ledger, store, run, max_rows)
    if found is None:
        store.put(uri, draw.model_dump_json(indent=1).encode())
    ledger.register_draw(draw)
    return draw


def find_draw(ledger: Ledger, store: Store, draw_id_or_prefix: str) -> AuditDraw:
    """A draw by its id or the beginning of it.

    Raises:
        LedgerError: there is none, or more than one; or the store has lost it.
    """
    uri = draw_uri(*ledger.find_draw(draw_id_or_prefix))
    found = store.get(uri)
    if found is None:
        raise LedgerError(f"There is no {uri} in {store.root}: run `caco audit draw` again.")
    return parse_stored(AuditDraw, found, uri=uri)


def _make_draw(ledger: Ledger, store: Store, run: RunRecord, max_rows: int) -> AuditDraw:
    ledger.conservation(run.run_id, through=mapped_stages(run.pipeline)[-1].name)
    strata, rows = [], []
    for number, of in enumerate(ledger.strata(run)):
        samples = _find_readable(ledger, store, run, of, max_rows)
        strata.append(
            AuditStratum(stage=of.stage, outcome=of.outcome, reason=of.reason, rows=of.rows, drawn=len(samples))
        )
        for sample in samples:
            row = DrawnRow(
                subject_id=sample.sample_id,
                stratum=number,
                program=sample.program.code,
                output=sample.execution.output_text if sample.execution else None,
                problem=sample.problem.text if sample.problem else None,
                solution=sample.solution.text if sample.solution else None,
            )
            rows.append(row)
    if not rows:
        raise LedgerError(f"The checks of run {run.run_id} saw no row with a text: there is nothing to audit.")
    draw_id = content_id("draw", run.run_id, max_rows)
    # strata are mixed, so that a row's place does not give away its verdict
    rows.sort(key=lambda row: content_id("place", draw_id, row.subject_id))
    return AuditDraw(draw_id=draw_id, run_id=run.run_id, max_rows=max_rows, strata=tuple(strata), rows=tuple(rows))


def _find_readable(ledger: Ledger, store: Store, run: RunRecord, stratum: Stratum, max_rows: int) -> list[Sample]:
    """The first rows of a stratum that have a text; those without one are passed over."""
    readable: list[Sample] = []
    for skipped in range(0, PASSED_OVER_AT_MOST * max_rows, max_rows):
        batch = ledger.candidates(run, stratum, skipped=skipped, most=max_rows)
        samples: dict[str, Sample] = {}
        for uri in {candidate.uri for candidate in batch}:
            judged = read_shard(store, uri, Sample)  # read whole; of its rows only the candidates are kept
            samples |= {one.subject_id: judged[one.row].record for one in batch if one.uri == uri}
        in_order = (samples[candidate.subject_id] for candidate in batch)
        readable += [sample for sample in in_order if has_text(stratum.stage, sample)]
        if len(readable) >= max_rows or len(batch) < max_rows:
            break
    return readable[:max_rows]


def has_text(stage: str, sample: Sample) -> bool:
    """Whether there is something to read of what the check saw."""
    match stage:
        case "execute" | "screen":
            return bool(sample.program.code.strip())
        case "reverse":
            return sample.problem is not None and bool(sample.problem.text.strip())
    return sample.solution is not None and bool(sample.solution.text.strip())
