"""How a whole definition stands in ``<domain>``, and in its partial form, the sidecar.

Reading takes four steps: the text becomes a tree; what no container has is refused; other
spellings become canonical ones (``spellings``), each with a warning; the declaration below reads
the rest. Writing takes the last step backwards and makes text of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from vzvirt import errors
from vzvirt.codec.schema import (
    TEXT,
    WORD,
    Constant,
    Items,
    Part,
    Spec,
    Texts,
    Value,
    Values,
)
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.clients import say_in_full, settle_current_memory
from vzvirt.codec.xml.convert import CTID, NAME, NODESET, UUID_TEXT, VARIABLE, YES_NO, one_of
from vzvirt.codec.xml.devices import CONSOLE, FILESYSTEM, HOST_DEVICE, INTERFACE
from vzvirt.codec.xml.document import parse, serialise
from vzvirt.codec.xml.notes import Notes
from vzvirt.codec.xml.openvz import OPENVZ
from vzvirt.codec.xml.refusals import refuse
from vzvirt.codec.xml.resources import BLOCK_IO, CPU, IDMAP, LINUX_CAPABILITIES, MEMORY
from vzvirt.codec.xml.spellings import canonicalise, settle_naming
from vzvirt.codec.xml.verbatim import Verbatim
from vzvirt.model.devices import GuestNaming
from vzvirt.model.domain import (
    Domain,
    LifecyclePolicy,
    OnEnd,
    OperatingSystem,
    replace_openvz,
)
from vzvirt.model.resources import Accounting, Beancounter
from vzvirt.model.values import FIRST_FREE_CTID, PAGE_SIZE, UNLIMITED, Ctid, Limit


def _environment(name: str, value: str = "") -> tuple[str, str]:
    return name, value


OPERATING_SYSTEM: Final = Spec(
    OperatingSystem,
    Constant("init", "type", "exe", always=True),
    Value("arch", "type/@arch", WORD),
    Value("init", "init", TEXT, always=True),
    Texts("init_args", "initarg", TEXT),
    Items(
        "init_env",
        "initenv",
        Spec(
            _environment,
            Value("name", "@name", VARIABLE),
            Value("value", "", TEXT),
            spread=lambda pair: {"name": pair[0], "value": pair[1]},
        ),
    ),
    Value("init_dir", "initdir", TEXT),
    Value("init_user", "inituser", WORD),
    Value("init_group", "initgroup", WORD),
)

LIFECYCLE: Final = Spec(
    LifecyclePolicy,
    *(
        Value(name, name, one_of(OnEnd), always=True)
        for name in ("on_poweroff", "on_reboot", "on_crash")
    ),
)

GUEST_NAMING: Final = Spec(
    GuestNaming,
    Value("hostname", "hostname", WORD),
    Texts("nameservers", "nameserver", WORD),
    Texts("search_domains", "searchdomain", WORD),
)
"""Read and written under ``<domain>``; ``spellings`` moves it from and to the first interface."""


def _gather_domain(values: Values, node: Node) -> None:
    """A numeric name is the number, as it is for libvirt's own driver."""
    name = values.get("name")
    if isinstance(name, str) and name.isdecimal() and "ctid" not in values:
        values["ctid"] = Ctid(name)


DOMAIN: Final = Spec(
    Domain,
    Constant("name", "@type", "openvz"),
    Value("ctid", "@id", CTID),
    Value("name", "name", NAME),
    Value("uuid", "uuid", UUID_TEXT),
    Value("title", "title", TEXT),
    Value("description", "description", TEXT),
    Verbatim("metadata", "metadata"),
    Part("memory", "", MEMORY),
    Part("cpu", "", CPU),
    Part("block_io", "", BLOCK_IO),
    Constant("numa_nodes", "numatune/memory/@mode", "strict"),
    Value("numa_nodes", "numatune/memory/@nodeset", NODESET),
    Part("os", "os", OPERATING_SYSTEM, always=True),
    Part("linux_capabilities", "features/capabilities", LINUX_CAPABILITIES),
    Part("idmap", "idmap", IDMAP, empty=True),
    Value("clock", "clock/@offset", WORD, always=True),
    Part("lifecycle", "", LIFECYCLE, always=True),
    Part("guest_naming", "", GUEST_NAMING),
    Items("filesystems", "devices/filesystem", FILESYSTEM),
    Items("interfaces", "devices/interface", INTERFACE),
    Items("host_devices", "devices/hostdev", HOST_DEVICE),
    Items("consoles", "devices/console", CONSOLE),
    Part("openvz", "openvz:container", OPENVZ),
    gather=_gather_domain,
)

SIDECAR: Final = Spec(
    Domain,
    *DOMAIN.rows,
    Value("provisioned", "openvz:state/@provisioned", YES_NO),
    Value("idmap_shifted", "openvz:state/@shifted", YES_NO),
    Value("disposable", "openvz:state/@disposable", YES_NO),
    gather=_gather_domain,
)


@dataclass(frozen=True, slots=True)
class Read:
    """A definition as a document gave it.

    Attributes:
        warnings: One for each spelling that is not the canonical one.
    """

    domain: Domain
    warnings: tuple[str, ...] = ()


