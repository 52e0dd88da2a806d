"""The bundled seed bank as a source."""

from collections.abc import Iterator

from caco_tasks import __version__
from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import LICENCE, draw_problem
from caco_tasks.config import SourceSettings
from caco_tasks.records import JudgedRecord, Seed
from caco_tasks.sources.fields import Row
from caco_tasks.sources.reading import Fields, judge_rows

PROBLEMS_PER_FAMILY = 20  # drawn when the settings set no limit


def read_bank(source: SourceSettings) -> Iterator[JudgedRecord[Seed]]:
    """Draws `source.limit` problems of the bank, family by family in turn: the first n records cover n families."""
    rows = map(_draw_row, range(source.limit or PROBLEMS_PER_FAMILY * len(FAMILIES)))
    revision = source.revision or __version__
    return judge_rows(rows, source, to_fields=lambda row: row["fields"], licence=LICENCE, revision=revision)


def _draw_row(position: int) -> Row:
    seed_number, family = divmod(position, len(FAMILIES))
    problem = draw_problem(FAMILIES[family], seed_number)
    fields = Fields(
        key=problem.key,
        problem=problem.problem,
        solution=problem.solution,
        answer=problem.answer,
        annotation={"code": problem.program},
        domain=problem.domain,
        difficulty=problem.difficulty,
    )
    return {"fields": fields}
