"""The commands that deal with interfaces, devices and networks; part of ``table``."""

from __future__ import annotations

from typing import Final

from vzvirt.cli.arguments import (
    ALL,
    CONFIG,
    DEVICES,
    JSON,
    LIVE,
    NETWORK,
    NETWORKING,
    NETWORKS,
    REF,
    VALIDATE,
)
from vzvirt.cli.command import Argument, Command
from vzvirt.cli.formats import read_ip_interface

_DEVICE: Final = Argument(
    "FILE",
    "XML of an <interface>, <hostdev> or <filesystem>; '-': standard input",
    completes="file",
)
_INTERFACE: Final = Argument(
    "FILE", "XML of an <interface>; '-': standard input", completes="file"
)
_ADDRESS: Final = Argument("ADDRESS", "IPv4 or IPv6 address", parse=read_ip_interface)
_NETWORK_FILE: Final = Argument("FILE", "network XML; '-': standard input", completes="file")

_BOTH: Final = (
    "--live changes the running container, --config its definition; without either, both are "
    "changed, the running one if it runs."
)
_NOT_LIVE: Final = "A <filesystem> of a running container comes and goes with --config alone."
_BOTH_OF_NETWORK: Final = (
    "--live changes the running network, --config its definition; without either, whichever of "
    "them there is."
)

_DEVICE_COMMANDS: Final = (
    Command(
        name="naming",
        runs="devices:naming",
        group=DEVICES,
        summary="change a container's host name, name servers and search domains",
        arguments=(
            REF,
            Argument("--hostname", "its host name; '': none of ours", metavar="NAME"),
            Argument(
                "--nameserver",
                "whom it asks for names; 'inherit': whom the host asks; '': none of ours",
                metavar="ADDRESS",
                many=True,
                keyword="nameservers",
            ),
            Argument(
                "--searchdomain",
                "domain that short names are looked for in; 'inherit' and '' as above",
                metavar="DOMAIN",
                many=True,
                keyword="search_domains",
            ),
            JSON,
        ),
        details="What is not given stays as it is; a list that is given takes the place of the "
        "old one. A running container goes by it at once.",
        repairs=True,
    ),
    Command(
        name="ip add",
        runs="devices:add_address",
        group=DEVICES,
        summary="give a container a routed address",
        arguments=(REF, _ADDRESS, JSON),
        details="The address is that of the container's venet0 and gets there by a route of the "
        "host; no bridge is needed. A running container has it at once.",
        repairs=True,
    ),
    Command(
        name="ip del",
        runs="devices:remove_address",
        group=DEVICES,
        summary="take a routed address from a container",
        arguments=(REF, _ADDRESS, JSON),
        details="A running container loses it at once.",
        repairs=True,
    ),
    Command(
        name="attach",
        runs="devices:attach",
        group=DEVICES,
        summary="give a container one more device",
        arguments=(REF, _DEVICE, LIVE, CONFIG, JSON),
        details=f"{_BOTH} {_NOT_LIVE}",
        repairs=True,
    ),
    Command(
        name="update-device",
        runs="devices:update",
        group=DEVICES,
        summary="change an interface of a container",
        arguments=(REF, _INTERFACE, LIVE, CONFIG, JSON),
        details="The file has the interface as it is to be. It is found by its <mac>, its "
        f"<guest dev='...'/> or its <target dev='...'/>; the routed one is the only one. {_BOTH}",
        repairs=True,
    ),
    Command(
        name="detach",
        runs="devices:detach",
        group=DEVICES,
        summary="take a device from a container",
        arguments=(REF, _DEVICE, LIVE, CONFIG, JSON),
        details="An interface is found as by 'update-device', a device of the host by its name or "
        f"address, a file system by its <target>. {_BOTH} {_NOT_LIVE}",
        repairs=True,
    ),
    Command(
        name="domiflist",
        runs="devices:list_interfaces",
        group=DEVICES,
        summary="list a container's interfaces",
        arguments=(REF, JSON),
    ),
    Command(
        name="domifaddr",
        runs="devices:list_addresses",
        group=DEVICES,
        summary="list the addresses a running container has",
        arguments=(REF, JSON),
        details="What its interfaces have right now, whoever gave it to them.",
    ),
    Command(
        name="domifstat",
        runs="devices:list_counters",
        group=DEVICES,
        summary="show the traffic of a container's interfaces",
        arguments=(REF, JSON),
        details="As the container sees it: what it received and what it sent.",
    ),
    Command(
        name="nodedev list",
        runs="nodedevs:list_devices",
        group=DEVICES,
        summary="list the host's devices",
        arguments=(
            Argument(
                "--cap",
                "only devices of this kind",
                metavar="KIND",
                values=("system", "pci", "net", "storage", "usb_device"),
                keyword="kind",
            ),
            JSON,
        ),
        for_anyone=True,
    ),
    Command(
        name="nodedev dumpxml",
        runs="nodedevs:dumpxml",
        group=DEVICES,
        summary="print a host device's XML",
        arguments=(Argument("NAME", "device, as 'nodedev list' has it", completes="nodedev"),),
        for_anyone=True,
    ),
)

