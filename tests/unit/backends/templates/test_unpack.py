from __future__ import annotations

import os
import stat
import struct
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.backends.templates import archives
from unit.backends.templates.archives import Member, folder, hard_link, member, symlink
from unit.backends.templates.test_archive import ATTACKS
from vzvirt import errors
from vzvirt.backends.templates.archive import ArchiveReader, Entry, Inventory, Kind
from vzvirt.backends.templates.unpack import Unpacker, shifted_capability
from vzvirt.model.progress import no_progress
from vzvirt.model.values import IdMap, IdRange

UNSHIFTED = IdMap()
SHIFT = IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 200000, 65536),))


def unpack(tmp_path: Path, *members: Member, owners: IdMap = UNSHIFTED) -> Path:
    path = archives.write(tmp_path / "a.tar", members)
    return unpack_file(path, tmp_path / "root", owners)


def unpack_file(path: Path, root: Path, owners: IdMap = UNSHIFTED) -> Path:
    root.mkdir()
    with ArchiveReader(path, "", no_progress) as archive, Unpacker(root, owners) as unpacker:
        unpacker.unpack(archive)
    return root


def test_files_folders_and_links(tmp_path: Path) -> None:
    root = unpack(
        tmp_path,
        folder(".", mode=0o711),
        folder("./etc", mode=0o700),
        member("./etc/file", data=b"content", mode=0o4755, mtime=1234567890),
        symlink("./etc/link", "/../outside"),
        hard_link("./again", "./etc/file"),
        member("./etc/pipe", tarfile.FIFOTYPE, mode=0o622),
    )
    assert stat.S_IMODE(root.stat().st_mode) == 0o711
    assert stat.S_IMODE((root / "etc").stat().st_mode) == 0o700
    file = root / "etc/file"
    assert file.read_bytes() == b"content"
    assert stat.S_IMODE(file.stat().st_mode) == 0o4755
    assert file.stat().st_mtime == 1234567890
    assert file.samefile(root / "again")
    assert (root / "etc/link").readlink() == Path("/../outside")
    pipe = (root / "etc/pipe").lstat().st_mode
    assert stat.S_ISFIFO(pipe)
    assert stat.S_IMODE(pipe) == 0o622


def test_folders_keep_their_times_though_files_come_later(tmp_path: Path) -> None:
    root = unpack(
        tmp_path, folder("."), folder("a"), folder("a/b"), member("a/b/c"), member("a/d")
    )
    for path in (root, root / "a", root / "a/b"):
        assert path.stat().st_mtime == 1_000_000_000


def test_times_are_kept_to_the_nanosecond(tmp_path: Path) -> None:
    root = unpack(tmp_path, member("a", pax={"mtime": "1600000000.123456789"}))
    assert (root / "a").stat().st_mtime_ns == 1600000000123456789


def test_a_folder_nobody_mentioned_is_made(tmp_path: Path) -> None:
    root = unpack(tmp_path, member("a/b/c/file", data=b"x"))
    assert (root / "a/b/c/file").read_bytes() == b"x"
    assert stat.S_IMODE((root / "a/b").stat().st_mode) & 0o700 == 0o700


def test_a_later_entry_replaces_an_earlier_one(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    root = unpack(
        tmp_path, member("a", data=b"1"), symlink("a", str(outside)), member("a", data=b"3")
    )
    assert (root / "a").read_bytes() == b"3"
    assert outside.read_bytes() == b"precious"


def test_replacing_a_hard_linked_name_leaves_the_other(tmp_path: Path) -> None:
    root = unpack(tmp_path, member("a", data=b"1"), hard_link("b", "a"), member("a", data=b"2"))
    assert (root / "a").read_bytes() == b"2"
    assert (root / "b").read_bytes() == b"1"


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_change_nothing_outside(tmp_path: Path, attack: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "shadow").write_bytes(b"precious")
    # The same attacks, aimed at a folder that we can look at afterwards.
    members = [
        (_aimed(info, outside), data)
        for info, data in (archives.member("dummy"), *ATTACKS[attack])
    ]
    with pytest.raises(errors.OperationFailed):
        unpack(tmp_path, *members)
    assert [path.name for path in outside.iterdir()] == ["shadow"]
    assert (outside / "shadow").stat().st_nlink == 1
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {"a.tar", "outside", "root"}


def _aimed(info: tarfile.TarInfo, outside: Path) -> tarfile.TarInfo:
    if info.linkname in {"/tmp", "/etc", "/dev", "../.."}:
        info.linkname = str(outside)
    return info


def test_a_link_on_the_disk_is_never_walked_through(tmp_path: Path) -> None:
    """Though the rules for entries would not let it come to that."""
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").symlink_to(outside)
    path = archives.write(tmp_path / "a.tar", [member("a/evil")])
    with (
        ArchiveReader(path, "", no_progress) as archive,
        Unpacker(root, IdMap()) as unpacker,
        pytest.raises(errors.SystemFailure),
    ):
        unpacker.unpack(archive)
    assert list(outside.iterdir()) == []


def test_holes_stay_holes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "sparse").open("wb") as file:
        file.seek(8 << 20)
        file.write(b"middle")
        file.truncate(64 << 20)
    for shape in ("--format=gnu", "--format=posix"):
        path = tmp_path / f"a{shape}.tar"
        subprocess.run(["tar", "-S", shape, "-C", source, "-cf", path, "."], check=True)
        assert path.stat().st_size < 1 << 20
        root = unpack_file(path, tmp_path / f"root{shape}")
        made = (root / "sparse").stat()
        assert made.st_size == 64 << 20
        assert made.st_blocks * 512 < 1 << 20
        with (root / "sparse").open("rb") as file:
            file.seek(8 << 20)
            assert file.read(8) == b"middle\0\0"


