from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from unit.backends.templates import archives
from vzvirt import errors
from vzvirt.manager.storage import StoragePools
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.storagepool import VolumeKind, VolumeRef, VolumeRequest
from vzvirt.model.values import Ctid, SoftHard
from worlds import TEMPLATE, World


@pytest.fixture
def storage(world: World) -> StoragePools:
    return world.manager.storage


def volumes(storage: StoragePools, pool: str) -> list[str]:
    return [ref.name for ref in storage.volumes(storage.pool(pool))]


def root_from(template: str, **fields: SoftHard) -> Filesystem:
    return Filesystem(kind=FilesystemKind.TEMPLATE, source=template, target="/", **fields)


def volume(storage: StoragePools, pool: str, name: str) -> VolumeRef:
    return storage.volume(storage.pool(pool), name)


class TestPools:
    def test_both_are_found_each_way(self, storage: StoragePools, world: World) -> None:
        assert [pool.name for pool in storage.pools()] == ["templates", "private"]
        for pool in storage.pools():
            assert storage.pool(pool.name) == pool
            assert storage.pool_by_uuid(pool.uuid) == pool
            assert storage.pool_by_target(pool.target) == pool
        assert storage.pool("private").target == world.root.path("vz/private")
        assert storage.pool("templates").target == world.root.path("vz/template/cache")

    def test_no_other_one_is(self, storage: StoragePools) -> None:
        for attempt in (
            lambda: storage.pool("default"),
            lambda: storage.pool_by_uuid(UUID(int=0)),
            lambda: storage.pool_by_target(Path("/vz")),
        ):
            with pytest.raises(errors.NoStoragePool) as caught:
                attempt()
            assert caught.value.code == 49

    def test_installations_have_pools_of_their_own(self, tmp_path: Path) -> None:
        found = [
            pool.uuid
            for name in ("a", "b", "a")
            for pool in World.at(tmp_path / name).manager.storage.pools()
        ]
        assert len(set(found)) == 4

    def test_they_cannot_be_changed(self, storage: StoragePools) -> None:
        with pytest.raises(errors.NoSupport, match="'templates' and 'private' are all"):
            storage.refuse_change()

    def test_details_are_the_disks(self, storage: StoragePools) -> None:
        found = storage.details(storage.pool("templates"))
        assert found.space.capacity >= found.space.allocation > 0
        assert found.facts
        assert storage.details(storage.pool("private")).facts is None

    @pytest.mark.parametrize(
        ("pattern", "target", "area"),
        [
            ("/vz/private/$VEID", "vz/private", "101"),
            ("/srv/ct-$VEID.root", "srv", "ct-101.root"),
            ("/srv/$VEID/root", "srv", "101/root"),
        ],
    )
    def test_private_areas_are_where_vz_conf_says(
        self, tmp_path: Path, pattern: str, target: str, area: str
    ) -> None:
        world = World.at(tmp_path, change=lambda config: replace(config, private_pattern=pattern))
        storage = world.manager.storage
        assert storage.pool("private").target == world.root.path(target)
        world.define()
        world.manager.provisioning.provision("101")
        for other in ("ct-.root", "ct-x.root", "lost+found", "0101"):
            (world.root.path(target) / other).mkdir()
        assert volumes(storage, "private") == ["101"]
        ref = volume(storage, "private", "101")
        assert ref.path == world.root.path(target) / area
        assert storage.volume_by_path(ref.path) == ref
        assert storage.look_at(ref).allocation > 0

    def test_one_folder_for_all_is_no_pool(self, tmp_path: Path) -> None:
        world = World.at(
            tmp_path, change=lambda config: replace(config, private_pattern="/vz/all")
        )
        with pytest.raises(errors.ConfigUnsupported, match="VE_PRIVATE puts all"):
            world.manager.storage.pools()


