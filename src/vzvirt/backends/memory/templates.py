"""Simulated templates: real, tiny tarballs in the real cache, with nothing to run in them."""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
from pathlib import Path
from typing import BinaryIO, Final

from vzvirt import errors
from vzvirt.backends.memory.files import replace_file
from vzvirt.model.progress import Progress
from vzvirt.model.storage import OsTemplate, ReservedTemplate, TemplateDetails
from vzvirt.model.values import IdMap
from vzvirt.system.files import make_folder, mapping_os_errors, remove_tree

_FILES: Final = {
    "etc/hostname": "template\n",
    "etc/machine-id": "",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/os-release": 'PRETTY_NAME="a simulation"\n',
    "sbin/init": "nothing in a simulation is ever run\n",
}

_NAME: Final = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_+.-]*")
_RECIPES: Final = ("busybox", "debian")
_SUFFIXES: Final = {"": "", ".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
_RESERVED: Final = ".reserved"
_MAGIC: Final = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\0": ".xz"}
"""What the archives that Python reads begin with."""


class MemoryTemplates:
    """ports.storage.TemplateStore over the files in one folder."""

    def __init__(self, template_dir: Path) -> None:
        self._cache = template_dir / "cache"

    def templates(self) -> list[OsTemplate]:
        """All templates, by name."""
        found = [
            template
            for suffix in _SUFFIXES
            for path in sorted(self._cache.glob(f"*.tar{suffix}"))
            for template in [_template(path, suffix)]
        ]
        return sorted(found, key=lambda item: item.name)

    def find(self, name: str) -> OsTemplate:
        """One template.

        Raises:
            NoTemplate: It is not in the cache.
        """
        there = self.templates()
        for template in there:
            if template.name == name:
                return template
        names = ", ".join(template.name for template in there)
        raise errors.NoTemplate(
            f"the template '{name}' is not in the cache",
            hint=f"there are: {names}" if names else "build one: vzvirt template build busybox",
        )

    def details(self, template: OsTemplate, progress: Progress) -> TemplateDetails:
        """Look inside.

        Raises:
            OperationFailed: It is no archive.
        """
        progress(f"reading {template.name}", 0, None)
        with _opened(template.path) as archive:
            members = archive.getmembers()
        return TemplateDetails(
            template=template,
            unpacked_size=sum(member.size for member in members),
            entries=len(members),
            distribution="a simulation",
        )

    def unpack(
        self, template: OsTemplate, folder: Path, owners: IdMap, progress: Progress
    ) -> None:
        """Fill an empty folder; owners are ours, whatever the map says.

        Raises:
            OperationFailed: It is no archive, or reaches outside the folder.
        """
        del owners
        progress(f"unpacking {template.name}", 0, template.size)
        with _opened(template.path) as archive, mapping_os_errors(f"unpack '{template.name}'"):
            try:
                for member in archive:
                    _unpack(archive, member, folder)
            except (tarfile.TarError, EOFError) as error:
                raise errors.OperationFailed(
                    f"the template '{template.name}' is broken: {error}"
                ) from None
        progress(f"unpacking {template.name}", template.size, template.size)

    def build(
        self, recipe: str, name: str | None, suite: str | None, progress: Progress
    ) -> OsTemplate:
        """Write a tarball of five small files.

        Raises:
            InvalidArgument: No such recipe, or an unusable name.
        """
        if recipe not in _RECIPES:
            raise errors.InvalidArgument(
                f"there is no recipe '{recipe}'", hint=f"there are: {', '.join(_RECIPES)}"
            )
        name = _checked(name or (f"{recipe}-{suite}" if suite else recipe))
        progress(f"building {name}", 0, None)
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            for path, text in _FILES.items():
                member = tarfile.TarInfo(path)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        make_folder(self._cache)
        replace_file(self._cache / f"{name}.tar", content.getvalue())
        return self.find(name)

    def import_archive(self, archive: Path, name: str, progress: Progress) -> OsTemplate:
        """Copy an archive that can be read into the cache.

        Raises:
            Conflict: The name is taken.
            OperationFailed: It is no archive.
        """
        if any(template.name == _checked(name) for template in self.templates()):
            raise errors.Conflict(f"there is a template '{name}' already")
        progress(f"importing {name}", 0, None)
        _check(archive, f"'{archive}'")
        suffix = archive.suffix if archive.suffix in _SUFFIXES else ""
        make_folder(self._cache)
        with mapping_os_errors(f"import '{archive}'"):
            shutil.copyfile(archive, self._cache / f"{name}.tar{suffix}")
        return self.find(name)

    def name_of(self, file: str) -> str:
        """What a template is called whose file has a certain name; any other word stays."""
        suffixes = (f".tar{kind}" for kind in _SUFFIXES if file.endswith(f".tar{kind}"))
        return file.removesuffix(next(suffixes, ""))

    def reserve(self, name: str, size: int) -> ReservedTemplate:
        """Keep a name for a template that is to be uploaded.

        Raises:
            Conflict: The name is taken or kept.
        """
        path = self._reservation(_checked(name))
        if path.exists() or any(template.name == name for template in self.templates()):
            raise errors.Conflict(f"there is a template '{name}' already")
        make_folder(self._cache)
        with mapping_os_errors(f"keep the name '{name}'"):
            try:
                path.touch()
                os.truncate(path, size)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return ReservedTemplate(name=name, path=path, size=size)

    def reserved(self) -> list[ReservedTemplate]:
        """All names that are kept, by name."""
        return [
            ReservedTemplate(
                name=path.name[1:].removesuffix(_RESERVED), path=path, size=path.stat().st_size
            )
            for path in sorted(self._cache.glob(f".*{_RESERVED}"))
        ]

    def upload(self, name: str, progress: Progress) -> _Upload:
        """Begin to take in a template, which will replace one of that name."""
        progress(f"uploading {name}", 0, None)
        return _Upload(self, _checked(name))

    def opened(self, name: str) -> BinaryIO:
        """A template's archive, as it is; the caller closes it."""
        path = self.find(name).path
        with mapping_os_errors(f"open '{path}'"):
            return path.open("rb")

    def remove(self, name: str) -> None:
        """Delete a template, or give up a name that is kept.

        Raises:
            NoTemplate: There is neither.
        """
        kept = self._reservation(name)
        if not (_NAME.fullmatch(name) and kept.exists()):
            remove_tree(self.find(name).path)
        kept.unlink(missing_ok=True)

    def replace(self, name: str, draft: Path) -> OsTemplate:
        """Put an archive in the place of what had its name.

        Raises:
            OperationFailed: It is no archive.
        """
        _check(draft, f"'{name}', as uploaded,")
        start = draft.read_bytes()[:8]
        suffix = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "")
        with mapping_os_errors(f"store the template '{name}'"):
            draft.rename(self._cache / f"{name}.tar{suffix}")
        for other in set(_SUFFIXES) - {suffix}:
            (self._cache / f"{name}.tar{other}").unlink(missing_ok=True)
        self._reservation(name).unlink(missing_ok=True)
        return self.find(name)

    def draft(self, name: str) -> Path:
        """Where a template is put together."""
        make_folder(self._cache)
        return self._cache / f".{name}.part"

    def _reservation(self, name: str) -> Path:
        return self._cache / f".{name}{_RESERVED}"


