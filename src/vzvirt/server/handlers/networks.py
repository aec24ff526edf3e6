"""Virtual networks. Who changes one has it looked at, so that each change is told by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.codec.xml import read_entry, read_network, write_network
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    DnsHost,
    Lease,
    Network,
    NetworkStatus,
    PortGroup,
)
from vzvirt.model.networkchange import ChangeKind, Entry, NetworkChange
from vzvirt.model.values import MacAddress
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.filters import Group, at_most, mask, wanted
from vzvirt.server.targets import changing_networks

LOG: Final = logging.getLogger(__name__)


def _wire(network: Network) -> remote.NonnullNetwork:
    if network.uuid is None:
        raise errors.InternalError(f"network '{network.name}' has no UUID")
    return remote.NonnullNetwork(network.name, network.uuid.bytes)


def _status(call: Call, asked: remote.NonnullNetwork) -> NetworkStatus:
    """The network a client means: its name may have been taken by another since.

    Raises:
        NoNetwork: There is none with its UUID.
    """
    networks, uuid = call.daemon.manager.networks, UUID(bytes=asked.uuid)
    try:
        return networks.get(str(uuid))
    except errors.NoNetwork:
        found = networks.get(asked.name)  # libvirt's own are known by their names alone
        if found.network.uuid != uuid:
            raise
        return found


def _name(call: Call, asked: remote.NonnullNetwork) -> str:
    return _status(call, asked).network.name


# -- lists -------------------------------------------------------------------------------


def _groups(status: NetworkStatus) -> tuple[Group, ...]:
    return (
        {
            constants.VIR_CONNECT_LIST_NETWORKS_ACTIVE: status.active,
            constants.VIR_CONNECT_LIST_NETWORKS_INACTIVE: not status.active,
        },
        {
            constants.VIR_CONNECT_LIST_NETWORKS_PERSISTENT: status.persistent,
            constants.VIR_CONNECT_LIST_NETWORKS_TRANSIENT: not status.persistent,
        },
        {
            constants.VIR_CONNECT_LIST_NETWORKS_AUTOSTART: status.autostart,
            constants.VIR_CONNECT_LIST_NETWORKS_NO_AUTOSTART: not status.autostart,
        },
    )


_ANY: Final = NetworkStatus(
    network=Network(name="any"), active=False, persistent=False, autostart=False
)


@handles("connect_list_all_networks", flags=mask(*_groups(_ANY)), where=Where.WORKER)
def list_all(
    call: Call, args: remote.ConnectListAllNetworksArgs
) -> remote.ConnectListAllNetworksRet:
    """Networks that stand as the client asks."""
    found = [
        _wire(status.network)
        for status in call.daemon.manager.networks.list()
        if wanted(args.flags, *_groups(status))
    ]
    return remote.ConnectListAllNetworksRet(found if args.need_results else [], len(found))


def _names(call: Call, *, active: bool) -> list[str]:
    return [
        status.network.name
        for status in call.daemon.manager.networks.list()
        if status.active is active
    ]


@handles("connect_num_of_networks", where=Where.WORKER)
def number_active(call: Call, args: None) -> remote.ConnectNumOfNetworksRet:
    """How many run."""
    return remote.ConnectNumOfNetworksRet(len(_names(call, active=True)))


@handles("connect_list_networks", where=Where.WORKER)
def list_active(call: Call, args: remote.ConnectListNetworksArgs) -> remote.ConnectListNetworksRet:
    """Names of those that run."""
    names = _names(call, active=True)
    return remote.ConnectListNetworksRet(at_most(names, args.maxnames))


@handles("connect_num_of_defined_networks", where=Where.WORKER)
def number_inactive(call: Call, args: None) -> remote.ConnectNumOfDefinedNetworksRet:
    """How many do not run."""
    return remote.ConnectNumOfDefinedNetworksRet(len(_names(call, active=False)))


@handles("connect_list_defined_networks", where=Where.WORKER)
def list_inactive(
    call: Call, args: remote.ConnectListDefinedNetworksArgs
) -> remote.ConnectListDefinedNetworksRet:
    """Names of those that do not run."""
    names = _names(call, active=False)
    return remote.ConnectListDefinedNetworksRet(at_most(names, args.maxnames))


# -- looking -----------------------------------------------------------------------------


@handles("network_lookup_by_name", where=Where.WORKER)
def lookup_by_name(
    call: Call, args: remote.NetworkLookupByNameArgs
) -> remote.NetworkLookupByNameRet:
    """One by its name."""
    found = call.daemon.manager.networks.get(args.name).network
    if found.name != args.name:
        raise errors.NoNetwork(f"there is no network '{args.name}'")  # it was a UUID
    return remote.NetworkLookupByNameRet(_wire(found))


@handles("network_lookup_by_uuid", where=Where.WORKER)
def lookup_by_uuid(
    call: Call, args: remote.NetworkLookupByUuidArgs
) -> remote.NetworkLookupByUuidRet:
    """One by its UUID."""
    found = call.daemon.manager.networks.get(str(UUID(bytes=args.uuid)))
    return remote.NetworkLookupByUuidRet(_wire(found.network))


@handles("network_get_xml_desc", flags=constants.VIR_NETWORK_XML_INACTIVE, where=Where.WORKER)
def get_xml(call: Call, args: remote.NetworkGetXmlDescArgs) -> remote.NetworkGetXmlDescRet:
    """The document of one as it runs, or of its definition."""
    status = _status(call, args.net)
    if args.flags & constants.VIR_NETWORK_XML_INACTIVE and status.persistent:
        definition = call.daemon.manager.networks.definition(status.network.name)
        return remote.NetworkGetXmlDescRet(write_network(definition))
    return remote.NetworkGetXmlDescRet(write_network(status.network, active=status.active))


@handles("network_get_bridge_name", where=Where.WORKER)
def get_bridge_name(
    call: Call, args: remote.NetworkGetBridgeNameArgs
) -> remote.NetworkGetBridgeNameRet:
    """The bridge that its guests are on."""
    network = _status(call, args.net).network
    if network.bridge is None:
        raise errors.OperationInvalid(f"network '{network.name}' has no bridge")
    return remote.NetworkGetBridgeNameRet(network.bridge)


@handles("network_get_autostart", where=Where.WORKER)
def get_autostart(
    call: Call, args: remote.NetworkGetAutostartArgs
) -> remote.NetworkGetAutostartRet:
    """Whether it starts with the host."""
    return remote.NetworkGetAutostartRet(int(_status(call, args.net).autostart))


@handles("network_is_active", where=Where.WORKER)
def is_active(call: Call, args: remote.NetworkIsActiveArgs) -> remote.NetworkIsActiveRet:
    """Whether it runs."""
    return remote.NetworkIsActiveRet(int(_status(call, args.net).active))


@handles("network_is_persistent", where=Where.WORKER)
def is_persistent(
    call: Call, args: remote.NetworkIsPersistentArgs
) -> remote.NetworkIsPersistentRet:
    """Whether it has a definition."""
    return remote.NetworkIsPersistentRet(int(_status(call, args.net).persistent))


@handles("network_get_dhcp_leases", flags=0, where=Where.WORKER)
def get_leases(
    call: Call, args: remote.NetworkGetDhcpLeasesArgs
) -> remote.NetworkGetDhcpLeasesRet:
    """What its DHCP has given out, to all or to one MAC address."""
    network = _status(call, args.net).network
    mac = None if args.mac is None else MacAddress(args.mac)
    found = [
        _lease(lease, network)
        for lease in call.daemon.manager.networks.leases(network.name)
        if mac in {None, lease.mac}
    ]
    return remote.NetworkGetDhcpLeasesRet(found if args.need_results else [], len(found))


def _lease(lease: Lease, network: Network) -> remote.NetworkDhcpLease:
    return remote.NetworkDhcpLease(
        iface=network.bridge or "",
        expirytime=int(lease.expires_at or 0),
        type=_FAMILIES[lease.address.version],
        mac=None if lease.mac is None else str(lease.mac),
        iaid=None,
        ipaddr=str(lease.address.ip),
        prefix=lease.address.network.prefixlen,
        hostname=lease.hostname,
        clientid=lease.client_id,
    )


@handles("network_list_all_ports", flags=0, where=Where.WORKER)
def list_ports(call: Call, args: remote.NetworkListAllPortsArgs) -> remote.NetworkListAllPortsRet:
    """None: what is on a network is seen by its containers' interfaces."""
    _status(call, args.network)
    return remote.NetworkListAllPortsRet([], 0)


