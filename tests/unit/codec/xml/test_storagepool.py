from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

import rows
from vzvirt import errors
from vzvirt.codec.xml import (
    read_volume_request,
    write_pool_capabilities,
    write_storage_pool,
    write_volume,
)
from vzvirt.codec.xml.document import parse
from vzvirt.codec.xml.storagepool import POOL, REQUEST, VOLUME
from vzvirt.model.storagepool import (
    DiskSpace,
    FileFacts,
    PoolDetails,
    PoolKind,
    StoragePool,
    Volume,
    VolumeFormat,
    VolumeKind,
    VolumeRef,
    VolumeRequest,
)

GOLDEN = Path(__file__).parents[3] / "golden" / "storagepool"

FACTS = FileFacts(
    size=5_000_000,
    allocated=5_001_216,
    mode=0o640,
    owner=0,
    group=42,
    accessed_at=1795218978_041494390,
    modified_at=1795218978_000000000,
    changed_at=1795218978_000000001,
)
POOLS = {
    "templates": PoolDetails(
        pool=StoragePool(
            kind=PoolKind.TEMPLATES,
            uuid=UUID("bbf5b510-b1cf-44d8-9442-1be79e845b4d"),
            target=Path("/vz/template/cache"),
        ),
        space=DiskSpace(capacity=270553174016, available=244604661760),
        facts=replace(FACTS, mode=0o755),
    ),
    "new": PoolDetails(
        pool=StoragePool(kind=PoolKind.PRIVATE, uuid=UUID(int=7), target=Path("/vz/private")),
        space=DiskSpace(capacity=1000, available=0),
    ),
}
VOLUMES = {
    "template": Volume(
        ref=VolumeRef(
            pool="templates", name="debian-12", path=Path("/vz/template/cache/debian-12.tar.gz")
        ),
        kind=VolumeKind.FILE,
        format=VolumeFormat.RAW,
        capacity=5_000_000,
        allocation=5_001_216,
        facts=FACTS,
    ),
    "area": Volume(
        ref=VolumeRef(pool="private", name="101", path=Path("/vz/private/101")),
        kind=VolumeKind.FOLDER,
        format=VolumeFormat.FOLDER,
        capacity=10 << 30,
        allocation=0,
    ),
}


def check(name: str, found: str, *, regenerate: bool) -> None:
    expected = GOLDEN / f"{name}.xml"
    if regenerate:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(found)
    assert found == expected.read_text()


@pytest.mark.parametrize("name", POOLS)
def test_golden_pools(name: str, regenerate: bool) -> None:
    check(f"pool-{name}", write_storage_pool(POOLS[name]), regenerate=regenerate)


def test_golden_pool_capabilities(regenerate: bool) -> None:
    check("capabilities", write_pool_capabilities(), regenerate=regenerate)


@pytest.mark.parametrize("name", VOLUMES)
def test_golden_volumes(name: str, regenerate: bool) -> None:
    check(f"volume-{name}", write_volume(VOLUMES[name]), regenerate=regenerate)


def test_every_field_is_said_and_every_row_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in (*rows.specs(POOL), *rows.specs(VOLUME), *rows.specs(REQUEST)):
        assert rows.missing(spec) == set()
    seen = rows.exercised(monkeypatch, "write")
    for pool in POOLS.values():
        write_storage_pool(pool)
    for volume in VOLUMES.values():
        write_volume(volume)
    assert rows.unused(POOL, "write", seen) == []
    assert rows.unused(VOLUME, "write", seen) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # As virsh vol-create-as writes it.
        (
            "<volume><name>v1</name><capacity>1048576</capacity></volume>",
            VolumeRequest(name="v1", capacity=1048576),
        ),
        # As virt-manager does.
        (
            "<volume type='file'><name>v1</name><capacity unit='MiB'>20</capacity>"
            "<allocation>0</allocation><target><format type='raw'/></target></volume>",
            VolumeRequest(name="v1", capacity=20 << 20),
        ),
        ("<volume><name> v1 </name></volume>", VolumeRequest(name="v1")),
    ],
)
def test_what_is_to_be_made(text: str, expected: VolumeRequest) -> None:
    assert read_volume_request(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<volume/>", "<volume> .* has no <name>"),
        ("<pool><name>x</name></pool>", "not a <volume>"),
        ("<volume><name>v</name><capacity>many</capacity></volume>", "'many'"),
        ("<volume><name>v</name><capacity unit='x'>1</capacity></volume>", "not a unit"),
        ("<volume>", "line 1"),
    ],
)
def test_what_makes_no_volume(text: str, why: str) -> None:
    with pytest.raises(errors.XmlError, match=why):
        read_volume_request(text)


def test_what_a_written_volume_says_can_be_asked_for() -> None:
    text = write_volume(VOLUMES["template"])
    assert read_volume_request(text) == VolumeRequest(name="debian-12", capacity=5_000_000)
    assert parse(text).attributes == {"type": "file"}
