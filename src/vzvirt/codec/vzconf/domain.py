"""A container's config file as a ``Domain``, and back into the same file.

``read`` says what the file says and nothing else: no defaults, no sidecar. ``apply`` changes the
lines of those keys whose value differs in meaning and leaves every other byte alone, so saving an
unchanged definition changes nothing. What no key holds goes into the sidecar; see ``sidecar``.

The UUID stands in a comment, ``#UUID: ...``, as libvirt's own OpenVZ driver has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from vzvirt import errors
from vzvirt.codec.vzconf import devices, resources
from vzvirt.codec.vzconf.grammar import Assignment, Document, encode
from vzvirt.codec.vzconf.params import BY_KEY, FACTS, NAME
from vzvirt.codec.vzconf.resources import Facts
from vzvirt.codec.vzconf.rounding import rounded
from vzvirt.codec.vzconf.rows import Duplicates, Param
from vzvirt.codec.vzconf.values import Heard, Values, listen
from vzvirt.model.devices import GuestNaming
from vzvirt.model.domain import NOT_IN_XML, Domain, ForeignLine, OpenvzSettings, replace_openvz
from vzvirt.model.resources import BlockIo, Cpu, LinuxCapabilities, Memory
from vzvirt.model.values import Ctid, check_name

PLACEHOLDER_NAME: Final = "container"
"""Name of a definition whose file says neither name nor CTID."""

UUID_MARK: Final = "#UUID:"

RECORDS: Final[Mapping[str, type]] = {
    "memory": Memory,
    "cpu": Cpu,
    "block_io": BlockIo,
    "linux_capabilities": LinuxCapabilities,
    "guest_naming": GuestNaming,
    "openvz": OpenvzSettings,
}
"""Fields of ``Domain`` that are records themselves."""

DIRECT: Final = tuple(
    (param, param.field, attrgetter(param.field)) for param in FACTS if param.field
)
"""Rows that are one field each, with its name and a way to it."""

DIRECT_FIELDS: Final = {param.key: name for param, name, _get in DIRECT}


class Read(NamedTuple):
    """A definition, and what was wrong with its file, by line."""

    domain: Domain
    warnings: tuple[str, ...] = ()


def read(
    document: Document,
    ctid: Ctid | None = None,
    *,
    keep_foreign: bool = False,
    unsayable: Set[str] = frozenset(),
) -> Read:
    """What a config file says.

    Args:
        document: The file.
        ctid: Whose file it is; the file itself does not say.
        keep_foreign: Whether lines that no field holds go into ``openvz.foreign_lines``.
        unsayable: Fields that the format it is converted to does not have; with ``keep_foreign``
            their lines are kept as well.

    Returns:
        The definition. Its name is the CTID where the file has none; its UUID may be missing.
        Bad values are skipped with a warning, never fatal.
    """
    heard = listen(document)
    facts: Facts = {"ctid": ctid, "name": _read_name(heard, ctid)}
    facts.update(
        (DIRECT_FIELDS[key], value) for key, value in heard.values.items() if key in DIRECT_FIELDS
    )
    resources.read_memory(heard.values, facts)
    resources.read_cpu_limit(heard.values, facts)
    resources.read_idmap(heard.values, facts)
    heard.warnings += devices.read_root(heard.values, facts, ctid)
    devices.read_interfaces(heard.values, facts)
    devices.read_host_devices(heard.values, facts)
    facts["uuid"] = _read_uuid(document, heard)
    domain = assembled(facts)
    if keep_foreign:
        lines = _foreign_lines(document, heard, domain, unsayable)
        domain = replace_openvz(domain, foreign_lines=lines)
    return Read(domain, tuple(heard.warnings))


def assembled(facts: Facts) -> Domain:
    """A definition from its fields by dotted name."""
    whole: dict[str, Any] = {}  # Any: Domain checks its own fields
    parts: dict[str, dict[str, Any]] = {}
    for name, value in facts.items():
        record, dot, leaf = name.partition(".")
        if dot:
            parts.setdefault(record, {})[leaf] = value
        else:
            whole[name] = value
    for record, leaves in parts.items():
        whole[record] = RECORDS[record](**leaves)
    return Domain(**whole)


def values_of(domain: Domain) -> Values:
    """What a file must say for a definition, as far as its keys can."""
    values = Values()
    for param, _name, get in DIRECT:
        values.put(param, get(domain))
    resources.write_memory(domain, values)
    resources.write_cpu_limit(domain.cpu, values)
    resources.write_idmap(domain.idmap, values)
    devices.write_root(domain, values)
    devices.write_interfaces(domain.interfaces, values)
    devices.write_host_devices(domain.host_devices, values)
    unnamed = domain.ctid is None and domain.name == PLACEHOLDER_NAME
    values.put(NAME, domain.name if domain.has_own_name and not unnamed else None)
    return values


def apply(document: Document, domain: Domain) -> Document:
    """The file with those keys changed whose value differs in meaning.

    Sizes are rounded up to their key's unit; ``roundings`` tells which. Foreign lines are put
    back only into an empty file: any other has its own. Those that say something win there.

    Raises:
        InvalidArgument: A foreign line is none: it would be heard, or is more than one.
    """
    domain = rounded(domain)
    fresh = document.is_empty
    have = values_of(read(document, domain.ctid).domain)
    wanted = values_of(domain)
    changed = have.differences(wanted)
    if changed:
        document = _with_changes(document, changed, wanted)
    if fresh and domain.openvz.foreign_lines:
        document = _with_foreign_lines(document, domain.openvz.foreign_lines)
    return _with_uuid(document, domain.uuid)


def _with_changes(document: Document, changed: list[Param[Any]], wanted: Values) -> Document:
    texts: dict[str, str | None] = {}
    for param in changed:
        text = param.written(wanted.get(param))
        if text is None and param.form.may_be_empty:
            text = ""
        texts[param.key] = text
        if text is None:
            texts.update(dict.fromkeys(param.aliases))
    document = document.with_values(texts)
    rivals = [
        position
        for param in changed
        for position in _rivals(document, param, said=bool(texts[param.key]))
    ]
    return document.without(rivals) if rivals else document


def _rivals(document: Document, param: Param[Any], *, said: bool) -> list[int]:
    """Lines that would still be heard beside or instead of the one that was written.

    vzctl leaves them: an indented line, a line under an alias, a repeated one. Its change then
    has no effect, or half of one. A line that was emptied says nothing, so any other is heard.
    """
    lines = [
        item.position
        for item in document.assignments
        if item.key == param.key or item.key in param.aliases
    ]
    written = next(
        (item for item in lines if document.lines[item].startswith(f"{param.key}=")), None
    )
    if said and written is not None:
        if param.duplicates is Duplicates.FIRST:
            return [item for item in lines if item < written]
        if param.duplicates is Duplicates.LAST:
            return [item for item in lines if item > written]
    return [item for item in lines if item != written]


# Identity


def _read_name(heard: Heard, ctid: Ctid | None) -> str:
    default = PLACEHOLDER_NAME if ctid is None else str(ctid)
    name = heard.values.get(NAME)
    if name is None or name == default:
        return default
    if name.isdecimal():
        heard.warnings.append(f"NAME '{name}' is a number, skipped")
        return default
    try:
        return check_name(name)
    except errors.InvalidArgument as error:
        heard.warnings.append(f"{error.message}, skipped")
        return default


def _uuid_position(document: Document) -> int | None:
    return next(
        (number for number, line in enumerate(document.lines) if line.startswith(UUID_MARK)),
        None,
    )


def _read_uuid(document: Document, heard: Heard) -> UUID | None:
    position = _uuid_position(document)
    if position is None:
        return None
    text = document.lines[position].removeprefix(UUID_MARK).strip()
    try:
        return UUID(text)
    except ValueError:
        heard.warnings.append(f"line {position + 1}: '{text[:60]}' is no UUID, skipped")
        return None


def _with_uuid(document: Document, uuid: UUID | None) -> Document:
    """An identity can be given or changed, never taken away."""
    if uuid is None:
        return document
    line = f"{UUID_MARK} {uuid}"
    position = _uuid_position(document)
    if position is None:
        return document.with_appended(["", line])
    if read_uuid(document) == uuid:
        return document
    return document.with_line(position, line)


def read_uuid(document: Document) -> UUID | None:
    """The UUID in a file's comment; the first such comment counts."""
    return _read_uuid(document, Heard())


