"""Where the world is: how the host itself reaches the addresses of routed interfaces.

No state. A device is an uplink of an address if the address lies in its network, or if the
host's default route leaves by it. Forwarding is switched on here when it is first needed, and
stays on, since others may have come to need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.backends.netlink import rtnetlink
from vzvirt.backends.netlink.rtnetlink import KernelRoute
from vzvirt.model.devices import IpAddress, IpInterface
from vzvirt.system.files import mapping_os_errors

_SETTINGS: Final = Path("/proc/sys/net")
"""Shows the network namespace of whoever looks."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the host reaches an address.

    Attributes:
        uplinks: Devices on which it must be answered for.
        holder: Device of the host that has the address or an exact route to it, or ``None``.
    """

    uplinks: tuple[str, ...]
    holder: str | None = None


def ways(
    addresses: Iterable[IpInterface],
    routes: Callable[[int], list[KernelRoute]] = rtnetlink.routes,
) -> Mapping[IpAddress, Way]:
    """How the host reaches each of some addresses.

    Args:
        addresses: Which ones.
        routes: The host's routes of an IP version, if they have been looked up already.

    Raises:
        SystemFailure: The kernel does not answer.
    """
    wanted = list(dict.fromkeys(address.ip for address in addresses))
    found: dict[IpAddress, Way] = {}
    for version in dict.fromkeys(ip.version for ip in wanted):
        known = routes(version)
        found |= {ip: _way(ip, known) for ip in wanted if ip.version == version}
    return found


def _way(ip: IpAddress, routes: Iterable[KernelRoute]) -> Way:
    holder = None
    uplinks: list[str] = []
    for route in routes:
        if ip not in route.destination:
            continue
        if route.destination.prefixlen == ip.max_prefixlen:
            if route.is_own or route.table == rtnetlink.MAIN:
                holder = next(iter(route.devices), holder)
        elif route.table == rtnetlink.MAIN and (_is_connected(route) or _is_anywhere(route)):
            uplinks += route.devices
    return Way(tuple(dict.fromkeys(uplinks)), holder)


def _is_anywhere(route: KernelRoute) -> bool:
    return route.destination.prefixlen == 0


def _is_connected(route: KernelRoute) -> bool:
    return not route.has_gateway and not route.destination.is_link_local


def answer_for(found: Mapping[IpAddress, Way]) -> None:
    """Set what the kernel needs to forward to such addresses and to answer for them.

    Raises:
        SystemFailure: A setting cannot be written.
    """
    with mapping_os_errors("switch on forwarding"):
        if any(ip.version == 4 for ip in found):
            _set("ipv4/ip_forward", "1")
        if any(ip.version == 6 for ip in found):
            _forward_ipv6()
        for ip, way in found.items():
            for uplink in way.uplinks if ip.version == 6 else ():
                _set(f"ipv6/conf/{uplink}/proxy_ndp", "1")


def _forward_ipv6() -> None:
    """A router takes no router advertisements unless told to: keep those the host lives by."""
    switch = _SETTINGS / "ipv6/conf/all/forwarding"
    if switch.read_text().strip() == "1":
        return
    for device in (_SETTINGS / "ipv6/conf").iterdir():
        setting = device / "accept_ra"
        if setting.read_text().strip() == "1" and device.name not in {"all", "default"}:
            setting.write_text("2")
    switch.write_text("1")


def _set(setting: str, value: str) -> None:
    path = _SETTINGS / setting
    if path.read_text().strip() != value:
        path.write_text(value)
