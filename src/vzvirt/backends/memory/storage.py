"""Simulated layouts: real folders, imagined mounts and quotas.

State on disk: the private area. That of ``simfs`` is the root itself; that of ``image`` has the
root in ``root`` and its quotas in ``quota.json``. Whether it is mounted is run state.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.memory.files import replace_file
from vzvirt.backends.memory.state import Runs
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.model.values import SoftHard
from vzvirt.system.files import (
    make_folder,
    mapping_os_errors,
    move_aside,
    moved_aside,
    read_bytes,
    remove_tree,
)
from vzvirt.system.root import Root

_QUOTA: Final = "quota.json"
_ROOT: Final = "root"

ABILITIES: Final = (
    LayoutAbilities(name="simfs", size_quota=False, inode_quota=False),
    LayoutAbilities(
        name="image",
        size_quota=True,
        inode_quota=True,
        grows_live=True,
        shrinks_stopped=True,
    ),
)
"""The same as the real layouts of these names."""


def layouts(root: Root) -> dict[str, MemoryLayout]:
    """All simulated layouts, by name."""
    return {item.name: MemoryLayout(root, item) for item in ABILITIES}


class MemoryLayout:
    """ports.storage.StorageLayout over plain folders."""

    def __init__(self, root: Root, abilities: LayoutAbilities = ABILITIES[0]) -> None:
        self._runs = Runs(root)
        self.abilities = abilities

    @property
    def _is_image(self) -> bool:
        return self.abilities.size_quota

    def _files(self, private_area: Path) -> Path:
        return private_area / _ROOT if self._is_image else private_area

    def holds(self, private_area: Path) -> bool:
        """Whether that folder is a private area of this layout."""
        if not private_area.is_dir() or not any(private_area.iterdir()):
            return False
        return (private_area / _QUOTA).exists() is self._is_image

    @contextlib.contextmanager
    def build(self, spec: AreaSpec) -> Iterator[Path]:
        """Make a private area: yields an empty folder to fill with the root."""
        private = spec.private_area
        if private.is_dir() and any(private.iterdir()):
            raise errors.Conflict(f"private area '{private}' exists and is not empty")
        draft = _draft(private)
        try:
            remove_tree(draft)
            files = self._files(draft)
            make_folder(files)
            yield files
            if self._is_image:
                _refuse_below(spec, _count(files))
                _write_quota(draft, spec)
            with mapping_os_errors(f"complete the private area '{private}'"):
                draft.rename(private)
        except BaseException:
            remove_tree(draft)
            raise

    def mount(self, spec: AreaSpec) -> None:
        """Say that the root is mounted.

        Raises:
            OperationFailed: There is no such area.
        """
        if not spec.private_area.is_dir():
            raise errors.OperationFailed(f"private area '{spec.private_area}' does not exist")
        with self._runs.changing(spec.ctid) as run:
            run.mounted = True
            run.root = str(self._files(spec.private_area))

    def unmount(self, spec: AreaSpec) -> None:
        """Say that it is not; nothing happens if it is not."""
        if self.is_mounted(spec):
            with self._runs.changing(spec.ctid) as run:
                run.mounted = False

    def is_mounted(self, spec: AreaSpec) -> bool:
        """Whether the root is said to be mounted."""
        return self._runs.one(spec.ctid).mounted

    @contextlib.contextmanager
    def opened(self, spec: AreaSpec) -> Iterator[Path]:
        """The root's files."""
        yield self._files(spec.private_area)

    def resize(self, spec: AreaSpec) -> AreaSpec:
        """Write the quotas down.

        Raises:
            NoSupport: This layout has none.
            InvalidArgument: Below what is in use, or not while it runs.
        """
        if not self._is_image:
            if spec.space is not None or spec.inodes is not None:
                raise errors.NoSupport("layout 'simfs' cannot enforce a quota")
            return spec
        _refuse_below(spec, _count(self._files(spec.private_area)))
        old = _read_quota(spec.private_area).get("space")
        shrinks = old is not None and spec.space is not None and spec.space.hard < old
        if shrinks and self.is_mounted(spec):
            raise errors.InvalidArgument(
                f"the quota of container {spec.ctid} cannot shrink while it runs",
                hint="shut it down first",
            )
        _write_quota(spec.private_area, spec)
        return spec

    def usage(self, spec: AreaSpec) -> Usage:
        """What is used, as counted now."""
        used_bytes, used_inodes = _count(self._files(spec.private_area))
        quota = _read_quota(spec.private_area) if self._is_image else {}
        return Usage(
            used_bytes=used_bytes,
            size_bytes=quota.get("space"),
            used_inodes=used_inodes,
            inodes=quota.get("inodes"),
        )

    def adds_up(self, _spec: AreaSpec) -> bool:
        """Whether it is the layout that only ever counts."""
        return not self._is_image

    def delete(self, spec: AreaSpec) -> None:
        """Remove the private area: out of sight at once, then for good. Idempotent."""
        if self.is_mounted(spec):
            raise errors.OperationFailed(f"the root of container {spec.ctid} is mounted")
        if spec.private_area.exists():
            move_aside(spec.private_area)
        self.clean(spec)

    def clean(self, spec: AreaSpec) -> None:
        """Remove what an interrupted ``build`` or ``delete`` left. Idempotent."""
        for leftover in (_draft(spec.private_area), *moved_aside(spec.private_area)):
            remove_tree(leftover)


def _draft(private_area: Path) -> Path:
    return private_area.with_name(f"{private_area.name}.tmp")


def _count(folder: Path) -> tuple[int, int]:
    """Bytes of all files, and their number."""
    with mapping_os_errors(f"look through '{folder}'"):
        entries = list(folder.rglob("*"))
        size = sum(entry.lstat().st_size for entry in entries if not entry.is_dir())
        return size, len(entries) + 1


def _refuse_below(spec: AreaSpec, used: tuple[int, int]) -> None:
    asked: tuple[SoftHard | None, ...] = (spec.space, spec.inodes)
    for quota, amount, unit in zip(asked, used, ("bytes", "files"), strict=True):
        if quota is not None and quota.hard < amount:
            raise errors.InvalidArgument(
                f"a quota of {quota.hard} {unit} is below the {amount} in use"
            )


def _write_quota(private_area: Path, spec: AreaSpec) -> None:
    limits = {"space": spec.space, "inodes": spec.inodes}
    content = {name: quota.hard for name, quota in limits.items() if quota is not None}
    replace_file(private_area / _QUOTA, json.dumps(content).encode())


def _read_quota(private_area: Path) -> dict[str, int]:
    data = read_bytes(private_area / _QUOTA)
    content: dict[str, int] = json.loads(data) if data else {}
    return content