def read_domain(
    text: str | bytes,
    *,
    validate: bool = False,
    told_memory: Callable[[str], Limit | None] | None = None,
) -> Read:
    """Read a domain's XML.

    Args:
        text: The document.
        validate: Refuse what the schema does not know, instead of dropping it.
        told_memory: For what a client of libvirt changed: see ``clients.settle_current_memory``.

    Raises:
        XmlError: It is malformed, has a wrong value, or states a fact in two ways.
        SchemaError: It is not valid and ``validate`` asks.
        ConfigUnsupported: It has something that no container can have.
        InvalidArgument: Its parts do not make a definition.
    """
    root = _root(text)
    if "type" not in root.attributes:
        raise errors.XmlError(f"{root.spelling} has no type=", hint="<domain type='openvz'>")
    if told_memory is not None:
        settle_current_memory(root, told_memory)
    notes = Notes()
    refuse(root)
    canonicalise(root, notes)
    if validate:  # after what is refused with the way out
        from vzvirt.codec.xml import validation  # loads lxml

        validation.validate(text)
    domain = settle_beancounters(DOMAIN.read(root), notes)
    if domain.ctid is not None and domain.ctid < FIRST_FREE_CTID:
        notes.say(
            f"{root.spelling}: ids up to {FIRST_FREE_CTID - 1} are reserved by OpenVZ's custom"
        )
    settle_naming(root)  # the notes show the document as it is written
    return Read(domain, notes.texts())


def write_domain(domain: Domain, *, arch: str | None = None) -> str:
    """Write canonical XML: each fact once.

    Args:
        domain: What to write.
        arch: The host's machine, for clients of libvirt: then two more things are said, which its
            own drivers always say and which virt-manager does not do without.

    Raises:
        XmlError: A text has a character that XML cannot carry.
    """
    root = _tree(DOMAIN, domain, sparse=False)
    if arch is not None:
        say_in_full(root, arch)
    return serialise(root)


def read_partial(text: str | bytes) -> Domain:
    """Read a sidecar: the same schema, and what was made of the definition.

    Raises:
        XmlError: As in ``read_domain``; likewise the others.
    """
    root = _root(text)
    canonicalise(root, Notes())
    return SIDECAR.read(root)


def write_partial(domain: Domain) -> str:
    """Write a sidecar: only what is not at its default.

    Raises:
        XmlError: A text has a character that XML cannot carry.
    """
    return serialise(_tree(SIDECAR, domain, sparse=True))


def _root(text: str | bytes) -> Node:
    root = parse(text)
    if root.tag != "domain":
        raise errors.XmlError(f"the document is a {root.spelling}, not a <domain>")
    return root


def _tree(spec: Spec[Domain], domain: Domain, *, sparse: bool) -> Node:
    root = Node("domain")
    spec.write(domain, root, sparse=sparse)
    settle_naming(root)
    root.children.sort(key=lambda child: child.tag.startswith("openvz:"))  # libvirt's part first
    return root


_HELD: Final[Mapping[Accounting, Mapping[str, tuple[tuple[str, str, str], ...]]]] = {
    Accounting.VSWAP: {
        "physpages": (("limit", "limit", "memory"),),
        "swappages": (("limit", "swap", "memtune><swap_hard_limit"),),
    },
    Accounting.UBC: {
        "privvmpages": (
            ("barrier", "soft_limit", "memtune><soft_limit"),
            ("limit", "limit", "memory"),
        ),
        "vmguarpages": (("barrier", "min_guarantee", "memtune><min_guarantee"),),
    },
}
"""Beancounters that other elements hold: which mark is which field of ``Memory``, and where."""


def settle_beancounters(domain: Domain, notes: Notes) -> Domain:
    """Move what rows say of memory to where it belongs.

    A row whose other mark says something of its own stays beside it.

    Raises:
        XmlError: A row and the element disagree.
    """
    held = _HELD.get(domain.openvz.accounting, {}) if domain.openvz.accounting else {}
    rows: list[Beancounter] = []
    for row in domain.openvz.beancounters:
        fields: dict[str, Limit] = {}
        for mark, name, element in held.get(row.name, ()):
            amount: Limit = getattr(row.value, mark)
            fields[name] = amount * PAGE_SIZE if isinstance(amount, int) else amount
            known = getattr(domain.memory, name)
            if known not in {None, fields[name]}:
                raise errors.XmlError(
                    f"<openvz:ubc name='{row.name}'> and <{element}> disagree",
                    hint="they state the same thing; leave one of them out",
                )
        if fields:
            domain = dataclasses.replace(
                domain,
                memory=dataclasses.replace(domain.memory, **fields),
            )
            where = ", ".join(f"<{element}>" for _, _, element in held[row.name])
            notes.say(f"<openvz:ubc name='{row.name}'>: the canonical form is {where}")
        if not fields or _has_more(row, fields):
            rows.append(row)
    if len(rows) == len(domain.openvz.beancounters):
        return domain
    return replace_openvz(domain, beancounters=tuple(rows))


def _has_more(row: Beancounter, fields: Mapping[str, Limit]) -> bool:
    """Whether a row's other mark is neither the same, nor none, nor held as well."""
    other = row.value.limit if "min_guarantee" in fields else row.value.barrier
    same = row.value.barrier if "min_guarantee" in fields else row.value.limit
    return len(fields) == 1 and other not in {0, UNLIMITED, same}
