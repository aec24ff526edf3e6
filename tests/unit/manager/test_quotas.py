"""Quotas change as far as the layout says."""

from __future__ import annotations

import dataclasses

import pytest

from vzvirt import errors
from vzvirt.manager.areas import choose, refuse_beyond
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.storage import LayoutAbilities
from vzvirt.model.values import Ctid, SoftHard
from worlds import MIB, World, container

CTID = Ctid(101)


def both(amount: int) -> SoftHard:
    return SoftHard(amount, amount)


def _space(world: World) -> SoftHard | None:
    root = world.store.load(CTID).domain.root
    assert root is not None
    return root.space


def test_before_there_is_a_root_only_the_definition_changes(world: World) -> None:
    world.define(space=10 * MIB)
    world.manager.quotas.set("web", space=both(20 * MIB), inodes=both(100))
    assert _space(world) == both(20 * MIB)
    assert not world.area().exists()
    world.manager.lifecycle.start("web")
    usage = world.manager.quotas.usage("web")
    assert (usage.size_bytes, usage.inodes) == (20 * MIB, 100)


def test_growing_while_it_runs(world: World) -> None:
    world.define(space=10 * MIB, inodes=50)
    world.manager.lifecycle.start("web")
    root = world.manager.quotas.set("web", space=both(20 * MIB)).root
    assert root is not None
    assert (root.space, root.inodes) == (both(20 * MIB), both(50))
    assert world.manager.quotas.usage("web").size_bytes == 20 * MIB


def test_what_runs_says_so_too(world: World) -> None:
    defined = world.define(space=10 * MIB).domain
    world.manager.lifecycle.start("web")
    world.manager.quotas.set("web", space=both(20 * MIB))
    live = world.store.load(CTID, live=True)
    assert live.live
    assert live.domain.root is not None
    assert live.domain.root.space == both(20 * MIB)
    more = dataclasses.replace(live.domain.root, space=both(30 * MIB))
    world.manager.definitions.define(defined.with_root(more))
    live = world.store.load(CTID, live=True)
    assert live.domain.root is not None
    assert live.domain.root.space == both(30 * MIB), "it is the private area's"


def test_a_transient_container_stays_one(world: World) -> None:
    world.manager.lifecycle.start_transient(container(space=10 * MIB))
    world.manager.quotas.set("web", space=both(20 * MIB))
    assert world.store.load(CTID).transient
    assert _space(world) == both(20 * MIB)


def test_shrinking_only_while_it_is_off(world: World) -> None:
    world.define(space=20 * MIB)
    world.manager.lifecycle.start("web")
    with pytest.raises(errors.InvalidArgument, match="cannot shrink"):
        world.manager.quotas.set("web", space=both(10 * MIB))
    assert _space(world) == both(20 * MIB)
    assert world.journal.pending() == []
    world.manager.lifecycle.kill("web")
    world.manager.quotas.set("web", space=both(10 * MIB))
    assert world.manager.quotas.usage("web").size_bytes == 10 * MIB


def test_below_use(world: World) -> None:
    world.define(space=20 * MIB)
    world.manager.provisioning.provision("web")
    (world.area() / "root/big").write_bytes(bytes(2 * MIB))
    with pytest.raises(errors.InvalidArgument, match="in use"):
        world.manager.quotas.set("web", space=both(MIB))
    assert _space(world) == both(20 * MIB)
    assert world.manager.quotas.usage("web").size_bytes == 20 * MIB
    assert world.journal.pending() == []


def test_beyond_the_layout(world: World) -> None:
    world.define()
    with pytest.raises(errors.ConfigUnsupported, match="'simfs' cannot keep a size") as caught:
        world.manager.quotas.set("web", space=both(MIB))
    assert "'image'" in (caught.value.hint or "")
    assert _space(world) is None


def test_a_folder_of_the_users_has_none(world: World, tmp_path: object) -> None:
    root = Filesystem(kind=FilesystemKind.MOUNT, source=f"{tmp_path}/mine")
    world.define(filesystems=(root,))
    with pytest.raises(errors.ConfigUnsupported, match="folder of the host"):
        world.manager.quotas.set("web", space=both(MIB))


def test_usage_without_a_root(world: World) -> None:
    world.define()
    with pytest.raises(errors.OperationInvalid, match="no root yet"):
        world.manager.quotas.usage("web")


FOLDER = LayoutAbilities(name="simfs", size_quota=False, inode_quota=False)
IMAGE = LayoutAbilities(name="image", size_quota=True, inode_quota=True)
BROKEN = LayoutAbilities(
    name="image", size_quota=True, inode_quota=True, unusable="no loop devices"
)
SOFT = LayoutAbilities(name="soft", size_quota=True, inode_quota=True, soft_limits=True)


def root_with(space: SoftHard | None) -> Filesystem:
    return Filesystem(kind=FilesystemKind.TEMPLATE, source="x", space=space)


def test_what_cannot_be_used_is_not_chosen() -> None:
    assert choose([FOLDER, BROKEN], root_with(both(MIB)), None) == ("simfs", None)
    assert choose([FOLDER, IMAGE], root_with(both(MIB)), None) == ("image", None)
    assert choose([FOLDER, IMAGE], root_with(both(MIB)), "simfs") == ("simfs", None)


def test_soft_limits_are_refused_for_a_layout_that_has_them() -> None:
    soft = root_with(SoftHard(1, MIB))
    assert refuse_beyond(IMAGE, [FOLDER, IMAGE], soft) is None
    error = refuse_beyond(IMAGE, [FOLDER, IMAGE, SOFT], soft)
    assert error is not None
    assert "'soft'" in (error.hint or "")


def test_no_layout_can() -> None:
    error = refuse_beyond(FOLDER, [FOLDER, BROKEN], root_with(both(MIB)))
    assert error is not None
    assert error.hint == "no layout on this host can"
