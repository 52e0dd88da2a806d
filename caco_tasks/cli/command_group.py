"""The group of all commands: its help, and what may go wrong before a command begins and after it has ended."""

import errno
import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from caco_tasks.cli.command_examples import EXAMPLES
from caco_tasks.cli.console import err, print_line
from caco_tasks.platform.inherited_environment import settle_own

SHORT_HELP_CHARS = 200  # a first sentence; wrapped where the terminal is narrow, and not cut
UNWRAPPED = "\b\n"  # of a paragraph that click must leave as it is: it is to be copied

# nothing that a traceback would explain: a file or device that has no room, is read-only, or breaks
_OF_A_DEVICE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
# and a path that can be none
_OF_A_PATH = {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_TOLD = _OF_A_DEVICE | _OF_A_PATH


class WholeHelpGroup(click.Group):
    """Commands in the order in which they were added, none of whose first sentences is cut."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, for help and completion."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands with their first sentences."""
        self._write_section("Commands", self.list_commands(ctx), formatter)

    def _write_section(self, title: str, names: Iterable[str], formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.commands), default=0)
        with formatter.section(title):
            told = [(name.ljust(widest), self.commands[name].get_short_help_str(SHORT_HELP_CHARS)) for name in names]
            formatter.write_dl(told)


class CommandGroup(WholeHelpGroup):
    """Commands by section, whose arguments are text, and whose output arrived or is told not to have."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sections: dict[str, list[str]] = {}  # title -> names of commands, in the order of the help

    def add_section(self, title: str, commands: Iterable[click.Command]) -> None:
        """Adds commands under a title of the help."""
        for command in commands:
            self.add_command(command)
            self.sections.setdefault(title, []).append(str(command.name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the commands section by section, with their first sentences."""
        for title, names in self.sections.items():
            self._write_section(title, names, formatter)

    def main(self, args: Any = None, *rest: Any, **options: Any) -> Any:
        """Runs the command that `args`, or else the process' own arguments, name."""
        _open_closed_streams()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # in a locale that lacks a letter, it is written out
                stream.reconfigure(errors="backslashreplace")
        _demand_text(sys.argv[1:] if args is None else args)
        if args is None:  # a process of its own, and no call within another program
            options["obj"] = settle_own(os.environ)
        try:
            try:
                return super().main(args, *rest, **options)
            finally:
                sys.stdout.flush()  # here, where an error can still be told, and not while Python ends
        except OSError as exc:
            if exc.errno != errno.EPIPE and exc.errno not in _TOLD:
                raise
            _end_without_output(exc)


def add_examples(group: click.Group, before: str = "") -> None:
    """Gives every command of a group, and of the groups in it, its example at the end of its help."""
    for name, command in group.commands.items():
        path = f"{before}{name}"
        if isinstance(command, click.Group):
            add_examples(command, f"{path} ")
        else:
            command.epilog = f"{UNWRAPPED}Example: {EXAMPLES[path]}"


def _demand_text(words: list[str]) -> None:
    """Ends with a sentence where an argument is no text: no config, no id and no query can hold it."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            print_line(f"caco: The argument '{word}' is not text in UTF-8: give it in UTF-8, or rename the file.", err)
            sys.exit(2)


def _open_closed_streams() -> None:
    """Lets a process whose caller closed a stream, as `>&-` does, work without it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # the lowest number that is free: no file that a command opens takes the place of the stream
            opened = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(opened, "w" if number else "r", encoding="utf-8"))


def _end_without_output(exc: OSError) -> NoReturn:
    # what is still in the buffer would be written, and fail, once more when Python ends
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if exc.errno != errno.EPIPE:  # a reader that has read enough, as head does, is no error to tell
        told = f"The file {exc.filename} cannot be used" if exc.filename else "The output cannot be written"
        print_line(f"caco: {told}: {exc.strerror}.", err)
    sys.exit(1)
