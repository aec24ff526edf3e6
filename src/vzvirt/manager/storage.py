"""Templates and private areas as clients of libvirt see them: two pools and their volumes.

A volume of the pool ``templates`` is a template and has its name. One of the pool ``private``
is a private area and has the CTID for its name, whether there is a container for it or not.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NoReturn
from uuid import UUID, uuid5

from vzvirt import errors
from vzvirt.manager.areas import Area, Share, alone, area, usage
from vzvirt.manager.defaults import effective
from vzvirt.manager.locks import exclusive
from vzvirt.manager.templates import Templates
from vzvirt.manager.world import World
from vzvirt.model.domain import Domain
from vzvirt.model.storagepool import (
    PoolDetails,
    PoolKind,
    StoragePool,
    Volume,
    VolumeFormat,
    VolumeKind,
    VolumeRef,
    VolumeRequest,
)
from vzvirt.model.values import CTID_MAX, Ctid
from vzvirt.ports.storage import TemplateUpload

_PROBE: Final = Ctid(CTID_MAX)
"""A container whose places show where those of all others are."""

_ALWAYS_THERE: Final = "the pools 'templates' and 'private' are all there are, and always there"


class StoragePools:
    """Use cases over pools and volumes."""

    def __init__(self, world: World) -> None:
        self._world = world

    # -- pools --------------------------------------------------------------------------

    def pools(self) -> builtins.list[StoragePool]:
        """Both of them."""
        return [self._made(kind) for kind in PoolKind]

    def pool(self, name: str) -> StoragePool:
        """The pool of a name.

        Raises:
            NoStoragePool: There is none.
        """
        for found in self.pools():
            if found.name == name:
                return found
        raise _no_pool(f"of the name '{name}'")

    def pool_by_uuid(self, uuid: UUID) -> StoragePool:
        """The pool of a UUID.

        Raises:
            NoStoragePool: There is none.
        """
        for found in self.pools():
            if found.uuid == uuid:
                return found
        raise _no_pool(f"with the UUID {uuid}")

    def pool_by_target(self, path: Path) -> StoragePool:
        """The pool whose volumes are in a folder.

        Raises:
            NoStoragePool: There is none.
        """
        for found in self.pools():
            if found.target == path:
                return found
        raise _no_pool(f"in the folder '{path}'")

    def details(self, pool: StoragePool) -> PoolDetails:
        """A pool and what the disk says of it."""
        facts = self._world.facts
        return PoolDetails(
            pool=pool,
            space=facts.disk_space(pool.target),
            facts=facts.file_facts(pool.target),
        )

    def refuse_change(self) -> NoReturn:
        """Neither pool can be defined, stopped or removed, and no other one made.

        Raises:
            NoSupport: Always.
        """
        raise errors.NoSupport(
            f"storage pools cannot be made, changed or removed: {_ALWAYS_THERE}"
        )

    def _made(self, kind: PoolKind) -> StoragePool:
        if kind is PoolKind.TEMPLATES:
            target = self._world.store.global_config().template_dir / "cache"
        else:
            target = self._areas().folder
        # Where it is makes it what it is: two installations on one host have different pools.
        uuid = uuid5(UUID(self._world.host.machine_id()), f"{kind.value} {target}")
        return StoragePool(kind=kind, uuid=uuid, target=target)

    # -- volumes ------------------------------------------------------------------------

    def volumes(self, pool: StoragePool) -> builtins.list[VolumeRef]:
        """All volumes of a pool, by name."""
        if pool.kind is PoolKind.PRIVATE:
            areas = self._areas()
            refs = map(areas.ref, self._world.facts.names_in(areas.folder))
            return sorted((ref for ref in refs if ref), key=lambda ref: int(ref.name))
        templates = self._world.templates
        paths = {item.name: item.path for item in templates.reserved()}
        paths |= {item.name: item.path for item in templates.templates()}
        return [
            VolumeRef(pool=pool.name, name=name, path=path) for name, path in sorted(paths.items())
        ]

    def volume(self, pool: StoragePool, name: str) -> VolumeRef:
        """The volume of a name; a template may be asked for by its file's name, too.

        Raises:
            NoStorageVolume: There is none.
        """
        if pool.kind is PoolKind.PRIVATE:
            areas = self._areas()
            ref = areas.ref(f"{areas.before}{name}{areas.after}")
            if ref is not None and self._world.facts.file_facts(ref.path):
                return ref
        else:
            found = {ref.name: ref for ref in self.volumes(pool)}
            short = self._world.templates.name_of(name)
            if name in found or short in found:
                return found.get(name) or found[short]
        raise errors.NoStorageVolume(f"there is no volume '{name}' in the pool '{pool.name}'")

    def volume_by_path(self, path: Path) -> VolumeRef:
        """The volume that is at a path, in whichever pool.

        Raises:
            NoStorageVolume: There is none.
        """
        for pool in self.pools():
            if pool.target in path.parents:
                for ref in self._nearby(pool, path):
                    if ref.path == path:
                        return ref
        raise errors.NoStorageVolume(f"there is no volume at '{path}'")

    def _nearby(self, pool: StoragePool, path: Path) -> Iterable[VolumeRef]:
        """Volumes of a pool of which one may be at a path below the pool's folder."""
        if pool.kind is PoolKind.TEMPLATES:
            return self.volumes(pool)
        ref = self._areas().ref(path.relative_to(pool.target).parts[0])
        return [ref] if ref is not None and self._world.facts.file_facts(ref.path) else []

    def look_at(self, ref: VolumeRef, *, share: Share = alone) -> Volume:
        """All that is known of a volume; what is in a private area is added up.

        Args:
            ref: Which one.
            share: Who else may be told what was added up.

        Raises:
            NoStorageVolume: It is gone.
        """
        facts = self._world.facts.file_facts(ref.path)
        if facts is None:
            raise errors.NoStorageVolume(f"the volume '{ref.name}' is not there any more")
        if ref.pool == PoolKind.TEMPLATES.value:
            return Volume(
                ref=ref,
                kind=VolumeKind.FILE,
                format=VolumeFormat.RAW,
                capacity=facts.size,
                allocation=facts.allocated,
                facts=facts,
            )
        place = self._place(ref)
        if not place.layout.holds(ref.path):
            raise errors.NoStorageVolume(f"'{ref.path}' is not a private area")
        used = usage(place, share)
        capacity = used.size_bytes
        if capacity is None:
            capacity = self._world.facts.disk_space(ref.path).capacity
        return Volume(
            ref=ref,
            kind=VolumeKind.FOLDER,
            format=VolumeFormat.FOLDER,
            capacity=capacity,
            allocation=used.used_bytes,
            facts=facts,
        )

    def create(self, pool: StoragePool, request: VolumeRequest) -> VolumeRef:
        """Keep the name of a template that is to be uploaded; a file's name will do.

        Raises:
            Conflict: There is such a template already.
            NoSupport: It is to be a private area: those are made from templates.
        """
        if pool.kind is PoolKind.PRIVATE:
            raise errors.NoSupport(
                "private areas are not made one by one: each belongs to a container",
                hint="define a container whose root is a template, and start it",
            )
        templates = self._world.templates
        made = templates.reserve(templates.name_of(request.name), request.capacity)
        return VolumeRef(pool=pool.name, name=made.name, path=made.path)

    def upload(self, ref: VolumeRef) -> TemplateUpload:
        """Fill a template; the one there is stays until the new one is complete and checked.

        Raises:
            NoSupport: It is a private area.
            Busy: Somebody else is making a template of that name.
        """
        self.require_template(ref)
        return self._world.templates.upload(ref.name, self._world.progress)

    def opened(self, ref: VolumeRef) -> BinaryIO:
        """A template's archive, to be read and closed.

        Raises:
            NoSupport: It is a private area.
            NoTemplate: Nothing was uploaded yet.
        """
        self.require_template(ref)
        return self._world.templates.opened(ref.name)

    def delete(self, ref: VolumeRef) -> None:
        """Delete a template, or a private area that no container needs.

        Raises:
            OperationInvalid: It is a container's.
            NoTemplate: It is gone.
        """
        if ref.pool == PoolKind.TEMPLATES.value:
            Templates(self._world).remove(ref.name)
            return
        ctid = Ctid(ref.name)
        with exclusive(self._world, ctid):
            self._refuse_used(ref)
            place = self._place(ref)
            place.layout.delete(place.spec)

    def require_template(self, ref: VolumeRef) -> None:
        """Refuse what cannot be uploaded or downloaded.

        Raises:
            NoSupport: It is a private area.
        """
        if ref.pool != PoolKind.TEMPLATES.value:
            raise errors.NoSupport(
                f"the private area '{ref.path}' cannot be copied as a whole by a client",
                hint="'vzvirt pull' and 'vzvirt push' copy single files and folders",
            )

    def _refuse_used(self, ref: VolumeRef) -> None:
        """Whose root it is; any container may have been given any folder."""
        world = self._world
        for ctid in world.store.ctids():
            domain = world.effective(ctid)
            if world.store.places(domain).private_area == ref.path:
                raise errors.OperationInvalid(
                    f"the private area '{ref.path}' is the root of '{domain.name}'",
                    hint=f"vzvirt undefine {domain.name} --remove-data",
                )

    # -- private areas ------------------------------------------------------------------

    def _areas(self) -> _AreaPattern:
        path = self._world.store.places(_nobody(_PROBE)).private_area
        for level, part in enumerate(path.parts):
            before, found, after = part.partition(str(_PROBE))
            if found:
                folder, below = Path(*path.parts[:level]), Path(*path.parts[level + 1 :])
                return _AreaPattern(folder=folder, before=before, after=after, below=below)
        raise errors.ConfigUnsupported(
            f"VE_PRIVATE puts all containers into '{path}'",
            hint="say VE_PRIVATE=/vz/private/$VEID in vz.conf",
        )

    def _place(self, ref: VolumeRef) -> Area:
        """A private area; that of a container is known better than one that belongs to none."""
        world, ctid = self._world, Ctid(ref.name)
        with contextlib.suppress(errors.NoDomain):
            owned = area(world, world.effective(ctid))
            if owned.spec.private_area == ref.path:
                return owned
        return area(world, effective(_nobody(ctid), world.store.global_config()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _AreaPattern:
    """Where private areas are: ``folder/beforeCTIDafter/below``."""

    folder: Path
    before: str
    after: str
    below: Path

    def ref(self, name: str) -> VolumeRef | None:
        """The area that something in the folder is or holds; ``None``: it is something else."""
        if not (name.startswith(self.before) and name.endswith(self.after)):
            return None
        try:
            ctid = Ctid(name[len(self.before) : len(name) - len(self.after)])
        except errors.InvalidArgument:
            return None
        path = self.folder / name / self.below
        return VolumeRef(pool=PoolKind.PRIVATE.value, name=str(ctid), path=path)


def _nobody(ctid: Ctid) -> Domain:
    """A container of which nothing but the number is known."""
    return Domain(name=str(ctid), ctid=ctid)


def _no_pool(which: str) -> errors.NoStoragePool:
    return errors.NoStoragePool(f"there is no storage pool {which}", hint=_ALWAYS_THERE)
