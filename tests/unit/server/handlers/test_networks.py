from __future__ import annotations

from typing import Any

import pytest

from unit.server.handlers.clients import Client
from vzvirt import errors
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.replies import Refusal

ACTIVE, INACTIVE = (
    constants.VIR_CONNECT_LIST_NETWORKS_ACTIVE,
    constants.VIR_CONNECT_LIST_NETWORKS_INACTIVE,
)
PERSISTENT, TRANSIENT = (
    constants.VIR_CONNECT_LIST_NETWORKS_PERSISTENT,
    constants.VIR_CONNECT_LIST_NETWORKS_TRANSIENT,
)
AUTOSTART = constants.VIR_CONNECT_LIST_NETWORKS_AUTOSTART
LIVE, CONFIG = (
    constants.VIR_NETWORK_UPDATE_AFFECT_LIVE,
    constants.VIR_NETWORK_UPDATE_AFFECT_CONFIG,
)
MODIFY, DELETE, ADD_LAST, ADD_FIRST = 1, 2, 3, 4
DHCP_HOST, DHCP_RANGE, PORTGROUP, DNS_HOST = 4, 5, 9, 10
"""As stock clients send them."""


def document(name: str, subnet: int, *, more: str = "") -> str:
    return (
        f"<network><name>{name}</name><forward mode='nat'/>{more}"
        f"<ip address='10.7.{subnet}.1' netmask='255.255.255.0'><dhcp>"
        f"<range start='10.7.{subnet}.10' end='10.7.{subnet}.99'/></dhcp></ip></network>"
    )


@pytest.fixture
def web(client: Client) -> Any:
    """A network that is defined."""
    return client.call("network_define_xml", document("web", 1)).net


@pytest.fixture
def lab(client: Client) -> Any:
    """A network that is gone once it stops."""
    return client.call("network_create_xml", document("lab", 2)).net


def listed(client: Client, flags: int) -> list[str]:
    found = client.call("connect_list_all_networks", 1, flags)
    assert found.ret == len(found.nets)
    return sorted(net.name for net in found.nets)


def xml(client: Client, net: Any, flags: int = 0) -> str:
    text: str = client.call("network_get_xml_desc", net, flags).xml
    return text


class TestLooking:
    def test_lists(self, client: Client, web: Any, lab: Any) -> None:
        client.call("network_set_autostart", web, 1)
        assert listed(client, 0) == listed(client, ACTIVE | INACTIVE) == ["lab", "web"]
        assert listed(client, ACTIVE) == listed(client, TRANSIENT) == ["lab"]
        assert listed(client, INACTIVE) == listed(client, AUTOSTART) == ["web"]
        assert listed(client, ACTIVE | PERSISTENT) == []
        assert client.call("connect_list_all_networks", 0, 0).ret == 2
        with pytest.raises(Refusal):
            listed(client, 1 << 10)

    def test_old_lists(self, client: Client, web: Any, lab: Any) -> None:
        assert client.call("connect_num_of_networks").num == 1
        assert client.call("connect_list_networks", 9).names == ["lab"]
        assert client.call("connect_list_networks", 0).names == []
        assert client.call("connect_num_of_defined_networks").num == 1
        assert client.call("connect_list_defined_networks", 9).names == ["web"]

    def test_one(self, client: Client, web: Any) -> None:
        assert client.call("network_lookup_by_name", "web").net == web
        assert client.call("network_lookup_by_uuid", web.uuid).net == web
        assert client.call("network_get_bridge_name", web).name == "virbr0"
        assert not client.call("network_is_active", web).active
        assert client.call("network_is_persistent", web).persistent
        assert not client.call("network_get_autostart", web).autostart
        assert client.call("network_list_all_ports", web, 1, 0).ports == []
        assert client.call("network_get_dhcp_leases", web, None, 1, 0).ret == 0

    def test_names_of_others_do_not_deceive(self, client: Client, web: Any, lab: Any) -> None:
        """Only the UUID counts: clients keep what they once looked up."""
        renamed = remote.NonnullNetwork("lab", web.uuid)
        assert "<name>web</name>" in xml(client, renamed)
        gone = remote.NonnullNetwork("web", b"\1" * 16)
        with pytest.raises(errors.NoNetwork):
            xml(client, gone)
        with pytest.raises(errors.NoNetwork):
            client.call("network_lookup_by_name", str(web.uuid.hex()))

    def test_a_bridge_may_be_missing(self, client: Client, web: Any) -> None:
        with pytest.raises(errors.NoNetwork):
            client.call("network_get_bridge_name", remote.NonnullNetwork("x", b"\2" * 16))


