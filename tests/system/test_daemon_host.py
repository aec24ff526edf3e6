"""The daemon of a host's own installation, where clients find it without being told.

The host is this one behind an overlay, so that what is written to it is written nowhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemonlab import PATIENCE, PROGRAM

pytestmark = pytest.mark.root

SOURCE = Path(os.environ["PYTHONPATH"])

ENTER = """\
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/host"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/host"
mount --rbind /dev "$1/host/dev"
mount -t proc proc "$1/host/proc"
mount -t tmpfs tmpfs "$1/host/run"
for folder in "$2" "$3"; do
    mkdir -p "$1/host$folder"
    mount --bind "$folder" "$1/host$folder"
done
exec sleep 1000
"""


FAR_SHELL = """\
#!/bin/sh
# Stands for ssh: a shell here does what one on the far host is asked to.
for last; do :; done
exec sh -c "$last"
"""


class Host:
    """A host like this one."""

    def __init__(self, keeper: subprocess.Popen[bytes], root: Path) -> None:
        self.words = (
            *("nsenter", f"--mount=/proc/{keeper.pid}/ns/mnt", "--"),
            *("chroot", str(root), "env", "-u", "VZVIRT_ROOT", f"PYTHONPATH={SOURCE}"),
        )

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.words, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ok(self, *words: str) -> str:
        done = subprocess.run(
            [*self.words, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done
        return done.stdout.strip()


@pytest.fixture
def host() -> Iterator[Host]:
    if os.geteuid() != 0:
        pytest.skip("mounts need root")
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-host.", dir="/var/tmp"))
    keeper = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", ENTER, "enter", folder, SOURCE, sys.prefix]
    )
    try:
        until = time.monotonic() + PATIENCE
        while Path(f"/proc/{keeper.pid}/comm").read_text() != "sleep\n":
            assert keeper.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        yield Host(keeper, folder / "host")
    finally:
        keeper.kill()
        keeper.wait()
        shutil.rmtree(folder)


@contextlib.contextmanager
def daemon(host: Host) -> Iterator[subprocess.Popen[str]]:
    """The daemon of that host, which listens."""
    process = host.spawn(*PROGRAM, "--engine", "memory")
    try:
        assert process.stdout is not None
        heard = [process.stdout.readline() for _ in range(4)]
        assert "virtopenvzd-sock-ro" in heard[3], heard
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def test_no_socket_needs_to_be_named(host: Host) -> None:
    with daemon(host):
        uri = "openvz+unix:///system"
        assert host.ok("virsh", "-c", uri, "hostname") == os.uname().nodename
        assert host.ok("virsh", "-r", "-c", uri, "uri") == uri
        modes = host.ok("stat", "-c", "%a", "/run/libvirt/virtopenvzd-sock")
        assert modes == "700"
    assert host.ok("find", "/run/libvirt", "-name", "virt*") == ""


def test_the_helper_for_ssh_finds_it(host: Host) -> None:
    ssh = "/run/ssh"
    host.ok("sh", "-c", 'echo "$1" > "$2"; chmod 755 "$2"', "sh", FAR_SHELL, ssh)
    with daemon(host):
        for proxy in ("native", "netcat&socket=/run/vzvirt/vzvirt-sock"):
            uri = f"openvz+ssh://far/system?command={ssh}&proxy={proxy}"
            assert host.ok("virsh", "-c", uri, "hostname") == os.uname().nodename
        assert host.ok("virsh", "-r", "-c", f"openvz+ssh://far/system?command={ssh}", "list") != ""
