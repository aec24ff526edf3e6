from __future__ import annotations

import pytest

from servicelab import Client, Lab
from vzvirt.rpc.packet import Status
from vzvirt.rpc.protocol import remote

EMPTY = {
    "connect_list_all_secrets": remote.ConnectListAllSecretsArgs(1, 15),
    "connect_num_of_secrets": None,
    "connect_list_secrets": remote.ConnectListSecretsArgs(10),
    "connect_list_all_interfaces": remote.ConnectListAllInterfacesArgs(1, 3),
    "connect_num_of_interfaces": None,
    "connect_list_interfaces": remote.ConnectListInterfacesArgs(10),
    "connect_num_of_defined_interfaces": None,
    "connect_list_defined_interfaces": remote.ConnectListDefinedInterfacesArgs(10),
    "connect_list_all_nwfilters": remote.ConnectListAllNwfiltersArgs(1, 0),
    "connect_num_of_nwfilters": None,
    "connect_list_nwfilters": remote.ConnectListNwfiltersArgs(10),
    "connect_list_all_nwfilter_bindings": remote.ConnectListAllNwfilterBindingsArgs(1, 0),
}

MISSING = {
    "secret_lookup_by_uuid": (remote.SecretLookupByUuidArgs(bytes(16)), 66, 30),
    "secret_lookup_by_usage": (remote.SecretLookupByUsageArgs(1, "disk"), 66, 30),
    "interface_lookup_by_name": (remote.InterfaceLookupByNameArgs("eth0"), 57, 26),
    "interface_lookup_by_mac_string": (remote.InterfaceLookupByMacStringArgs("00"), 57, 26),
    "nwfilter_lookup_by_name": (remote.NwfilterLookupByNameArgs("clean"), 62, 33),
    "nwfilter_lookup_by_uuid": (remote.NwfilterLookupByUuidArgs(bytes(16)), 62, 33),
    "nwfilter_binding_lookup_by_port_dev": (
        remote.NwfilterBindingLookupByPortDevArgs("veth"),
        101,
        33,
    ),
}


@pytest.fixture
def client(lab: Lab) -> Client:
    made, _ = lab.connect()
    made.open()
    return made


@pytest.mark.parametrize("procedure", EMPTY)
def test_lists_are_empty(client: Client, procedure: str) -> None:
    args = EMPTY[procedure]
    reply = client.call(procedure, args.encode() if args else b"")
    assert reply.status == Status.OK
    assert set(reply.payload) == {0}


@pytest.mark.parametrize("procedure", MISSING)
def test_nothing_is_found(client: Client, procedure: str) -> None:
    args, code, domain = MISSING[procedure]
    error = client.error(procedure, args.encode())
    assert (error.code, error.domain) == (code, domain)
    assert "not found" in error.message


@pytest.mark.parametrize("procedure", [name for name in EMPTY if "list_all" in name])
def test_unknown_flags_are_refused(client: Client, procedure: str) -> None:
    kind = type(EMPTY[procedure])
    assert client.error(procedure, kind(1, 1 << 20).encode()).code == 8  # type: ignore[misc, call-arg]
