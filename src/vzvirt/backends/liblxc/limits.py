"""Bringing the kernel to a definition's limits, at the start and while it runs.

No state: the kernel's files are the truth. At each boot of the container, reboots from inside
included, the hook script writes the lines of ``limits`` in the run folder; a change of a
running container writes the same lines at once and keeps them for the next boot.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.codec.lxcconf.limits import LIMITS, LimitFile, LimitRow, Squeeze
from vzvirt.model.domain import Domain
from vzvirt.model.host import EnforcedParameter, Enforcement
from vzvirt.model.values import UNLIMITED

_DISKS: Final = Path("/sys/dev/block")

_SQUEEZES: Final = 5
"""How often it is tried to take memory back; as often as version 1 of control groups does."""


@dataclass(frozen=True, slots=True)
class Write:
    """One value for one of the kernel's files."""

    parameter: str
    path: Path
    value: str
    optional: bool
    whole_tree: bool
    disk: str = ""
    may_be_refused: bool = False
    squeeze: Squeeze | None = None

    @property
    def line(self) -> str:
        """As the hook script reads it."""
        if self.may_be_refused:
            sign = "~"
        else:
            sign = "?" if self.optional else "*" if self.whole_tree else ""
        return f"{sign}{self.path} {self.value}\n"

    def do(self) -> None:
        """Give the value to the kernel; raises its ``OSError``."""
        if self.whole_tree:
            # Upwards to shrink, then downwards to grow: whichever it is, the other pass fails
            # here and there, and may.
            below = sorted(
                self.path.parent.rglob(self.path.name), key=lambda path: len(path.parts)
            )
            for path in (*reversed(below), *below):
                with contextlib.suppress(OSError):
                    path.write_text(self.value, encoding="ascii")
        with contextlib.ExitStack() as held:
            if self.squeeze is not None and self.value.isdecimal():
                held.enter_context(_squeezed(self.path.parent, self.squeeze, int(self.value)))
            self.path.write_text(self.value or "\n", encoding="ascii")


@contextlib.contextmanager
def _squeezed(group: Path, squeeze: Squeeze, most: int) -> Iterator[None]:
    """While it lasts the kernel takes back what is in use above ``most``.

    Raises ``OSError`` (``EBUSY``, as version 1 has it) if that cannot be brought down so far.
    """
    used, mark = group / squeeze.used, group / squeeze.mark
    if _amount(used) <= most:
        yield
        return
    before = mark.read_text(encoding="ascii")
    try:
        for _ in range(_SQUEEZES):
            mark.write_text(str(most), encoding="ascii")  # returns when no more can be had
            if _amount(used) <= most:
                break
        else:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        yield
    finally:
        mark.write_text(before, encoding="ascii")