# -- changing ----------------------------------------------------------------------------


def _read(call: Call, xml: str, *, validate: bool) -> Network:
    read = read_network(xml, validate=validate)
    for warning in read.warnings:
        LOG.info("%s: network '%s': %s", call.function, read.network.name, warning)
    return read.network


def _define(call: Call, xml: str, *, validate: bool) -> remote.NonnullNetwork:
    with changing_networks(call):
        network = call.daemon.manager.networks.define(_read(call, xml, validate=validate))
    return _wire(network)


@handles("network_define_xml", where=Where.WORKER)
def define(call: Call, args: remote.NetworkDefineXmlArgs) -> remote.NetworkDefineXmlRet:
    """Make or replace a definition."""
    return remote.NetworkDefineXmlRet(_define(call, args.xml, validate=False))


@handles(
    "network_define_xml_flags",
    flags=constants.VIR_NETWORK_DEFINE_VALIDATE,
    where=Where.WORKER,
)
def define_flags(
    call: Call, args: remote.NetworkDefineXmlFlagsArgs
) -> remote.NetworkDefineXmlFlagsRet:
    """The same, on request only if the schema knows all that is said."""
    return remote.NetworkDefineXmlFlagsRet(_define(call, args.xml, validate=bool(args.flags)))


def _start_transient(call: Call, xml: str, *, validate: bool) -> remote.NonnullNetwork:
    with changing_networks(call):
        network = call.daemon.manager.networks.start_transient(_read(call, xml, validate=validate))
    return _wire(network)


