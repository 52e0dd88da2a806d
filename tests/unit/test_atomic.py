"""Files appear whole or not at all, and nothing is left behind."""

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from caco_tasks.atomic import drafted, replaced, replaced_bytes, write_bytes


@contextmanager
def filled_draft(target: Path) -> Iterator[Path]:
    """A draft that somebody else has filled."""
    with drafted(target) as draft:
        draft.write_bytes(b"new")
        yield draft


WRITERS: dict[str, Any] = {"a draft": filled_draft, "text": replaced, "bytes": replaced_bytes}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_file_is_as_it_was_until_its_successor_is_whole(tmp_path: Path, writer: Any) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    begun: AbstractContextManager[Any] = writer(target)
    with begun as out:
        if not isinstance(out, Path):
            out.write("new" if writer is replaced else b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_what_fails_half_way_changes_nothing_and_leaves_nothing(tmp_path: Path, writer: Any) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), writer(target):
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_secret_is_readable_for_the_user_alone(tmp_path: Path) -> None:
    write_bytes(tmp_path / "key", b"secret", mode=0o600)
    assert stat.S_IMODE(os.stat(tmp_path / "key").st_mode) == 0o600


def test_no_other_module_gives_a_draft_its_name() -> None:
    package = Path(__file__).parents[2] / "caco_tasks"
    renaming = {path.name for path in package.rglob("*.py") if ".draft-" in path.read_text()}
    assert renaming == {"atomic.py"}
