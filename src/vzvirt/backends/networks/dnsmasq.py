"""What a network's dnsmasq is told, and what it says it has leased.

Pure. All it is told is in one file, which it reads before it gives up its privileges: no folder
of ours need be open to its user. It never reads the host's own configuration of dnsmasq, nor the
host's ``/etc/hosts``; only the name servers of the host are asked, unless the network says whom.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    DnsForwarder,
    ForwardMode,
    Lease,
    Network,
    NetworkAddress,
    NetworkDns,
)
from vzvirt.model.values import MacAddress

LEASES_MAX: Final = 65536
"""Leases that are kept at most, however large a range is."""


def is_needed(network: Network) -> bool:
    """Whether a network has anything to ask or to be given."""
    if network.forward.mode is ForwardMode.BRIDGE or not network.addresses:
        return False
    return network.dns.enabled or any(_is_served(item) for item in network.addresses)


def _is_served(item: NetworkAddress) -> bool:
    """Whether addresses are given out: by DHCP, or for IPv6 by announcing the network."""
    return bool(item.ranges or item.hosts) or item.interface.version == 6


def config(network: Network, *, pid_file: Path, leases: Path, user: str | None) -> str:
    """The whole configuration of a network's dnsmasq.

    Args:
        network: The network; its bridge is named.
        pid_file: Where the program says that it runs.
        leases: Where it keeps what it has given out.
        user: Whom it runs as once it has its sockets; ``None``: whom it was built for.
    """
    lines = [
        "# Written anew at each start and change of the network.",
        f"pid-file={pid_file}",
        f"dhcp-leasefile={leases}",
        f"interface={network.bridge}",
        "except-interface=lo",
        "bind-dynamic",
        "no-hosts",
        *([f"user={user}"] if user is not None else []),
        *_dns(network),
        *_dhcp(network),
    ]
    return "\n".join(lines) + "\n"


def _dns(network: Network) -> Iterator[str]:
    dns, domain = network.dns, network.dns_domain
    if domain is not None:
        yield f"domain={domain}"
    if not dns.enabled:
        yield "port=0"
        return
    if not dns.forward_plain_names:
        yield "domain-needed"
    if domain is not None:
        yield "expand-hosts"
        if network.dns_domain_local:
            yield f"local=/{domain}/"
    if network.forward.mode is ForwardMode.ISOLATED or any(
        item.domain is None for item in dns.forwarders
    ):
        yield "no-resolv"
    yield from map(_forwarder, dns.forwarders)
    yield from _names(dns, domain)


def _forwarder(item: DnsForwarder) -> str:
    """``#`` stands for the usual name servers."""
    address = "#" if item.address is None else str(item.address)
    return f"server={address}" if item.domain is None else f"server=/{item.domain}/{address}"


def _names(dns: NetworkDns, domain: str | None) -> Iterator[str]:
    """Names of the network's own; short ones hold with its domain behind them, too."""
    for host in dns.hosts:
        names = [
            spelling
            for name in host.names
            for spelling in (
                [name] if domain is None or "." in name else [f"{name}.{domain}", name]
            )
        ]
        yield f"host-record={','.join(dict.fromkeys(names))},{host.address}"


def _dhcp(network: Network) -> Iterator[str]:
    served = [item for item in network.addresses if _is_served(item)]
    if not served:
        return
    yield "dhcp-authoritative"
    yield "no-ping"  # the leases are kept for good, and a look would cost each guest 3 s
    yield f"dhcp-lease-max={_lease_count(served)}"
    if any(item.interface.version == 4 for item in served):
        if network.forward.mode is ForwardMode.ISOLATED:
            yield "dhcp-option=option:router"
        if network.mtu is not None:
            yield f"dhcp-option=option:mtu,{network.mtu}"
    if any(item.interface.version == 6 for item in served):
        yield "enable-ra"
        yield from _announcement(network)
    for item in served:
        yield from _ranges(item)
        yield from map(_fixed_lease, item.hosts)


def _announcement(network: Network) -> Iterator[str]:
    """What routers announce beside the prefix: no way out of an isolated network, the MTU."""
    mtu = "" if network.mtu is None else f"mtu:{network.mtu},"
    if network.forward.mode is ForwardMode.ISOLATED:
        yield f"ra-param={network.bridge},{mtu}0,0"
    elif mtu:
        yield f"ra-param={network.bridge},{mtu}0"


def _ranges(item: NetworkAddress) -> Iterator[str]:
    network = item.interface.network
    extent = str(network.netmask) if network.version == 4 else str(network.prefixlen)
    for part in item.ranges:
        yield f"dhcp-range={part.start},{part.end},{extent}"
    if not item.ranges:
        how = "static" if item.hosts else "ra-only"
        yield f"dhcp-range={network.network_address},{how},{extent}"


def _fixed_lease(host: DhcpHost) -> str:
    who = [str(host.mac)] if host.mac is not None else []
    who += [f"id:{host.client_id}"] if host.client_id is not None else []
    address = f"[{host.address}]" if host.address.version == 6 else str(host.address)
    return "dhcp-host=" + ",".join([*who, address, *([host.name] if host.name else [])])


def _lease_count(served: list[NetworkAddress]) -> int:
    wanted = sum(_size(part) for item in served for part in item.ranges)
    wanted += sum(len(item.hosts) for item in served)
    return max(1, min(wanted, LEASES_MAX))


def _size(part: DhcpRange) -> int:
    return int(part.end) - int(part.start) + 1


def leases(text: str, network: Network) -> list[Lease]:
    """What a lease file says has been given out.

    A line is: time it ends (0: never), MAC (IPv6: an association's number), address, host name,
    client id; ``*`` stands for none. IPv6 leases follow a line with the server's own id.

    Args:
        text: The file.
        network: Leases outside its addresses are of former days, and are left out.

    Raises:
        OperationFailed: It is no such file.
    """
    found = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] == "duid":
            continue
        try:
            lease = _lease(words, network)
        except (ValueError, IndexError, errors.InvalidArgument) as error:
            raise errors.OperationFailed(
                f"the leases of network '{network.name}' have a line '{line[:80]}' that is none"
            ) from error
        if lease is not None:
            found.append(lease)
    return found


def _lease(words: list[str], network: Network) -> Lease | None:
    ends, hardware, text, hostname, client = words[:5]
    address = ipaddress.ip_address(text)
    subnets = (item.interface.network for item in network.addresses)
    subnet = next((item for item in subnets if address in item), None)
    if subnet is None:
        return None
    return Lease(
        address=ipaddress.ip_interface(f"{address}/{subnet.prefixlen}"),
        mac=MacAddress(hardware) if address.version == 4 else None,
        hostname=None if hostname == "*" else hostname,
        client_id=None if client == "*" else client,
        expires_at=float(ends) or None,
    )
