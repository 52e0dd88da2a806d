"""The texts of rows of outputs, column by column: what a table shows of a sample, and what a search looks into.

Only the columns that are asked for are fetched, and the rows are not held against their hashes: whoever opens a single
sample gets that. What an older version wrote without a column has None there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.domain_tags import domain_of
from caco_tasks.errors import DamagedError, StoreError
from caco_tasks.publishing.dataset_row import difficulty_of
from caco_tasks.store import Store

ROWS_PER_BATCH = 1024

# record -> what people call its columns -> where they lie
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "Sample": {
        "problem": "problem.text",
        "solution": "solution.text",
        "program": "program.code",
        "answer": "solution.answer",
        "pass_rate": "solution.pass_rate",
    },
    "Seed": {
        "problem": "problem",
        "solution": "solution",
        "answer": "answer",
        "domain": "domain",
        "difficulty": "difficulty",
    },
    "SeedProgram": {
        "problem": "seed.problem",
        "solution": "seed.solution",
        "program": "program.code",
        "answer": "seed.answer",
        "domain": "seed.domain",
        "difficulty": "seed.difficulty",
    },
    "Attempt": {"problem": "problem", "solution": "solution.text", "answer": "solution.answer"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """What a row of an output says."""

    row: int  # of the output, from 0
    problem: str | None
    solution: str | None
    program: str | None
    answer: str | None
    domain: str | None
    difficulty: int | None

    def holds(self, words: str) -> bool:
        """Whether problem, solution or program hold the words, whatever their case."""
        wanted = words.casefold()
        return any(wanted in part.casefold() for part in (self.problem, self.solution, self.program) if part)


def read_texts(store: Store, output: Mapping[str, Any], *, rows: Sequence[int] | None = None) -> Iterator[RowText]:
    """The texts of an output, in order, or those of some of its rows; `output` names its `uri` and `record`.

    Raises:
        StoreError: the store cannot be used, or the output is gone from it.
        DamagedError: it is no parquet file.
    """
    places = COLUMNS.get(output["record"], {})
    file = store.open(output["uri"])
    if file is None:
        raise StoreError(f"There is no {output['uri']} in {store.root}: rerun the stage that writes it.")
    with file:
        try:
            parquet = pq.ParquetFile(file)
            known = {parquet.schema.column(number).path for number in range(len(parquet.schema))}
            columns = [place for place in places.values() if place in known]
            start = 0
            for batch in parquet.iter_batches(batch_size=ROWS_PER_BATCH, columns=columns, use_threads=False):
                chosen = range(batch.num_rows) if rows is None else [row - start for row in rows]
                taken = [place for place in chosen if 0 <= place < batch.num_rows]
                for place, values in zip(taken, batch.take(pa.array(taken, pa.int64())).to_pylist(), strict=True):
                    yield _row_text(start + place, values, places)
                start += batch.num_rows
        except (pa.ArrowException, OSError) as exc:
            raise DamagedError(
                f"The output {output['uri']} is not readable as parquet: delete it and rerun its stage."
            ) from exc


def _row_text(row: int, values: Mapping[str, Any], places: Mapping[str, str]) -> RowText:
    found = {name: _look_up(values, place) for name, place in places.items()}
    program = found.get("program")
    return RowText(
        row=row,
        problem=found.get("problem"),
        solution=found.get("solution"),
        program=program,
        answer=found.get("answer"),
        domain=found["domain"] if "domain" in places else domain_of(program) if program else None,
        difficulty=found["difficulty"] if "difficulty" in places else difficulty_of(found.get("pass_rate")),
    )


def _look_up(values: Mapping[str, Any], place: str) -> Any:
    found: Any = values
    for name in place.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
