"""Ways to the daemon beside naming its socket: where libvirt looks by itself, and ssh.

The far host is this one, with a ``/run`` of its own, in which the daemon's socket stands where
it does on a host that vzvirt is installed on.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from daemonlab import Daemon

pytestmark = pytest.mark.root  # mounts

FAR_HOST = """\
mount -t tmpfs none /run && mkdir /run/libvirt
ln -s {socket} /run/libvirt/virtopenvzd-sock
ln -s {read_only} /run/libvirt/virtopenvzd-sock-ro
"""

SSH = """\
#!/bin/sh
echo "$@" >>{log}
while [ "$1" != -- ]; do shift; done
shift 2
exec unshare --mount sh -c '{far_host}exec "$@"' sh sh -c "$*"
"""
"""A stand-in for ssh: what follows the host's name is run by a shell there."""


def far_host(daemon: Daemon) -> str:
    return FAR_HOST.format(socket=daemon.socket, read_only=daemon.read_only_socket)


@pytest.fixture
def ssh(memory_daemon: Daemon, tmp_path: Path) -> Path:
    program = tmp_path / "ssh"
    text = SSH.format(log=tmp_path / "log", far_host=far_host(memory_daemon))
    program.write_text(text)
    program.chmod(0o755)
    return program


def test_where_libvirt_looks(memory_daemon: Daemon) -> None:
    for words, readable in (((), "rw"), (("--readonly",), "ro")):
        virsh = ("virsh", "-q", *words, "-c", "openvz+unix:///system", "hostname")
        script = f'{far_host(memory_daemon)}exec "$@"'
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", *virsh],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.stdout.strip() == os.uname().nodename, (readable, done)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("", "which virt-ssh-helper"),
        ("&proxy=native", "sh -c 'virt-ssh-helper "),
        ("&socket={socket}", "nc' $ARG -U {socket}"),
    ],
)
def test_ssh(memory_daemon: Daemon, ssh: Path, words: str, command: str) -> None:
    """By virt-ssh-helper, and by nc where there is none or a socket is named."""
    words = words.format(socket=memory_daemon.socket)
    uri = f"openvz+ssh://somebody@far/system?command={ssh}{words}"
    assert memory_daemon.ok("hostname", uri=uri) == os.uname().nodename
    log = ssh.with_name("log").read_text()
    assert "far" in log
    assert command.format(socket=memory_daemon.socket) in log


def test_ssh_for_reading(memory_daemon: Daemon, ssh: Path) -> None:
    uri = f"openvz+ssh://far/system?command={ssh}"
    assert memory_daemon.ok("--readonly", "hostname", uri=uri)
    said = memory_daemon.refused("--readonly", "create", "/dev/stdin", uri=uri, stdin="<domain/>")
    assert "read only access" in said


def test_a_session_goes_on_through_it(memory_daemon: Daemon, ssh: Path) -> None:
    """Big answers and many calls, in both ways through nc."""
    uri = f"openvz+ssh://far/system?command={ssh}&socket={memory_daemon.socket}"
    script = "capabilities\n" * 20 + "hostname\n"
    said = memory_daemon.ok(uri=uri, stdin=script)
    assert said.count("<capabilities>") == 20
