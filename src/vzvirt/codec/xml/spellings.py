"""Other spellings of a fact, made canonical before a document is read.

The schema had several shapes while people argued about it, and libvirt itself has more than one
word for some things. Each rule here takes one such spelling out of the tree and puts the canonical
element in its place, with a note that shows it. The new element remembers how the author spelt
it. So if the document states the fact again, elsewhere and otherwise, the two stand side by side
in the tree, and whoever reads them finds the contradiction without knowing of this module.

Guest naming (``<hostname>`` and the like) is written under the first interface, where
libvirt's users looked for it first, but is a fact about the whole container: it is lifted to
``<domain>`` for reading, and ``settle_naming`` puts it back after writing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.codec.tree import Node
from vzvirt.codec.xml import network_spellings
from vzvirt.codec.xml.notes import Notes
from vzvirt.codec.xml.resources import ROOT_DEVICE

Rule = Callable[[Node, Notes], None]

NAMING: Final = ("hostname", "nameserver", "searchdomain")
"""Elements of guest naming."""


def canonicalise(domain: Node, notes: Notes) -> None:
    """Bring a document into the one form that the declaration reads.

    Raises:
        XmlError: A spelling has no canonical counterpart.
        ConfigUnsupported: It asks for what no container can have.
    """
    for rule in RULES:
        rule(domain, notes)


# Identity


def refuse_vmid(domain: Node, notes: Notes) -> None:
    """``vmid`` was proposed, ``id`` decided on."""
    child = domain.find("vmid")
    value = domain.attributes.get("vmid", child.text.strip() if child else None)
    if value is not None:
        raise errors.XmlError(
            f"{(child or domain).spelling}: there is no 'vmid'",
            hint=f"write <domain type='openvz' id='{value[:20]}'>",
        )


def drop_onboot(domain: Node, notes: Notes) -> None:
    """Autostart is an operation, not a part of the document."""
    for old in domain.find_all("onboot"):
        domain.children.remove(old)
        notes.say(f"{old.spelling} is ignored: switch autostart with 'vzvirt autostart'")


def dash_uuid(domain: Node, notes: Notes) -> None:
    """32 digits without dashes."""
    for old in domain.find_all("uuid"):
        digits = old.text.strip()
        if re.fullmatch(r"[0-9a-fA-F]{32}", digits):
            notes.canonical(old, old)
            old.text = str(UUID(digits))


# Samples and templates


def sample_names(domain: Node, notes: Notes) -> None:
    """``<template>NAME</template>`` and ``<os config='NAME'>`` name a sample config."""
    found = [(item, item.text.strip()) for item in domain.find_all("template")]
    for old, _ in found:
        domain.children.remove(old)
    found += [
        (item, item.attributes["config"])
        for item in domain.find_all("os")
        if "config" in item.attributes
    ]
    for item in domain.find_all("os", "config"):
        found.append((item, item.text.strip()))
    for old, name in found:
        new = Node("openvz:container", {"config": name})
        notes.canonical(old, new)
        domain.children.append(new)


def os_templates(domain: Node, notes: Notes) -> None:
    """An OS template named under ``<os>`` is the source of the root file system."""
    for holder in domain.find_all("os"):
        for name in ("template", "ostemplate"):
            if name in holder.attributes:
                _root_from(domain, holder, holder.attributes[name], notes)
            for child in holder.find_all(name):
                _root_from(domain, child, child.text.strip(), notes)


def _root_from(domain: Node, old: Node, name: str, notes: Notes) -> None:
    source = Node("source", {"name": name})
    new = Node("filesystem", {"type": "template"}, [source, Node("target", {"dir": "/"})])
    notes.canonical(old, new)
    source.origin = new.origin
    for known in domain.find_all("devices", "filesystem"):
        target = known.find("target")
        if target is None or target.attributes.get("dir", "/") == "/":
            if known.attributes.get("type") != "template":
                raise errors.XmlError(
                    f"{known.spelling} and {old.spelling} both say what the root is",
                    hint="leave one of them out",
                )
            known.children.append(source)
            return
    domain.reach("devices").children.append(new)


# File systems


def bind_mounts(domain: Node, notes: Notes) -> None:
    """``bind`` is libvirt's other word for ``mount``."""
    for item in domain.find_all("devices", "filesystem"):
        if item.attributes.get("type") == "bind":
            notes.canonical(item, item)
            item.attributes["type"] = "mount"


