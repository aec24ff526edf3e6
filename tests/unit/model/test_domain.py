from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.model.devices import Filesystem, FilesystemKind, GuestNaming
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, IdMap, IdRange

MAP = IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 100000, 65536),))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("web", "web"), ("My +box_1", "My-box-1"), ("...", "container"), ("a" * 100, "a" * 63)],
)
def test_host_names_from_names(name: str, expected: str) -> None:
    assert Domain(name=name).hostname == expected


def test_host_names_that_are_given() -> None:
    given = Domain(name="web", guest_naming=GuestNaming(hostname="www.example.org"))
    assert given.hostname == "www.example.org"


def test_the_number_of_one_that_must_have_it() -> None:
    assert Domain(name="web", ctid=Ctid(101)).number == 101
    with pytest.raises(errors.InternalError, match="'web' has no container id"):
        _ = Domain(name="web").number


@pytest.mark.parametrize(
    ("idmap", "shifted", "owners"),
    [(MAP, True, MAP), (MAP, False, IdMap()), (None, True, IdMap()), (IdMap(), True, IdMap())],
)
def test_owners_are_shifted_only_where_that_was_noted(
    idmap: IdMap | None, shifted: bool, owners: IdMap
) -> None:
    assert Domain(name="web", idmap=idmap, idmap_shifted=shifted).owners_on_disk == owners


@pytest.mark.parametrize("target", ["//", "/.", "/./", "/"])
def test_every_spelling_of_the_root_is_the_root(target: str) -> None:
    assert Filesystem(kind=FilesystemKind.MOUNT, source="/srv/x", target=target).is_root
    assert Filesystem(kind=FilesystemKind.TEMPLATE, source="x", target=target).target == "/"


def test_two_spellings_of_a_target_are_one_target() -> None:
    mounts = tuple(
        Filesystem(kind=FilesystemKind.MOUNT, source="/srv/x", target=target)
        for target in ("/b", "//b/./")
    )
    with pytest.raises(errors.InvalidArgument, match="'/b'"):
        Domain(name="x", filesystems=mounts)
