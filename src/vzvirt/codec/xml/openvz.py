"""What OpenVZ has beyond libvirt's schema: the element ``<openvz:container>``.

Its children are named after vzctl's options.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from vzvirt import errors
from vzvirt.codec.schema import TEXT, WORD, Convert, Items, Spec, Value, Values, as_fields
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import (
    LIMIT,
    NUMBER,
    REAL,
    WORDS,
    YES_NO,
    one_of,
    switches,
)
from vzvirt.codec.xml.document import is_writable
from vzvirt.model.devices import DevicePermission
from vzvirt.model.domain import ForeignLine, OpenvzSettings
from vzvirt.model.resources import Accounting, Beancounter
from vzvirt.model.values import BarrierLimit, Limit

# Beancounters


def _beancounter(name: str, barrier: Limit, limit: Limit) -> Beancounter:
    return Beancounter(name, BarrierLimit(barrier, limit))


def _gather_beancounter(values: Values, node: Node) -> None:
    if "name" not in values or "limit" not in values:
        raise errors.XmlError(f"{node.spelling} needs name=, barrier= and limit=")
    values.setdefault("barrier", values["limit"])


_BEANCOUNTER: Final = Spec(
    _beancounter,
    Value("name", "@name", WORD),
    Value("barrier", "@barrier", LIMIT),
    Value("limit", "@limit", LIMIT),
    gather=_gather_beancounter,
    spread=lambda row: {
        "name": row.name,
        "barrier": row.value.barrier,
        "limit": row.value.limit,
    },
)

# Device permissions, as in "b:8:0:rw c:10:all:none"


def _read_permissions(text: str) -> tuple[DevicePermission, ...]:
    return tuple(_permission(word) for word in text.split())


_RULE: Final = re.compile("([bc]):([0-9]{1,4}):([0-9]{1,7}|all):([rwq]{1,3}|none)", re.ASCII)
"""What DEVICES can say, too."""


def _permission(word: str) -> DevicePermission:
    rule = _RULE.fullmatch(word)
    if rule is None:
        raise ValueError(word)
    kind, major, minor, permissions = rule.groups()
    return DevicePermission(
        kind=kind,
        major=int(major),
        minor=None if minor == "all" else int(minor),
        permissions=permissions,
    )


def _write_permissions(rules: tuple[DevicePermission, ...]) -> str:
    return " ".join(
        f"{rule.kind}:{rule.major}:{'all' if rule.minor is None else rule.minor}"
        f":{rule.permissions}"
        for rule in rules
    )


_PERMISSIONS: Final = Convert(
    _read_permissions, _write_permissions, "a list of rules like 'b:8:0:rw c:10:all:none'"
)

# Lines of a config file that nothing else holds; bytes that XML cannot carry are in base64.


def _gather_line(values: Values, node: Node) -> None:
    if values.pop("encoding", None) is None:
        values.setdefault("text", "")
        return
    try:
        data = base64.b64decode(str(values.get("text", "")), validate=True)
    except binascii.Error:
        raise errors.XmlError(f"{node.spelling} is not base64") from None
    values["text"] = data.decode(errors="surrogateescape")


def _spread_line(line: ForeignLine) -> Values:
    values = as_fields(line)
    if not is_writable(line.text):
        data = line.text.encode(errors="surrogateescape")
        values.update(encoding="base64", text=base64.b64encode(data).decode())
    return values


_LINE: Final = Spec(
    ForeignLine,
    Value("position", "@position", NUMBER),
    Value("encoding", "@encoding", WORD),
    Value("text", "", TEXT),
    gather=_gather_line,
    spread=_spread_line,
)


def _gather_openvz(values: Values, node: Node) -> None:
    rows = values.get("beancounters", ())
    assert isinstance(rows, tuple)  # noqa: S101  # what Items reads; for mypy
    known: dict[str, Beancounter] = {}
    for row in rows:
        if known.setdefault(row.name, row) != row:
            raise errors.XmlError(f"two <openvz:ubc name='{row.name}'> disagree")
    values["beancounters"] = tuple(known.values())


OPENVZ: Final = Spec(
    OpenvzSettings,
    Value("config_sample", "@config", WORD),
    Value("origin_sample", "@origin", WORD),
    Value("accounting", "@accounting", one_of(Accounting)),
    Items("beancounters", "openvz:ubc", _BEANCOUNTER),
    Value("layout", "openvz:layout", WORD),
    Value("private_area", "openvz:private", WORD),
    Value("root_mount", "openvz:root", WORD),
    Value("disk_quota", "openvz:diskquota", YES_NO),
    Value("quota_grace", "openvz:quotatime", NUMBER),
    Value("quota_ugid_limit", "openvz:quotaugidlimit", NUMBER),
    Value("kernel_features", "openvz:features", switches()),
    Value("netfilter", "openvz:netfilter", WORD),
    Value("iptables", "openvz:iptables", WORDS),
    Value("meminfo", "openvz:meminfo", WORD),
    Value("mount_options", "openvz:mount_opts", WORD),
    Value("vm_overcommit", "openvz:vm_overcommit", REAL),
    Value("cpu_weight", "openvz:cpuweight", NUMBER),
    Value("device_permissions", "openvz:devices", _PERMISSIONS),
    Value("autostart_priority", "openvz:bootorder", NUMBER),
    Value("stop_timeout", "openvz:stop-timeout", NUMBER),
    Value("disabled", "openvz:disabled", YES_NO),
    Items("foreign_lines", "openvz:line", _LINE),
    gather=_gather_openvz,
)
