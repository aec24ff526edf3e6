from __future__ import annotations

import random
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from unit.backends.templates import archives
from unit.backends.templates.archives import Member, folder, hard_link, member, symlink
from vzvirt import errors
from vzvirt.backends.templates.archive import ArchiveReader, BrokenArchiveError, Entry, Kind
from vzvirt.model.progress import no_progress


def read(path: Path) -> list[Entry]:
    with ArchiveReader(path, "reading", no_progress) as archive:
        return list(archive.entries())


def entries(tmp_path: Path, *members: Member) -> list[Entry]:
    return read(archives.write(tmp_path / "a.tar", members))


def test_entries_come_in_order_and_without_dots(tmp_path: Path) -> None:
    found = entries(tmp_path, *archives.ROOT)
    assert [entry.path for entry in found] == [
        b"",
        b"bin",
        b"bin/sh",
        b"etc",
        b"etc/os-release",
        b"sbin",
        b"sbin/init",
    ]
    assert found[-1].link == b"/bin/sh"
    assert found[2].kind is Kind.FILE


@pytest.mark.parametrize("compression", archives.COMPRESS)
def test_every_compression_is_read_whatever_the_name(tmp_path: Path, compression: str) -> None:
    path = archives.write(tmp_path / "misleading.tar.bz2", compression=compression)
    assert len(read(path)) == len(archives.ROOT)


