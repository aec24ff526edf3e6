"""The host's devices. All of them are there as long as they are plugged in."""

from __future__ import annotations

from typing import Final

from vzvirt import errors
from vzvirt.codec.xml import write_node_device
from vzvirt.codec.xml.nodedev import CAPABILITIES
from vzvirt.model.nodedev import NodeDevice
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.filters import Group, at_most, mask, wanted

_KINDS: Final = {
    name: value
    for name, value in vars(constants).items()
    if name.startswith("VIR_CONNECT_LIST_NODE_DEVICES_CAP_")
}
"""Bits that stand for kinds of devices, most of which are never found here."""

_BITS: Final = {
    "system": constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM,
    "pci": constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV,
    "usb_device": constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV,
    "net": constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET,
    "storage": constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE,
}

_ACTIVE: Final[Group] = {
    constants.VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE: True,
    constants.VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE: False,
}


def _kind(device: NodeDevice) -> str:
    """libvirt's word for what a device is."""
    return CAPABILITIES[type(device.capability)][0]


def _kinds(device: NodeDevice) -> Group:
    own = _BITS[_kind(device)]
    return {bit: bit == own for bit in _KINDS.values()}


@handles(
    "connect_list_all_node_devices",
    flags=mask(_ACTIVE, dict.fromkeys(_KINDS.values(), True)),
    where=Where.WORKER,
)
def list_all(
    call: Call, args: remote.ConnectListAllNodeDevicesArgs
) -> remote.ConnectListAllNodeDevicesRet:
    """Devices of some kinds."""
    found = [
        remote.NonnullNodeDevice(device.name)
        for device in call.daemon.manager.inventory.devices()
        if wanted(args.flags, _ACTIVE, _kinds(device))
    ]
    return remote.ConnectListAllNodeDevicesRet(found if args.need_results else [], len(found))


def _names(call: Call, kind: str | None) -> list[str]:
    devices = call.daemon.manager.inventory.devices()
    return [device.name for device in devices if kind is None or _kind(device) == kind]


@handles("node_num_of_devices", flags=0, where=Where.WORKER)
def number(call: Call, args: remote.NodeNumOfDevicesArgs) -> remote.NodeNumOfDevicesRet:
    """How many there are, or of one kind."""
    return remote.NodeNumOfDevicesRet(len(_names(call, args.cap)))


@handles("node_list_devices", flags=0, where=Where.WORKER)
def list_names(call: Call, args: remote.NodeListDevicesArgs) -> remote.NodeListDevicesRet:
    """Names of all, or of one kind."""
    return remote.NodeListDevicesRet(at_most(_names(call, args.cap), args.maxnames))


@handles("node_device_lookup_by_name", where=Where.WORKER)
def lookup_by_name(
    call: Call, args: remote.NodeDeviceLookupByNameArgs
) -> remote.NodeDeviceLookupByNameRet:
    """One by its name."""
    found = call.daemon.manager.inventory.find(args.name)
    return remote.NodeDeviceLookupByNameRet(remote.NonnullNodeDevice(found.name))


@handles("node_device_lookup_scsi_host_by_wwn", flags=0)
def lookup_by_wwn(
    call: Call, args: remote.NodeDeviceLookupScsiHostByWwnArgs
) -> remote.NodeDeviceLookupScsiHostByWwnRet:
    """No adapter of a storage network is ever listed.

    Raises:
        NoDevice: Always.
    """
    raise errors.NoDevice(
        f"there is no adapter of a storage network with WWNN '{args.wwnn}' and WWPN '{args.wwpn}'"
    )


@handles("node_device_get_xml_desc", flags=0, where=Where.WORKER)
def get_xml(call: Call, args: remote.NodeDeviceGetXmlDescArgs) -> remote.NodeDeviceGetXmlDescRet:
    """The document of one."""
    device = call.daemon.manager.inventory.find(args.name)
    return remote.NodeDeviceGetXmlDescRet(write_node_device(device))


@handles("node_device_get_parent", where=Where.WORKER)
def get_parent(call: Call, args: remote.NodeDeviceGetParentArgs) -> remote.NodeDeviceGetParentRet:
    """What one hangs on; ``None``: it is the machine itself."""
    return remote.NodeDeviceGetParentRet(call.daemon.manager.inventory.find(args.name).parent)


@handles("node_device_num_of_caps", where=Where.WORKER)
def number_of_capabilities(
    call: Call, args: remote.NodeDeviceNumOfCapsArgs
) -> remote.NodeDeviceNumOfCapsRet:
    """Each is of one kind."""
    call.daemon.manager.inventory.find(args.name)
    return remote.NodeDeviceNumOfCapsRet(1)


@handles("node_device_list_caps", where=Where.WORKER)
def list_capabilities(
    call: Call, args: remote.NodeDeviceListCapsArgs
) -> remote.NodeDeviceListCapsRet:
    """Of which kind one is."""
    device = call.daemon.manager.inventory.find(args.name)
    return remote.NodeDeviceListCapsRet(at_most([_kind(device)], args.maxnames))


@handles("node_device_is_active", where=Where.WORKER)
def is_active(call: Call, args: remote.NodeDeviceIsActiveArgs) -> remote.NodeDeviceIsActiveRet:
    """It is there."""
    call.daemon.manager.inventory.find(args.name)
    return remote.NodeDeviceIsActiveRet(1)


@handles("node_device_is_persistent", where=Where.WORKER)
def is_persistent(
    call: Call, args: remote.NodeDeviceIsPersistentArgs
) -> remote.NodeDeviceIsPersistentRet:
    """Nobody defined it, so it is gone once it is pulled out."""
    call.daemon.manager.inventory.find(args.name)
    return remote.NodeDeviceIsPersistentRet(0)
