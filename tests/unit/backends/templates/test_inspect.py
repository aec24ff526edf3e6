from __future__ import annotations

import struct
from pathlib import Path

import pytest

from unit.backends.templates import archives
from unit.backends.templates.archives import Member, folder, hard_link, member, symlink
from vzvirt import errors
from vzvirt.backends.templates import inspect
from vzvirt.model.progress import no_progress
from vzvirt.model.storage import OsTemplate, TemplateDetails


def elf(machine: int, *, big: bool = False) -> bytes:
    order = ">" if big else "<"
    return (
        b"\x7fELF\x02" + (b"\2" if big else b"\1") + bytes(12) + struct.pack(f"{order}H", machine)
    )


def details(tmp_path: Path, *members: Member) -> TemplateDetails:
    path = archives.write(tmp_path / "t.tar", members)
    template = OsTemplate(name="t", path=path, size=1, compression="", modified_at=0)
    return inspect.details(template, no_progress)


def test_a_systemd_root_behind_links(tmp_path: Path) -> None:
    found = details(
        tmp_path,
        symlink("sbin", "usr/sbin"),
        symlink("usr/sbin/init", "../lib/systemd/systemd"),
        member("usr/lib/systemd/systemd", data=elf(183), mode=0o755),
        symlink("etc/os-release", "../usr/lib/os-release"),
        member("usr/lib/os-release", data=b"ID=x\nPRETTY_NAME='Some Linux 9'\n"),
    )
    assert (found.init, found.arch, found.distribution) == ("systemd", "aarch64", "Some Linux 9")
    assert found.entries == 5
    assert found.unpacked_size == 20 + 32


@pytest.mark.parametrize(
    ("target", "init"),
    [("/bin/busybox", "busybox"), ("busybox.init", "busybox"), ("init.real", "sysvinit")],
)
def test_inits_by_their_file(tmp_path: Path, target: str, init: str) -> None:
    names = ("bin/busybox", "sbin/busybox.init", "sbin/init.real")
    found = details(tmp_path, *(member(name) for name in names), symlink("sbin/init", target))
    assert found.init == init


def test_the_machine_of_a_hard_linked_program(tmp_path: Path) -> None:
    found = details(
        tmp_path,
        member("bin/tool", data=elf(22, big=True), mode=0o755),
        hard_link("sbin/init", "bin/tool"),
    )
    assert (found.arch, found.init) == ("s390x", "sysvinit")


def test_a_root_without_anything(tmp_path: Path) -> None:
    found = details(tmp_path, folder("etc"))
    assert (found.init, found.arch, found.distribution) == ("", "", "")


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ([folder("bin"), member("bin/sh")], "no folder /etc"),
        ([folder("etc"), member("readme")], "neither /sbin/init nor /bin/sh"),
        ([member("etc"), member("bin/sh")], "no folder /etc"),
        ([folder("root/etc"), member("root/bin/sh")], "no folder /etc"),
        ([folder("etc"), symlink("bin/sh", "/nowhere")], "neither"),
    ],
)
def test_what_is_no_root(tmp_path: Path, members: list[Member], missing: str) -> None:
    path = archives.write(tmp_path / "t.tar", members)
    _, archive = inspect.survey(path, "", no_progress)
    with pytest.raises(errors.OperationFailed, match=missing):
        inspect.check_is_root("it", archive)


def test_a_merged_root_is_one(tmp_path: Path) -> None:
    members = [folder("etc"), symlink("bin", "usr/bin"), member("usr/bin/sh")]
    path = archives.write(tmp_path / "t.tar", members)
    inspect.check_is_root("it", inspect.survey(path, "", no_progress)[1])
