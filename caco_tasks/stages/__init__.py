"""The stages, one file each: `stages/NAME.py` holds the function NAME, declared in `caco_tasks/pipeline.py`."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from caco_tasks.context import Context
from caco_tasks.pipeline import StageSpec
from caco_tasks.records import JudgedRecord

StageFunction = Callable[[Iterable[Any], Context], Iterator[JudgedRecord[Any]]]


def stage_function(spec: StageSpec) -> StageFunction:
    """The generator of a stage: records in, judged records out."""
    # imported by name and late: whoever asks for one stage loads only what that one needs
    function: StageFunction = getattr(import_module(f"{__name__}.{spec.name}"), spec.name)
    return function


def records_of(context: Context) -> Iterator[Any]:
    """The records that a stage makes itself, where it reads those of no other one: the function `records` of its file."""
    records: Iterator[Any] = import_module(f"{__name__}.{context.stage}").records(context)
    return records
