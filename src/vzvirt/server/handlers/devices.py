"""Devices of containers: attached, changed, detached."""

from __future__ import annotations

import logging
from typing import Final, Protocol

from vzvirt.codec.xml import read_device
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Filesystem, HostDevice, Interface
from vzvirt.rpc.protocol import remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.targets import AFFECTS, affect, changing

LOG: Final = logging.getLogger(__name__)


class _Change(Protocol):
    """What the manager does with a device."""

    def __call__(
        self, ref: str, device: Interface | HostDevice | Filesystem, affect: Affect
    ) -> None: ...


def _make(call: Call, change: _Change, dom: remote.NonnullDomain, xml: str, where: Affect) -> None:
    with changing(call, dom) as ref:
        read = read_device(xml)
        for warning in read.warnings:
            LOG.info("%s: container %s: %s", call.function, ref, warning)
        change(ref, read.device, where)


@handles("domain_attach_device", where=Where.WORKER)
def attach(call: Call, args: remote.DomainAttachDeviceArgs) -> None:
    """Give what runs one more device."""
    _make(call, call.daemon.manager.devices.attach, args.dom, args.xml, Affect.LIVE)


@handles("domain_attach_device_flags", flags=AFFECTS, where=Where.WORKER)
def attach_flags(call: Call, args: remote.DomainAttachDeviceFlagsArgs) -> None:
    """The same for the definitions that the flags name."""
    where = affect(args.flags)
    _make(call, call.daemon.manager.devices.attach, args.dom, args.xml, where)


@handles("domain_update_device_flags", flags=AFFECTS, where=Where.WORKER)
def update_flags(call: Call, args: remote.DomainUpdateDeviceFlagsArgs) -> None:
    """Change a device."""
    where = affect(args.flags)
    _make(call, call.daemon.manager.devices.update, args.dom, args.xml, where)


@handles("domain_detach_device", where=Where.WORKER)
def detach(call: Call, args: remote.DomainDetachDeviceArgs) -> None:
    """Take a device from what runs."""
    _make(call, call.daemon.manager.devices.detach, args.dom, args.xml, Affect.LIVE)


@handles("domain_detach_device_flags", flags=AFFECTS, where=Where.WORKER)
def detach_flags(call: Call, args: remote.DomainDetachDeviceFlagsArgs) -> None:
    """The same for the definitions that the flags name."""
    where = affect(args.flags)
    _make(call, call.daemon.manager.devices.detach, args.dom, args.xml, where)


@handles("domain_detach_device_alias", flags=AFFECTS, where=Where.WORKER)
def detach_alias(call: Call, args: remote.DomainDetachDeviceAliasArgs) -> None:
    """The same for the device of an alias, such as ``net0``: the first interface."""
    with changing(call, args.dom) as ref:
        call.daemon.manager.devices.detach_alias(ref, args.alias, affect(args.flags))