@handles("network_create_xml", where=Where.WORKER)
def start_transient(call: Call, args: remote.NetworkCreateXmlArgs) -> remote.NetworkCreateXmlRet:
    """Run one that is gone once it stops."""
    return remote.NetworkCreateXmlRet(_start_transient(call, args.xml, validate=False))


@handles(
    "network_create_xml_flags",
    flags=constants.VIR_NETWORK_CREATE_VALIDATE,
    where=Where.WORKER,
)
def start_transient_flags(
    call: Call, args: remote.NetworkCreateXmlFlagsArgs
) -> remote.NetworkCreateXmlFlagsRet:
    """The same, on request only if the schema knows all that is said."""
    network = _start_transient(call, args.xml, validate=bool(args.flags))
    return remote.NetworkCreateXmlFlagsRet(network)


@handles("network_create", where=Where.WORKER)
def start(call: Call, args: remote.NetworkCreateArgs) -> None:
    """Start a defined one."""
    with changing_networks(call):
        call.daemon.manager.networks.start(_name(call, args.net))


@handles("network_destroy", where=Where.WORKER)
def stop(call: Call, args: remote.NetworkDestroyArgs) -> None:
    """Stop one."""
    with changing_networks(call):
        call.daemon.manager.networks.stop(_name(call, args.net))


@handles("network_undefine", where=Where.WORKER)
def undefine(call: Call, args: remote.NetworkUndefineArgs) -> None:
    """Remove a definition."""
    with changing_networks(call):
        call.daemon.manager.networks.undefine(_name(call, args.net))


