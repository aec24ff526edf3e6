"""What of an interface nobody could make, told before anything is made. No state."""

from __future__ import annotations

import socket

from vzvirt import errors
from vzvirt.backends.netlink import batches, filters, names, rtnetlink
from vzvirt.model.devices import ROUTED_GUEST_NAME, Interface, InterfaceKind
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug
from vzvirt.system.process import which

_SPECIAL = frozenset("#'")
"""Characters that mean something to ``ip -batch``."""


def check_plug(plug: Plug, ctid: Ctid, tag: str) -> None:
    """Refuse an interface by name.

    Raises:
        ConfigUnsupported: Its filter, mode or limit is one that nobody implements.
        OperationFailed: Its bridge or device is missing, or its host end's name is taken.
    """
    interface = plug.interface
    _check_words(interface)
    _check_kind(interface)
    host = names.host_end(plug, ctid, tag)
    if host is not None and _exists(host):
        raise errors.OperationFailed(
            f"interface '{names.guest_end(plug)}' is to be '{host}' on the host, "
            "but there is a device of that name",
            hint="give it another <target dev=/>",
        )
    if interface.kind in {InterfaceKind.BRIDGE, InterfaceKind.NETWORK} and not plug.bridge:
        raise errors.OperationFailed(f"interface '{names.guest_end(plug)}' names no bridge")
    if plug.bridge is not None:
        _check_bridge(plug.bridge)
    if interface.kind is InterfaceKind.DIRECT and not _exists(interface.source):
        raise errors.OperationFailed(f"this host has no network device '{interface.source}'")


def check_programs(plugs: tuple[Plug, ...], ctid: Ctid, tag: str) -> None:
    """Refuse interfaces that this host lacks the tools for.

    Raises:
        NoSupport: It does; the tool is named.
    """
    if plugs and which("ip") is None:
        raise errors.NoSupport(
            "interfaces of containers need the program 'ip', and it is not installed",
            hint="install the package iproute2",
        )
    filtered = [plug for plug in plugs if filters.rules(plug, ctid, tag)]
    if filtered and which("nft") is None:
        raise errors.NoSupport(
            f"interface '{names.guest_end(filtered[0])}' has filters, which need the program "
            "'nft', and it is not installed",
            hint="install the package nftables; a bridged interface needs none with "
            "<openvz:mac_filter>off</openvz:mac_filter>",
        )


def _check_words(interface: Interface) -> None:
    for name in (interface.host_name, interface.guest_name, interface.source):
        if name and _SPECIAL & set(name):
            raise errors.ConfigUnsupported(
                f"device name '{name}' has a character that 'ip' does not take",
                hint="letters, digits, '.', '-' and '_' are safe",
            )


def _check_kind(interface: Interface) -> None:
    kind, name = interface.kind, interface.guest_name or ROUTED_GUEST_NAME
    if interface.filter is not None and interface.filter not in filters.FILTERS:
        raise errors.ConfigUnsupported(
            f"interface '{name}' has the traffic filter '{interface.filter}', which is not known",
            hint=f"known: {', '.join(sorted(filters.FILTERS))}",
        )
    if kind is not InterfaceKind.DIRECT:
        return
    if interface.mode is not None and interface.mode not in batches.DIRECT_MODES:
        raise errors.ConfigUnsupported(
            f"interface '{name}' has the mode '{interface.mode}', which is not known",
            hint=f"known: {', '.join(batches.DIRECT_MODES)}",
        )
    beyond = {
        "<bandwidth>": interface.inbound or interface.outbound,
        f"<filterref filter='{interface.filter}'>": interface.filter,
        "<openvz:mac_filter>": interface.mac_filter,
        "<link state='down'>": not interface.link_up,
    }
    for what, said in beyond.items():
        if said:
            raise errors.ConfigUnsupported(
                f"interface '{name}' of type 'direct' has no end on the host, "
                f"which {what} would act on",
                hint="use type='bridge'",
            )


def _exists(name: str) -> bool:
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


def _check_bridge(bridge: str) -> None:
    if not _exists(bridge):
        raise errors.OperationFailed(
            f"this host has no bridge '{bridge}'",
            hint=f"make it: ip link add {bridge} type bridge && ip link set {bridge} up",
        )
    if rtnetlink.link_kind(bridge) != "bridge":
        raise errors.OperationFailed(
            f"'{bridge}' is no bridge, so no interface can be put into it",
            hint="type='direct' shares a network device without a bridge",
        )
