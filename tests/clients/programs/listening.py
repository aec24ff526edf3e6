"""Prints the events that libvirt's own event loop hands out, a line of JSON each.

Words: URI, and perhaps the name of the only container to hear of. The first line says that it
listens; it ends with its standard input.
"""

import json
import sys
import threading

import libvirt

libvirt.virEventRegisterDefaultImpl()
threading.Thread(target=lambda: [libvirt.virEventRunDefaultImpl() for _ in iter(int, 1)], daemon=True).start()

connection = libvirt.open(sys.argv[1])
only = connection.lookupByName(sys.argv[2]) if len(sys.argv) > 2 else None


def say(*words):
    print(json.dumps(words), flush=True)


def lifecycle(_connection, domain, event, detail, _opaque):
    # What it was when it happened, and what a look at it says now.
    try:
        state = domain.state()[0]
    except libvirt.libvirtError as error:
        state = f"error {error.get_error_code()}"
    say("lifecycle", domain.name(), domain.ID(), event, detail, state)


def plain(kind):
    def heard(_connection, domain, *words):
        say(kind, domain.name(), *words[:-1])

    return heard


CALLBACKS = {
    libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: lifecycle,
    libvirt.VIR_DOMAIN_EVENT_ID_REBOOT: plain("reboot"),
    libvirt.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR: plain("control error"),
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED: plain("device added"),
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: plain("device removed"),
    libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE: plain("metadata"),
}
numbers = [
    connection.domainEventRegisterAny(only, kind, callback, None)
    for kind, callback in CALLBACKS.items()
]


def network(_connection, found, event, detail, _opaque):
    say("network", found.name(), event, detail)


def pool(_connection, found, _opaque):
    say("pool refreshed", found.name())


def device(_connection, found, event, detail, _opaque):
    say("device", found.name(), event, detail)


connection.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, network, None)
connection.storagePoolEventRegisterAny(
    None, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH, pool, None
)
connection.nodeDeviceEventRegisterAny(
    None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, device, None
)
say("listening")
sys.stdin.read()
for number in numbers:
    connection.domainEventDeregisterAny(number)
say("done")