def test_user_attributes_are_kept_and_others_are_not(tmp_path: Path) -> None:
    root = unpack(
        tmp_path,
        member(
            "a",
            pax={
                "SCHILY.xattr.user.note": "täxt",
                "SCHILY.xattr.trusted.vzvirt.layout": "image",
                "SCHILY.xattr.security.selinux": "x",
            },
        ),
    )
    assert os.listxattr(root / "a") == ["user.note"]
    assert os.getxattr(root / "a", "user.note") == "täxt".encode()


def test_binary_attributes_come_through(tmp_path: Path) -> None:
    value = bytes(range(256))
    record = b"SCHILY.xattr.user.raw=" + value + b"\n"
    record = f"{len(record) + 4} ".encode() + record
    header, file = tarfile.TarInfo("x"), member("a")[0]
    header.type, header.size = tarfile.XHDTYPE, len(record)
    body = record + bytes(-len(record) % 512)
    (tmp_path / "a.tar").write_bytes(
        header.tobuf(tarfile.USTAR_FORMAT) + body + file.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)
    )
    root = unpack_file(tmp_path / "a.tar", tmp_path / "root")
    assert os.getxattr(root / "a", "user.raw") == value


def acl(named: Sequence[tuple[int, int, int]] = ((2, 4, 7), (8, 6, 8))) -> bytes:
    """An access control list: those it names are users (2) and groups (8)."""
    lines = sorted([(1, 6, -1), (4, 4, -1), (16, 6, -1), (32, 0, -1), *named])
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *line) for line in lines)


def packed(source: Path, path: Path) -> Path:
    """An archive of a folder, made by tar with all that it can keep."""
    options = ("--xattrs", "--xattrs-include=*")
    subprocess.run(["tar", *options, "-C", source, "-cf", path, "."], check=True)
    return path


