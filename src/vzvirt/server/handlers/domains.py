"""Containers: finding them, listing them, and what they are.

All of this is answered on the loop, from the snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from struct import Struct
from typing import TYPE_CHECKING, Final

from vzvirt import errors
from vzvirt.model.state import DomainState
from vzvirt.model.statistics import Topic
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server import documents
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.filters import at_most
from vzvirt.server.params import in_kib
from vzvirt.server.targets import entry

if TYPE_CHECKING:
    from vzvirt.server.snapshot import Entry

KIB: Final = 1024

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)

# -- one of them -------------------------------------------------------------------------------


@handles("domain_lookup_by_name")
def lookup_by_name(
    call: Call, args: remote.DomainLookupByNameArgs
) -> remote.DomainLookupByNameRet:
    """One by its name, or else by its number: ``virsh start`` asks for no ids."""
    snapshot = call.daemon.snapshot
    try:
        found = snapshot.by_name(args.name)
    except errors.NoDomain:
        if not _NUMBER.fullmatch(args.name):
            raise
        found = snapshot.by_id(int(args.name))
    return remote.DomainLookupByNameRet(found.encoded)


@handles("domain_lookup_by_uuid")
def lookup_by_uuid(
    call: Call, args: remote.DomainLookupByUuidArgs
) -> remote.DomainLookupByUuidRet:
    """One by its UUID."""
    return remote.DomainLookupByUuidRet(call.daemon.snapshot.by_uuid(args.uuid).encoded)


@handles("domain_lookup_by_id")
def lookup_by_id(call: Call, args: remote.DomainLookupByIdArgs) -> remote.DomainLookupByIdRet:
    """One by its number, be it off: it has that number either way."""
    return remote.DomainLookupByIdRet(call.daemon.snapshot.by_id(args.id).encoded)


# -- all of them -------------------------------------------------------------------------------

_STATES: Final = {
    DomainState.RUNNING: constants.VIR_CONNECT_LIST_DOMAINS_RUNNING,
    DomainState.PAUSED: constants.VIR_CONNECT_LIST_DOMAINS_PAUSED,
    DomainState.SHUTOFF: constants.VIR_CONNECT_LIST_DOMAINS_SHUTOFF,
}
"""Bits of states that have one; the others share ``OTHER``."""

_NEVER: Final = (
    constants.VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE
    | constants.VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT
    | constants.VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT
)
"""True of all: they have none of these yet."""

_GROUPS: Final = (
    constants.VIR_CONNECT_LIST_DOMAINS_ACTIVE | constants.VIR_CONNECT_LIST_DOMAINS_INACTIVE,
    constants.VIR_CONNECT_LIST_DOMAINS_PERSISTENT | constants.VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
    constants.VIR_CONNECT_LIST_DOMAINS_RUNNING
    | constants.VIR_CONNECT_LIST_DOMAINS_PAUSED
    | constants.VIR_CONNECT_LIST_DOMAINS_SHUTOFF
    | constants.VIR_CONNECT_LIST_DOMAINS_OTHER,
    constants.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE
    | constants.VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE,
    constants.VIR_CONNECT_LIST_DOMAINS_AUTOSTART | constants.VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART,
    constants.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT
    | constants.VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT,
    constants.VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT
    | constants.VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT,
)
"""Bits that belong together: of each group that is asked for, one must be true."""

_EVERY: Final = sum(_GROUPS)


def selected(call: Call, flags: int) -> Iterable[Entry]:
    """Containers that stand as the client asks; see ``chosen``."""
    return chosen(call.daemon.snapshot.entries(), flags)


def chosen(entries: Iterable[Entry], flags: int) -> Iterable[Entry]:
    """Those for which one bit is true of each group in which the client sets bits."""
    # Of each group one bit is true of everyone: who asks for all of them asks for nothing.
    asked = [flags & group for group in _GROUPS if flags & group not in {0, group}]
    if not asked:
        return entries
    return [found for found in entries if _fits(_traits(found), asked)]


def _fits(traits: int, asked: list[int]) -> bool:
    return all(traits & bits for bits in asked)


def _traits(found: Entry) -> int:
    """The bits that are true of a container."""
    bits = _NEVER
    bits |= _STATES.get(found.observation.state, constants.VIR_CONNECT_LIST_DOMAINS_OTHER)
    bits |= (
        constants.VIR_CONNECT_LIST_DOMAINS_ACTIVE
        if found.observation.is_active
        else constants.VIR_CONNECT_LIST_DOMAINS_INACTIVE
    )
    bits |= (
        constants.VIR_CONNECT_LIST_DOMAINS_PERSISTENT
        if found.persistent
        else constants.VIR_CONNECT_LIST_DOMAINS_TRANSIENT
    )
    bits |= (
        constants.VIR_CONNECT_LIST_DOMAINS_AUTOSTART
        if found.autostart
        else constants.VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART
    )
    return bits


@handles("connect_list_all_domains", flags=_EVERY)
def list_all(
    call: Call, args: remote.ConnectListAllDomainsArgs
) -> remote.ConnectListAllDomainsRet:
    """Containers that stand as the client asks."""
    found = [item.encoded for item in selected(call, args.flags)]
    return remote.ConnectListAllDomainsRet(found if args.need_results else [], len(found))


def _standing(call: Call, *, active: bool) -> list[Entry]:
    return [
        found for found in call.daemon.snapshot.entries() if found.observation.is_active is active
    ]


@handles("connect_num_of_domains")
def number_active(call: Call, args: None) -> remote.ConnectNumOfDomainsRet:
    """How many run."""
    return remote.ConnectNumOfDomainsRet(len(_standing(call, active=True)))


@handles("connect_list_domains")
def list_active(call: Call, args: remote.ConnectListDomainsArgs) -> remote.ConnectListDomainsRet:
    """Numbers of those that run."""
    ids = [int(found.ctid) for found in _standing(call, active=True)]
    return remote.ConnectListDomainsRet(at_most(ids, args.maxids))


@handles("connect_num_of_defined_domains")
def number_inactive(call: Call, args: None) -> remote.ConnectNumOfDefinedDomainsRet:
    """How many do not run."""
    return remote.ConnectNumOfDefinedDomainsRet(len(_standing(call, active=False)))


@handles("connect_list_defined_domains")
def list_inactive(
    call: Call, args: remote.ConnectListDefinedDomainsArgs
) -> remote.ConnectListDefinedDomainsRet:
    """Names of those that do not run."""
    names = [found.name for found in _standing(call, active=False)]
    return remote.ConnectListDefinedDomainsRet(at_most(names, args.maxnames))


# -- what they are -----------------------------------------------------------------------------


@handles("domain_get_os_type")
def get_os_type(call: Call, args: remote.DomainGetOsTypeArgs) -> remote.DomainGetOsTypeRet:
    """Containers run programs."""
    entry(call, args.dom)
    return remote.DomainGetOsTypeRet("exe")


@handles("domain_is_active")
def is_active(call: Call, args: remote.DomainIsActiveArgs) -> remote.DomainIsActiveRet:
    """Whether it runs."""
    return remote.DomainIsActiveRet(int(entry(call, args.dom).observation.is_active))


@handles("domain_is_persistent")
def is_persistent(call: Call, args: remote.DomainIsPersistentArgs) -> remote.DomainIsPersistentRet:
    """Whether it has a stored definition."""
    return remote.DomainIsPersistentRet(int(entry(call, args.dom).persistent))


@handles("domain_is_updated", where=Where.WORKER)
def is_updated(call: Call, args: remote.DomainIsUpdatedArgs) -> remote.DomainIsUpdatedRet:
    """Whether its next start takes another definition than it runs with."""
    ref = str(entry(call, args.dom).ctid)
    return remote.DomainIsUpdatedRet(int(call.daemon.manager.definitions.is_updated(ref)))


@handles("domain_get_state", flags=0)
def get_state(call: Call, args: remote.DomainGetStateArgs) -> remote.DomainGetStateRet:
    """Where it stands, and why."""
    reason = entry(call, args.dom).observation.reason
    return remote.DomainGetStateRet(int(reason.state), reason.number)


@handles("domain_get_autostart")
def get_autostart(call: Call, args: remote.DomainGetAutostartArgs) -> remote.DomainGetAutostartRet:
    """Whether it starts with the host."""
    return remote.DomainGetAutostartRet(int(bool(entry(call, args.dom).autostart)))


@handles("domain_has_managed_save_image", flags=0)
def has_managed_save_image(
    call: Call, args: remote.DomainHasManagedSaveImageArgs
) -> remote.DomainHasManagedSaveImageRet:
    """None has, so far."""
    entry(call, args.dom)
    return remote.DomainHasManagedSaveImageRet(0)


_LIMITS: Final = Struct(">QI")
"""What stands in an entry's memory of its limits: KiB, and processors (0: the host's)."""


def _limits(found: Entry) -> tuple[int, int]:
    """KiB a container may use, and how many processors it sees (0: the host's)."""

    def packed() -> bytes:
        domain = found.effective()
        return _LIMITS.pack(in_kib(domain.memory.limit), domain.cpu.vcpus or 0)

    memory, processors = _LIMITS.unpack(found.kept("limits", packed))
    return memory, processors


@handles("domain_get_info")
def get_info(call: Call, args: remote.DomainGetInfoArgs) -> remote.DomainGetInfoRet:
    """State, memory in KiB, processors, processor time in nanoseconds."""
    found, manager = entry(call, args.dom), call.daemon.manager
    most, processors = _limits(found)
    used, time = most, 0
    if found.observation.is_active:
        use = manager.statistics.of_one(found.ctid, Topic.CPU | Topic.MEMORY)
        if use is not None:
            used = use.memory.usage // KIB if use.memory is not None else most
            time = use.cpu.total if use.cpu is not None else 0
    return remote.DomainGetInfoRet(
        state=int(found.observation.state),
        maxMem=most,
        memory=used,
        nrVirtCpu=processors or manager.machine.max_vcpus(),
        cpuTime=time,
    )


_XML_FLAGS: Final = (
    constants.VIR_DOMAIN_XML_SECURE
    | constants.VIR_DOMAIN_XML_INACTIVE
    | constants.VIR_DOMAIN_XML_UPDATE_CPU
    | constants.VIR_DOMAIN_XML_MIGRATABLE
)
"""Documents have no secrets and no model of a processor, so only one of them matters."""


@handles("domain_get_xml_desc", flags=_XML_FLAGS)
def get_xml(call: Call, args: remote.DomainGetXmlDescArgs) -> bytes:
    """Its document: what it runs with, or what its next start takes."""
    found = entry(call, args.dom)
    inactive = bool(args.flags & constants.VIR_DOMAIN_XML_INACTIVE)

    def reply() -> bytes:
        text = documents.write(call, found.domain(live=False if inactive else None))
        return remote.DomainGetXmlDescRet(text).encode()

    return found.kept(("xml", inactive), reply)