ATTACKS: dict[str, list[Member]] = {
    "absolute name": [member("/etc/evil")],
    "dots before": [member("../evil")],
    "dots within": [folder("a"), member("a/../../evil")],
    "dots at the end": [folder("a/..")],
    "file through a link": [symlink("a", "/tmp"), member("a/evil")],
    "file through a link to dots": [symlink("a", "../.."), member("a/evil")],
    "file through a link in a folder": [
        folder("a"),
        symlink("a/b", "/etc"),
        member("a/b/c/evil"),
    ],
    "folder over a link": [symlink("a", "/tmp"), folder("a"), member("a/evil")],
    "link over a folder": [folder("a"), symlink("a", "/tmp"), member("a/evil")],
    "file over a folder": [folder("a"), member("a")],
    "folder over a file": [member("a"), folder("a")],
    "file below a file": [member("a"), member("a/evil")],
    "hard link to an absolute name": [hard_link("a", "/etc/shadow")],
    "hard link to dots": [hard_link("a", "../../etc/shadow")],
    "hard link to what is not there": [hard_link("a", "etc/shadow")],
    "hard link to a folder": [folder("b"), hard_link("a", "b")],
    "hard link to itself": [member("a"), hard_link("a", "a")],
    "hard link through a link": [symlink("b", "/etc"), hard_link("a", "b/shadow")],
    "device below a link": [
        symlink("d", "/dev"),
        member("d/sda", tarfile.BLKTYPE, device=(8, 0)),
    ],
    "link to nothing": [symlink("a", "")],
    "root that is a link": [symlink(".", "/tmp"), member("evil")],
    "root that is a file": [member(".")],
    "name with a zero byte": [member("a", pax={"path": "a\0/../../evil"})],
    "absolute name in an extended header": [member("a", pax={"path": "/etc/evil"})],
    "dots in an extended header": [member("a", pax={"path": "a/../../evil"})],
    "dots in an extended hard link": [
        member("b", tarfile.LNKTYPE, link="x", pax={"linkpath": "../../etc/shadow"})
    ],
    "unknown type": [member("a", b"V")],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused(tmp_path: Path, attack: str) -> None:
    with pytest.raises(errors.OperationFailed, match=r"not safe|damaged"):
        entries(tmp_path, folder("."), *ATTACKS[attack])


@pytest.mark.parametrize(
    "members",
    [
        [folder("usr"), folder("usr/bin"), symlink("bin", "usr/bin"), member("usr/bin/sh")],
        [symlink("etc-link", "/etc/../../../x"), symlink("up", "../../..")],
        [member("a"), hard_link("b", "./a"), hard_link("c", "b")],
        [symlink("a", "x"), hard_link("b", "a")],
        [member("a/b/c"), folder("a"), folder("a/b")],
        [member("a", data=b"1"), member("a", data=b"2")],
        [member("n" * 300), folder("d" * 100 + "/" + "e" * 200)],
        [member(".hidden"), member("..."), member("a..b")],
    ],
    ids=["merged", "links", "hard", "linked link", "implied", "again", "long", "dotty"],
)
def test_what_a_root_may_have_is_taken(tmp_path: Path, members: list[Member]) -> None:
    assert len(entries(tmp_path, *members)) == len(members)


@pytest.mark.parametrize("compression", archives.COMPRESS)
def test_an_archive_cut_short_anywhere_is_refused(tmp_path: Path, compression: str) -> None:
    noise = random.Random(1).randbytes(60000)  # noqa: S311  # not a secret
    members = [*archives.ROOT, member("./big", data=noise), member("./last")]
    whole = archives.COMPRESS[compression](archives.pack(members))
    path = tmp_path / "cut"
    end = len(archives.pack(members)) - 10240 if compression == "" else len(whole) - 1
    for cut in sorted({1, 100, len(whole) // 3, len(whole) // 2, len(whole) - 9000, end}):
        path.write_bytes(whole[:cut])
        with pytest.raises(BrokenArchiveError, match="damaged or cut short"):
            read(path)


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz", "zstd"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, compression: str) -> None:
    noise = random.Random(2).randbytes(60000)  # noqa: S311  # not a secret
    whole = bytearray(archives.COMPRESS[compression](archives.pack([member("a", data=noise)])))
    whole[len(whole) // 2] ^= 4
    (tmp_path / "bad").write_bytes(whole)
    with pytest.raises(BrokenArchiveError):
        read(tmp_path / "bad")


def damaged_header(whole: bytes) -> bytes:
    return whole[:512] + b"\x01" * 10 + whole[522:]


def nothing_between(whole: bytes) -> bytes:
    return whole[:512] + bytes(1024) + whole[512:]


@pytest.mark.parametrize(
    "spoil",
    [
        damaged_header,
        nothing_between,
        lambda _whole: b"",
        lambda _whole: b"\0" * 100,
        lambda whole: whole + b"rest",
        lambda _whole: b"no archive at all" * 1000,
    ],
    ids=["header", "zeros", "empty", "short", "rest", "text"],
)
def test_damage_is_not_taken_for_the_end(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    whole = archives.pack([folder("."), member("a", data=b"x" * 600), member("b")])
    (tmp_path / "bad").write_bytes(spoil(whole))
    with pytest.raises(BrokenArchiveError):
        read(tmp_path / "bad")


def test_an_enormous_header_does_not_fill_the_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 34
    (tmp_path / "bad").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(BrokenArchiveError, match="a header of 17179869184 bytes"):
        read(tmp_path / "bad")


def test_headers_within_headers_end_somewhere(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 4
    one = info.tobuf(tarfile.GNU_FORMAT) + b"name" + bytes(508)
    (tmp_path / "bad").write_bytes(one * 5000 + bytes(1024))
    with pytest.raises(BrokenArchiveError):
        read(tmp_path / "bad")


def test_a_missing_file_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(errors.NoTemplate):
        read(tmp_path / "none.tar")


def test_progress_goes_up_to_the_size_of_the_file(tmp_path: Path) -> None:
    path = archives.write(tmp_path / "a.tar.gz", compression="gzip")
    seen: list[tuple[str, int, int | None]] = []
    with ArchiveReader(path, "looking", lambda *step: seen.append(step)) as archive:
        list(archive.entries())
    size = path.stat().st_size
    assert seen[-1] == ("looking", size, size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def resolved(members: Iterable[Member], path: bytes, tmp_path: Path) -> bytes | None:
    with ArchiveReader(archives.write(tmp_path / "a", members), "", no_progress) as archive:
        list(archive.entries())
        return archive.inventory.resolve(path)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (b"sbin/init", b"usr/lib/systemd"),
        (b"bin/x", b"usr/bin/x"),
        (b"outside/../bin/x", b"usr/bin/x"),
        (b"loop", None),
        (b"none/x", None),
        (b"", b""),
    ],
)
def test_links_are_resolved_as_the_guest_would(
    tmp_path: Path, path: bytes, target: bytes | None
) -> None:
    members = [
        symlink("bin", "usr/bin"),
        symlink("sbin", "/usr/bin"),
        folder("usr/bin"),
        member("usr/bin/x"),
        symlink("usr/bin/init", "../../../../usr/./lib/systemd"),
        member("usr/lib/systemd"),
        symlink("loop", "loop"),
        symlink("outside", "/../../.."),
    ]
    assert resolved(members, path, tmp_path) == target
