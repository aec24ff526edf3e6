#!/usr/bin/env python3
"""Print the XML reference from the codec's rows; with --check only say whether it is up to date.

Places, values, config keys, what is refused, and what is read in another form come from the code;
``xml_words.txt`` beside this file says what each place means.
"""

from __future__ import annotations

import fnmatch
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gen_docs import code, main, table  # type: ignore[import-not-found]  # beside this file

from vzvirt import errors
from vzvirt.codec import schema, xml
from vzvirt.codec.vzconf.params import BY_KEY, FACTS
from vzvirt.codec.xml import network, refusals, spellings
from vzvirt.codec.xml.convert import UNLIMITED_KIB, Amount
from vzvirt.codec.xml.document import parse, serialise
from vzvirt.codec.xml.domain import DOMAIN
from vzvirt.codec.xml.notes import Notes
from vzvirt.codec.xml.verbatim import Verbatim

WORDS: Final = Path(__file__).with_name("xml_words.txt")
OPENVZ: Final = "http://libvirt.org/schemas/domain/openvz/1.0"

DOMAIN_PARTS: Final = (
    "",
    "os",
    "features/capabilities",
    "idmap",
    "devices/filesystem",
    "devices/interface",
    "devices/hostdev",
    "devices/console",
    "openvz:container",
)
"""Elements with a table of their own, in the order of the page."""

NETWORK_PARTS: Final = ("", "forward", "ip", "dns", "portgroup")

FORMS: Final = (
    "<vmid>101</vmid>",
    "<onboot>true</onboot>",
    "<uuid>8dea22b31d52d8f32516782e98ab8fa0</uuid>",
    "<template>vswap-256m</template>",
    "<os config='vswap-256m'/>",
    "<os template='debian-12-x86_64'/>",
    "<os><ostemplate>debian-12-x86_64</ostemplate></os>",
    "<currentMemory unit='MiB'>512</currentMemory>",
    "<memtune><hard_limit unit='MiB'>512</hard_limit></memtune>",
    "<blkiotune><device><path>/dev/sda</path></device></blkiotune>",
    "<network><ip address='192.0.2.1'/></network>",
    "<devices><filesystem type='bind'><source dir='/srv'/><target dir='/srv'/></filesystem>"
    "</devices>",
    "<devices><filesystem type='template'><quota type='size' max='2097152'/></filesystem>"
    "</devices>",
    "<devices><disk diskspace='2097152' diskinodes='200000'/></devices>",
    "<devices><interface type='route'><ip address='192.0.2.1'/></interface></devices>",
    "<devices><interface type='bridge'><ip address='192.0.2.1'/></interface></devices>",
    "<devices><interface type='bridge'><source bridge='br0'/>"
    "<ip address='192.0.2.1' netmask='255.255.255.0' gateway='192.0.2.254'/></interface>"
    "</devices>",
    "<devices><interface type='bridge'><target type='network'><source network='default'/>"
    "</target></interface></devices>",
    "<devices><interface type='ethernet'><ip address='192.0.2.1'/></interface>"
    "<interface type='ethernet'><ip address='192.0.2.2'/></interface></devices>",
    "<hostname>web</hostname><devices><interface type='network'><source network='default'/>"
    "</interface></devices>",
    "<devices><host class='network' dev='eth1'/></devices>",
    "<devices><host subsystem='pci' dev='00:1f.3'/></devices>",
    "<openvz:container accounting='vswap'><openvz:ubc name='physpages' barrier='0' limit='65536'/>"
    "</openvz:container>",
)
"""Documents in other forms than the canonical one; what the reader says of them is printed."""


@dataclass(frozen=True)
class Line:
    """One place of a document, as the page shows it."""

    place: str
    value: str
    field: str


def values(row: schema.Row) -> str:
    """What may stand in a row's place."""
    match row:
        case Amount():
            unlimited = f"; {UNLIMITED_KIB} KiB: no limit" if row.unlimited else ""
            return f"a whole number, in {row.default} or in `{row.unit}=`{unlimited}"
        case schema.Flag():
            return "there or not"
        case Verbatim():
            return "anything"
        case schema.Texts():
            return f"{row.convert.what}; may be repeated"
        case schema.Items():
            return "may be repeated"
        case schema.Value() | schema.Choice() | schema.TagName():
            return str(row.convert.what)
    return ""


