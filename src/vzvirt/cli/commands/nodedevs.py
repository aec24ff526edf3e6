"""The host's devices."""

from __future__ import annotations

from vzvirt.cli.network_reports import DEVICE_FIELDS, device_kind
from vzvirt.cli.output import documents
from vzvirt.cli.session import Session
from vzvirt.codec.xml import write_node_device


def list_devices(session: Session, *, kind: str | None, json: bool) -> None:
    """List them, or those of one kind."""
    output = session.output
    devices = session.manager.inventory.devices()
    if kind is not None:
        devices = [item for item in devices if device_kind(item) == kind]
    if json:
        output.json(documents(DEVICE_FIELDS, devices))
    elif output.quiet:
        for item in devices:
            output.line(item.name)
    else:
        output.table(DEVICE_FIELDS, devices)


def dumpxml(session: Session, *, name: str) -> None:
    """Print one device's XML."""
    session.output.text(write_node_device(session.manager.inventory.find(name)))