@handles("network_set_autostart", where=Where.WORKER)
def set_autostart(call: Call, args: remote.NetworkSetAutostartArgs) -> None:
    """Say whether it starts with the host."""
    call.daemon.manager.networks.set_autostart(_name(call, args.net), bool(args.autostart))


_COMMANDS: Final = {
    constants.VIR_NETWORK_UPDATE_COMMAND_MODIFY: ChangeKind.MODIFY,
    constants.VIR_NETWORK_UPDATE_COMMAND_DELETE: ChangeKind.DELETE,
    constants.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST: ChangeKind.ADD_LAST,
    constants.VIR_NETWORK_UPDATE_COMMAND_ADD_FIRST: ChangeKind.ADD_FIRST,
}

_SECTIONS: Final[Mapping[int, type[Entry]]] = {
    constants.VIR_NETWORK_SECTION_IP_DHCP_HOST: DhcpHost,
    constants.VIR_NETWORK_SECTION_IP_DHCP_RANGE: DhcpRange,
    constants.VIR_NETWORK_SECTION_PORTGROUP: PortGroup,
    constants.VIR_NETWORK_SECTION_DNS_HOST: DnsHost,
}
"""Parts of a network that can be changed one entry at a time."""

_SECTION_NAMES: Final = {
    value: name.removeprefix("VIR_NETWORK_SECTION_").lower().replace("_", "-")
    for name, value in vars(constants).items()
    if name.startswith("VIR_NETWORK_SECTION_")
}
"""As ``virsh net-update`` calls them."""

_FAMILIES: Final = {4: constants.VIR_IP_ADDR_TYPE_IPV4, 6: constants.VIR_IP_ADDR_TYPE_IPV6}


@handles(
    "network_update",
    flags=constants.VIR_NETWORK_UPDATE_AFFECT_LIVE | constants.VIR_NETWORK_UPDATE_AFFECT_CONFIG,
    where=Where.WORKER,
)
def update(call: Call, args: remote.NetworkUpdateArgs) -> None:
    """Change one entry of a network.

    Raises:
        NoSupport: Such entries cannot be changed alone.
        InvalidArgument: There is no such command, or the entry is of another section.
    """
    status = _status(call, args.net)
    kind = _COMMANDS.get(args.command)
    if kind is None:
        raise errors.InvalidArgument(f"there is no command {args.command} to change a network")
    section = _SECTION_NAMES.get(args.section, str(args.section))
    wanted_type = _SECTIONS.get(args.section)
    if wanted_type is None:
        raise errors.NoSupport(
            f"the section '{section}' of a network cannot be changed by itself",
            hint="change its whole definition: virsh net-edit",
        )
    removed_from = status.network if kind is ChangeKind.DELETE else None
    entry = read_entry(args.xml, removed_from, wanted_type)
    if not isinstance(entry, wanted_type):
        raise errors.InvalidArgument(f"the element is none of the section '{section}'")
    _check_parent(status.network, entry, args.parentIndex)
    live = bool(args.flags & constants.VIR_NETWORK_UPDATE_AFFECT_LIVE)
    persistent = bool(args.flags & constants.VIR_NETWORK_UPDATE_AFFECT_CONFIG)
    if not (live or persistent):
        live, persistent = status.active, not status.active
    call.daemon.manager.networks.update(
        status.network.name,
        NetworkChange(kind=kind, entry=entry),
        live=live,
        persistent=persistent,
    )


def _check_parent(network: Network, entry: Entry, index: int) -> None:
    """An entry of DHCP is told by its address where it belongs; -1 leaves it at that.

    Raises:
        InvalidArgument: The client says that it belongs elsewhere.
    """
    if index < 0 or not isinstance(entry, DhcpHost | DhcpRange):
        return
    address = entry.address if isinstance(entry, DhcpHost) else entry.start
    places = network.addresses[index : index + 1]
    if not any(address in place.interface.network for place in places):
        raise errors.InvalidArgument(
            f"{address} does not belong to the <ip> number {index} of network '{network.name}'"
        )
