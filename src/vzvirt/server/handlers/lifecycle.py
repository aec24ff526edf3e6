"""Containers: defined, started, stopped, paused, renamed, forgotten."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from vzvirt import errors
from vzvirt.codec.xml import Read
from vzvirt.model.domain import Domain
from vzvirt.model.event import Lifecycle, LifecycleEvent, Subject
from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.xdr import Encoded
from vzvirt.server import documents
from vzvirt.server.call import Call
from vzvirt.server.client import Client
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.service import Service
from vzvirt.server.targets import changed, changing, telling

LOG: Final = logging.getLogger(__name__)

# -- documents ---------------------------------------------------------------------------------


def _read(call: Call, xml: str, *, validate: bool) -> Read:
    read = documents.read(call, xml, validate=validate)
    _tell(call, read.domain.name, read.warnings)
    return read


def _tell(call: Call, name: str, warnings: tuple[str, ...]) -> None:
    """A client gets no warnings; they are in the daemon's log."""
    for warning in warnings:
        LOG.info("%s: '%s': %s", call.function, name, warning)


def _followed(call: Call, domain: Domain) -> Encoded:
    """A container as clients know it, once the snapshot has followed what was done."""
    changed(call, str(domain.number))
    return _encoded(call, domain.number)


def _encoded(call: Call, ctid: Ctid) -> Encoded:
    daemon = call.daemon
    return daemon.on_loop(lambda: daemon.snapshot.by_id(int(ctid)).encoded)


def _defined(subject: Subject) -> LifecycleEvent:
    return LifecycleEvent(subject, Lifecycle.DEFINED)


def _redefined(subject: Subject) -> LifecycleEvent:
    return LifecycleEvent(subject, Lifecycle.REDEFINED)


def _define(call: Call, xml: str, *, validate: bool) -> Encoded:
    read = _read(call, xml, validate=validate)
    with telling(call, _redefined, _defined) as done:
        defined = call.daemon.manager.definitions.define(read.domain)
        done(defined.domain.number)
    _tell(call, read.domain.name, defined.warnings)
    return _encoded(call, defined.domain.number)


@handles("domain_define_xml", where=Where.WORKER)
def define(call: Call, args: remote.DomainDefineXmlArgs) -> remote.DomainDefineXmlRet:
    """Make or replace a definition."""
    return remote.DomainDefineXmlRet(_define(call, args.xml, validate=False))


@handles("domain_define_xml_flags", flags=constants.VIR_DOMAIN_DEFINE_VALIDATE, where=Where.WORKER)
def define_flags(
    call: Call, args: remote.DomainDefineXmlFlagsArgs
) -> remote.DomainDefineXmlFlagsRet:
    """The same, on request only if the schema knows all that is said."""
    return remote.DomainDefineXmlFlagsRet(_define(call, args.xml, validate=bool(args.flags)))


@handles("domain_undefine", where=Where.WORKER)
def undefine(call: Call, args: remote.DomainUndefineArgs) -> None:
    """Remove a definition; who runs goes on until it ends. Its private area stays."""
    _undefine(call, args.dom)


_VAIN: Final = (
    constants.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | constants.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | constants.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | constants.VIR_DOMAIN_UNDEFINE_NVRAM
    | constants.VIR_DOMAIN_UNDEFINE_TPM
)
"""What is to be removed as well: no container has any of it."""


@handles("domain_undefine_flags", flags=_VAIN, where=Where.WORKER)
def undefine_flags(call: Call, args: remote.DomainUndefineFlagsArgs) -> None:
    """The same."""
    _undefine(call, args.dom)


def _undefine(call: Call, dom: remote.NonnullDomain) -> None:
    with changing(call, dom) as ref:
        call.daemon.manager.definitions.undefine(ref, remove_data=False, running=True)


@handles("domain_rename", flags=0, where=Where.WORKER)
def rename(call: Call, args: remote.DomainRenameArgs) -> remote.DomainRenameRet:
    """Give one that is off another name."""
    with changing(call, args.dom) as ref:
        call.daemon.manager.definitions.rename(ref, args.new_name or "")
    return remote.DomainRenameRet(0)


@handles("domain_set_autostart", where=Where.WORKER)
def set_autostart(call: Call, args: remote.DomainSetAutostartArgs) -> None:
    """Say whether it starts with the host."""
    with changing(call, args.dom) as ref:
        call.daemon.manager.definitions.set_autostart(ref, bool(args.autostart))


# -- starting ----------------------------------------------------------------------------------

_START: Final = constants.VIR_DOMAIN_START_PAUSED | constants.VIR_DOMAIN_START_AUTODESTROY