def _amount(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def disk_of(folder: Path) -> str | None:
    """The number of the whole disk that a folder lies on; ``None``: it lies on no single one."""
    try:
        device = folder.stat().st_dev
    except OSError:
        return None
    known = _DISKS / f"{os.major(device)}:{os.minor(device)}"
    try:
        # The kernel limits disks, not parts of them.
        own = known.resolve(strict=True)
        whole = own.parent if (own / "partition").exists() else own
        return (whole / "dev").read_text(encoding="ascii").strip()
    except OSError:
        return None


def writes(domain: Domain, groups: Groups, disk: str | None) -> list[Write]:
    """What to write, in this order.

    Args:
        domain: The definition.
        groups: The container's control groups.
        disk: The number of the disk that its root lies on, if there is just one.

    Raises:
        NoSupport: A limit is asked for whose controller this host lacks.
    """
    found = []
    for row in LIMITS:
        folder = groups.folder(row.controller)
        files = row.files(groups.trees.version(row.controller))
        if folder is None or not files:
            _check_dispensable(row, domain)
        elif not files[0].per_disk:
            found += [_write(row, file, domain, folder) for file in files]
        elif disk is not None:
            found += [
                _write_disk(row, file, domain, folder, disk)
                for file in files
                if _is_due(row, file, domain, _line_of(folder / file.name, disk))
            ]
    return found


def _is_due(row: LimitRow, file: LimitFile, domain: Domain, line: str) -> bool:
    """Whether a disk gets a line, or another than it has."""
    if file.may_be_refused:
        return not line
    return row.value(domain) is not None or bool(line)


def _check_dispensable(row: LimitRow, domain: Domain) -> None:
    if row.controller == "blkio":
        return  # kept only, as it is where the root lies on no disk
    if row.value(domain) not in {None, "unlimited", "all", "auto"}:
        raise errors.NoSupport(
            f"this host cannot keep the limit '{row.parameter}': it has no control group "
            f"'{row.controller}'",
            hint="'vzvirt doctor' says what is missing",
        )


def _write(row: LimitRow, file: LimitFile, domain: Domain, folder: Path) -> Write:
    value = file.write(domain)
    if not value and row.controller == "cpuset":
        value = _inherited(folder, file.name)
    return Write(
        *(row.parameter, folder / file.name, value, file.optional, file.whole_tree),
        squeeze=file.squeeze,
    )


def _write_disk(row: LimitRow, file: LimitFile, domain: Domain, folder: Path, disk: str) -> Write:
    value = f"{disk} {file.write(domain)}"
    path = folder / file.name
    return Write(
        row.parameter, path, value, file.optional, file.whole_tree, disk, file.may_be_refused
    )


def _line_of(path: Path, disk: str) -> str:
    """What a file with a line for each disk says of one; empty: nothing."""
    lines = _text(path).splitlines()
    return next((line for line in lines if line.startswith(f"{disk} ")), "")


def _inherited(folder: Path, name: str) -> str:
    """What stands for "no limit" in a set of processors or nodes.

    Version 1 takes no empty value, so it gets what the top group has. Version 2 takes one,
    except from a group with processes in it that has had a value: that gets all there are.
    """
    top = folder.parent.parent
    if (top / name).exists():
        return _text(top / name)
    return _text(top / f"{name}.effective") if _text(folder / name) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def lines(domain: Domain, groups: Groups, disk: str | None) -> str:
    """The text of the run folder's ``limits``."""
    return "".join(write.line for write in writes(domain, groups, disk))


def apply(domain: Domain, groups: Groups, disk: str | None) -> None:
    """Set all limits of a running container.

    Raises:
        OperationFailed: The kernel refuses one; those set before are put back.
    """
    wanted = [
        write
        for write in writes(domain, groups, disk)
        if not write.optional or write.path.exists()
    ]
    before = [replace(write, value=_before(write)) for write in wanted]
    for done, write in enumerate(wanted):
        try:
            write.do()
        except OSError as error:
            if write.may_be_refused:
                continue
            _put_back(before[: done + 1])
            raise errors.OperationFailed(
                f"the kernel refuses '{write.value}' for '{write.parameter}' of container "
                f"{groups.ctid}: {error.strerror}",
                hint="memory in use cannot always be taken back; the limits are as before",
            ) from error


_NO_RATE: Final = {
    True: "rbps=max wbps=max riops=max wiops=max",  # of version 2, all in one line
    False: "0",
}


def _before(write: Write) -> str:
    """What a file has now, in the form that brings it back."""
    if not write.disk:
        return _value(write.path)
    unlimited = _NO_RATE[write.path.name == "io.max"]
    return _line_of(write.path, write.disk) or f"{write.disk} {unlimited}"


def _value(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise errors.OperationFailed(f"cannot read '{path}': {error.strerror}") from error


def _put_back(before: list[Write]) -> None:
    """Backwards, then forwards: pairs of files (memory, memory + swap) bound each other."""
    for write in (*reversed(before), *before):
        with contextlib.suppress(OSError):
            write.do()


def enforcement(domain: Domain, groups: Groups) -> list[EnforcedParameter]:
    """What becomes of each limit that a definition says."""
    table = []
    for row in LIMITS:
        value = row.value(domain)
        if value is not None:
            table.append(_enforced(row, value, groups))
    table += _kept_only(domain)
    return table


def _enforced(row: LimitRow, value: str, groups: Groups) -> EnforcedParameter:
    files = row.files(groups.trees.version(row.controller))
    tree = groups.trees.tree_of(row.controller)
    missing = [
        file.name for file in files if file.optional and tree and not _known(tree.top, file)
    ]
    if not files or tree is None:
        how, kept = f"this host has no control group '{row.controller}'", Enforcement.KEPT
    elif missing and missing[-1] == files[-1].name:
        how, kept = f"this kernel has no '{missing[-1]}'", Enforcement.KEPT
    elif row.approximately:
        how, kept = row.approximately, Enforcement.APPROXIMATE
    else:
        how, kept = files[-1].name, Enforcement.EXACT
    return EnforcedParameter(parameter=row.parameter, value=value, enforcement=kept, how=how)


def _known(top: Path, file: LimitFile) -> bool:
    """Whether groups have a file. The top of version 2 lacks most, those right below do not."""
    if (top / file.name).exists():
        return True
    return any(top.glob(f"*/{file.name}"))


def _kept_only(domain: Domain) -> list[EnforcedParameter]:
    rows = [
        (f"ubc {row.name}", _words(row.value.barrier), _words(row.value.limit))
        for row in domain.openvz.beancounters
        if row.name != "numproc"
    ]
    table = [
        EnforcedParameter(parameter=name, value=f"{low}:{high}", enforcement=Enforcement.KEPT)
        for name, low, high in rows
    ]
    guarantee = domain.memory.min_guarantee
    if guarantee is not None:
        table.append(
            EnforcedParameter(
                parameter="memory guarantee",
                value=_words(guarantee),
                enforcement=Enforcement.KEPT,
            )
        )
    return table


def _words(amount: object) -> str:
    return "unlimited" if amount is UNLIMITED else str(amount)
