"""Archives for tests: honest ones, and such as try to get out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

Member = tuple[tarfile.TarInfo, bytes]


def member(
    path: str,
    kind: bytes = tarfile.REGTYPE,
    data: bytes = b"",
    *,
    link: str = "",
    mode: int = 0o644,
    owner: tuple[int, int] | None = None,
    device: tuple[int, int] = (0, 0),
    mtime: float = 1_000_000_000,
    pax: dict[str, str] | None = None,
) -> Member:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size, info.linkname = kind, mode, len(data), link
    info.uid, info.gid = owner or (os.getuid(), os.getgid())
    info.devmajor, info.devminor = device
    info.mtime = mtime
    info.pax_headers = pax or {}
    return info, data


def folder(path: str, mode: int = 0o755) -> Member:
    return member(path, tarfile.DIRTYPE, mode=mode)


def symlink(path: str, target: str) -> Member:
    return member(path, tarfile.SYMTYPE, link=target, mode=0o777)


def hard_link(path: str, target: str) -> Member:
    return member(path, tarfile.LNKTYPE, link=target)


def pack(members: Iterable[Member]) -> bytes:
    """An uncompressed archive; names are taken as they are, however bad."""
    out = io.BytesIO()
    with tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
}

ROOT: tuple[Member, ...] = (
    folder("."),
    folder("./bin"),
    member("./bin/sh", data=b"#!" + bytes(1000), mode=0o755),
    folder("./etc"),
    member("./etc/os-release", data=b'PRETTY_NAME="Test 1"\n'),
    folder("./sbin"),
    symlink("./sbin/init", "/bin/sh"),
)
"""The least that is taken for a root file system."""


def write(path: Path, members: Iterable[Member] = ROOT, compression: str = "") -> Path:
    path.write_bytes(COMPRESS[compression](pack(members)))
    return path
