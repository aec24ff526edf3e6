from __future__ import annotations

import ipaddress

import pytest

from vzvirt import errors
from vzvirt.backends.networks import dnsmasq
from vzvirt.model.network import Lease, Network, NetworkAddress
from vzvirt.model.values import MacAddress

NETWORK = Network(
    name="web",
    bridge="b0",
    addresses=tuple(
        NetworkAddress(interface=ipaddress.ip_interface(text))
        for text in ("10.7.0.1/24", "fd00:7::1/64")
    ),
)

FILE = """\
1795232472 16:e8:94:2d:38:5f 10.7.0.157 guest1 01:16:e8:94:2d:38:5f
0 52:54:00:aa:bb:01 10.7.0.20 * *
1795232472 52:54:00:aa:bb:02 192.168.122.20 former *
duid 00:01:00:01:2f:aa:bb:cc:16:e8:94:2d:38:5f
1795232473 755079776 fd00:7::1a3 guest1 00:01:00:01:2f:11:22:33:16:e8:94:2d:38:5f
"""


def test_leases_of_both_versions() -> None:
    assert dnsmasq.leases(FILE, NETWORK) == [
        Lease(
            address=ipaddress.ip_interface("10.7.0.157/24"),
            mac=MacAddress("16:e8:94:2d:38:5f"),
            hostname="guest1",
            client_id="01:16:e8:94:2d:38:5f",
            expires_at=1795232472.0,
        ),
        Lease(address=ipaddress.ip_interface("10.7.0.20/24"), mac=MacAddress("52:54:00:aa:bb:01")),
        Lease(
            address=ipaddress.ip_interface("fd00:7::1a3/64"),
            mac=None,
            hostname="guest1",
            client_id="00:01:00:01:2f:11:22:33:16:e8:94:2d:38:5f",
            expires_at=1795232473.0,
        ),
    ]


@pytest.mark.parametrize("line", ["garbage", "1 2 3 4 5", "0 zz:00 10.7.0.9 * *"])
def test_other_files_are_refused(line: str) -> None:
    with pytest.raises(errors.OperationFailed, match="network 'web'"):
        dnsmasq.leases(line, NETWORK)
