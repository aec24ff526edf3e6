"""What is shown of containers and the host: columns and JSON from the same rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vzvirt.cli.formats import duration_text, size_text
from vzvirt.cli.output import Field, Json
from vzvirt.model.host import Verdict
from vzvirt.model.state import DomainState, Observation
from vzvirt.model.values import UNLIMITED, Limit, SoftHard

if TYPE_CHECKING:
    from vzvirt.model.host import EnforcedParameter, HostCheck
    from vzvirt.model.report import DomainInfo, DomainSummary, InterfaceReport
    from vzvirt.model.storage import Usage

_STATE_WORDS: Final = {DomainState.SHUTDOWN: "shutting down", DomainState.SHUTOFF: "shut off"}
_STATE_COLOURS: Final = {
    DomainState.RUNNING: "green",
    DomainState.PAUSED: "yellow",
    DomainState.SHUTDOWN: "yellow",
    DomainState.CRASHED: "red",
}
_VERDICT_COLOURS: Final = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.MISSING: "red",
}


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """One quota of a private area, in bytes or files; ``None``: there is none, or not known."""

    what: str
    quota: SoftHard | None
    used: int | None
    available: int | None
    is_size: bool

    def show(self, amount: int | None) -> str:
        """An amount of it for people."""
        if amount is None:
            return "-"
        return size_text(amount) if self.is_size else str(amount)


def state_words(state: DomainState) -> str:
    """A state for people."""
    return _STATE_WORDS.get(state, state.name.lower())


def _limit(value: Limit | None) -> Json:
    return value.value if value is UNLIMITED else value


def _soft_hard(value: SoftHard | None) -> Json:
    return None if value is None else {"soft": value.soft, "hard": value.hard}


def _uptime(observation: Observation) -> float | None:
    if observation.started_at is None:
        return None
    return max(0.0, time.time() - observation.started_at)


def _usage(usage: Usage | None) -> Json:
    if usage is None:
        return None
    return {
        "used_bytes": usage.used_bytes,
        "size_bytes": usage.size_bytes,
        "used_inodes": usage.used_inodes,
        "inodes": usage.inodes,
    }


def _of(used: str, most: str) -> str:
    return f"{used} of {most}" if most != "-" else used


def _used_space(info: DomainInfo) -> str:
    if info.usage is None:
        return "-"
    return _of(size_text(info.usage.used_bytes), size_text(info.usage.size_bytes))


def _used_inodes(info: DomainInfo) -> str:
    if info.usage is None:
        return "-"
    most = info.usage.inodes
    return _of(str(info.usage.used_inodes), "-" if most is None else str(most))


def _root(info: DomainInfo) -> str:
    root = info.domain.root
    return f"{root.kind.value} {root.source}" if root else "-"


def _marks(value: SoftHard | None, *, is_size: bool) -> str:
    if value is None:
        return "-"
    soft, hard = (size_text(mark) if is_size else str(mark) for mark in (value.soft, value.hard))
    return hard if soft == hard else f"{soft} soft, {hard} hard"


def _addresses(info: DomainInfo) -> list[str]:
    return [str(address) for item in info.domain.interfaces for address in item.addresses]


def _interfaces(info: DomainInfo) -> Json:
    return [
        {
            "interface": item.guest_name,
            "kind": item.interface.kind.value,
            "source": item.interface.source,
            "live_addresses": (
                None
                if item.live_addresses is None
                else [str(address) for address in item.live_addresses]
            ),
        }
        for item in info.interfaces
    ]


def _interface(report: InterfaceReport) -> str:
    """One interface for people: ``eth0 (bridge br0) 10.0.0.5/24``."""
    source = f" {report.interface.source}" if report.interface.source else ""
    live = "".join(f" {address}" for address in report.live_addresses or ())
    return f"{report.guest_name} ({report.interface.kind.value}{source}){live}"


def _yes(value: bool | None) -> str:
    return "yes" if value else "no"


SUMMARY_FIELDS: Final[tuple[Field[DomainSummary], ...]] = (
    Field("ctid", "its number", lambda it: int(it.ctid), "CTID", numeric=True),
    Field("name", "its name", lambda it: it.name, "NAME"),
    Field("uuid", "its UUID", lambda it: str(it.uuid)),
    Field(
        "state",
        "running, paused, shutdown (was asked to), shutoff or crashed",
        lambda it: it.state.name.lower(),
        "STATE",
        lambda it: state_words(it.state),
        lambda it: _STATE_COLOURS.get(it.state, ""),
    ),
    Field(
        "reason",
        "why",
        lambda it: it.observation.reason.words,
        "REASON",
        lambda it: it.observation.reason.words + (", transient" if it.transient else ""),
    ),
    Field(
        "started_at",
        "when it was started, in seconds since the epoch, while it is active",
        lambda it: it.observation.started_at,
        "UPTIME",
        lambda it: duration_text(_uptime(it.observation)),
    ),
    Field(
        "memory",
        "bytes it may use, or 'unlimited'",
        lambda it: _limit(it.memory),
        "MEMORY",
        lambda it: size_text(it.memory),
        numeric=True,
    ),
    Field(
        "addresses",
        "its addresses with their prefix lengths, as defined",
        lambda it: [str(address) for address in it.addresses],
        "ADDRESSES",
        lambda it: ",".join(str(address.ip) for address in it.addresses),
    ),
    Field("template", "OS template its root came from", lambda it: it.template, "TEMPLATE"),
    Field("hostname", "its host name", lambda it: it.hostname),
    Field("description", "what was noted of it", lambda it: it.description),
    Field("autostart", "whether it starts with the host", lambda it: bool(it.autostart)),
    Field("transient", "whether it is gone once it stops", lambda it: it.transient),
)
"""``vzvirt list``."""

INFO_FIELDS: Final[tuple[Field[DomainInfo], ...]] = (
    Field(
        "ctid", "its number", lambda it: int(it.domain.ctid) if it.domain.ctid else None, "CTID"
    ),
    Field("name", "its name", lambda it: it.domain.name, "Name"),
    Field("uuid", "its UUID", lambda it: str(it.domain.uuid), "UUID"),
    Field("title", "its title", lambda it: it.domain.title, "Title"),
    Field("description", "what was noted of it", lambda it: it.domain.description, "Description"),
    Field(
        "state",
        "as in `list`",
        lambda it: it.observation.state.name.lower(),
        "State",
        lambda it: f"{state_words(it.observation.state)} ({it.observation.reason.words})",
    ),
    Field("reason", "why", lambda it: it.observation.reason.words),
    Field(
        "started_at",
        "as in `list`",
        lambda it: it.observation.started_at,
        "Uptime",
        lambda it: duration_text(_uptime(it.observation)),
    ),
    Field(
        "init_pid",
        "the host's number of its first process",
        lambda it: it.observation.init_pid,
        "Init's pid",
    ),
    Field(
        "exit_status",
        "how its init ended the last time: exit status, or minus the signal",
        lambda it: it.observation.exit_status,
        "Last exit",
    ),
    Field(
        "transient",
        "whether it is gone once it stops",
        lambda it: it.transient,
        "Transient",
        lambda it: _yes(it.transient),
    ),
    Field(
        "autostart",
        "whether it starts with the host",
        lambda it: bool(it.domain.autostart),
        "Autostart",
        lambda it: _yes(it.domain.autostart),
    ),
    Field("hostname", "its host name", lambda it: it.domain.guest_naming.hostname, "Host name"),
    Field(
        "addresses",
        "its addresses, as defined",
        _addresses,
        "Addresses",
        lambda it: ", ".join(_addresses(it)),
    ),
    Field(
        "interfaces",
        "objects with `interface`, `kind`, `source` and `live_addresses` (null: it does not run)",
        _interfaces,
        "Interfaces",
        lambda it: "; ".join(map(_interface, it.interfaces)),
    ),
    Field(
        "memory",
        "bytes it may use, or 'unlimited'",
        lambda it: _limit(it.domain.memory.limit),
        "Memory",
        lambda it: size_text(it.domain.memory.limit),
    ),
    Field(
        "swap",
        "bytes of swap on top, or 'unlimited'",
        lambda it: _limit(it.domain.memory.swap),
        "Swap",
        lambda it: size_text(it.domain.memory.swap),
    ),
    Field("vcpus", "processors it may use", lambda it: it.domain.cpu.vcpus, "Processors"),
    Field(
        "root",
        "what its root is made of: kind and source",
        lambda it: (
            {"kind": it.domain.root.kind.value, "source": it.domain.root.source}
            if it.domain.root
            else None
        ),
        "Root",
        _root,
    ),
    Field("layout", "storage layout", lambda it: it.layout.name if it.layout else None, "Layout"),
    Field(
        "private_area",
        "where its root is stored",
        lambda it: str(it.places.private_area),
        "Private area",
    ),
    Field(
        "root_mount",
        "where its root is mounted while it runs",
        lambda it: str(it.places.root_mount),
        "Root mount",
        lambda it: f"{it.places.root_mount} ({'mounted' if it.mounted else 'not mounted'})",
    ),
    Field("mounted", "whether it is mounted", lambda it: it.mounted),
    Field("provisioned", "whether it was unpacked", lambda it: it.domain.provisioned is not False),
    Field(
        "size_quota",
        "`soft` and `hard`, in bytes",
        lambda it: _soft_hard(it.domain.root.space if it.domain.root else None),
        "Size quota",
        lambda it: _marks(it.domain.root.space if it.domain.root else None, is_size=True),
    ),
    Field(
        "inode_quota",
        "`soft` and `hard`, in files",
        lambda it: _soft_hard(it.domain.root.inodes if it.domain.root else None),
        "Inode quota",
        lambda it: _marks(it.domain.root.inodes if it.domain.root else None, is_size=False),
    ),
    Field(
        "usage",
        "`used_bytes`, `size_bytes`, `used_inodes`, `inodes` of the private area",
        lambda it: _usage(it.usage),
        "Used",
        _used_space,
    ),
    Field("", "for people only", lambda it: None, "Used inodes", _used_inodes),
)
"""``vzvirt info``; its JSON also has ``limits`` and ``notes``. A field without a key has none."""

ENFORCEMENT_FIELDS: Final[tuple[Field[EnforcedParameter], ...]] = (
    Field("parameter", "its name", lambda it: it.parameter, "PARAMETER"),
    Field("value", "what is set", lambda it: it.value, "VALUE"),
    Field(
        "enforced",
        "exactly, approximately, or 'kept only'",
        lambda it: it.enforcement.value,
        "ENFORCED",
    ),
    Field("how", "by what means", lambda it: it.how, "HOW"),
)
"""``limits`` of ``vzvirt info``."""

QUOTA_FIELDS: Final[tuple[Field[QuotaRow], ...]] = (
    Field("quota", "size (in bytes) or inodes (files)", lambda it: it.what, "QUOTA"),
    Field("used", "in use", lambda it: it.used, "USED", lambda it: it.show(it.used)),
    Field(
        "soft",
        "may be passed for the grace time",
        lambda it: it.quota.soft if it.quota else None,
        "SOFT",
        lambda it: it.show(it.quota.soft if it.quota else None),
    ),
    Field(
        "hard",
        "never passed",
        lambda it: it.quota.hard if it.quota else None,
        "HARD",
        lambda it: it.show(it.quota.hard if it.quota else None),
    ),
    Field(
        "available",
        "what 'df' inside shows as the whole",
        lambda it: it.available,
        "SEEN INSIDE",
        lambda it: it.show(it.available),
    ),
)
"""``vzvirt quota``."""

CHECK_FIELDS: Final[tuple[Field[HostCheck], ...]] = (
    Field("topic", "what was looked at", lambda it: it.topic, "TOPIC"),
    Field(
        "verdict",
        "ok, warning or missing",
        lambda it: it.verdict.value,
        "VERDICT",
        colour=lambda it: _VERDICT_COLOURS[it.verdict],
    ),
    Field("found", "what was found", lambda it: it.found, "FOUND"),
    Field("remedy", "what to do about it, or null", lambda it: it.remedy),
)
"""``vzvirt doctor``."""
