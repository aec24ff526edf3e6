"""What is measured."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from statistics import median

from bench.installation import PLAIN, Installation, timed

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

Row = tuple[str, float, float | None]
"""What was done, our seconds, LXC's seconds."""


def measure_all(installation: Installation) -> Iterator[Row]:
    """All lines of the table, as they are measured."""
    yield "vzvirt --version", timed(lambda: installation.vzvirt("--version")), None
    installation.vzvirt("template", "build", "busybox")
    yield (
        "provision busybox",
        timed(
            lambda: installation.vzvirt("provision", CONTAINER),
            before=lambda: _fresh(installation),
        ),
        None,
    )
    yield from _list(installation)
    yield from _run(installation)


def _define(installation: Installation, ctid: int | str) -> None:
    installation.vzvirt("define", "-", stdin=DOCUMENT.format(ctid=ctid))


def _fresh(installation: Installation) -> None:
    if CONTAINER in installation.vzvirt("-q", "list", "--all").split():
        installation.vzvirt("undefine", "--remove-data", CONTAINER)
    _define(installation, CONTAINER)


def _list(installation: Installation) -> Iterator[Row]:
    yield "list, 1 container", timed(lambda: installation.vzvirt("list", "--all")), None
    numbers = iter(range(101, 101 + MANY - 1))
    yield (
        f"define (the median of {MANY - 1})",
        timed(lambda: _define(installation, next(numbers)), runs=MANY - 1),
        None,
    )
    yield f"list, {MANY} containers", timed(lambda: installation.vzvirt("list", "--all")), None


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
        yield f"{name}, busybox", mine, lxc


def _define_plain(installation: Installation) -> None:
    """The same template as a container of LXC's own."""
    root = installation.lxc_path / PLAIN / "rootfs"
    root.mkdir(parents=True)
    template = next((installation.root / "vz/template/cache").glob("busybox.tar*"))
    subprocess.run(["tar", "-C", root, "--numeric-owner", "-xf", template], check=True)
    (root.parent / "config").write_text(LXC_CONFIG.format(root=root))
