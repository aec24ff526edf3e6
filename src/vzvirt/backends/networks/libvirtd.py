"""Networks that libvirt's own daemon runs on this host.

Read only: from the status files that the daemon keeps while a network runs. One whose bridge is
gone is of a daemon that died, and does not count.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.networks import bridge
from vzvirt.model.network import Lease, Network
from vzvirt.model.values import MacAddress
from vzvirt.system.files import mapping_os_errors, read_bytes

STATUS: Final = "run/libvirt/network"
LEASES: Final = "var/lib/libvirt/dnsmasq"


def running(top: Path) -> list[Network]:
    """All networks that the daemon runs; what cannot be read is left out.

    Args:
        top: The folder that the daemon takes for ``/``.
    """
    with mapping_os_errors("look for networks of libvirt's daemon"):
        files = sorted((top / STATUS).glob("*.xml"))
    found = (_read(read_bytes(file) or b"") for file in files)
    return [
        item for item in found if item is not None and bridge.see(item.bridge or "") is not None
    ]


def _read(text: bytes) -> Network | None:
    """The network in a status file, which is a document around the network's own."""
    from vzvirt.codec.xml import read_network

    start, end = text.find(b"<network>"), text.rfind(b"</network>")
    if start < 0:
        start = text.find(b"<network ")
    if start < 0 or end < 0:
        return None
    try:
        return read_network(text[start : end + len(b"</network>")]).network
    except errors.CallerError:
        return None  # of a kind that is none of ours


def leases(network: Network, top: Path) -> list[Lease]:
    """What the daemon has given out on a network; it keeps its notes as JSON.

    Raises:
        OperationFailed: They cannot be read.
    """
    path = top / LEASES / f"{network.bridge}.status"
    try:
        rows = json.loads(read_bytes(path) or b"[]")
        found = [_lease(row, network) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, errors.InvalidArgument) as error:
        raise errors.OperationFailed(f"'{path}' is no list of leases of libvirt's") from error
    return [lease for lease in found if lease is not None]


def _lease(row: Mapping[str, str], network: Network) -> Lease | None:
    address = ipaddress.ip_address(row["ip-address"])
    subnets = (item.interface.network for item in network.addresses)
    length = next((item.prefixlen for item in subnets if address in item), None)
    if length is None:
        return None
    return Lease(
        address=ipaddress.ip_interface(f"{address}/{length}"),
        mac=MacAddress(row["mac-address"]) if "mac-address" in row else None,
        hostname=row.get("hostname"),
        client_id=row.get("client-id"),
        expires_at=float(row.get("expiry-time", 0)) or None,
    )
