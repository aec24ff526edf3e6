"""The programs that configure networks in guests, as a table, and what each is to be told.

No state. Interfaces that the definition configures are made by the host before the guest's
init runs. What a guest's own program is told is therefore mostly to let them be; where DHCP is
to be asked, one of the programs that are there is told to do it. Each row says how its program
is recognised and what its files then hold: the same for Debian, Alpine, RHEL or Arch, wherever
the program is found. What netplan or a tool of a cloud generates is read by one of these.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from vzvirt.backends.guestfiles import ifupdown
from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.backends.guestfiles.guestlinks import GuestRoute, Link, Links
from vzvirt.ports.guestfiles import Refresh

_SYSTEMD: Final = "/etc/systemd/system"
_RUNLEVELS: Final = ("/etc/runlevels/boot", "/etc/runlevels/default")
_SYSTEM_V: Final = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc.d/rc3.d")

_NETWORKD: Final = "/etc/systemd/network"
_NETWORKD_ON: Final = f"{_SYSTEMD}/multi-user.target.d/00-vzvirt.conf"
_CONNECTIONS: Final = "/etc/NetworkManager/system-connections"
_SCRIPTS: Final = "/etc/sysconfig/network-scripts"


@dataclass(frozen=True, slots=True)
class NetworkProgram:
    """A program that configures networks.

    Attributes:
        service: What it is called where services are switched on.
        programs: It is there if one of these is,
        home: and the folder that its settings are in.
        write: Writes its files; of no links: removes what an earlier call left.
        ask: Shell commands by which it takes notice of its files while the guest runs, and asks
            DHCP for the interface ``$1``.
        can_switch_on: Whether ``write`` sees to it that it runs when it is to ask DHCP.
    """

    service: str
    programs: tuple[str, ...]
    home: str
    write: Callable[[Editor, Links], None]
    ask: str
    can_switch_on: bool = False

    def order(self, name: str) -> Refresh:
        """What makes it ask DHCP for an interface; nobody waits for the answer."""
        commands = f"{{ {self.ask}; }} > /dev/null 2>&1 < /dev/null &"
        return ("/bin/sh", "-c", commands, "sh", name)

    def is_there(self, editor: Editor) -> bool:
        """Whether a guest has it."""
        return editor.has(*self.programs) and editor.guest.is_folder(self.home)

    def is_on(self, editor: Editor) -> bool:
        """Whether it runs when the guest boots."""
        unit = f"{self.service}.service"
        wanted = [name for name in editor.names(_SYSTEMD) if name.endswith(".wants")]
        return (
            any(editor.has(f"{_SYSTEMD}/{folder}/{unit}") for folder in wanted)
            or any(editor.has(f"{folder}/{self.service}") for folder in _RUNLEVELS)
            or any(
                name[:1] == "S" and name[3:] == self.service
                for folder in _SYSTEM_V
                for name in editor.names(folder)
            )
        )


def _write_networkd(editor: Editor, links: Links) -> None:
    files = {f"00-vzvirt-{link.name}.network": list(_network_unit(link)) for link in links}
    editor.own_family(_NETWORKD, "00-vzvirt-", files)
    # Where nobody ever had a use for it, it is not switched on.
    needed = any(link.asks for link in links)
    editor.own(_NETWORKD_ON, ["[Unit]", "Wants=systemd-networkd.service"] if needed else [])


def _network_unit(link: Link) -> Iterator[str]:
    yield from ("[Match]", f"Name={link.name}")
    if link.is_others:
        yield from ("[Link]", "Unmanaged=yes")
        return
    yield "[Network]"
    if link.is_routed:
        yield "LinkLocalAddressing=no"
    if link.is_routed or (link.addresses(6) and not link.asks_for(6)):
        yield "IPv6AcceptRA=no"
    if not link.asks:
        # Managed, so that those who wait for the network see it; but its addresses are not
        # said again: some versions fail on a kernel that has them already.
        yield "KeepConfiguration=yes"
        return
    asked = [name for version, name in ((4, "ipv4"), (6, "ipv6")) if link.asks_for(version)]
    yield f"DHCP={'yes' if len(asked) == 2 else asked[0]}"
    yield from (f"Address={address}" for address in link.addresses())
    for route in link.routes():
        yield from _network_route(route)


def _network_route(route: GuestRoute) -> Iterator[str]:
    yield from ("[Route]", f"Destination={route.destination}")
    if route.gateway is not None:
        yield f"Gateway={route.gateway}"
    if route.on_link:
        yield "GatewayOnLink=yes"
    if route.metric is not None:
        yield f"Metric={route.metric}"


def _write_network_manager(editor: Editor, links: Links) -> None:
    kept = [f"interface-name:{link.name}" for link in links if not link.asks]
    lines = ["[keyfile]", f"unmanaged-devices+={';'.join(kept)}"] if kept else []
    editor.own("/etc/NetworkManager/conf.d/99-vzvirt.conf", lines)
    files = {f"vzvirt-{x.name}.nmconnection": list(_connection(x)) for x in links if x.asks}
    # It takes no notice of files that others could read.
    editor.own_family(_CONNECTIONS, "vzvirt-", files, 0o600)


def _connection(link: Link) -> Iterator[str]:
    yield from ("[connection]", f"id=vzvirt-{link.name}", "type=ethernet")
    yield from (f"interface-name={link.name}", "autoconnect-priority=100")
    for version, otherwise in ((4, "disabled"), (6, "ignore")):
        addresses = link.addresses(version)
        method = "auto" if link.asks_for(version) else "manual" if addresses else otherwise
        yield from (f"[ipv{version}]", f"method={method}")
        for number, address in enumerate(addresses, 1):
            yield f"address{number}={address}"
        routes = (route for route in link.routes() if route.version == version)
        for number, route in enumerate(routes, 1):
            metric = f",{route.metric}" if route.metric is not None else ""
            yield f"route{number}={route.destination},{route.gateway}{metric}"


def _write_network_scripts(editor: Editor, links: Links) -> None:
    wanted = {f"ifcfg-{x.name}": list(_ifcfg(x)) for x in links if not x.is_others}
    stale = [name for name in editor.names(_SCRIPTS) if name.startswith("ifcfg-")]
    for name in dict.fromkeys([*stale, *wanted]):
        # One file is all there can be for an interface: the guest's is set aside as a whole.
        editor.block(f"{_SCRIPTS}/{name}", wanted.get(name, ()), _all_lines, drop_empty=True)


def _all_lines(_line: bytes) -> bool:
    return True


def _ifcfg(link: Link) -> Iterator[str]:
    yield f"DEVICE={shlex.quote(link.name)}"
    yield "NM_CONTROLLED=no"
    yield f"ONBOOT={'yes' if link.asks else 'no'}"
    yield f"BOOTPROTO={'dhcp' if link.asks_for(4) else 'none'}"
    if link.asks_for(6):
        yield from ("IPV6INIT=yes", "DHCPV6C=yes")


def _write_dhcpcd(editor: Editor, links: Links) -> None:
    """It asks for every interface that it is not told to leave alone."""
    kept = [link.name for link in links if not link.interface.dhcp]
    editor.block("/etc/dhcpcd.conf", [f"denyinterfaces {' '.join(kept)}"] if kept else [])


NETWORK_PROGRAMS: Final = (
    NetworkProgram(
        "NetworkManager",
        ("/usr/sbin/NetworkManager", "/usr/bin/NetworkManager"),
        "/etc/NetworkManager",
        _write_network_manager,
        'nmcli general reload; nmcli connection reload; nmcli connection up "vzvirt-$1"',
    ),
    NetworkProgram(
        "networking",
        ("/sbin/ifup", "/usr/sbin/ifup"),
        "/etc/network",
        ifupdown.write,
        'ifdown "$1"; ifup "$1"',
    ),
    NetworkProgram(
        "network",
        (f"{_SCRIPTS}/ifup-eth",),
        _SCRIPTS,
        _write_network_scripts,
        'ifdown "$1"; ifup "$1"',
    ),
    NetworkProgram("dhcpcd", ("/etc/dhcpcd.conf",), "/etc", _write_dhcpcd, 'dhcpcd -n "$1"'),
    NetworkProgram(
        "systemd-networkd",
        ("/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd"),
        "/etc/systemd",
        _write_networkd,
        "systemctl daemon-reload; systemctl start systemd-networkd; networkctl reload; "
        'networkctl reconfigure "$1"',
        can_switch_on=True,
    ),
)
"""In the order in which they are told to ask DHCP where several run."""
