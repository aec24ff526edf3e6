"""What containers say of themselves, as clients read it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.rpc.protocol.constants import VIR_DOMAIN_PASSWORD_ENCRYPTED
from vzvirt.server.replies import Refusal

LEASE, AGENT, ARP = 0, 1, 2
USERS, OS, TIMEZONE, HOSTNAME, FILESYSTEM, DISKS, INTERFACES = (1 << bit for bit in range(7))


@pytest.fixture
def web(client: Client) -> Any:
    """A container that runs, on the default network."""
    wired = "<interface type='network'><source network='default'/></interface>"
    dom = defined(client, "web", devices=wired)
    client.call("domain_create", dom)
    return dom


def info(client: Client, dom: Any, types: int) -> dict[str, object]:
    params = client.call("domain_get_guest_info", dom, types, 0).params
    return {item.field: item.value.value for item in params}


def test_its_name(client: Client, web: Any) -> None:
    assert client.call("domain_get_hostname", web, 0).hostname == "web"
    assert client.call("domain_get_hostname", web, 2).hostname == "web"


@pytest.mark.parametrize("source", [LEASE, AGENT, ARP])
def test_its_addresses(client: Client, web: Any, source: int) -> None:
    (found,) = client.call("domain_interface_addresses", web, source, 0).ifaces
    assert found.hwaddr.startswith("00:18:51:")
    assert [(item.type, item.prefix) for item in found.addrs] == [(0, 24)]
    assert found.addrs[0].addr.count(".") == 3


def test_an_address_from_nowhere(client: Client, web: Any) -> None:
    with pytest.raises(errors.ArgumentUnsupported, match="data source 7"):
        client.call("domain_interface_addresses", web, 7, 0)


def test_its_file_systems(client: Client, web: Any) -> None:
    found = client.call("domain_get_fsinfo", web, 0)
    assert found.ret == 1
    assert (found.info[0].mountpoint, found.info[0].dev_aliases) == ("/", ["vda"])


def test_all_of_it(client: Client, web: Any) -> None:
    found = info(client, web, 0)
    topics = {name.split(".")[0] for name in found}
    assert topics == {"user", "os", "timezone", "hostname", "fs", "disk", "if"}
    assert found["os.kernel-release"] == os.uname().release
    assert found["fs.0.disk.0.device"] == "/dev/vda"
    assert (found["if.0.name"], found["if.0.addr.0.type"]) == ("eth0", "ipv4")


@pytest.mark.parametrize(
    ("types", "topics"),
    [
        (USERS, {"user"}),
        (OS, {"os"}),
        (TIMEZONE | HOSTNAME, {"timezone", "hostname"}),
        (FILESYSTEM, {"fs"}),
        (DISKS, {"disk"}),
        (INTERFACES, {"if"}),
    ],
)
def test_some_of_it(client: Client, web: Any, types: int, topics: set[str]) -> None:
    assert {name.split(".")[0] for name in info(client, web, types)} == topics


def test_what_nobody_knows(client: Client, web: Any) -> None:
    with pytest.raises(errors.ArgumentUnsupported, match="0x100"):
        info(client, web, 1 << 8 | USERS)
    with pytest.raises(Refusal):
        client.call("domain_get_hostname", web, 1)


def test_signals(client: Client, web: Any) -> None:
    client.call("domain_send_process_signal", web, 1, 15, 0)
    with pytest.raises(errors.InvalidArgument, match="no process 9"):
        client.call("domain_send_process_signal", web, 9, 15, 0)
    client.call("domain_send_process_signal", web, 1, 9, 0)
    client.refresh(101)
    for name, arguments in (
        ("domain_send_process_signal", (1, 9, 0)),
        ("domain_get_hostname", (0,)),
        ("domain_get_fsinfo", (0,)),
        ("domain_get_guest_info", (0, 0)),
        ("domain_interface_addresses", (0, 0)),
    ):
        with pytest.raises(errors.OperationInvalid, match="domain is not running"):
            client.call(name, web, *arguments)


def test_passwords(client: Client, web: Any) -> None:
    client.call("domain_set_user_password", web, "root", "secret", 0)
    for user, password in (("nobody-at-all", "secret"), ("root", "a:b"), (None, None)):
        with pytest.raises(errors.InvalidArgument):
            client.call("domain_set_user_password", web, user, password, 0)
    code = "$6$salt$abcdefghijklmnop"
    client.call("domain_set_user_password", web, "root", code, VIR_DOMAIN_PASSWORD_ENCRYPTED)
    with pytest.raises(errors.InvalidArgument, match="/etc/shadow"):
        client.call("domain_set_user_password", web, "root", "$6$", VIR_DOMAIN_PASSWORD_ENCRYPTED)
    with pytest.raises(Refusal):
        client.call("domain_set_user_password", web, "root", code, 2)
    client.call("domain_destroy", web)
    client.call("domain_set_user_password", web, "root", "secret", 0)
