"""The columns of a file that an older or a newer version wrote, fitted to the records of this one.

Records grow: a column that the file lacks is null, or an empty list, and one that this version does not know is ignored;
the same holds within nested records. Only what is missing and required, or of another type, is damage.
docs/decisions/0015-records-may-grow.md tells why.

>>> old = pa.RecordBatch.from_pylist([{"name": "a", "gone": 1}])
>>> fit_batch(old, pa.schema([pa.field("name", pa.string(), nullable=False), pa.field("domain", pa.string())])).to_pylist()
[{'name': 'a', 'domain': None}]
"""

import pyarrow as pa

from caco_tasks.errors import DamagedError


def fit_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same rows with exactly the columns of `schema`.

    Raises:
        DamagedError: a required column is missing, or one has another type; says which, in words.
    """
    if batch.schema.equals(schema):
        return batch
    found = {name: batch.column(place) for place, name in enumerate(batch.schema.names)}
    columns = [_fit(found.get(field.name), field, rows=batch.num_rows, path=field.name) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def check_columns(found: pa.Schema, schema: pa.Schema) -> None:
    """Whether rows of one schema can be read as those of another, before any row is.

    Raises:
        DamagedError: as `fit_batch`.
    """
    fit_batch(pa.RecordBatch.from_arrays([pa.array([], field.type) for field in found], schema=found), schema)


def _fit(found: pa.Array | None, field: pa.Field, *, rows: int, path: str) -> pa.Array:
    kind = field.type
    if found is None:
        return _absent(field, rows=rows, path=path)
    if found.type.equals(kind):
        return found
    if pa.types.is_struct(kind) and pa.types.is_struct(found.type):
        return _fit_struct(found, kind, path=path)
    if pa.types.is_list(kind) and pa.types.is_list(found.type):
        items = _fit(found.values, kind.value_field, rows=len(found.values), path=f"{path}[]")
        mask = found.is_null() if found.null_count else None
        return pa.ListArray.from_arrays(found.offsets, items, type=kind, mask=mask)
    is_like = _in_words(found.type) == _in_words(kind)  # two sorts of number: only Arrow's own names tell them apart
    was, wanted = (str(found.type), str(kind)) if is_like else (_in_words(found.type), _in_words(kind))
    raise DamagedError(f"column {path} is {was}, this version wants {wanted}")


def _absent(field: pa.Field, *, rows: int, path: str) -> pa.Array:
    if field.nullable:
        return pa.nulls(rows, field.type)
    if pa.types.is_list(field.type):
        starts = pa.repeat(pa.scalar(0, pa.int32()), rows + 1)
        return pa.ListArray.from_arrays(starts, pa.nulls(0, field.type.value_type), type=field.type)
    raise DamagedError(f"column {path} is missing, this version wants {_in_words(field.type)}")


def _fit_struct(found: pa.StructArray, kind: pa.StructType, *, path: str) -> pa.StructArray:
    parts = {found.type.field(place).name: found.field(place) for place in range(found.type.num_fields)}
    children = [
        _fit(parts.get(child.name), child, rows=len(found), path=f"{path}.{child.name}")
        for child in (kind.field(place) for place in range(kind.num_fields))
    ]
    fields = [kind.field(place) for place in range(kind.num_fields)]
    return pa.StructArray.from_arrays(children, fields=fields, mask=found.is_null())


def _in_words(kind: pa.DataType) -> str:
    """What a person calls a type of Arrow."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    if pa.types.is_integer(kind):
        return "a number"
    if pa.types.is_floating(kind):
        return "a decimal number"
    if pa.types.is_boolean(kind):
        return "a truth value"
    if pa.types.is_struct(kind):
        return "a record"
    return "a list" if pa.types.is_list(kind) or pa.types.is_large_list(kind) else f"of the type {kind}"
