"""Records as rows of an output: dictionaries there and back, and the Arrow schema, which their types give."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from caco_tasks.errors import DamagedError
from caco_tasks.records import JudgedRecord, Record, Verdict

if TYPE_CHECKING:
    import pyarrow as pa


@cache
def arrow_schema(record: type) -> "pa.Schema":
    """The Arrow schema of an output of `record`s: its fields, then `outcome`, `reason` and `detail`."""
    import pyarrow as pa

    verdict = [
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
    return pa.schema([*_arrow_fields(record), *verdict])


def to_row(judged: JudgedRecord[Any]) -> dict[str, Any]:
    """A judged record as one row of its output."""
    return {**_plain(judged.record), **_plain(judged.verdict)}


def _plain(record: Any) -> dict[str, Any]:
    """Dictionaries for dataclasses, at the speed of pydantic; what does not fit its type is left for Arrow to refuse."""
    kind: Any = type(record)  # a type is hashable, which the type checker does not know
    found: dict[str, Any] = _adapter(kind).dump_python(record, warnings=False)
    return found


def from_row(record: type[Record], row: Mapping[str, Any]) -> JudgedRecord[Record]:
    """One row of an output as a judged record; keys that it does not know are ignored.

    Raises:
        DamagedError: the row lacks a required field, or one has another type.
    """
    values = dict(row)
    verdict = {name: values.pop(name, None) for name in ("outcome", "reason", "detail")}
    try:
        found = _adapter(cast(type, record)).validate_python(values)
        return JudgedRecord(record=found, verdict=_adapter(Verdict).validate_python(verdict))
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(str(part) for part in error["loc"]) or "the whole"
        raise DamagedError(f"A row is not a {record.__name__}: {where}: {error['msg']}.") from exc


@cache
def _adapter(record: type) -> TypeAdapter[Any]:
    return TypeAdapter(record)


def _arrow_fields(record: type) -> "list[pa.Field]":
    hints = get_type_hints(record)
    return [_arrow_field(field.name, hints[field.name]) for field in fields(record)]


def _arrow_field(name: str, hint: Any) -> "pa.Field":
    import pyarrow as pa

    inner = [arg for arg in get_args(hint) if arg is not types.NoneType]
    if get_origin(hint) in (types.UnionType, Union):
        return pa.field(name, _arrow_type(inner[0]), nullable=True)
    return pa.field(name, _arrow_type(hint), nullable=False)


def _arrow_type(hint: Any) -> "pa.DataType":
    import pyarrow as pa

    if get_origin(hint) is tuple:
        return pa.list_(_arrow_type(get_args(hint)[0]))
    if is_dataclass(hint) and isinstance(hint, type):
        return pa.struct(_arrow_fields(hint))
    if issubclass(hint, str):
        return pa.string()
    return {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[hint]
