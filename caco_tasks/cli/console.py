"""Where commands write to, and how an error that a user can mend is told: one sentence, exit code 1."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.markup import escape

from caco_tasks.errors import CacoError

WIDEST = 10_000  # characters of a line that no person reads, as in a file or a pipe

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
            err.print(f"[red]caco:[/red] {escape(str(exc))}", soft_wrap=True)
            if kwargs.get("as_json"):
                click.echo(json.dumps({"error": type(exc).__name__, "message": str(exc)}))
            sys.exit(1)

    return wrapped


def print_json(value: Any) -> None:
    """Writes a value as one line of JSON; what JSON has no form for becomes text."""
    click.echo(json.dumps(value, default=str))


def print_whole(renderable: RenderableType, console: Console = out) -> None:
    """Writes a table or a tree whole: a narrow terminal wraps its lines, a file gets them as long as they are."""
    if console.is_terminal:  # without cropping: an id that is too long runs on, and can be copied
        console.print(renderable, crop=False)
    else:
        Console(file=console.file, width=WIDEST, highlight=False).print(renderable)