_NETWORK_COMMANDS: Final = (
    Command(
        name="net list",
        runs="networks:list_networks",
        group=NETWORKING,
        summary="list networks",
        arguments=(ALL, JSON),
        details="With --quiet only the names are printed.",
    ),
    Command(
        name="net info",
        runs="networks:info",
        group=NETWORKING,
        summary="show how a network stands",
        arguments=(NETWORK, JSON),
    ),
    Command(
        name="net dumpxml",
        runs="networks:dumpxml",
        group=NETWORKING,
        summary="print a network's XML",
        arguments=(
            NETWORK,
            Argument("--inactive", "its definition, even where it runs by another"),
        ),
    ),
    Command(
        name="net define",
        runs="networks:define",
        group=NETWORKING,
        summary="write a network's definition from network XML",
        arguments=(_NETWORK_FILE, VALIDATE, JSON),
        details="A network that runs goes on as it is until it is started anew.",
    ),
    Command(
        name="net create",
        runs="networks:start_transient",
        group=NETWORKING,
        summary="start a network that is gone once it stops",
        arguments=(_NETWORK_FILE, VALIDATE, JSON),
    ),
    Command(
        name="net edit",
        runs="networks:edit",
        group=NETWORKING,
        summary="edit a network's definition",
        arguments=(NETWORK,),
        details="As 'edit' does a container's.",
    ),
    Command(
        name="net start",
        runs="networks:start",
        group=NETWORKING,
        summary="start defined networks",
        arguments=(NETWORKS, JSON),
    ),
    Command(
        name="net stop",
        runs="networks:stop",
        group=NETWORKING,
        summary="stop networks",
        arguments=(NETWORKS, JSON),
        details="Containers on them are warned of; they are connected again when they start anew.",
    ),
    Command(
        name="net undefine",
        runs="networks:undefine",
        group=NETWORKING,
        summary="delete networks' definitions",
        arguments=(NETWORKS, JSON),
        details="A network that runs does so until it is stopped.",
    ),
    Command(
        name="net autostart",
        runs="networks:autostart",
        group=NETWORKING,
        summary="start networks with the host",
        arguments=(NETWORKS, Argument("--disable", "do not start them with the host"), JSON),
        details="Such a network is also started by the first container on it.",
    ),
    Command(
        name="net leases",
        runs="networks:leases",
        group=NETWORKING,
        summary="list what a network's DHCP has given out",
        arguments=(NETWORK, JSON),
    ),
    Command(
        name="net update",
        runs="networks:update",
        group=NETWORKING,
        summary="change one entry of a network",
        arguments=(
            NETWORK,
            Argument(
                "ACTION",
                "what to do with it",
                values=("add", "add-first", "modify", "delete"),
            ),
            Argument("ENTRY", "its XML, or a file with it; '-': standard input", completes="file"),
            LIVE,
            CONFIG,
            JSON,
        ),
        details="An entry is a <host> or <range> of DHCP, a <host> of DNS (with a <hostname>), a "
        f"<forwarder> or a <portgroup>. {_BOTH_OF_NETWORK}",
    ),
)

NETWORK_COMMANDS: Final = (*_DEVICE_COMMANDS, *_NETWORK_COMMANDS)
