"""Which compressions a template may have, and reading through them.

No state. The kind is told by the first bytes of a file, never by its name: names lie.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from vzvirt import errors


@dataclass(frozen=True, slots=True)
class Compression:
    """One kind.

    Attributes:
        name: As ``OsTemplate.compression`` says it; empty: none.
        suffix: What a cached template's name ends in.
        magic: The first bytes of such a file.
    """

    name: str
    suffix: str
    magic: bytes


COMPRESSIONS: Final = (
    Compression("", ".tar", b""),
    Compression("gzip", ".tar.gz", b"\x1f\x8b"),
    Compression("bzip2", ".tar.bz2", b"BZh"),
    Compression("xz", ".tar.xz", b"\xfd7zXZ\0"),
    Compression("zstd", ".tar.zst", b"\x28\xb5\x2f\xfd"),
)
"""In the order in which vzctl looks for a template's file; zstd is ours."""


def detect(path: Path) -> Compression:
    """Tell the compression of a file by its first bytes.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(8)
    found = [kind for kind in COMPRESSIONS if kind.magic and start.startswith(kind.magic)]
    return found[0] if found else COMPRESSIONS[0]


@contextlib.contextmanager
def decompressed(raw: BinaryIO, kind: Compression) -> Iterator[BinaryIO]:
    """Read a file through its compression.

    What is wrong with the data is raised by the reader's ``read`` as the library's own error.

    Raises:
        NoSupport: The ``zstd`` program is not installed.
    """
    if kind.name == "zstd":
        with _through_zstd(raw) as stream:
            yield stream
        return
    with _opened(raw, kind.name) as stream:
        yield stream


def _opened(raw: BinaryIO, name: str) -> BinaryIO | contextlib.nullcontext[BinaryIO]:
    """A reader of one of the kinds that Python brings along (imported only where needed)."""
    match name:
        case "gzip":
            import gzip

            return gzip.GzipFile(fileobj=raw, mode="rb")  # type: ignore[return-value]  # reads alike
        case "bzip2":
            import bz2

            return bz2.BZ2File(raw)  # type: ignore[return-value]  # reads alike
        case "xz":
            import lzma

            return lzma.LZMAFile(raw)  # type: ignore[return-value]  # reads alike
    return contextlib.nullcontext(raw)


class _ZstdError(EOFError):
    """What the zstd program complained about."""


class _ZstdReader:
    """Reads a zstd child's output, and takes its failure for what it is: broken data."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    def read(self, size: int) -> bytes:
        out, complaints = self._child.stdout, self._child.stderr
        data = out.read(size) if out else b""
        if not data and self._child.wait() != 0:
            said = complaints.read() if complaints else b""
            raise _ZstdError(said.decode(errors="replace").strip())
        return data


@contextlib.contextmanager
def _through_zstd(raw: BinaryIO) -> Iterator[BinaryIO]:
    try:
        child = subprocess.Popen(
            ["zstd", "-dcq", "--long=31"],
            stdin=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise errors.NoSupport(
            "the program 'zstd' is not installed", hint="apt install zstd"
        ) from None
    with child:
        try:
            yield _ZstdReader(child)  # type: ignore[misc]  # only read is used
        finally:
            child.kill()
