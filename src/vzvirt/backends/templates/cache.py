"""The template cache: ``TEMPLATE/cache/NAME.tar[.gz|.bz2|.xz|.zst]``, as vzctl has it.

State on disk: the tarballs; ``.NAME.part`` while one is made or copied, which is renamed once
it is complete and checked, and whose leftovers the next build or import of that name removes;
``.NAME.reserved``, sparse and as large as what is to come, while a name is kept for an upload.
A lock below ``run/vzvirt`` is held while names are taken or given back.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from vzvirt import errors
from vzvirt.backends.templates import busybox, debian, inspect
from vzvirt.backends.templates.archive import ArchiveReader
from vzvirt.backends.templates.compression import COMPRESSIONS, Compression, detect
from vzvirt.backends.templates.unpack import Unpacker
from vzvirt.model.progress import Progress
from vzvirt.model.storage import OsTemplate, ReservedTemplate, TemplateDetails
from vzvirt.model.values import IdMap
from vzvirt.system import files
from vzvirt.system.root import Root

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
_LOCK_PATIENCE: Final = 30.0
_RESERVED: Final = re.compile(rf"\.({_NAME.pattern})\.reserved")

Recipe = Callable[[Path, str | None, Progress], None]
"""Makes a tarball of a suite at a path."""

_RECIPES: Final[dict[str, tuple[Recipe, Callable[[str | None], str]]]] = {
    "busybox": (busybox.build, busybox.default_name),
    "debian": (debian.build, debian.default_name),
}
"""How to build, and what the template is called where no name is given."""


class CachedTemplates:
    """ports.storage.TemplateStore over a folder of tarballs."""

    def __init__(self, root: Root, template_dir: Path) -> None:
        self._cache = template_dir / "cache"
        self._lock = root.path("run/vzvirt/templates.lock")

    def templates(self) -> list[OsTemplate]:
        """All templates, by name; of several files of one name the one vzctl would take."""
        found: dict[str, OsTemplate] = {}
        try:
            names = {path.name for path in self._cache.iterdir()}
        except FileNotFoundError:
            return []
        for kind in COMPRESSIONS:
            for file in sorted(names):
                name = file.removesuffix(kind.suffix)
                if file.endswith(kind.suffix) and name and name not in found and name[0] != ".":
                    template = self._look_at(name, kind)
                    if template:
                        found[name] = template
        return sorted(found.values(), key=lambda template: template.name)

    def find(self, name: str) -> OsTemplate:
        """One template.

        Raises:
            NoTemplate: It is not in the cache.
        """
        usable = name and "/" not in name and name[0] != "."
        for kind in COMPRESSIONS if usable else ():
            template = self._look_at(name, kind)
            if template:
                return template
        there = ", ".join(template.name for template in self.templates())
        raise errors.NoTemplate(
            f"template '{name}' is not in '{self._cache}'",
            hint=f"there are: {there}" if there else "build one: vzvirt template build busybox",
        )

    def _look_at(self, name: str, kind: Compression) -> OsTemplate | None:
        path = self._cache / f"{name}{kind.suffix}"
        try:
            facts = path.stat()
            really = detect(path).name if path.is_file() else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise files.os_error(error, f"read the template '{path}'") from error
        if really is None:
            return None
        return OsTemplate(
            name=name,
            path=path,
            size=facts.st_size,
            compression=really,
            modified_at=facts.st_mtime,
        )

    def details(self, template: OsTemplate, progress: Progress) -> TemplateDetails:
        """Look inside; reads the whole archive."""
        return inspect.details(template, progress)

    def unpack(
        self, template: OsTemplate, folder: Path, owners: IdMap, progress: Progress
    ) -> None:
        """Fill an empty folder with the root, owners shifted by ``owners`` if it is not empty."""
        what = f"unpacking {template.name}"
        with (
            ArchiveReader(template.path, what, progress) as archive,
            Unpacker(folder, owners) as unpacker,
        ):
            unpacker.unpack(archive)

    def build(
        self, recipe: str, name: str | None, suite: str | None, progress: Progress
    ) -> OsTemplate:
        """Make a template; one of that name is replaced once the new one is complete."""
        if recipe not in _RECIPES:
            raise errors.InvalidArgument(
                f"there is no recipe '{recipe}'", hint=f"recipes: {', '.join(_RECIPES)}"
            )
        make, default_name = _RECIPES[recipe]
        name = _checked(name or default_name(suite))
        with self.draft(name) as draft:
            make(draft, suite, progress)
            _check(draft, f"'{name}'", f"checking {name}", progress)
            return self.publish(name, draft, replace=True)

    def import_archive(self, archive: Path, name: str, progress: Progress) -> OsTemplate:
        """Take a root tarball into the cache after checking all of it."""
        _checked(name)
        self._refuse_taken(name)
        with self.draft(name) as draft:
            with files.mapping_os_errors(f"copy '{archive}' into the cache"):
                if not archive.is_file():
                    raise errors.InvalidArgument(f"'{archive}' is no file")
                # The copy is what gets checked: the original may change meanwhile.
                shutil.copyfile(archive, draft)
            _check(draft, f"'{archive}'", f"checking {archive.name}", progress)
            return self.publish(name, draft, replace=False)

    def name_of(self, file: str) -> str:
        """What a template is called whose file has a certain name; any other word stays."""
        suffixes = (kind.suffix for kind in COMPRESSIONS if file.endswith(kind.suffix))
        return file.removesuffix(next(suffixes, ""))

    def reserve(self, name: str, size: int) -> ReservedTemplate:
        """Keep a name for a template that is to be uploaded."""
        path = self._reservation(_checked(name))
        files.make_folder(self._cache)
        with self._locked(), files.mapping_os_errors(f"keep the name '{name}'"):
            self._refuse_taken(name)
            if path.exists():
                raise errors.Conflict(
                    f"the name '{name}' is kept for a template already", hint="upload it"
                )
            try:
                path.touch(0o644)
                os.truncate(path, size)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            files.sync_folder(self._cache)
        return ReservedTemplate(name=name, path=path, size=size)

    def reserved(self) -> list[ReservedTemplate]:
        """All names that are kept, by name."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._cache) as entries:
            for entry in entries:
                match = _RESERVED.fullmatch(entry.name)
                if match:
                    path, size = self._cache / entry.name, entry.stat().st_size
                    found.append(ReservedTemplate(name=match[1], path=path, size=size))
        return sorted(found, key=lambda item: item.name)

    def upload(self, name: str, progress: Progress) -> _Upload:
        """Begin to take in a template, which will replace one of that name."""
        return _Upload(self, _checked(name), progress)

    def opened(self, name: str) -> BinaryIO:
        """A template's archive, as it is; the caller closes it."""
        template = self.find(name)
        with files.mapping_os_errors(f"read the template '{name}'"):
            return template.path.open("rb")

    def remove(self, name: str) -> None:
        """Delete a template, in every compression it is there in, or give up a kept name."""
        with self._locked():
            kept = self._reservation(name)
            if not (_NAME.fullmatch(name) and kept.exists()):
                self.find(name)
            for kind in COMPRESSIONS:
                (self._cache / f"{name}{kind.suffix}").unlink(missing_ok=True)
            kept.unlink(missing_ok=True)
            files.sync_folder(self._cache)

    # -- how a template comes into the cache --------------------------------------------

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        return files.exclusive(self._lock, _LOCK_PATIENCE, "the template cache")

    def _reservation(self, name: str) -> Path:
        return self._cache / f".{name}.reserved"

    @contextlib.contextmanager
    def draft(self, name: str) -> Iterator[Path]:
        """A file beside the templates that is not one yet; removed unless it was renamed."""
        files.make_folder(self._cache)
        draft = self._cache / f".{name}.part"
        # Two builds of one name wait for each other; a killed one's draft is started anew.
        with files.exclusive(self._lock.with_name(f"template-{name}.lock"), 0, f"'{name}'"):
            draft.unlink(missing_ok=True)
            try:
                yield draft
            finally:
                draft.unlink(missing_ok=True)

    def _refuse_taken(self, name: str) -> None:
        with contextlib.suppress(errors.NoTemplate):
            taken = self.find(name)
            raise errors.Conflict(
                f"there is a template '{name}' already: '{taken.path}'",
                hint="remove it, or import under another name",
            )

    def publish(self, name: str, draft: Path, *, replace: bool) -> OsTemplate:
        """Give a complete file its name, durably; others of that name go afterwards."""
        with self._locked(), files.mapping_os_errors(f"store the template '{name}'"):
            if not replace:
                self._refuse_taken(name)
            path = self._cache / f"{name}{detect(draft).suffix}"
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.chmod(0o644)
            draft.rename(path)
            for kind in COMPRESSIONS:
                other = self._cache / f"{name}{kind.suffix}"
                if other != path:
                    other.unlink(missing_ok=True)
            self._reservation(name).unlink(missing_ok=True)
            files.sync_folder(self._cache)
            return self.find(name)


