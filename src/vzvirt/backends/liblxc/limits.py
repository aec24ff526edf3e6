"""Bringing the kernel to a definition's limits, at the start and while it runs.

No state: the kernel's files are the truth. At each boot of the container, reboots from inside
included, the hook script writes the lines of ``limits`` in the run folder; a change of a
running container writes the same lines at once and keeps them for the next boot.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from vzvirt import errors
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.codec.lxcconf.limits import LIMITS, LimitFile, LimitRow
from vzvirt.model.domain import Domain
from vzvirt.model.host import EnforcedParameter, Enforcement
from vzvirt.model.values import UNLIMITED


@dataclass(frozen=True, slots=True)
class Write:
    """One value for one of the kernel's files."""

    parameter: str
    path: Path
    value: str
    optional: bool
    whole_tree: bool

    @property
    def line(self) -> str:
        """As the hook script reads it."""
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
        self.path.write_text(self.value or "\n", encoding="ascii")


def writes(domain: Domain, groups: Groups) -> list[Write]:
    """What to write, in this order.

    Raises:
        NoSupport: A limit is asked for whose controller this host lacks.
    """
    found = []
    for row in LIMITS:
        folder = groups.folder(row.controller)
        files = row.files(groups.trees.version(row.controller))
        if folder is None or not files:
            _check_dispensable(row, domain)
            continue
        found += [_write(row, file, domain, folder) for file in files]
    return found


def _check_dispensable(row: LimitRow, domain: Domain) -> None:
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
    return Write(row.parameter, folder / file.name, value, file.optional, file.whole_tree)


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


def lines(domain: Domain, groups: Groups) -> str:
    """The text of the run folder's ``limits``."""
    return "".join(write.line for write in writes(domain, groups))


def apply(domain: Domain, groups: Groups) -> None:
    """Set all limits of a running container.

    Raises:
        OperationFailed: The kernel refuses one; those set before are put back.
    """
    wanted = [
        write for write in writes(domain, groups) if not write.optional or write.path.exists()
    ]
    before = [replace(write, value=_value(write.path)) for write in wanted]
    for done, write in enumerate(wanted):
        try:
            write.do()
        except OSError as error:
            _put_back(before[: done + 1])
            raise errors.OperationFailed(
                f"the kernel refuses '{write.value}' for '{write.parameter}' of container "
                f"{groups.ctid}: {error.strerror}",
                hint="memory in use cannot always be taken back; the limits are as before",
            ) from error


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
    block = domain.block_io
    others = (
        ("memory guarantee", domain.memory.min_guarantee),
        ("disk weight", block.weight),
        ("disk bytes per second", block.bytes_per_second),
        ("disk operations per second", block.operations_per_second),
    )
    table += [
        EnforcedParameter(parameter=name, value=_words(value), enforcement=Enforcement.KEPT)
        for name, value in others
        if value is not None
    ]
    return table


def _words(amount: object) -> str:
    return "unlimited" if amount is UNLIMITED else str(amount)