# Foreign lines


def _foreign_lines(
    document: Document, heard: Heard, domain: Domain, unsayable: Set[str]
) -> tuple[ForeignLine, ...]:
    """Lines that nothing of a definition stands for.

    Comments, unknown keys, garbage; values that are no fact by themselves, such as a LOCAL_GID
    without a LOCAL_UID. No UUID, which another file must not take for its own.
    """
    said = {param.key for param in values_of(domain)}
    held = heard.positions - {
        item.position
        for item in document.assignments
        if (param := BY_KEY.get(item.key))
        and (
            unsayable >= set(param.fields)
            or (item.value and param.key not in said and not _says_anything(document, item))
        )
    }
    return tuple(
        ForeignLine(position, line.rstrip("\r"))
        for position, line in enumerate(document.lines)
        if line.strip() and position not in held and not line.startswith(UUID_MARK)
    )


def _says_anything(document: Document, item: Assignment) -> bool:
    """Whether a line is a fact where it stands alone."""
    return any(values_of(read(Document((document.lines[item.position],))).domain))


def _check_foreign(item: ForeignLine) -> None:
    """A document may bring along only what converting a file to one would have kept as foreign.

    Anything else would say what no check of a definition looked at.
    """
    written = encode(item.text)
    document = Document.parse(written)
    alone = read(document, keep_foreign=True, unsayable=NOT_IN_XML).domain
    kept = [encode(line.text) for line in alone.openvz.foreign_lines]
    if item.text.strip() and kept != [written.rstrip(b"\r")]:
        raise errors.InvalidArgument(
            f"<openvz:line position='{item.position}'> is not one line that OpenVZ does not know:"
            f" '{item.text[:60]}'",
            hint="what a known key says has an element of its own; leave the line out",
        )


