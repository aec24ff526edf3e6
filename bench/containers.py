"""How long it takes to define, list, start, look into and end containers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from statistics import median

from bench.installation import PLAIN, Installation, timed
from bench.rows import Row

MANY = 200
CONTAINER = "1000"

DOCUMENT = """
<domain type='openvz' id='{ctid}'>
  <name>bench-{ctid}</name>
  <devices>
    <filesystem type='template'><source name='busybox'/></filesystem>
  </devices>
</domain>
"""

LXC_CONFIG = """
lxc.uts.name = plain
lxc.rootfs.path = dir:{root}
lxc.net.0.type = empty
lxc.apparmor.profile = unchanged
lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
"""

LIST_MOST = 0.15
"""Seconds that a list of ``MANY`` containers may take."""


def measure(installation: Installation) -> Iterator[Row]:
    """The lines, as they are measured."""
    yield Row(name="vzvirt --version", ours=timed(lambda: installation.vzvirt("--version")))
    installation.vzvirt("template", "build", "busybox")
    provision = timed(
        lambda: installation.vzvirt("provision", CONTAINER), before=lambda: _fresh(installation)
    )
    yield Row(name="provision busybox", ours=provision)
    yield from _list(installation)
    yield from _run(installation)


def _define(installation: Installation, ctid: int | str) -> None:
    installation.vzvirt("define", "-", stdin=DOCUMENT.format(ctid=ctid))


def _fresh(installation: Installation) -> None:
    if CONTAINER in installation.vzvirt("-q", "list", "--all").split():
        installation.vzvirt("undefine", "--remove-data", CONTAINER)
    _define(installation, CONTAINER)


def _list(installation: Installation) -> Iterator[Row]:
    def list_all() -> str:
        return installation.vzvirt("list", "--all")

    yield Row(name="list, 1 container", ours=timed(list_all))
    numbers = iter(range(101, 101 + MANY - 1))
    define = timed(lambda: _define(installation, next(numbers)), runs=MANY - 1)
    yield Row(name=f"define (the median of {MANY - 1})", ours=define)
    yield Row(name=f"list, {MANY} containers", ours=timed(list_all), goal=LIST_MOST)


def _run(installation: Installation) -> Iterator[Row]:
    """Start, run something in and kill a container: ours, and LXC's with a copy of its root.

    LXC's has no quota, no limits, no user namespace and no seccomp profile: the ratio is what
    these cost, together with reading the definition, locking, and writing state.
    """
    _define_plain(installation)
    ours = [("start", CONTAINER), ("exec", CONTAINER, "--", "true"), ("kill", CONTAINER)]
    theirs = [("lxc-start",), ("lxc-attach", "--", "true"), ("lxc-stop", "--kill")]
    rounds = [
        (
            [timed(partial(installation.vzvirt, *arguments), runs=1) for arguments in ours],
            [timed(partial(installation.lxc, *arguments), runs=1) for arguments in theirs],
        )
        for _ in range(9)
    ]
    for index, name in enumerate(("start", "exec true", "kill")):
        mine, lxc = (median(row[column][index] for row in rounds) for column in (0, 1))
        yield Row(name=f"{name}, busybox (beside it: LXC's own tool)", ours=mine, beside=lxc)


def _define_plain(installation: Installation) -> None:
    """The same template as a container of LXC's own."""
    root = installation.lxc_path / PLAIN / "rootfs"
    root.mkdir(parents=True)
    template = next((installation.root / "vz/template/cache").glob("busybox.tar*"))
    subprocess.run(["tar", "-C", root, "--numeric-owner", "-xf", template], check=True)
    (root.parent / "config").write_text(LXC_CONFIG.format(root=root))