def ways(row: schema.Row) -> Mapping[str, str]:
    """A row's places, and when it stands there if there are several."""
    if not isinstance(row, schema.Choice):
        return {row.path: ""}
    found: dict[str, list[str]] = {}
    for way, path in row.paths.items():
        found.setdefault(path, []).append(str(getattr(way, "value", way)))
    return {path: f"; with the type {' or '.join(found[path])}" for path in found}


def is_part(row: schema.Row) -> bool:
    """Whether a row has rows of its own."""
    return isinstance(row, schema.Part | schema.Items)


def lines(spec: schema.Spec[Any], above: str = "", field: str = "") -> Iterator[Line]:
    """Every place of a spec and of its parts."""
    for row in spec.rows:
        if isinstance(row, schema.Constant):
            continue
        name = f"{field}{row.key}"
        inner = row.spec if isinstance(row, schema.Part | schema.Items) else None
        rest = inner.rows if inner is not None else ()
        spoken = any(not item.path and not is_part(item) for item in rest)
        for path, way in ways(row).items():
            place = "/".join(filter(None, (above, path)))
            if not spoken and (path or inner is None):  # else one of its own rows says it
                yield Line(place, f"{values(row)}{way}", name)
            if inner is not None:
                yield from lines(inner, place, f"{name}.")


