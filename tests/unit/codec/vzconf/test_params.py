from __future__ import annotations

import dataclasses

import pytest

from vzvirt.codec.vzconf import BY_KEY, PARAMS, Document, Duplicates, Scope
from vzvirt.codec.vzconf.sidecar import FIELDS
from vzvirt.codec.vzconf.values import listen
from vzvirt.model.domain import Domain
from vzvirt.model.resources import BEANCOUNTERS

from .configs import GOLDEN, SPELLINGS

APPENDED = (
    "KMEMSIZE LOCKEDPAGES PRIVVMPAGES SHMPAGES NUMPROC PHYSPAGES VMGUARPAGES OOMGUARPAGES"
    " NUMTCPSOCK NUMFLOCK NUMPTY NUMSIGINFO TCPSNDBUF TCPRCVBUF OTHERSOCKBUF DGRAMRCVBUF"
    " NUMOTHERSOCK NUMFILE DCACHESIZE NUMIPTENT AVNUMPROC SWAPPAGES VM_OVERCOMMIT"
    " IPTABLES NETFILTER CAPABILITY IP_ADDRESS NETDEV HOSTNAME DESCRIPTION NAMESERVER"
    " SEARCHDOMAIN DEVICES DEVNODES PCI VE_ROOT VE_PRIVATE MOUNT_OPTS VE_LAYOUT OSTEMPLATE"
    " CPUUNITS CPUUWEIGHT CPULIMIT CPUS CPUMASK NODEMASK ONBOOT ORIGIN_SAMPLE DISABLED LOCAL_UID"
    " LOCAL_GID DISK_QUOTA DISKSPACE DISKINODES QUOTATIME QUOTAUGIDLIMIT MEMINFO NETIF VEID NAME"
    " FEATURES IOPRIO IOLIMIT IOPSLIMIT BOOTORDER STOP_TIMEOUT"
)
"""Keys in the order in which vzctl appends them."""

LAST_WINS = {"IOPRIO", "IOLIMIT", "IOPSLIMIT", "MEMINFO", "VEID", "VE_LAYOUT", "NETFILTER"}
ADD_UP = {
    "IP_ADDRESS",
    "NAMESERVER",
    "SEARCHDOMAIN",
    "DEVICES",
    "DEVNODES",
    "PCI",
    "NETDEV",
    "CAPABILITY",
    "FEATURES",
    "IPTABLES",
}

NOT_OPENVZ: dict[str, str] = {
    "ctid": "the file's name",
    "uuid": "the #UUID comment",
    "title": "sidecar",
    "metadata": "sidecar",
    "os": "sidecar",
    "clock": "sidecar",
    "lifecycle": "sidecar",
    "consoles": "sidecar",
    "linux_capabilities.default": "sidecar",
    "openvz.config_sample": "gone once it is expanded",
    "openvz.foreign_lines": "lines of a file under conversion",
    "provisioned": "sidecar",
    "idmap_shifted": "sidecar",
    "disposable": "sidecar",
}
"""Fields no key speaks of, and where they are instead."""


def test_keys_are_appended_in_vzctls_order() -> None:
    keys = [param.key for param in PARAMS if param.scope is Scope.CONTAINER]
    assert keys == APPENDED.split()


def test_keys_are_unique() -> None:
    keys = [key for param in PARAMS for key in (param.key, *param.aliases)]
    assert len(keys) == len(set(keys))


def test_duplicates_follow_vzctl() -> None:
    for param in PARAMS:
        if param.key in ADD_UP:
            expected = Duplicates.ACCUMULATE
        elif param.key in LAST_WINS or param.key.lower() in BEANCOUNTERS:
            expected = Duplicates.LAST
        else:
            expected = Duplicates.FIRST
        assert param.duplicates is expected, param.key


def test_aliases() -> None:
    assert BY_KEY["DCACHE"] is BY_KEY["DCACHESIZE"]
    assert BY_KEY["IPTENTRIES"] is BY_KEY["NUMIPTENT"]


def test_every_field_of_the_model_is_claimed_or_listed() -> None:
    claimed = {field for param in PARAMS for field in param.fields}
    assert claimed | set(NOT_OPENVZ) == set(FIELDS)
    assert not claimed & set(NOT_OPENVZ)


def test_every_field_is_a_field_of_the_model() -> None:
    whole = {field.name for field in dataclasses.fields(Domain)}
    assert {field.partition(".")[0] for field in FIELDS} == whole


def test_every_fact_is_exercised_by_a_golden_case() -> None:
    said = {
        param
        for path in GOLDEN.glob("*.conf")
        for param in listen(Document.parse(path.read_bytes())).values
    }
    assert {param.key for param in PARAMS if param.fields} - {item.key for item in said} == set()


def test_generated_configs_use_every_fact_but_plain_beancounters() -> None:
    spelled = {BY_KEY[key].key for key in SPELLINGS if key in BY_KEY}
    plain = {param.key for param in PARAMS if param.shares == ("openvz.beancounters",)}
    assert {param.key for param in PARAMS if param.fields} - plain <= spelled


@pytest.mark.parametrize("param", PARAMS, ids=lambda param: param.key)
def test_every_row_can_be_printed(param: object) -> None:
    row = BY_KEY[param.key]  # type: ignore[attr-defined]  # PARAMS holds rows
    assert row.meaning
    assert row.form.words