class TestLife:
    def test_from_its_definition_to_its_end(self, client: Client, web: Any) -> None:
        client.call("network_create", web)
        with pytest.raises(errors.OperationInvalid, match="active already"):
            client.call("network_create", web)
        client.call("network_destroy", web)
        client.call("network_undefine", web)
        assert listed(client, 0) == []

    def test_flags_of_both_ways_to_make_one(self, client: Client) -> None:
        odd = document("web", 1, more="<nonsense/>")
        for procedure in ("network_define_xml_flags", "network_create_xml_flags"):
            with pytest.raises(errors.SchemaError):
                client.call(procedure, odd, 1)
            with pytest.raises(Refusal):
                client.call(procedure, odd, 2)
            assert client.call(procedure, odd, 0).net.name == "web"
        assert listed(client, ACTIVE | PERSISTENT) == ["web"]

    def test_its_definition_while_it_runs(self, client: Client, web: Any) -> None:
        client.call("network_create", web)
        client.call("network_define_xml", document("web", 3))
        assert "10.7.1.1" in xml(client, web)
        assert "10.7.3.1" in xml(client, web, constants.VIR_NETWORK_XML_INACTIVE)

    def test_one_that_has_no_other_document(self, client: Client, lab: Any) -> None:
        assert "10.7.2.1" in xml(client, lab, constants.VIR_NETWORK_XML_INACTIVE)
        assert not client.call("network_is_persistent", lab).persistent

    def test_a_reader_changes_nothing(self, client: Client, web: Any) -> None:
        reader = Client(client.world, read_only=True)
        assert "web" in xml(reader, web)
        for procedure, *arguments in (
            ("network_define_xml", document("x", 4)),
            ("network_create_xml", document("x", 4)),
            ("network_create", web),
            ("network_destroy", web),
            ("network_undefine", web),
            ("network_set_autostart", web, 1),
            ("network_update", web, ADD_LAST, DHCP_HOST, -1, "<host/>", 0),
        ):
            with pytest.raises(Refusal):
                reader.call(str(procedure), *arguments)
        assert listed(client, INACTIVE) == ["web"]


class TestUpdates:
    def update(self, client: Client, net: Any, entry: str, **fields: int) -> None:
        given = {"command": ADD_LAST, "section": DHCP_HOST, "parent": -1, "flags": 0, **fields}
        client.call(
            "network_update",
            *(net, given["command"], given["section"], given["parent"], entry, given["flags"]),
        )

    @pytest.mark.parametrize(
        ("section", "entry"),
        [
            (DHCP_HOST, "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.15'/>"),
            (DHCP_RANGE, "<range start='10.7.1.200' end='10.7.1.210'/>"),
            (DNS_HOST, "<host ip='10.7.1.5'><hostname>aa</hostname></host>"),
            (PORTGROUP, "<portgroup name='fast'/>"),
        ],
    )
    def test_entries_come_and_go(self, client: Client, web: Any, section: int, entry: str) -> None:
        before = xml(client, web)
        self.update(client, web, entry, section=section)
        assert xml(client, web) != before
        with pytest.raises(errors.Conflict):
            self.update(client, web, entry, section=section, command=ADD_FIRST)
        self.update(client, web, entry, section=section, command=DELETE)
        assert xml(client, web) == before

    def test_the_one_that_counts_now_is_changed(self, client: Client, web: Any) -> None:
        entry = "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.15'/>"
        inactive = constants.VIR_NETWORK_XML_INACTIVE
        self.update(client, web, entry)
        client.call("network_create", web)
        other = "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.16'/>"
        self.update(client, web, other, command=MODIFY)
        assert "10.7.1.16" in xml(client, web)
        assert "10.7.1.15" in xml(client, web, inactive)
        self.update(client, web, other, command=MODIFY, flags=CONFIG)
        assert "10.7.1.16" in xml(client, web, inactive)

    def test_both_at_once_or_neither(self, client: Client, web: Any, lab: Any) -> None:
        entry = "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.15'/>"
        with pytest.raises(errors.OperationInvalid, match="not active"):
            self.update(client, web, entry, flags=LIVE | CONFIG)
        with pytest.raises(errors.OperationInvalid, match="not persistent"):
            self.update(client, lab, entry.replace("7.1", "7.2"), flags=LIVE | CONFIG)

    @pytest.mark.parametrize(
        ("fields", "kind", "why"),
        [
            ({"command": 0}, errors.InvalidArgument, "no command 0"),
            ({"section": 1}, errors.NoSupport, "'bridge'"),
            ({"section": 99}, errors.NoSupport, "'99'"),
            ({"section": PORTGROUP}, errors.InvalidArgument, "none of the section 'portgroup'"),
            ({"parent": 1}, errors.InvalidArgument, "number 1"),
        ],
    )
    def test_what_makes_no_change(
        self, client: Client, web: Any, fields: dict[str, int], kind: Any, why: str
    ) -> None:
        with pytest.raises(kind, match=why):
            self.update(client, web, "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.15'/>", **fields)

    def test_where_an_address_belongs_can_be_said(self, client: Client, web: Any) -> None:
        self.update(client, web, "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.15'/>", parent=0)
        self.update(client, web, "<portgroup name='fast'/>", section=PORTGROUP, parent=7)