def _with_foreign_lines(document: Document, foreign: tuple[ForeignLine, ...]) -> Document:
    """A fresh file with lines put back where they stood, as near as may be.

    What a document cannot say, a sample's ONBOOT for one, its lines say better. What was no fact
    by itself and would be one beside what the file says now is left out.
    """
    for item in foreign:
        _check_foreign(item)
    theirs = Document(tuple(item.text for item in foreign))
    heard = [item for item in theirs.assignments if item.position in listen(theirs).positions]
    apart = {item.key for item in heard if set(BY_KEY[item.key].fields) <= NOT_IN_XML}
    ours = document.with_values(dict.fromkeys(apart))
    whole = _joined(ours, foreign)
    said = values_of(read(ours).domain).differences(values_of(read(whole).domain))
    if all(param.key in apart for param in said):
        return whole
    facts = {item.position for item in heard if item.key not in apart}
    return _joined(ours, [item for at, item in enumerate(foreign) if at not in facts])


def _joined(document: Document, foreign: Iterable[ForeignLine]) -> Document:
    ours = list(document.lines[:-1])
    lines: list[str] = []
    for item in sorted(foreign, key=attrgetter("position")):
        missing = max(0, item.position - len(lines))
        lines += ours[:missing]
        del ours[:missing]
        lines.append(item.text)
    return Document((*lines, *ours, ""))