def size_quotas(domain: Node, notes: Notes) -> None:
    """``<quota type='size'>`` became libvirt's two space limits; KiB where no unit is given."""
    for owner in domain.find_all("devices", "filesystem"):
        for old in owner.find_all("quota"):
            kind = old.attributes.get("type")
            if kind == "inodes":
                continue
            if kind != "size" or "max" not in old.attributes:
                raise errors.XmlError(
                    f"{old.spelling} is not a quota",
                    hint="<quota type='size' max='...'/> or <quota type='inodes' max='...'/>",
                )
            new = [
                Node(tag, {"unit": old.attributes.get("unit", "KiB")}, text=old.attributes[mark])
                for mark, tag in (("soft", "space_soft_limit"), ("max", "space_hard_limit"))
                if mark in old.attributes
            ]
            notes.canonical(old, *new)
            owner.children.remove(old)
            owner.children.extend(new)


# Limits


def memory_limits(domain: Node, notes: Notes) -> None:
    """``currentMemory`` and ``hard_limit`` say again what ``memory`` says; 0 says nothing."""
    alone = domain.find("memory") is None
    for path in (("currentMemory",), ("memtune", "hard_limit")):
        for old in domain.find_all(*path):
            new = Node("memory", old.attributes, text=old.text, line=old.line)
            new.origin = old.spelling
            if alone:
                notes.canonical(old, new)
            domain.children.append(new)
    for node in domain.find_all("memory"):
        if re.fullmatch(r"\s*0+\s*", node.text):
            domain.children.remove(node)
            if not node.origin:
                notes.say(f"{node.spelling} says nothing: a container without memory cannot be")


def limited_devices(domain: Node, notes: Notes) -> None:
    """Whatever device a limit was meant for, it holds for the one the container lives on."""
    for device in domain.find_all("blkiotune", "device"):
        for path in device.find_all("path"):
            if path.text.strip() != ROOT_DEVICE:
                notes.canonical(path, path)
                path.text = ROOT_DEVICE


# Guest naming


def lift_naming(domain: Node, notes: Notes) -> None:
    """Take naming out of the interfaces; a list that is said again says nothing new."""
    interfaces = domain.find_all("devices", "interface")
    lifted: list[Node] = []
    seen: set[tuple[str, ...]] = set()
    for place in (*interfaces, domain):
        own = [child for child in place.children if child.tag in NAMING]
        if own and place is not (interfaces[0] if interfaces else domain):
            notes.say(
                f"{own[0].spelling} in {place.spelling}: "
                "its canonical place is the first <interface>"
            )
        for tag in NAMING:
            group = [child for child in own if child.tag == tag]
            place.children = [child for child in place.children if child not in group]
            said = (tag, *(child.text.strip() for child in group))
            if tag == "hostname" or said not in seen:
                lifted.extend(group)
            seen.add(said)
    domain.children.extend(lifted)


def settle_naming(domain: Node) -> None:
    """Put naming where it is written: into the first interface, if there is one."""
    interface = domain.find("devices", "interface")
    if interface is not None:
        naming = [child for child in domain.children if child.tag in NAMING]
        domain.children = [child for child in domain.children if child not in naming]
        interface.children.extend(naming)


RULES: Final[tuple[Rule, ...]] = (
    refuse_vmid,
    drop_onboot,
    dash_uuid,
    sample_names,
    os_templates,
    bind_mounts,
    size_quotas,
    memory_limits,
    limited_devices,
    network_spellings.network_blocks,
    network_spellings.nested_networks,
    network_spellings.hosts,
    network_spellings.interface_types,
    network_spellings.address_forms,
    lift_naming,
    network_spellings.one_routed,
)
"""In this order."""
