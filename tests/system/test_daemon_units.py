"""What ``vzvirt install-units`` writes, judged by systemd's own tools."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import Vzvirt
from vzvirt.server.sockets import PASSED

UNITS = "etc/systemd/system"


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vzvirt-units.", dir="/var/tmp") as name:
        folder = Path(name)
        Vzvirt(folder, "memory")("install-units", "--quiet", "--program", "/bin/true")
        yield folder


def tool(*words: str | Path, path: Path | None = None) -> str:
    """Run a tool of systemd's; what it said."""
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{path}:"} if path else None
    done = subprocess.run(
        words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def test_systemd_understands_the_units(root: Path) -> None:
    units = sorted((root / UNITS).iterdir())
    assert {unit.name for unit in units} == {
        "vzvirtd.service",
        "vzvirt-containers.service",
        *(f"{name}.socket" for name in PASSED),
    }
    assert tool("systemd-analyze", "verify", "--man=no", *units, path=root / UNITS) == ""


def test_each_socket_is_known_by_its_name(root: Path) -> None:
    for name, (read_only, _) in PASSED.items():
        text = (root / UNITS / f"{name}.socket").read_text()
        assert f"FileDescriptorName={name}\n" in text
        assert "Service=vzvirtd.service\n" in text
        if "/run/" in text:
            assert ("-ro\n" in text) is read_only


def test_the_group_and_the_folders_are_made(root: Path) -> None:
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    tool("systemd-sysusers", f"--root={root}", root / "etc/sysusers.d/vzvirt.conf")
    assert "\nvzvirt:x:" in (root / "etc/group").read_text()
    tool("systemd-tmpfiles", f"--root={root}", "--create", root / "etc/tmpfiles.d/vzvirt.conf")
    for name in ("run/vzvirt", "run/libvirt"):
        assert (root / name).is_dir()
        assert (root / name).stat().st_mode & 0o777 == 0o755


def test_the_program_is_this_vzvirts_own(root: Path) -> None:
    Vzvirt(root, "memory")("install-units", "--quiet")
    text = (root / UNITS / "vzvirtd.service").read_text()
    command = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    words = command.removeprefix("ExecStart=").split()
    version = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("vzvirtd ")
    assert "@" not in text
