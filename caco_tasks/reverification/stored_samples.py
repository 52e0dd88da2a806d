"""Stored samples with those columns alone that checks look at: a tenth of the work of reading them whole.

What was not read stands as `UNREAD`, whose every use is an error: a stage that looks at more than `StageSpec.looks_at` names
stops, instead of judging half a sample.

>>> [batch] = read_samples(store, manifest, ("problem.text",))
>>> batch.samples[0].problem.text
'A tap fills a tank in 6 hours. …'
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import repeat
from typing import Any, get_args, get_type_hints

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from caco_tasks.errors import ConservationError, DamagedError
from caco_tasks.records import Outcome, Sample
from caco_tasks.store import Manifest, Store
from caco_tasks.store.row_files import open_checked
from caco_tasks.store.shards import naming_damage

VERDICT = ("sample_id", "outcome", "reason")


class _Unread:
    """A part of a sample that was not read."""

    def __getattribute__(self, name: str) -> Any:
        raise ConservationError(
            f"A check looks at a part of a stored sample that was not read ({name}): name its column in `looks_at` of its "
            "stage in caco_tasks/pipeline.py."
        )

    def _refuse(self, *_: object) -> Any:
        return self.value

    __bool__ = __len__ = __iter__ = __str__ = __eq__ = __contains__ = __getitem__ = _refuse
    __hash__ = _refuse


UNREAD: Any = _Unread()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a sample ended in its run: the last stage that judged it, and what that said."""

    stage: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The rows of one output by column: ids and verdicts, and what else was asked for."""

    table: pa.Table

    @property
    def ids(self) -> list[str]:
        """The samples, in the order of the rows."""
        return list(self.table["sample_id"].to_pylist())

    def ends(self, stage: str) -> Iterator[tuple[str, End]]:
        """What the stage said of each; equal verdicts are one object."""
        known: dict[tuple[str, str | None], End] = {}
        verdicts = zip(self.table["outcome"].to_pylist(), self.table["reason"].to_pylist(), strict=True)
        for sample_id, (outcome, reason) in zip(self.ids, verdicts, strict=True):
            end = known.get((outcome, reason))
            if end is None:
                end = known[outcome, reason] = End(stage=stage, outcome=outcome, reason=reason)
            yield sample_id, end

    def passed(self) -> "Columns":
        """The rows that passed."""
        return Columns(table=self.table.filter(pc.equal(self.table["outcome"], Outcome.PASS.value)))

    def of(self, wanted: Sequence[str]) -> "Columns":
        """The rows of some samples."""
        return Columns(
            table=self.table.filter(pc.is_in(self.table["sample_id"], value_set=pa.array(wanted, pa.string())))
        )

    def values(self, path: str) -> list[Any]:
        """One column, by its dotted path, as Python has it; None where a part above it is not there, or the column is new."""
        column = self.table
        name, *below = path.split(".")
        if name not in column.schema.names:
            return [None] * self.table.num_rows
        array = column[name].combine_chunks()
        for part in below:
            if array.type.get_field_index(part) < 0:
                return [None] * self.table.num_rows
            array = pc.struct_field(array, part)
        return list(array.to_pylist())

    def samples(self, paths: Sequence[str]) -> list[Sample]:
        """The rows as samples that have these parts, and no others."""
        tree: dict[str, list[str]] = {}
        for path in paths:
            name, _, rest = path.partition(".")
            tree.setdefault(name, []).append(rest)
        parts = {name: self._parts(name, below) for name, below in tree.items()}
        absent = {field.name: repeat(UNREAD) for field in fields(Sample) if field.name not in ("sample_id", "findings")}
        columns = absent | parts | {"sample_id": self.ids, "findings": repeat(())}
        names = list(columns)
        return [Sample(**dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=False)]

    def _parts(self, name: str, below: Sequence[str]) -> list[Any]:
        """One part of each sample: whole, where its own path is asked for, else with some of its fields."""
        kind = _class_of(Sample, name)
        if "" in below:
            read = _reader(kind)
            return [None if value is None else read(value) for value in self.values(name)]
        array = self.table[name].combine_chunks() if name in self.table.schema.names else None
        if array is None:
            return [None] * self.table.num_rows
        columns: dict[str, Iterable[Any]] = {field.name: repeat(UNREAD) for field in fields(kind)}
        columns |= {field: _fitting(kind, field, self.values(f"{name}.{field}")) for field in below}
        names, is_there = list(columns), array.is_valid().to_pylist()
        return [
            kind(**dict(zip(names, row, strict=True))) if there else None
            for there, *row in zip(is_there, *columns.values(), strict=False)
        ]


def read_columns(store: Store, manifest: Manifest, paths: Sequence[str] = ()) -> Columns:
    """Ids and verdicts of an output, and the columns at some dotted paths.

    Raises:
        StoreError: the store cannot be used, or the rows are gone.
        DamagedError: the rows are not what the manifest says.
    """
    with naming_damage(manifest.uri), open_checked(store, manifest.uri, manifest.sha256) as file:
        try:
            table = pq.ParquetFile(file).read(columns=[*VERDICT, *paths], use_threads=False)
        except (pa.ArrowException, OSError) as exc:
            raise DamagedError("it is not readable as parquet") from exc
        missing = [name for name in VERDICT if name not in table.schema.names]
        if missing:
            raise DamagedError(f"column {missing[0]} is missing")
        return Columns(table=table)


def values_at(samples: Sequence[Sample], path: str) -> list[Any]:
    """What each sample holds at a dotted path; None where a part above it is not there."""
    found: list[Any] = list(samples)
    for name in path.split("."):
        found = [None if one is None else getattr(one, name) for one in found]
    return found


def _fitting(kind: type, field: str, values: list[Any]) -> list[Any]:
    """The values of a field; lists of records become tuples of them."""
    inner = [arg for arg in get_args(get_type_hints(kind)[field]) if isinstance(arg, type) and is_dataclass(arg)]
    if not inner:
        return values
    read = _reader(inner[0])
    return [tuple(map(read, value)) if value else () for value in values]


@cache
def _class_of(record: type, name: str) -> type:
    """The class of a part of a record."""
    hint = get_type_hints(record)[name]
    return next(kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and is_dataclass(kind))


@cache
def _reader(kind: type) -> Callable[[Any], Any]:
    return TypeAdapter(kind).validate_python