def read_words() -> Mapping[str, list[tuple[str, str, str]]]:
    """Pattern, meaning and keys of each line of the file, by document."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        heading = re.fullmatch(r"\[(\w+)\]", line)
        if heading:
            words = found.setdefault(heading[1], [])
        elif line and not line.startswith("#"):
            pattern, _, rest = line.partition(" = ")
            parts = re.fullmatch(r"(.*?)(?: \[([A-Z_, ]+)\])?", rest)
            assert parts is not None  # noqa: S101  # it fits anything
            names = parts[2].split(", ") if parts[2] else []
            unknown = [name for name in names if name not in BY_KEY]
            if unknown:
                raise SystemExit(f"{WORDS.name}: no such key: {', '.join(unknown)}")
            words.append((pattern.replace("\\*", "[*]"), parts[1], ", ".join(map(code, names))))
    return found


def described(
    kind: str,
    spec: schema.Spec[Any],
    known: Mapping[str, str],
    allowed: Mapping[str, Sequence[str]],
) -> Mapping[str, tuple[str, str, str]]:
    """Value, config key and meaning of each place; all have words, and all words are used.

    Args:
        kind: Heading in the file of words.
        spec: What is described.
        known: Config keys by field.
        allowed: Values of places that have only a few, though the row does not know it.
    """
    words, used = read_words()[kind], set()
    found = {}
    for line in lines(spec):
        fitting = [item for item in words if fnmatch.fnmatchcase(line.place, item[0])]
        if not fitting:
            raise SystemExit(f"{WORDS.name}: nothing is said of {line.place} in [{kind}]")
        pattern, meaning, said = fitting[0]
        used.add(pattern)
        one_of = f"one of {', '.join(allowed[line.place])}" if line.place in allowed else ""
        key = said or known.get(line.field, "")
        found[line.place] = (one_of or line.value, key, meaning)
    unused = [pattern for pattern, _, _ in words if pattern not in used]
    if unused:
        raise SystemExit(f"{WORDS.name}: nothing of the kind in [{kind}]: {', '.join(unused)}")
    return found


def parts(
    title: str, places: Mapping[str, tuple[str, str, str]], headings: Sequence[str], *, keyed: bool
) -> Iterator[str]:
    """A table for each element that has one; places are shown from there."""
    columns = ("place", "value", "in the config", "meaning")
    for heading in headings:
        own = f"{heading}/" if heading else ""
        others = [f"{item}/" for item in headings if item.startswith(own) and item != heading]
        rows = [
            (code(place.removeprefix(own)), value, *((key,) if keyed else ()), meaning)
            for place, (value, key, meaning) in places.items()
            if place.startswith(own) and place not in headings
            if not any(place.startswith(other) for other in others)
        ]
        yield f"## {code(heading) if heading else title}\n"
        if heading:
            _, key, meaning = places[heading]
            yield f"{meaning}.{f' In the config: {key}.' if keyed and key else ''}\n"
        yield table([item for item in columns if keyed or item != columns[2]], rows)


def answer(form: str) -> str:
    """What the reader says of a document with some other form in it."""
    text = f"<domain type='openvz' xmlns:openvz='{OPENVZ}'><name>web</name>{form}</domain>"
    try:
        said = xml.read_domain(text).warnings
    except errors.VzvirtError as refusal:
        said = (f"refused: {refusal.message}; {refusal.hint}",)
    if not said:
        raise SystemExit(f"the reader says nothing of {form}")
    sentence = re.sub(r" \(line \d+\)", "", said[0])
    canonical = re.fullmatch(r".*: the canonical form is (.*)", sentence)
    return code(canonical[1]) if canonical else sentence


def check_forms() -> None:
    """Every rule of other spellings is shown by some form."""
    used = set()
    for form in FORMS:
        root = parse(f"<domain xmlns:openvz='{OPENVZ}'>{form}</domain>")
        for rule in spellings.RULES:
            before = serialise(root)
            try:
                rule(root, Notes())
            except errors.VzvirtError:
                used.add(rule)
                break
            if serialise(root) != before:
                used.add(rule)
    missing = [rule.__name__ for rule in spellings.RULES if rule not in used]
    if missing:
        raise SystemExit(f"no form shows {', '.join(missing)}")


def shown(form: str) -> str:
    """A form without what only leads to it."""
    return code(re.sub(r"</?devices>", "", form))


def reasons(refused: Mapping[str, str]) -> list[tuple[str, str]]:
    """Places by the reason that they share."""
    found: dict[str, list[str]] = {}
    for place, reason in refused.items():
        found.setdefault(reason, []).append(code(place))
    return [(", ".join(places), reason) for reason, places in found.items()]


NOTATION: Final = (
    "A place such as `a/b` is what stands in an element `<b>` within `<a>`, `a/@b` an attribute "
    "of `<a>`. Below a heading with a place, places are meant from there. Elements that are not "
    "listed are dropped without a word; `vzvirt validate` names them.\n"
)

EARLY_FORMS: Final = (
    "The elements were designed on libvirt's mailing list when it got its OpenVZ driver, above "
    "all in a thread of July 2008, *xml format for openvz driver*, and in an older one about "
    "the driver's first documents. The forms that were written there are read, and so are other "
    "words that libvirt has for the same thing. Output always has the form on the right; reading "
    "another one gives a warning that shows it. "
    "[first-thread.xml](../../examples/first-thread.xml) and "
    "[thread-summary.xml](../../examples/thread-summary.xml) are whole documents of that time.\n"
)


def domain_page() -> str:
    """The XML of a container."""
    check_forms()
    known = {param.field: code(param.key) for param in FACTS if param.field}
    places = described("domain", DOMAIN, known, refusals.ALLOWED)
    return "\n".join(
        (
            "# XML of a container\n",
            "libvirt's domain XML, with `type='openvz'`. What OpenVZ's config file has a key for "
            "stands in the container's `CTID.conf`, under the key that the table names "
            "([parameters](parameters.md)); all else is kept in `CTID.vzvirt.xml` beside it. "
            "Where both speak, the config wins. Only `<name>` is needed, and the `<filesystem>` "
            "of the root unless vz.conf names a template (`DEF_OSTEMPLATE`). Autostart is no "
            "part of the document, see `vzvirt autostart`. Limits that vz.conf gives all "
            "containers are not in the document of one that is off, so that no edit makes them "
            "its own; while it runs, they are.\n",
            NOTATION,
            *parts("The container itself", places, DOMAIN_PARTS, keyed=True),
            "## Other forms\n",
            EARLY_FORMS,
            table(("form", "what becomes of it"), [(shown(item), answer(item)) for item in FORMS]),
            "## What is refused\n",
            "A document that asks for what no container can have is refused as a whole.\n",
            table(("place", "why, or what to write"), reasons(refusals.REFUSED)),
        )
    )


def network_page() -> str:
    """The XML of a virtual network."""
    places = described("network", network.NETWORK, {}, {})
    modes = {f"forward/@mode={mode}": why for mode, why in network.FOREIGN_MODES.items()}
    return "\n".join(
        (
            "# XML of a virtual network\n",
            "libvirt's network XML. How networks are used: [networks](../how-to/networking.md).\n",
            NOTATION,
            *parts("The network itself", places, NETWORK_PARTS, keyed=False),
            "## What is refused\n",
            table(("place", "why, or what to write"), reasons({**network.REFUSED, **modes})),
            "## What is ignored\n",
            "A network works without these; each is dropped with a warning.\n",
            table(("place", "why"), reasons(network.IGNORED)),
        )
    )


PAGES: Final[dict[str, Callable[[], str]]] = {
    "domain-xml.md": domain_page,
    "network-xml.md": network_page,
}

if __name__ == "__main__":
    sys.exit(main(PAGES))
