from __future__ import annotations

import re
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.templates import busybox
from vzvirt.model.progress import no_progress
from vzvirt.system import process


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("busybox") / "t.tar.gz"
    busybox.build(path, None, no_progress)
    return path


def text(tarball: Path, path: str) -> str:
    with tarfile.open(tarball) as archive:
        file = archive.extractfile(f"./{path}")
        assert file is not None
        return file.read().decode()


def test_it_is_small_and_has_what_a_system_needs(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        members = {member.name.removeprefix("./"): member for member in archive}
    assert tarball.stat().st_size < 3 << 20
    for path in ("etc/inittab", "etc/passwd", "etc/shadow", "etc/group", "bin/sh", "sbin/init"):
        assert path in members
    assert members["etc/shadow"].mode == 0o600
    assert members["tmp"].mode == 0o1777
    assert {member.uid for member in members.values()} == {0}
    assert all(member.isfile() or member.isdir() or member.issym() for member in members.values())


def test_nobody_can_log_in_before_a_password_is_set(tarball: Path) -> None:
    for line in text(tarball, "etc/shadow").splitlines():
        assert line.split(":")[1] == "*"


@pytest.mark.parametrize(
    "path", ["sbin/busybox.init", "etc/init.d/rcS", "etc/init.d/rcK", "etc/udhcpc/default.script"]
)
def test_its_scripts_are_valid(tarball: Path, path: str) -> None:
    script = text(tarball, path)
    assert script.startswith("#!/bin/sh\n")
    checked = subprocess.run(["busybox", "sh", "-n"], input=script.encode(), check=False)
    assert checked.returncode == 0


def test_each_action_of_the_inittab_is_understood(tarball: Path) -> None:
    init = text(tarball, "sbin/busybox.init")
    for line in text(tarball, "etc/inittab").splitlines():
        if not line.startswith("#"):
            action = line.split(":")[2]
            assert re.search(rf"actions {action} ", init), action


def test_a_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidArgument, match="no suites"):
        busybox.build(tmp_path / "x", "bookworm", no_progress)


def test_progress_is_shown_to_the_end(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    busybox.build(tmp_path / "x", None, lambda *step: steps.append(step))
    assert steps[-1][1] == steps[-1][2]


def test_a_busybox_with_libraries_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "busybox"
    program.write_bytes(b"\x7fELF" + b"/lib64/ld-linux-x86-64.so.2\0")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(process, "ADMINISTRATORS", ())
    with pytest.raises(errors.NoSupport, match="needs libraries") as caught:
        busybox.build(tmp_path / "x", None, no_progress)
    assert caught.value.hint == "apt install busybox-static"
    program.unlink()
    with pytest.raises(errors.NoSupport, match="no busybox"):
        busybox.build(tmp_path / "x", None, no_progress)