class TestTemplates:
    def test_one(self, storage: StoragePools, world: World) -> None:
        assert volumes(storage, "templates") == [TEMPLATE]
        ref = volume(storage, "templates", TEMPLATE)
        assert ref == volume(storage, "templates", f"{TEMPLATE}.tar")
        assert ref == storage.volume_by_path(ref.path)
        found = storage.look_at(ref)
        assert (found.kind, found.capacity) == (VolumeKind.FILE, ref.path.stat().st_size)
        with storage.opened(ref) as file:
            assert file.read() == ref.path.read_bytes()
        storage.delete(ref)
        assert volumes(storage, "templates") == []
        with pytest.raises(errors.NoStorageVolume):
            storage.look_at(ref)

    def test_made_then_filled(self, storage: StoragePools, tmp_path: Path) -> None:
        """As ``virsh vol-create-as`` and ``vol-upload`` do it."""
        pool = storage.pool("templates")
        made = storage.create(pool, VolumeRequest(name="mine", capacity=12345))
        assert volume(storage, "templates", "mine") == made
        assert storage.volume_by_path(made.path) == made
        found = storage.look_at(made)
        assert (found.capacity, found.allocation) == (12345, 0)
        with pytest.raises(errors.Conflict):
            storage.create(pool, VolumeRequest(name="mine"))
        with pytest.raises(errors.NoTemplate):
            storage.opened(made)
        content = archives.write(tmp_path / "a", compression="gzip").read_bytes()
        upload = storage.upload(made)
        upload.write(content)
        upload.finish()
        filled = volume(storage, "templates", "mine")
        assert filled.path.read_bytes() == content
        assert volumes(storage, "templates") == [TEMPLATE, "mine"]

    def test_a_files_name_will_do(self, storage: StoragePools, tmp_path: Path) -> None:
        made = storage.create(storage.pool("templates"), VolumeRequest(name="mine.tar.gz"))
        assert made.name == "mine"
        assert volume(storage, "templates", "mine.tar.gz") == made
        upload = storage.upload(made)
        upload.write(archives.write(tmp_path / "a", compression="xz").read_bytes())
        upload.finish()
        assert volume(storage, "templates", "mine.tar.gz").path.name == "mine.tar.xz"

    def test_made_and_given_up(self, storage: StoragePools) -> None:
        made = storage.create(storage.pool("templates"), VolumeRequest(name="mine"))
        storage.delete(made)
        assert volumes(storage, "templates") == [TEMPLATE]

    def test_deleting_warns_who_still_needs_it(self, storage: StoragePools, world: World) -> None:
        world.define()
        storage.delete(volume(storage, "templates", TEMPLATE))
        assert "cannot be provisioned" in world.warned[-1]


class TestPrivateAreas:
    @pytest.fixture(autouse=True)
    def container(self, world: World) -> None:
        world.define()
        world.manager.provisioning.provision("101")

    def test_one(self, storage: StoragePools, world: World) -> None:
        assert volumes(storage, "private") == ["101"]
        ref = volume(storage, "private", "101")
        assert ref.path == world.area()
        found = storage.look_at(ref)
        assert found.kind is VolumeKind.FOLDER
        assert found.allocation == world.manager.quotas.usage("101").used_bytes
        assert found.capacity > found.allocation

    def test_a_quota_is_its_capacity(self, storage: StoragePools, world: World) -> None:
        world.define(
            ctid=Ctid(102),
            name="limited",
            filesystems=(root_from(TEMPLATE, space=SoftHard(1 << 30, 1 << 30)),),
        )
        world.manager.provisioning.provision("102")
        assert storage.look_at(volume(storage, "private", "102")).capacity == 1 << 30

    def test_other_things_are_none(self, storage: StoragePools, world: World) -> None:
        (world.area(103)).mkdir()
        empty = volume(storage, "private", "103")
        with pytest.raises(errors.NoStorageVolume, match="is not a private area"):
            storage.look_at(empty)
        for name in ("104", "web", "../101", ""):
            with pytest.raises(errors.NoStorageVolume):
                volume(storage, "private", name)
        for path in (world.area() / "etc", world.area(104), world.area().parent):
            with pytest.raises(errors.NoStorageVolume):
                storage.volume_by_path(path)

    def test_a_containers_own_is_kept(self, storage: StoragePools, world: World) -> None:
        ref = volume(storage, "private", "101")
        with pytest.raises(errors.OperationInvalid, match="is the root of 'web'"):
            storage.delete(ref)
        assert world.area().is_dir()

    def test_another_containers_is_kept(self, storage: StoragePools, world: World) -> None:
        """Nobody is safe from VE_PRIVATE."""
        world.manager.definitions.undefine("101", remove_data=False)
        world.define(
            ctid=Ctid(102),
            name="heir",
            filesystems=(
                Filesystem(kind=FilesystemKind.MOUNT, source=str(world.area()), target="/"),
            ),
        )
        with pytest.raises(errors.OperationInvalid, match="is the root of 'heir'"):
            storage.delete(volume(storage, "private", "101"))

    def test_what_nobody_needs_goes(self, storage: StoragePools, world: World) -> None:
        world.manager.definitions.undefine("101", remove_data=False)
        ref = volume(storage, "private", "101")
        assert storage.look_at(ref).allocation > 0
        storage.delete(ref)
        assert not world.area().exists()
        assert volumes(storage, "private") == []

    def test_they_are_not_made_or_copied(self, storage: StoragePools) -> None:
        ref = volume(storage, "private", "101")
        with pytest.raises(errors.NoSupport, match="each belongs to a container"):
            storage.create(storage.pool("private"), VolumeRequest(name="102"))
        with pytest.raises(errors.NoSupport, match="cannot be copied as a whole"):
            storage.upload(ref)
        with pytest.raises(errors.NoSupport, match="cannot be copied as a whole"):
            storage.opened(ref)