@handles(
    "domain_create_xml",
    flags=_START | constants.VIR_DOMAIN_START_VALIDATE,
    where=Where.WORKER,
)
def start_transient(call: Call, args: remote.DomainCreateXmlArgs) -> remote.DomainCreateXmlRet:
    """Start one that is gone once it ends."""
    validate = bool(args.flags & constants.VIR_DOMAIN_START_VALIDATE)
    read = _read(call, args.xml_desc, validate=validate)
    started = call.daemon.manager.lifecycle.start_transient(
        read.domain, paused=bool(args.flags & constants.VIR_DOMAIN_START_PAUSED)
    )
    _tell(call, read.domain.name, started.warnings)
    encoded = _followed(call, started.domain)
    if started.domain.ctid is not None:
        _bind(call, started.domain.ctid, args.flags)
    return remote.DomainCreateXmlRet(encoded)


@handles("domain_create", where=Where.WORKER)
def start(call: Call, args: remote.DomainCreateArgs) -> None:
    """Start one that is defined."""
    _start(call, args.dom, 0)


@handles("domain_create_with_flags", flags=_START, where=Where.WORKER)
def start_flags(
    call: Call, args: remote.DomainCreateWithFlagsArgs
) -> remote.DomainCreateWithFlagsRet:
    """The same; the container as it is known now."""
    return remote.DomainCreateWithFlagsRet(_start(call, args.dom, args.flags))


def _start(call: Call, dom: remote.NonnullDomain, flags: int) -> Encoded:
    paused = bool(flags & constants.VIR_DOMAIN_START_PAUSED)
    with changing(call, dom) as ref:
        call.daemon.manager.lifecycle.start(ref, paused=paused)
    _bind(call, Ctid(ref), flags)
    return _encoded(call, Ctid(ref))


def _bind(call: Call, ctid: Ctid, flags: int) -> None:
    """Let a container's end be that of its client's connection, if the flags say so."""
    if flags & constants.VIR_DOMAIN_START_AUTODESTROY:
        call.daemon.on_loop(partial(_bound, call.session, call.daemon, ctid))


def _bound(session: Client, daemon: Service, ctid: Ctid) -> None:
    run = daemon.snapshot.by_id(int(ctid)).observation.run

    def kill() -> None:
        """In a worker thread: the client has gone."""
        try:
            if daemon.manager.lifecycle.kill_run(ctid, run):
                daemon.on_loop(lambda: daemon.snapshot.refresh(ctid))
        except errors.VzvirtError as error:
            LOG.warning("container %d was to end with its client: %s", ctid, error)

    session.on_close(lambda: daemon.in_worker(kill))


# -- stopping ----------------------------------------------------------------------------------


@handles("domain_destroy", where=Where.WORKER)
def kill(call: Call, args: remote.DomainDestroyArgs) -> None:
    """End it at once."""
    _kill(call, args.dom)


@handles("domain_destroy_flags", flags=0, where=Where.WORKER)
def kill_flags(call: Call, args: remote.DomainDestroyFlagsArgs) -> None:
    """The same."""
    _kill(call, args.dom)


def _kill(call: Call, dom: remote.NonnullDomain) -> None:
    with changing(call, dom) as ref:
        call.daemon.manager.lifecycle.kill(ref)


@handles("domain_shutdown", where=Where.WORKER)
def shutdown(call: Call, args: remote.DomainShutdownArgs) -> None:
    """Ask it to shut down; nobody waits until it has."""
    _shutdown(call, args.dom)


_ASKING: Final = constants.VIR_DOMAIN_SHUTDOWN_INITCTL | constants.VIR_DOMAIN_SHUTDOWN_SIGNAL
"""Ways to ask an init; which one it understands is for us to know. Those of reboots are alike."""


@handles("domain_shutdown_flags", flags=_ASKING, where=Where.WORKER)
def shutdown_flags(call: Call, args: remote.DomainShutdownFlagsArgs) -> None:
    """The same."""
    _shutdown(call, args.dom)


def _shutdown(call: Call, dom: remote.NonnullDomain) -> None:
    with changing(call, dom) as ref:
        call.daemon.manager.lifecycle.shutdown(ref, timeout=0)


@handles("domain_reboot", flags=_ASKING, where=Where.WORKER)
def reboot(call: Call, args: remote.DomainRebootArgs) -> None:
    """Ask it to reboot; nobody waits until it has."""
    with changing(call, args.dom) as ref:
        call.daemon.manager.lifecycle.request_reboot(ref)


@handles("domain_suspend", where=Where.WORKER)
def pause(call: Call, args: remote.DomainSuspendArgs) -> None:
    """Freeze all its processes."""
    with changing(call, args.dom) as ref:
        call.daemon.manager.lifecycle.pause(ref)


@handles("domain_resume", where=Where.WORKER)
def unpause(call: Call, args: remote.DomainResumeArgs) -> None:
    """Thaw them."""
    with changing(call, args.dom) as ref:
        call.daemon.manager.lifecycle.unpause(ref)
