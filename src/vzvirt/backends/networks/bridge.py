"""The bridge of a virtual network: batches for ``ip`` and ``tc``, and what the kernel says of it.

State: the bridge itself. What makes it ours is its alias, so nothing is noted elsewhere, and a
bridge of somebody else's is never changed or removed. The kernel makes a bridge with a MAC address
but takes the alias only then: one with its network's address and no alias is ours too, of a start
that was killed in between.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.model.devices import IpInterface, IpNetwork
from vzvirt.model.network import Network
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.process import run

PROC_NET: Final = Path("/proc/sys/net")

_DEVICES: Final = Path("/proc/net/dev")
"""Unlike ``/sys``, it shows the devices of whoever reads it, in whatever namespace he is."""

_WORLD: Final = {4: 8, 6: 7}
"""Routes with a shorter prefix lead to the world, by IP version."""

_KIBIBYTE_BITS: Final = 8 * 1024


def exists(name: str) -> bool:
    """Whether the host has a network device of a name."""
    lines = _DEVICES.read_text().splitlines()[2:]
    return any(line.partition(":")[0].strip() == name for line in lines)


@dataclass(frozen=True, slots=True)
class Seen:
    """A bridge as the kernel shows it: what its owner has written on it, and its MAC address."""

    alias: str
    mac: str


def see(name: str) -> Seen | None:
    """A bridge of this host; ``None``: there is none of that name."""
    if not exists(name):
        return None
    said = run(["ip", "-json", "link", "show", "dev", name, "type", "bridge"], check=False)
    rows = _rows(json.loads(said.stdout or b"[]"))
    found = [row for row in rows if row.get("ifname") == name]
    return Seen(str(found[0].get("ifalias", "")), str(found[0].get("address"))) if found else None


def making(network: Network, alias: str) -> str:
    """The batch for ``ip`` that makes a network's bridge with its addresses and routes.

    Args:
        network: The network; its bridge is named.
        alias: What makes the bridge ours.
    """
    return "".join(f"{line}\n" for line in _making(network, alias))


def speaks_stp(network: Network) -> bool:
    """Whether the bridge speaks the spanning tree protocol: where it may take its time to.

    With the protocol on, the kernel keeps each new port silent twice for two seconds at least,
    which would leave every container without a network for the first four seconds of its life.
    A delay of 0, which is what a network has that says nothing, asks for the contrary.
    """
    return network.stp and network.delay > 0


def _making(network: Network, alias: str) -> Iterator[str]:
    name = network.bridge
    mac = f" address {network.mac}" if network.mac is not None else ""
    yield (
        f"link add name {name}{mac} type bridge"
        f" forward_delay {network.delay * 100} stp_state {int(speaks_stp(network))}"
    )
    yield f'link set dev {name} alias "{alias}"'
    if network.mtu is not None:
        yield f"link set dev {name} mtu {network.mtu}"
    for item in network.addresses:
        # Nobody else is on the link yet who could have the address.
        how = "broadcast +" if item.interface.version == 4 else "nodad"
        yield f"address add {item.interface} {how} dev {name}"
    yield f"link set dev {name} up"
    for route in network.routes:
        metric = "" if route.metric is None else f" metric {route.metric}"
        family = "-6 " if route.destination.version == 6 else ""
        yield (
            f"{family}route add {route.destination} via {route.gateway} dev {name}"
            f" proto static{metric}"
        )


def limiting(network: Network) -> str:
    """The batch for ``tc`` that bounds what the guests together receive from beyond the bridge."""
    limit = network.inbound
    if limit is None:
        return ""
    rate = limit.average * _KIBIBYTE_BITS
    peak = max(rate, (limit.peak or 0) * _KIBIBYTE_BITS)
    burst = f" burst {limit.burst * 1024}b" if limit.burst else ""
    return (
        f"qdisc add dev {network.bridge} root handle 1: htb default 1\n"
        f"class add dev {network.bridge} parent 1: classid 1:1"
        f" htb rate {rate}bit ceil {peak}bit{burst}\n"
    )


def make(network: Network, alias: str) -> None:
    """Make a network's bridge.

    Raises:
        OperationFailed: The kernel refuses; what is made by then stays.
    """
    run(["ip", "-batch", "-"], stdin=making(network, alias).encode())
    _settle_ipv6(network)
    limits = limiting(network)
    if limits:
        run(["tc", "-batch", "-"], stdin=limits.encode())


def remove(name: str) -> None:
    """Remove a bridge; its ports stay, in none. Idempotent."""
    run(["ip", "link", "delete", "dev", name, "type", "bridge"], check=not exists(name))


def _settle_ipv6(network: Network) -> None:
    """The host listens to no router among its guests, and speaks no IPv6 where there is none."""
    folder = PROC_NET / "ipv6/conf" / (network.bridge or "")
    if not folder.exists():
        return  # this kernel has none
    speaks = any(item.interface.version == 6 for item in network.addresses)
    settings = {"accept_ra": 0, "autoconf": 0} if speaks else {"disable_ipv6": 1}
    with mapping_os_errors(f"set up IPv6 on '{network.bridge}'"):
        for name, value in settings.items():
            (folder / name).write_text(str(value))


def ranges() -> dict[IpInterface, str]:
    """Every address range that this host is in or has a route to, and by which device.

    The ways to the rest of the world are none: neither the default route, nor the halves of the
    address space that a VPN prefers to it.
    """
    found: dict[IpInterface, str] = {}
    for link in _listing("address"):
        for item in _rows(link.get("addr_info")):
            text = f"{item.get('local')}/{item.get('prefixlen')}"
            _note(found, text, str(link.get("ifname")))
    for version in ("-4", "-6"):
        for route in _listing(version, "route"):
            if route.get("dst") != "default" and "dev" in route:
                _note(found, str(route["dst"]), str(route["dev"]))
    return found


def _note(found: dict[IpInterface, str], text: str, device: str) -> None:
    try:
        address = ipaddress.ip_interface(text)
    except ValueError:
        return  # such as an address of a tunnel's other end
    if address.network.prefixlen < _WORLD[address.version]:
        return
    if not (address.is_loopback or address.is_link_local or address.is_multicast):
        found.setdefault(address, device)


def _listing(*words: str) -> list[dict[str, object]]:
    said = run(["ip", "-json", *words, "show"]).stdout
    return _rows(json.loads(said or b"[]"))


def _rows(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def overlapping(network: IpNetwork, one: IpInterface) -> bool:
    """Whether a range has addresses of a network."""
    return network.version == one.version and network.overlaps(one.network)
