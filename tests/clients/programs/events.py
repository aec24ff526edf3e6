"""Prints the events that libvirt's own event loop hands out, a line of JSON each.

Words: URI, and perhaps the name of the only container to hear of. The first line says that it
listens; it ends with its standard input.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import libvirt


def say(*words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def lifecycle(
    _connection: Any, domain: libvirt.virDomain, event: int, detail: int, _opaque: Any
) -> None:
    """What it was when it happened, and what a look at it says now."""
    try:
        state = domain.state()[0]
    except libvirt.libvirtError as error:
        state = f"error {error.get_error_code()}"
    say("lifecycle", domain.name(), domain.ID(), event, detail, state)


def telling(kind: str) -> Callable[..., None]:
    def heard(_connection: Any, found: Any, *words: Any) -> None:
        say(kind, found.name(), *words[:-1])

    return heard


OF_CONTAINERS = {
    libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: lifecycle,
    libvirt.VIR_DOMAIN_EVENT_ID_REBOOT: telling("reboot"),
    libvirt.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR: telling("control error"),
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED: telling("device added"),
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: telling("device removed"),
    libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE: telling("metadata"),
}


def run() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def main() -> None:
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=run, daemon=True).start()
    connection = libvirt.open(sys.argv[1])
    only = connection.lookupByName(sys.argv[2]) if len(sys.argv) > 2 else None
    numbers = [
        connection.domainEventRegisterAny(only, kind, callback, None)
        for kind, callback in OF_CONTAINERS.items()
    ]
    connection.networkEventRegisterAny(
        None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, telling("network"), None
    )
    connection.storagePoolEventRegisterAny(
        None, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH, telling("pool refreshed"), None
    )
    connection.nodeDeviceEventRegisterAny(
        None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, telling("device"), None
    )
    say("listening")
    sys.stdin.read()
    for number in numbers:
        connection.domainEventDeregisterAny(number)
    say("done")


main()
