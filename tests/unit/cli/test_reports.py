"""What is shown of things: no key twice, nothing that JSON cannot say, words for people."""

from __future__ import annotations

import dataclasses
import json
import time
from ipaddress import ip_interface
from pathlib import Path
from uuid import UUID

import pytest

from vzvirt.cli import reports
from vzvirt.cli.output import document
from vzvirt.model.devices import Filesystem, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.host import Places
from vzvirt.model.report import DomainInfo, DomainSummary
from vzvirt.model.resources import Memory
from vzvirt.model.state import DomainState, Observation, Reason
from vzvirt.model.storage import Usage
from vzvirt.model.values import UNLIMITED, Ctid, SoftHard

NAME = UUID("8dea22b3-1d52-d8f3-2516-782e98ab8fa0")
TABLES = {
    name: value
    for name, value in vars(reports).items()
    if name.endswith("_FIELDS") and isinstance(value, tuple)
}


def summary(reason: Reason = Reason.BOOTED, started_at: float | None = None) -> DomainSummary:
    return DomainSummary(
        ctid=Ctid(101),
        name="web",
        uuid=NAME,
        observation=Observation(ctid=Ctid(101), reason=reason, started_at=started_at),
        memory=UNLIMITED,
        addresses=(ip_interface("10.0.0.5/24"), ip_interface("fd00::5/64")),
        template="busybox",
    )


def shown(item: DomainSummary, key: str) -> str:
    return next(field.text(item) for field in reports.SUMMARY_FIELDS if field.key == key)


@pytest.mark.parametrize("name", TABLES)
def test_no_key_and_no_heading_stands_twice(name: str) -> None:
    keys = [field.key for field in TABLES[name] if field.key]
    headings = [field.heading for field in TABLES[name] if field.heading]
    assert len(set(keys)) == len(keys)
    assert len(set(headings)) == len(headings)
    assert all(field.help for field in TABLES[name])


def test_a_summary_for_programs() -> None:
    said = json.loads(json.dumps(document(reports.SUMMARY_FIELDS, summary())))
    assert said["ctid"] == 101
    assert said["uuid"] == str(NAME)
    assert said["memory"] == "unlimited"
    assert said["addresses"] == ["10.0.0.5/24", "fd00::5/64"]
    assert said["started_at"] is None
    assert said["autostart"] is False


def test_a_summary_for_people() -> None:
    item = summary(started_at=time.time() - 3700)
    assert shown(item, "addresses") == "10.0.0.5,fd00::5"
    assert shown(item, "started_at") == "1h 1m"
    assert shown(item, "memory") == "unlimited"
    assert shown(summary(Reason.DIED), "state") == "crashed"
    assert shown(summary(Reason.SHUTTING_DOWN), "state") == "shutting down"


def test_a_clock_that_was_set_back_makes_no_negative_uptime() -> None:
    assert shown(summary(started_at=time.time() + 1000), "started_at") == "0s"


def test_every_state_has_words() -> None:
    assert {reports.state_words(state) for state in DomainState} == {
        "running",
        "paused",
        "shutting down",
        "shut off",
        "crashed",
    }


def information(*, bare: bool) -> DomainInfo:
    root = Filesystem(
        kind=FilesystemKind.TEMPLATE,
        source="busybox",
        space=SoftHard(1 << 30, 2 << 30),
        inodes=SoftHard(10, 10),
    )
    net = Interface(kind=InterfaceKind.ROUTED, addresses=(ip_interface("10.0.0.5/32"),))
    full = Domain(
        name="web",
        ctid=Ctid(101),
        uuid=NAME,
        memory=Memory(limit=1 << 28, swap=0),
        filesystems=(root,),
        interfaces=(net,),
    )
    return DomainInfo(
        domain=Domain(name="101", ctid=Ctid(101), uuid=NAME) if bare else full,
        observation=Observation(ctid=Ctid(101), reason=Reason.NEVER_STARTED),
        places=Places(private_area=Path("/vz/private/101"), root_mount=Path("/vz/root/101")),
        layout=None,
        mounted=False,
        usage=None
        if bare
        else Usage(used_bytes=1 << 20, size_bytes=2 << 30, used_inodes=7, inodes=10),
    )


@pytest.mark.parametrize(("noted", "said"), [(None, True), (True, True), (False, False)])
def test_only_a_root_that_is_still_to_be_made_is_not_unpacked(
    noted: bool | None, said: bool
) -> None:
    info = information(bare=True)
    info = dataclasses.replace(info, domain=dataclasses.replace(info.domain, provisioned=noted))
    assert document(reports.INFO_FIELDS, info)["provisioned"] is said


@pytest.mark.parametrize("bare", [True, False])
def test_information_is_never_at_a_loss(bare: bool) -> None:
    info = information(bare=bare)
    texts = {field.heading: field.text(info) for field in reports.INFO_FIELDS if field.heading}
    said = json.loads(json.dumps(document(reports.INFO_FIELDS, info)))
    assert "" not in said
    if bare:
        assert texts["Used"] == texts["Size quota"] == texts["Root"] == "-"
        assert said["usage"] is said["root"] is None
    else:
        assert texts["Size quota"] == "1 GiB soft, 2 GiB hard"
        assert texts["Inode quota"] == "10"
        assert texts["Used"] == "1 MiB of 2 GiB"
        assert texts["Used inodes"] == "7 of 10"
        assert texts["Swap"] == "0 B"
        assert said["size_quota"] == {"soft": 1 << 30, "hard": 2 << 30}
        assert said["usage"]["used_inodes"] == 7