@pytest.mark.root
class TestAsRoot:
    def test_owners_are_kept_by_number(self, tmp_path: Path) -> None:
        root = unpack(
            tmp_path,
            member("a", owner=(1234, 4321)),
            member("l", tarfile.SYMTYPE, link="nowhere", owner=(5, 6)),
        )
        assert ((root / "a").stat().st_uid, (root / "a").stat().st_gid) == (1234, 4321)
        assert ((root / "l").lstat().st_uid, (root / "l").lstat().st_gid) == (5, 6)

    def test_owners_are_shifted(self, tmp_path: Path) -> None:
        root = unpack(
            tmp_path,
            folder("."),
            member("d/a", owner=(7, 8), mode=0o4755),
            symlink("l", "nowhere"),
            owners=SHIFT,
        )
        for path, owner in ((root, (0, 0)), (root / "d", (0, 0)), (root / "d/a", (7, 8))):
            facts = path.lstat()
            assert (facts.st_uid, facts.st_gid) == (100000 + owner[0], 200000 + owner[1])
        assert (root / "l").lstat().st_uid == 100000
        assert stat.S_IMODE((root / "d/a").stat().st_mode) == 0o4755, "chown takes it away"

    def test_an_owner_outside_the_map_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(errors.OperationFailed, match=r"'/a' belongs to 70000:0"):
            unpack(tmp_path, member("a", owner=(70000, 0)), owners=SHIFT)

    def test_only_harmless_devices_are_made(self, tmp_path: Path) -> None:
        root = unpack(
            tmp_path,
            member("null", tarfile.CHRTYPE, device=(1, 3), mode=0o666),
            member("mem", tarfile.CHRTYPE, device=(1, 1)),
            member("sda", tarfile.BLKTYPE, device=(8, 0)),
            member("loop", tarfile.BLKTYPE, device=(1, 3)),
        )
        assert [path.name for path in root.iterdir()] == ["null"]
        facts = (root / "null").stat()
        assert facts.st_rdev == os.makedev(1, 3)
        assert stat.S_IMODE(facts.st_mode) == 0o666

    def test_what_is_left_out_is_so_by_all_its_names(self, tmp_path: Path) -> None:
        root = unpack(
            tmp_path,
            member("hdc", tarfile.BLKTYPE, device=(22, 0)),
            archives.hard_link("cdrom", "hdc"),
            archives.hard_link("dvd", "cdrom"),
            member("null", tarfile.CHRTYPE, device=(1, 3)),
            archives.hard_link("nothing", "null"),
            member("hdc", data=b"x"),
            archives.hard_link("file", "hdc"),
        )
        assert {path.name for path in root.iterdir()} == {"null", "nothing", "hdc", "file"}

    def test_access_control_lists_are_kept_and_shifted(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.mkdir()
        os.setxattr(source, "system.posix_acl_default", acl())
        (source / "log").write_bytes(b"x")
        os.setxattr(source / "log", "system.posix_acl_access", acl())
        path = packed(source, tmp_path / "a.tar")
        for name, owners, shift in (("plain", UNSHIFTED, 0), ("shifted", SHIFT, 100000)):
            root = unpack_file(path, tmp_path / name, owners)
            named = ((2, 4, 7 + shift), (8, 6, 8 + 2 * shift))
            assert os.getxattr(root / "log", "system.posix_acl_access") == acl(named)
            assert os.getxattr(root, "system.posix_acl_default") == acl(named)

    def test_lists_are_not_handed_down_to_what_has_none(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        (source / "log").mkdir(parents=True)
        (source / "log/file").write_bytes(b"x")
        os.setxattr(source, "system.posix_acl_default", acl())
        path = packed(source, tmp_path / "a.tar")
        root = unpack_file(path, tmp_path / "root")
        assert os.getxattr(root, "system.posix_acl_default") == acl()
        for inner in (root / "log", root / "log/file"):
            assert not [name for name in os.listxattr(inner) if name.startswith("system.posix")]

    def test_lines_of_whom_nobody_inside_can_be_are_left_out(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.mkdir()
        (source / "log").write_bytes(b"x")
        os.setxattr(source / "log", "system.posix_acl_access", acl(named=((2, 4, 70000),)))
        root = unpack_file(packed(source, tmp_path / "a.tar"), tmp_path / "root", SHIFT)
        assert os.getxattr(root / "log", "system.posix_acl_access") == acl(named=())

    def test_file_capabilities_are_kept_and_shifted(self, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.mkdir()
        (source / "ping").write_bytes(b"x")
        capability = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
        os.setxattr(source / "ping", "security.capability", capability)
        path = packed(source, tmp_path / "a.tar")
        plain = unpack_file(path, tmp_path / "plain")
        assert os.getxattr(plain / "ping", "security.capability") == capability
        inside = unpack_file(path, tmp_path / "shifted", SHIFT)
        # The kernel shows the host a capability of another namespace's root as revision 3.
        stored = os.getxattr(inside / "ping", "security.capability")
        assert struct.unpack("<6I", stored) == (0x03000001, 1 << 13, 0, 0, 0, 100000)


def test_a_capability_without_a_shift_stays_as_it_is() -> None:
    value = struct.pack("<5I", 0x02000001, 1, 2, 3, 4)
    assert shifted_capability(value, IdMap()) == value
    assert shifted_capability(b"odd", SHIFT) == b"odd"


@given(
    st.text("abc/.", min_size=1, max_size=12),
    st.text("abc/.", max_size=12),
    st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
)
def test_whatever_is_admitted_goes_straight_down(name: str, link: str, kind: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    try:
        entry = Inventory("'x'").admit(info)
    except errors.OperationFailed:
        return
    parts = entry.path.split(b"/") if entry.path else []
    assert not {b"", b".", b".."} & set(parts)


@pytest.mark.parametrize(
    ("text", "when"),
    [("-1.5", -1_500_000_000), ("9" * 20, 2**62), ("0", 0), ("12.", 12 * 10**9)],
)
def test_odd_times(text: str, when: int) -> None:
    info = tarfile.TarInfo("a")
    info.pax_headers = {"mtime": text}
    assert Entry(b"a", Kind.FILE, info).modified_at == when


@pytest.mark.parametrize("text", ["noon", "1e9999999", "nan", "inf", "9" * 30])
def test_a_time_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.OperationFailed, match="no time of any clock"):
        unpack(tmp_path, member("a", pax={"mtime": text}))


@pytest.mark.parametrize("key", ["uid", "gid"])
@pytest.mark.parametrize("number", [-1, 2**32 - 1, 99999999999])
def test_an_owner_that_nobody_can_be_is_refused(tmp_path: Path, key: str, number: int) -> None:
    with pytest.raises(errors.OperationFailed, match="which nobody can be"):
        unpack(tmp_path, member("a", pax={key: str(number)}))


def test_an_attribute_that_none_can_be_called_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.OperationFailed, match="zero in its name"):
        unpack(tmp_path, member("a", pax={"SCHILY.xattr.user.a\0b": "x"}))


def test_a_list_that_makes_no_sense_is_left_out(tmp_path: Path) -> None:
    root = unpack(tmp_path, member("a", pax={"SCHILY.xattr.system.posix_acl_access": "odd"}))
    assert os.listxattr(root / "a") == []


def test_unpacking_stops_where_the_archive_does(tmp_path: Path) -> None:
    whole = archives.pack([member("a", data=b"x" * 5000), member("b")])
    (tmp_path / "cut").write_bytes(whole[:3000])
    with pytest.raises(errors.OperationFailed, match="cut short"):
        unpack_file(tmp_path / "cut", tmp_path / "root")
