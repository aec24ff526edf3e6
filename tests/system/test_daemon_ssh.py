"""The ssh transport: what libvirt's clients run on the far host, run here instead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import daemonlab
from daemonlab import Daemon

FAR_SHELL = """\
#!/bin/sh
# Stands for ssh: forgets the host and its own options, and lets a shell do what is asked of it.
while [ $# -gt 0 ]; do
    case $1 in
        -T|-n) shift ;;
        -e|-p|-l|-i|-o) shift 2 ;;
        --) shift; break ;;
        *) break ;;
    esac
done
shift
printf '%s\\n' "$*" >> "$(dirname "$0")/asked"
exec sh -c "$*"
"""


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with daemonlab.running("memory") as running:
        yield running


@pytest.fixture
def ssh(tmp_path: Path) -> Path:
    program = tmp_path / "ssh"
    program.write_text(FAR_SHELL)
    program.chmod(0o755)
    return program


def test_virsh_comes_through_netcat(daemon: Daemon, ssh: Path) -> None:
    uri = f"openvz+ssh://far/system?socket={daemon.socket}&command={ssh}"
    assert daemon.ok("hostname", uri=uri) == os.uname().nodename
    assert "nc" in (ssh.parent / "asked").read_text()
    assert daemon.ok("list", "--all", uri=uri) == ""


def test_a_large_answer_comes_through_whole(daemon: Daemon, ssh: Path, tmp_path: Path) -> None:
    described = "x" * 300_000
    xml = tmp_path / "large.xml"
    xml.write_text(
        f"<domain type='openvz'><name>large</name><description>{described}</description>"
        "<devices><filesystem type='template'><source name='busybox'/></filesystem></devices>"
        "</domain>"
    )
    uri = f"openvz+ssh://far/system?socket={daemon.socket}&command={ssh}"
    daemon.ok("define", xml, uri=uri)
    assert described in daemon.ok("dumpxml", "large", uri=uri)


def test_read_only_holds_there_too(daemon: Daemon, ssh: Path) -> None:
    uri = f"openvz+ssh://far/system?socket={daemon.read_only_socket}&command={ssh}"
    xml = "<domain type='openvz'><name>no</name></domain>"
    assert "read only access" in daemon.refused("define", "/dev/stdin", uri=uri, stdin=xml)
