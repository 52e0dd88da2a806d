"""Where commands write to, and how an error that a user can mend is told: one sentence, exit code 1."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from threading import Event, Thread
from typing import Any, Protocol

import click
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from caco_tasks.errors import CacoError
from caco_tasks.format import NOTHING

FIRST_LINE_SECONDS, NEXT_LINE_SECONDS = 2.0, 15.0  # of progress in a log
WIDEST = 10_000_000  # characters of a line that no person reads, as in a file or a pipe

# all but tab and newline: they move a cursor, ring, colour, or turn the direction of reading
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def explain_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turns an error that a user can mend into one sentence and exit code 1.

    With `--json` class and sentence go to standard output too, where the caller reads.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except CacoError as exc:
            # one sentence is one line, in a log as on a screen
            err.print(f"[red]caco:[/red] {escape(show_controls(str(exc)))}", soft_wrap=True)
            if kwargs.get("as_json") or kwargs.get("form") == "json":
                click.echo(json.dumps({"error": type(exc).__name__, "message": str(exc)}))
            sys.exit(1)

    return wrapped


def print_json(value: Any) -> None:
    """Writes a value as one line of JSON; what JSON has no form for becomes text."""
    click.echo(json.dumps(value, default=str))


def print_whole(renderable: RenderableType, console: Console = out) -> None:
    """Writes a table or a tree whole, as wide as it is; records instead of a table that a terminal would break words of."""
    if not console.is_terminal:  # a file, or a pipe: its lines are as long as they are
        Console(file=console.file, width=WIDEST, highlight=False).print(renderable)
    elif isinstance(renderable, Table) and not has_room(renderable, console):
        for line in _table_lines(renderable, console):
            print_line(line, console)
    else:
        console.print(renderable, crop=False)


def print_wide(table: Table, console: Console = out) -> None:
    """Writes a table as a table, whatever room there is: a narrow terminal breaks its lines."""
    width = max(console.width, least_width(table, console))
    wide = Console(file=console.file, width=width, highlight=False, force_terminal=console.is_terminal)
    wide.print(table, crop=False)


def has_room(table: Table, console: Console = out) -> bool:
    """Whether no word of a table would be broken: a file and a pipe have room for any."""
    return not console.is_terminal or least_width(table, console) <= console.width


def least_width(table: Table, console: Console) -> int:
    """The characters that a table needs so that no word of it is broken."""
    return Measurement.get(console, console.options.update(max_width=WIDEST), table).minimum


def record_lines(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """Records one below the other, a line for each value; further lines of a text are indented."""
    widest, number = max(map(len, names), default=0), 0
    for number, row in enumerate(rows, 1):
        yield f"-- {number} --"
        for name, text in zip(names, row, strict=True):
            shown = NOTHING if text is None else text.replace("\n", "\n" + " " * (widest + 2))
            yield f"{name:<{widest}}  {shown}".rstrip()
    if not number:
        yield "no rows"


def print_line(text: str, console: Console = out) -> None:
    """Writes a line as it is: brackets are no markup, it is broken by the terminal alone, and can be pasted."""
    console.print(show_controls(text), markup=False, highlight=False, soft_wrap=True)


def print_heading(text: str, console: Console = out) -> None:
    """Writes the heading of a section, after an empty line."""
    console.print()
    console.print(Text(show_controls(text), style="bold"), soft_wrap=True)


@contextmanager
def show_progress(message: str) -> "Iterator[ProgressLine]":
    """Shows that a command works, and with `update` how far it is; in a log it is a line now and then, after two seconds."""
    # not `err.is_terminal`, which FORCE_COLOR makes true of a log
    if sys.stderr.isatty() and err.is_interactive:
        with err.status(message) as spinner:
            yield spinner
        return
    line, ended = _LogLine(message), Event()
    writer = Thread(target=line.write_until, args=(ended,), daemon=True)
    writer.start()
    try:
        yield line
    finally:
        ended.set()
        writer.join()


class ProgressLine(Protocol):
    """What a command tells how far it is; satisfied by the status of Rich."""

    def update(self, status: str) -> None:
        """Takes what is shown from now on."""


class _LogLine:
    def __init__(self, message: str) -> None:
        self._message = message

    def update(self, status: str) -> None:
        self._message = status

    def write_until(self, ended: Event) -> None:
        written, pause = "", FIRST_LINE_SECONDS
        while not ended.wait(pause):
            if self._message != written:
                written, pause = self._message, NEXT_LINE_SECONDS
                print_line(written, err)


def show_controls(text: str) -> str:
    r"""The text with its control characters written out: what a model wrote must not steer the terminal.

    >>> show_controls("\x1b[31mred")
    '\\x1b[31mred'
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _table_lines(table: Table, console: Console) -> Iterator[str]:
    """The records of a table, between its title and what stands below it."""

    def plain(cell: Any) -> str:
        return cell.plain if isinstance(cell, Text) else console.render_str(str(cell)).plain

    if table.title:
        yield plain(table.title)
    rows = list(zip(*([plain(cell) for cell in column.cells] for column in table.columns), strict=True))
    if table.show_footer:
        rows.append(tuple(plain(column.footer) for column in table.columns))
    yield from record_lines([plain(column.header) for column in table.columns], rows)
    if table.caption:
        yield plain(table.caption)
