"""The kernel's switch that makes a router of a host.

State: ``net.ipv4.ip_forward`` and ``net.ipv6.conf.all.forwarding``. They are set when a network
first needs them and stay: who else relies on them by then cannot be told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vzvirt.backends.networks.bridge import PROC_NET
from vzvirt.model.network import ForwardMode, Network
from vzvirt.system.files import mapping_os_errors

_SWITCHES: Final = {4: "ipv4/ip_forward", 6: "ipv6/conf/all/forwarding"}

_EVEN_AS_ROUTER: Final = "2"
"""The value of ``accept_ra`` with which a router listens to other routers."""


def versions(network: Network) -> list[int]:
    """IP versions whose packets a network wants forwarded."""
    if network.forward.mode in {ForwardMode.ISOLATED, ForwardMode.BRIDGE}:
        return []
    return sorted({item.interface.version for item in network.addresses})


def enable(network: Network) -> None:
    """Let the host forward what a network needs.

    A host that has its own IPv6 routes from routers' announcements would stop to listen to
    them as a router, and lose them; it is told to go on.

    Raises:
        SystemFailure: The kernel refuses.
    """
    for version in versions(network):
        switch = PROC_NET / _SWITCHES[version]
        with mapping_os_errors("switch the forwarding of packets on"):
            if switch.read_text().strip() != "0":
                continue
            if version == 6:
                _keep_listening(PROC_NET / "ipv6/conf")
            switch.write_text("1")


def _keep_listening(folder: Path) -> None:
    for device in folder.iterdir():
        listens = device / "accept_ra"
        if device.name not in {"all", "default"} and listens.read_text().strip() == "1":
            listens.write_text(_EVEN_AS_ROUTER)
