"""libvirt's XML: domains in the forms people first asked for too, networks, the host.

What every command needs is loaded at once; the rest when it is first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from vzvirt.codec.xml.domain import (
    Read,
    read_domain,
    read_partial,
    write_domain,
    write_partial,
)

if TYPE_CHECKING:
    from vzvirt.codec.xml.capabilities import write_capabilities, write_domain_capabilities
    from vzvirt.codec.xml.network import ReadNetwork, read_network, write_network
    from vzvirt.codec.xml.nodedev import write_node_device
    from vzvirt.codec.xml.single import ReadDevice, read_device, read_entry, write_device
    from vzvirt.codec.xml.storagepool import (
        read_volume_request,
        write_pool_capabilities,
        write_storage_pool,
        write_volume,
    )

_LATER: Final[Mapping[str, str]] = {
    "ReadDevice": "single",
    "ReadNetwork": "network",
    "read_device": "single",
    "read_entry": "single",
    "read_network": "network",
    "read_volume_request": "storagepool",
    "write_capabilities": "capabilities",
    "write_device": "single",
    "write_domain_capabilities": "capabilities",
    "write_network": "network",
    "write_node_device": "nodedev",
    "write_pool_capabilities": "storagepool",
    "write_storage_pool": "storagepool",
    "write_volume": "storagepool",
}
"""Which module has a name that is not loaded at once."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)


def validate(text: str | bytes) -> None:
    """Check a domain's document against the schema that is shipped.

    Raises:
        XmlError: It is malformed.
        SchemaError: It is not valid; all reasons, with their lines.
    """
    from vzvirt.codec.xml import validation  # loads lxml

    validation.validate(text)


__all__ = [
    "Read",
    "ReadDevice",
    "ReadNetwork",
    "read_device",
    "read_domain",
    "read_entry",
    "read_network",
    "read_partial",
    "read_volume_request",
    "validate",
    "write_capabilities",
    "write_device",
    "write_domain",
    "write_domain_capabilities",
    "write_network",
    "write_node_device",
    "write_partial",
    "write_pool_capabilities",
    "write_storage_pool",
    "write_volume",
]
