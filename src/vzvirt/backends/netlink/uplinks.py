"""Where the world is: how the host itself reaches the addresses of routed interfaces.

No state. A device is an uplink of an address if the address lies in its network, or if the
host's default route leaves by it. Forwarding is switched on here when it is first needed, and
stays on, since others may have come to need it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.backends.netlink import kernel, names
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
        ours: Whether that route is one of ours.
    """

    uplinks: tuple[str, ...]
    holder: str | None = None
    ours: bool = False


def ways(addresses: Iterable[IpInterface]) -> Mapping[IpAddress, Way]:
    """How the host reaches each of some addresses."""
    wanted = list(dict.fromkeys(address.ip for address in addresses))
    found: dict[IpAddress, Way] = {}
    for version in dict.fromkeys(ip.version for ip in wanted):
        same = [ip for ip in wanted if ip.version == version]
        answers = iter(kernel.look_each(version, [line for ip in same for line in _looks(ip)]))
        found |= {ip: _way(ip, next(answers), next(answers)) for ip in same}
    return found


def _looks(ip: IpAddress) -> tuple[str, str]:
    return (f"route show table main match {ip}", f"route show table local match {ip}")


def _way(ip: IpAddress, main: list[dict[str, str]], local: list[dict[str, str]]) -> Way:
    holder, ours = None, False
    for route in main:
        if route["dst"] == str(ip):
            holder, ours = route.get("dev"), route.get("protocol") == names.ROUTE_PROTOCOL
    for route in local:
        if route.get("type") == "local" and route["dst"] == str(ip):
            holder, ours = route.get("dev"), False
    devices = [
        str(route["dev"])
        for route in main
        if "dev" in route and (_connected(route) or _anywhere(route)) and route["dst"] != str(ip)
    ]
    return Way(tuple(dict.fromkeys(devices)), holder, ours)


def _anywhere(route: Mapping[str, str]) -> bool:
    return route["dst"] == "default"


def _connected(route: Mapping[str, str]) -> bool:
    if "gateway" in route or _anywhere(route):
        return False
    network = ipaddress.ip_network(route["dst"], strict=False)
    return network.prefixlen < network.max_prefixlen and not network.is_link_local


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
