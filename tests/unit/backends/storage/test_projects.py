"""Which number a container's project has, and what is refused; the rest: ``tests/vm``."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.backends.storage import projects
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import CTID_MAX, Ctid, SoftHard
from vzvirt.system.projectquota import Quota
from vzvirt.system.root import Root

CTIDS = st.integers(1, CTID_MAX).map(Ctid)
WEB = Ctid(101)
KIB = 1024


def area(ctid: Ctid = WEB, **fields: SoftHard | int | None) -> AreaSpec:
    places = {"private_area": Path("/vz/private/101"), "root_mount": Path("/vz/root/101")}
    return AreaSpec(ctid=ctid, **places, **fields)  # type: ignore[arg-type]


def numbers(prefix: str, ctid: Ctid) -> list[int]:
    found = projects.Projects(Root(Path(prefix)))._numbers(area(ctid))
    return list(itertools.islice(found, 3))


def uses(monkeypatch: pytest.MonkeyPatch, used: int, files: int, **limits: SoftHard) -> None:
    both = {"space": None, "inodes": None, **limits}
    quota = Quota(used_bytes=used, used_inodes=files, **both)
    monkeypatch.setattr(projects, "quota_of", lambda _area: quota)


@given(CTIDS)
def test_on_the_hosts_own_root_it_is_the_containers(ctid: Ctid) -> None:
    first, *others = numbers("/", ctid)
    assert first == ctid
    assert all(CTID_MAX < number < 0xFFFFFFFF for number in others)


@given(CTIDS)
def test_elsewhere_it_is_nobodys_container_and_always_the_same(ctid: Ctid) -> None:
    found = numbers("/srv/other", ctid)
    assert all(CTID_MAX < number < 0xFFFFFFFF for number in found)
    assert len(set(found)) == 3
    assert found == numbers("/srv/other", ctid)
    assert found != numbers("/srv/another", ctid)


def test_a_host_without_quotas_keeps_none(tmp_path: Path) -> None:
    assert not projects.are_kept(tmp_path / "vz/private/101")
    assert projects.number_of(tmp_path) is None
    assert projects.quota_of(tmp_path) is None
    assert projects.Projects(Root(tmp_path)).begin(area(), tmp_path) is False
    assert projects.Projects(Root(tmp_path)).apply(area()) is False


def test_limits_below_what_is_used_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    uses(monkeypatch, 4096 * KIB, 300)
    with pytest.raises(errors.InvalidArgument, match=r"1024 KiB is below the 4096 KiB"):
        projects.check_request(area(space=SoftHard(512 * KIB, 1024 * KIB)))
    with pytest.raises(errors.InvalidArgument, match=r"200 is below the 300"):
        projects.check_request(area(inodes=SoftHard(200, 200)))
    projects.check_request(area(space=SoftHard(KIB, 4096 * KIB), inodes=SoftHard(1, 300)))


def test_without_grace_a_soft_limit_is_a_hard_one(monkeypatch: pytest.MonkeyPatch) -> None:
    uses(monkeypatch, 4096 * KIB, 300)
    with pytest.raises(errors.InvalidArgument, match=r"512 KiB is below"):
        projects.check_request(area(space=SoftHard(512 * KIB, 8192 * KIB), grace=0))
    projects.check_request(area(space=SoftHard(512 * KIB, 8192 * KIB), grace=1))


def test_a_new_area_beyond_its_limits_names_the_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = SoftHard(2048 * KIB, 2048 * KIB)
    uses(monkeypatch, 2049 * KIB, 300, space=small)
    with pytest.raises(errors.NoSpace, match=r"container 101 .* size quota of 2048 KiB"):
        projects.check_fits(area(), tmp_path)
    uses(monkeypatch, 2048 * KIB, 300, space=small, inodes=SoftHard(299, 299))
    with pytest.raises(errors.NoSpace, match=r"inode quota of 299"):
        projects.check_fits(area(), tmp_path)


def test_a_write_that_a_limit_stopped_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uses(monkeypatch, 2000 * KIB, 300, space=SoftHard(2048 * KIB, 2048 * KIB))
    with pytest.raises(errors.NoSpace, match=r"size quota of 2048 KiB"):
        projects.check_full(area(), tmp_path / "101.tmp")
    monkeypatch.setattr(projects, "_NEARLY_FULL", 1 << 62)
    projects.check_full(area(), tmp_path / "101.tmp")
