"""Reading a template archive: every entry is checked before anybody sees it.

No state but an open file. The archive is untrusted. What comes out of ``ArchiveReader`` goes
straight down from the root: no absolute names, no ``..``, nothing below something that is no
folder, no hard link to what is not in the archive. An archive that is cut short, damaged, or
has anything after its end mark is refused, whatever the compression; tarfile alone would take
the first damaged header for the end.
"""

from __future__ import annotations

import contextlib
import enum
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from vzvirt import errors
from vzvirt.backends.templates.compression import decompressed, detect
from vzvirt.model.progress import Progress

CHUNK: Final = 1 << 20
"""Bytes moved at once."""

_LONGEST_READ: Final = CHUNK + tarfile.BLOCKSIZE
"""Bytes read at once: a chunk of data, or an extended header; more is an attack on our memory."""

_TIME: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]*)?", re.ASCII)
_LATEST: Final = 2**62
"""Nanoseconds that every kernel takes for a time."""

_NOBODY: Final = 2**32 - 1
"""No user or group has this number: it says that an owner is not to change."""

_XATTR: Final = "SCHILY.xattr."


class Kind(enum.Enum):
    """What an entry is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARD_LINK = "hard link"
    FIFO = "pipe"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"


_KINDS: Final = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.GNUTYPE_SPARSE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
    tarfile.FIFOTYPE: Kind.FIFO,
    tarfile.CHRTYPE: Kind.CHARACTER_DEVICE,
    tarfile.BLKTYPE: Kind.BLOCK_DEVICE,
}


class BrokenArchiveError(errors.OperationFailed):
    """The archive is damaged, cut short, or not safe to unpack."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked entry.

    Attributes:
        path: Its parts joined by ``/``, with nothing before or after; empty: the root itself.
        link: Where a symbolic link points (any text), or the path of a hard link's target.
        again: Whether it replaces an earlier entry of that path.
    """

    path: bytes
    kind: Kind
    member: tarfile.TarInfo
    link: bytes = b""
    again: bool = False

    @property
    def extents(self) -> list[tuple[int, int]]:
        """Runs of data as (offset, length); what is between them is holes."""
        # typeshed takes the map of a sparse file for bytes.
        sparse = cast("list[tuple[int, int]] | None", self.member.sparse)
        runs = [(0, self.member.size)] if sparse is None else sparse
        return [run for run in runs if run[1]]  # GNU tar fills its map up with empty ones

    @property
    def modified_at(self) -> int:
        """Nanoseconds since the epoch, as exactly as the archive says."""
        text = self.member.pax_headers.get("mtime")
        when = int(Decimal(text) * 10**9) if text else int(self.member.mtime) * 10**9
        return max(-_LATEST, min(when, _LATEST))

    @property
    def xattrs(self) -> dict[str, bytes]:
        """Extended attributes, as GNU tar and bsdtar write them."""
        return {
            key.removeprefix(_XATTR): to_bytes(value)
            for key, value in self.member.pax_headers.items()
            if key.startswith(_XATTR)
        }


def to_bytes(text: str) -> bytes:
    """The very bytes that stood in the archive."""
    return text.encode("utf-8", "surrogateescape")


def show(path: bytes) -> str:
    """A path for messages."""
    return "/" + path.decode("utf-8", "backslashreplace")[:200]


class _StrictMember(tarfile.TarInfo):
    """A member that takes a damaged header for damage, not for the end of the archive."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # missing in typeshed
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error} where an entry or the end mark should be") from error


