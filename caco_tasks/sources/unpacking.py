"""Files as their bytes: what gzip, bzip2, xz or Zstandard packed is unpacked while it is read.

The packing is told by a file's first bytes, because names are often wrong.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from caco_tasks.errors import SourceError

PACKED_SUFFIXES = {".gz", ".bz2", ".xz", ".zst", ".zstd"}
UNPACKING_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)

_HEAD_BYTES = 10


@contextmanager
def open_unpacked(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a file, unpacked, as a stream that can be peeked into; reading may raise `UNPACKING_ERRORS`.

    Raises:
        SourceError: it is an archive, which holds files and no records.
    """
    with path.open("rb") as file:
        head = file.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        for kind, mark in _ARCHIVES.items():
            if head.startswith(mark):
                raise SourceError(f"The source file {path} is a {kind} archive: unpack it and give the files in it.")
        unpack = next((unpack for mark, unpack in _PACKINGS.items() if head.startswith(mark)), None)
        # what unpacks has the methods of a buffered reader that are used here, and not its class
        with cast("io.BufferedReader", unpack(file)) if unpack else file as stream:
            yield stream


def _unpack_zstandard(file: IO[bytes]) -> IO[bytes]:
    stream = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return io.BufferedReader(_ArrowStream(stream), buffer_size=1 << 17)


class _ArrowStream(io.RawIOBase):
    """A stream of Arrow as one of Python's, which can be buffered and peeked into."""

    def __init__(self, stream: pa.NativeFile) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        return int(self._stream.readinto(buffer))


_PACKINGS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _unpack_zstandard,
}
_ARCHIVES = {"ZIP": b"PK\x03\x04", "7z": b"7z\xbc\xaf\x27\x1c", "RAR": b"Rar!\x1a\x07", "LZ4": b"\x04\x22\x4d\x18"}
