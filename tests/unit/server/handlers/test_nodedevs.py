from __future__ import annotations

import pytest

from unit.server.handlers.clients import Client
from vzvirt import errors
from vzvirt.rpc.protocol import constants
from vzvirt.server.replies import Refusal

NET, PCI, MDEV = (
    constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET,
    constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV,
    constants.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV,
)
ACTIVE, INACTIVE = (
    constants.VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE,
    constants.VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE,
)
NIC = "net_eth1_00_16_3e_34_21_9e"


def listed(client: Client, flags: int) -> list[str]:
    found = client.call("connect_list_all_node_devices", 1, flags)
    assert found.ret == len(found.devices)
    return [device.name for device in found.devices]


def test_lists(client: Client) -> None:
    every = listed(client, 0)
    assert every[0] == "computer"
    assert listed(client, ACTIVE) == listed(client, ACTIVE | INACTIVE) == every
    assert listed(client, INACTIVE) == listed(client, MDEV) == []
    assert {name[:4] for name in listed(client, NET | ACTIVE)} == {"net_"}
    assert {name[:4] for name in listed(client, NET | PCI | MDEV)} == {"net_", "pci_"}
    counted = client.call("connect_list_all_node_devices", 0, NET)
    assert (counted.devices, counted.ret) == ([], len(listed(client, NET)))
    with pytest.raises(Refusal):
        listed(client, 1 << 29)


def test_old_lists(client: Client) -> None:
    number = client.call("node_num_of_devices", None, 0).num
    assert client.call("node_list_devices", None, number, 0).names == listed(client, 0)
    assert len(client.call("node_list_devices", None, 2, 0).names) == 2
    assert client.call("node_list_devices", "net", 99, 0).names == listed(client, NET)
    assert client.call("node_num_of_devices", "mdev", 0).num == 0


def test_one(client: Client) -> None:
    assert client.call("node_device_lookup_by_name", NIC).dev.name == NIC
    assert "<interface>eth1</interface>" in client.call("node_device_get_xml_desc", NIC, 0).xml
    assert client.call("node_device_get_parent", NIC).parentName == "pci_0000_00_1f_3"
    assert client.call("node_device_get_parent", "computer").parentName is None
    assert client.call("node_device_num_of_caps", NIC).num == 1
    assert client.call("node_device_list_caps", NIC, 1).names == ["net"]
    assert client.call("node_device_is_active", NIC).active
    assert not client.call("node_device_is_persistent", NIC).persistent


@pytest.mark.parametrize(
    "procedure",
    [
        *("node_device_lookup_by_name", "node_device_get_parent", "node_device_num_of_caps"),
        *("node_device_is_active", "node_device_is_persistent"),
    ],
)
def test_none(client: Client, procedure: str) -> None:
    with pytest.raises(errors.NoDevice, match="'nope'"):
        client.call(procedure, "nope")


def test_no_storage_networks(client: Client) -> None:
    with pytest.raises(errors.NoDevice, match="WWNN 'a'"):
        client.call("node_device_lookup_scsi_host_by_wwn", "a", "b", 0)