class _Forward:
    """A stream that only goes forward, in the shape tarfile reads from."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._at = 0

    def read(self, size: int) -> bytes:
        if size > _LONGEST_READ:
            raise tarfile.ReadError(f"a header of {size} bytes")
        parts = []
        while size > 0 and (part := self._stream.read(size)):
            parts.append(part)
            size -= len(part)
            self._at += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def tell(self) -> int:
        return self._at

    def seek(self, target: int) -> int:
        if target < self._at:
            raise tarfile.ReadError("entries overlap")
        while self._at < target and self.read(min(CHUNK, target - self._at)):
            pass
        return self._at


class ArchiveReader:
    """Reads one archive from its beginning to its end, once; use it in a ``with`` statement.

    Args:
        path: The archive.
        what: What is said of the work, to ``progress``.
        progress: See ``model.storage``.
        shown: What messages call the archive, where that is not its path: people know nothing
            of copies that are made of their files.
    """

    def __init__(
        self, path: Path, what: str, progress: Progress, shown: str | None = None
    ) -> None:
        self._path, self._what, self._progress = path, what, progress
        self._shown = shown or f"'{path}'"
        self._clean_up = contextlib.ExitStack()
        self._known = Inventory(self._shown)

    @property
    def inventory(self) -> Inventory:
        """All that has been seen so far."""
        return self._known

    def __enter__(self) -> ArchiveReader:
        with self._clean_up as stack, self._reading():
            self._raw = stack.enter_context(self._path.open("rb"))
            self._size = self._path.stat().st_size
            kind = detect(self._path)
            self._stream = _Forward(stack.enter_context(decompressed(self._raw, kind)))
            self._clean_up = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clean_up.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Say of whatever goes wrong in a library that the archive is at fault."""
        try:
            yield
        except errors.VzvirtError:
            raise
        except FileNotFoundError:
            raise errors.NoTemplate(f"there is no file {self._shown}") from None
        except (
            tarfile.TarError,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise self.broken(f"{error}" or type(error).__name__) from error
        except Exception as error:
            # lzma's error has no base class of its own, and importing lzma costs 5 ms.
            if type(error).__name__ != "LZMAError":
                raise
            raise self.broken(f"{error}") from error

    def broken(self, why: str) -> BrokenArchiveError:
        """The error for a damaged archive."""
        return BrokenArchiveError(
            f"template {self._shown} is damaged or cut short: {why}",
            hint="get it anew; nothing of it was kept",
        )

    def entries(self) -> Iterator[Entry]:
        """All entries, in their order, then the end mark is checked.

        Raises:
            BrokenArchiveError: It is damaged, cut short or reaches outside.
        """
        with self._reading():
            archive = tarfile.TarFile(
                fileobj=self._stream,  # type: ignore[arg-type]  # only goes forward
                tarinfo=_StrictMember,
                encoding="utf-8",
                errors="surrogateescape",
            )
        while True:
            with self._reading():
                member = archive.next()
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
            if member is None:
                break
            self._progress(self._what, self._raw.seek(0, 1), self._size)
            yield self._known.admit(member)
        with self._reading():
            self._check_end()
        self._progress(self._what, self._size, self._size)

    def _check_end(self) -> None:
        """Only zeros may follow; reading them also checks the compression's own sum."""
        while rest := self._stream.read(CHUNK):
            if rest.count(0) != len(rest):
                raise tarfile.ReadError("something follows its end mark")

    def data(self, entry: Entry) -> Iterator[tuple[int, bytes]]:
        """The data of a file as (offset, bytes); must be called before the next entry."""
        end = 0
        with self._reading():
            self._stream.seek(entry.member.offset_data)
        for start, length in entry.extents:
            if start < end or start + length > entry.member.size or length < 0:
                raise self.broken(f"the map of the sparse file '{show(entry.path)}' is wrong")
            end = start + length
            while start < end:
                with self._reading():
                    part = self._stream.read(min(CHUNK, end - start))
                    if not part:
                        raise tarfile.ReadError(f"'{show(entry.path)}' is cut short")
                yield start, part
                start += len(part)


class Inventory:
    """What an archive has had so far, and the rules that the next entry must keep.

    Attributes:
        kinds: What stands at each path.
        links: Where each symbolic link points.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self.kinds: dict[bytes, Kind] = {b"": Kind.FOLDER}
        self.links: dict[bytes, bytes] = {}

    def admit(self, member: tarfile.TarInfo) -> Entry:
        """Check one member.

        Raises:
            BrokenArchiveError: It reaches outside, or makes no sense after those before it.
        """
        kind = _KINDS.get(member.type)
        if kind is None:
            raise self._unsafe(to_bytes(member.name), f"is of the unknown type {member.type!r}")
        path = self._inside(member.name, member.name)
        if member.size < 0:
            raise self._unsafe(path, f"has {member.size} bytes")
        if not _TIME.fullmatch(member.pax_headers.get("mtime", "0")):
            raise self._unsafe(path, "was changed at no time of any clock")
        if not (0 <= member.uid < _NOBODY and 0 <= member.gid < _NOBODY):
            raise self._unsafe(path, f"belongs to {member.uid}:{member.gid}, which nobody can be")
        if any("\0" in key for key in member.pax_headers):
            raise self._unsafe(path, "has an attribute with a zero in its name")
        link = b""
        if kind is Kind.SYMLINK:
            link = to_bytes(member.linkname)
            if not link or b"\0" in link:
                raise self._unsafe(path, "is a symbolic link to nothing")
        elif kind is Kind.HARD_LINK:
            link = self._inside(member.linkname, member.name)
            if link == path or self.kinds.get(link, Kind.FOLDER) is Kind.FOLDER:
                raise self._unsafe(path, f"is a hard link to '{show(link)}', which is no file")
        again = self._check_place(path, kind)
        self.kinds[path] = self.kinds[link] if kind is Kind.HARD_LINK else kind
        if kind is Kind.SYMLINK:
            self.links[path] = link
        return Entry(path, kind, member, link, again)

    def _inside(self, name: str, entry: str) -> bytes:
        raw = to_bytes(name)
        parts = [part for part in raw.split(b"/") if part not in {b"", b"."}]
        if raw.startswith(b"/") or b".." in parts or b"\0" in raw:
            what = "" if name == entry else f"is a hard link to '{name[:200]}', which "
            raise self._unsafe(to_bytes(entry), f"{what}reaches outside the root")
        return b"/".join(parts)

    def _check_place(self, path: bytes, kind: Kind) -> bool:
        """Refuse what cannot stand there; tells whether something did already."""
        above = path.rpartition(b"/")[0]
        while above not in self.kinds:
            # A folder that has no entry of its own; it stands from now on.
            self.kinds[above] = Kind.FOLDER
            above = above.rpartition(b"/")[0]
        if self.kinds[above] is not Kind.FOLDER:
            raise self._unsafe(path, f"reaches through '{show(above)}', which is no folder")
        before = self.kinds.get(path)
        if before and (before is Kind.FOLDER) != (kind is Kind.FOLDER):
            raise self._unsafe(path, f"replaces a {before.value} by a {kind.value}")
        return before is not None

    def _unsafe(self, path: bytes, why: str) -> BrokenArchiveError:
        return BrokenArchiveError(
            f"template {self._shown} is not safe to unpack: '{show(path)}' {why}"
        )

    def resolve(self, path: bytes) -> bytes | None:
        """Where a path leads inside the root, its links followed; ``None``: nowhere."""
        waiting = [part for part in path.split(b"/") if part][::-1]
        at: list[bytes] = []
        for _ in range(1000):
            if not waiting:
                return b"/".join(at)
            part = waiting.pop()
            if part == b"..":
                at = at[:-1]
                continue
            here = b"/".join([*at, part])
            kind = self.kinds.get(here)
            if kind is None:
                return None
            if kind is Kind.SYMLINK:
                target = self.links[here]
                at = [] if target.startswith(b"/") else at
                steps = [step for step in target.split(b"/") if step not in {b"", b"."}]
                waiting.extend(reversed(steps))
            else:
                at.append(part)
        return None