class _Upload:
    """ports.storage.TemplateUpload."""

    def __init__(self, store: MemoryTemplates, name: str) -> None:
        self._store, self._name, self._draft = store, name, store.draft(name)
        with mapping_os_errors(f"store the template '{name}'"):
            self._file = self._draft.open("wb")

    def write(self, data: bytes) -> None:
        """Take the next piece."""
        with mapping_os_errors(f"store the template '{self._name}'"):
            self._file.write(data)

    def finish(self) -> OsTemplate:
        """Check it, and put it in the place of what had its name."""
        try:
            self._file.close()
            return self._store.replace(self._name, self._draft)
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget it."""
        self._file.close()
        self._draft.unlink(missing_ok=True)


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one member; devices and the like are left out.

    Raises:
        OperationFailed: It reaches outside the folder.
    """
    path = folder / member.name.lstrip("/")
    if ".." in path.parts or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise errors.OperationFailed(f"'{member.name}' reaches outside the root")
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif member.issym():
        path.symlink_to(member.linkname)
    elif content := archive.extractfile(member):
        path.unlink(missing_ok=True)
        path.write_bytes(content.read())


def _template(path: Path, suffix: str) -> OsTemplate:
    with mapping_os_errors(f"look at '{path}'"):
        facts = path.stat()
    return OsTemplate(
        name=path.name.removesuffix(f".tar{suffix}"),
        path=path,
        size=facts.st_size,
        compression=_SUFFIXES[suffix],
        modified_at=facts.st_mtime,
    )


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise errors.InvalidArgument(f"'{name}' cannot be the name of a template")
    return name


def _check(path: Path, shown: str) -> None:
    """Refuse what is no archive to its end; people know it by what is shown."""
    try:
        with mapping_os_errors(f"open {shown}"), tarfile.open(path) as archive:
            archive.getmembers()
    except (tarfile.TarError, EOFError) as error:
        why = str(error).partition("\n")[0].rstrip(":")
        raise errors.OperationFailed(f"{shown} is no tarball: {why}") from None


def _opened(path: Path) -> tarfile.TarFile:
    with mapping_os_errors(f"open '{path}'"):
        try:
            return tarfile.open(path)
        except (tarfile.TarError, EOFError) as error:
            raise errors.OperationFailed(f"'{path}' is no tarball: {error}") from None