class _Upload:
    """ports.storage.TemplateUpload; the draft and its lock are held until it ends."""

    def __init__(self, store: CachedTemplates, name: str, progress: Progress) -> None:
        self._store, self._name, self._progress = store, name, progress
        with contextlib.ExitStack() as stack:
            self._draft = stack.enter_context(store.draft(name))
            with files.mapping_os_errors(f"store the template '{name}'"):
                self._file = stack.enter_context(self._draft.open("wb"))
            self._held = stack.pop_all()

    def write(self, data: bytes) -> None:
        """Take the next piece."""
        with files.mapping_os_errors(f"store the template '{self._name}'"):
            self._file.write(data)

    def finish(self) -> OsTemplate:
        """Check the whole of it, and put it in the place of what had its name."""
        name = self._name
        with self._held:
            with files.mapping_os_errors(f"store the template '{name}'"):
                self._file.close()
            _check(self._draft, f"'{name}', as uploaded,", f"checking {name}", self._progress)
            return self._store.publish(name, self._draft, replace=True)

    def abort(self) -> None:
        """Forget it; nothing happens after ``finish``."""
        self._held.close()


def _check(draft: Path, shown: str, what: str, progress: Progress) -> None:
    """Read all of a draft; whoever made it knows it by another name."""
    _, archive = inspect.survey(draft, what, progress, shown)
    inspect.check_is_root(shown, archive)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > 128:
        raise errors.InvalidArgument(
            f"template name '{name[:140]}' is not usable",
            hint="letters, digits, '_', '.', '+' and '-'; it begins with a letter or digit",
        )
    return name
