"""Training examples, one JSON value per line on this machine's disk, so that a dataset need not fit into memory.

>>> with ExampleWriter(folder) as writer:
...     writer.add("a whole text", is_held_out=False)
...     writer.add(("a prompt", " and its completion"), is_held_out=True)
>>> writer.files.train_count, writer.files.held_out_count
(1, 1)
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

from caco_tasks.atomic import replaced
from caco_tasks.ids import content_id, file_sha256

# A text; a prompt and its completion; or a chat of {"role", "content"} that ends with the assistant's message.
Example = str | tuple[str, str] | list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleFiles:
    """The examples of one training: those to train on, and those held out to test on."""

    folder: Path
    train_count: int
    held_out_count: int

    @property
    def train(self) -> Path:
        """The file of what is trained on."""
        return self.folder / "train.jsonl"

    @property
    def held_out(self) -> Path:
        """The file of what is held out."""
        return self.folder / "held_out.jsonl"

    def content_hash(self) -> str:
        """The hash of all examples, and of which are held out."""
        return content_id("examples", file_sha256(str(self.train)), file_sha256(str(self.held_out)))


class ExampleWriter:
    """Writes examples one by one; both files appear when all are written."""

    def __init__(self, folder: Path) -> None:
        """Names the folder, which is made."""
        self.files = ExampleFiles(folder=folder, train_count=0, held_out_count=0)
        self._counts = {False: 0, True: 0}
        self._outs: dict[bool, TextIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "ExampleWriter":
        for is_held_out, path in ((False, self.files.train), (True, self.files.held_out)):
            self._outs[is_held_out] = self._stack.enter_context(replaced(path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        self.files = ExampleFiles(
            folder=self.files.folder, train_count=self._counts[False], held_out_count=self._counts[True]
        )

    def add(self, example: Example, *, is_held_out: bool) -> None:
        """Writes one example."""
        self._outs[is_held_out].write(json.dumps(example, ensure_ascii=False) + "\n")
        self._counts[is_held_out] += 1


def read_examples(path: Path) -> Iterator[Example]:
    """The examples of a file, one after the other; a prompt and its completion come as a list of two."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
