"""What a container holds of the host's network: ``run/vzvirt/links/CTID.json``.

Written before anything of it is made, so that whatever a crash leaves can be found and taken
away. Nothing of it outlives a reboot of the host, so nothing is synced.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vzvirt.model.values import Ctid
from vzvirt.system.files import make_folder, mapping_os_errors, read_bytes, write_atomic
from vzvirt.system.root import Root


@dataclass(slots=True)
class Held:
    """Everything of one container.

    Attributes:
        links: Devices on the host.
        proxies: Addresses that the host answers for, and on which devices.
        filtered: Devices that have filters.
        shared: By their names inside, the devices that its own ones share, by macvlan.
    """

    links: list[str] = field(default_factory=list)
    proxies: dict[str, list[str]] = field(default_factory=dict)
    filtered: list[str] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)

    def add(self, other: Held) -> None:
        """Hold more."""
        self.links += [link for link in other.links if link not in self.links]
        for address, devices in other.proxies.items():
            known = self.proxies.setdefault(address, [])
            known += [device for device in devices if device not in known]
        self.filtered += [link for link in other.filtered if link not in self.filtered]
        self.shared |= other.shared


def sharers(root: Root, device: str) -> list[int]:
    """Containers that share a device of the host, which does not show it while they do."""
    found = []
    for path in root.path("run/vzvirt/links").glob("[0-9]*.json"):
        data = read_bytes(path)
        if data is not None and device in Held(**json.loads(data)).shared.values():
            found.append(int(path.stem))
    return sorted(found)


class HeldFile:
    """The note on one container."""

    def __init__(self, root: Root, ctid: Ctid) -> None:
        self.path: Path = root.path(f"run/vzvirt/links/{ctid}.json")

    def read(self) -> Held | None:
        """What it holds; ``None``: nothing."""
        data = read_bytes(self.path)
        return None if data is None else Held(**json.loads(data))

    def write(self, held: Held) -> None:
        """Note it."""
        make_folder(self.path.parent, 0o700)
        write_atomic(self.path, json.dumps(asdict(held)).encode(), durable=False)

    def add(self, more: Held) -> None:
        """Note more."""
        held = self.read() or Held()
        held.add(more)
        self.write(held)

    def remove(self) -> None:
        """It holds nothing any more; idempotent."""
        with mapping_os_errors(f"remove '{self.path}'"):
            self.path.unlink(missing_ok=True)
