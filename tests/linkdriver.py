"""Change a device of a container, in whichever namespace this process was started.

``python linkdriver.py ROOT attach|update|detach REFERENCE live|persistent|both``; the device's
XML comes on stdin. ``counters`` and ``addresses`` print JSON; ``reconcile`` is for all.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from vzvirt import bootstrap
from vzvirt.backends.netlink import NetlinkLinks
from vzvirt.codec.xml import read_device
from vzvirt.config import Settings
from vzvirt.manager import links
from vzvirt.model.affect import Affect
from vzvirt.system.root import Root

AFFECT = {"live": Affect.LIVE, "persistent": Affect.STORED, "both": Affect.BOTH}


def main() -> None:
    root, action, ref, *rest = sys.argv[1:]
    manager = bootstrap.manager(Settings(root=Path(root), engine="lxc"))
    if action in {"counters", "addresses"}:
        look(manager._world, NetlinkLinks(Root(Path(root))), action, ref)
        return
    if action == "reconcile":
        manager.connections.reconcile()
        return
    where = rest[0]
    device = read_device(sys.stdin.read()).device
    change = getattr(manager.devices, action)
    change(ref, device, AFFECT[where])


def look(world: object, backend: NetlinkLinks, action: str, ref: str) -> None:
    ctid = world.store.find(ref)  # type: ignore[attr-defined]  # a manager's own world
    pid = world.engine.observe(ctid).init_pid  # type: ignore[attr-defined]
    domain = world.effective(ctid)  # type: ignore[attr-defined]
    if action == "addresses":
        found = backend.addresses(pid)
    else:
        plugs = links.plugs(world, domain, start=False)  # type: ignore[arg-type]
        found = backend.counters(ctid, pid, plugs, links.nics(world, domain))  # type: ignore[arg-type, assignment]
    json.dump([dataclasses.asdict(item) for item in found], sys.stdout, default=str)


if __name__ == "__main__":
    main()
