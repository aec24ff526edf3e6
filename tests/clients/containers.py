"""A container that runs, for tests of what clients do with one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from daemonlab import Daemon

MIB = 1024

HOST_END = f"vzc{os.getpid()}"
"""Of an interface: other tests on this machine have another."""

XML = """
<domain type='openvz'>
  <name>{name}</name>
  <memory unit='MiB'>256</memory>
  <memtune><swap_hard_limit unit='MiB'>320</swap_hard_limit></memtune>
  <os><type>exe</type></os>
  <devices>
    <filesystem type='template'><source name='busybox'/><target dir='/'/></filesystem>
    {devices}
  </devices>
</domain>
"""


@contextmanager
def running(daemon: Daemon, name: str = "web", devices: str = "") -> Iterator[Daemon]:
    """A container made from the busybox template, started; gone in the end."""
    if daemon.engine == "memory":
        daemon.vzvirt.call("template", "build", "busybox")
    daemon.ok("define", "/dev/stdin", stdin=XML.format(name=name, devices=devices))
    try:
        daemon.ok("start", name)
        yield daemon
    finally:
        daemon.virsh("destroy", name)
        daemon.vzvirt.call("undefine", "--remove-data", name)


def facts(text: str, separator: str = ":") -> dict[str, str]:
    """Lines of a name and a value."""
    pairs = (line.split(separator, 1) for line in text.splitlines() if separator in line)
    return {name.strip(): value.strip() for name, value in pairs}
