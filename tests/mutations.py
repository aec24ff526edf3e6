"""Bad documents made of good ones: as people and programs spoil them, only more."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

from vzvirt.codec.tree import Node
from vzvirt.codec.xml.document import parse, serialise

JUNK = (
    "",
    " ",
    "-1",
    "0",
    "99999999999999999999999",
    "unlimited",
    "auto",
    "/",
    "..",
    "\u0663",
    "é\n",
    "x" * 200,
)

Mutation = Callable[[random.Random, Node], None]


def drop_element(chance: random.Random, root: Node) -> None:
    parent = chance.choice([node for node in root.walk() if node.children])
    parent.children.pop(chance.randrange(len(parent.children)))


def double_element(chance: random.Random, root: Node) -> None:
    parent = chance.choice([node for node in root.walk() if node.children])
    child = chance.choice(parent.children)
    chance.choice(list(root.walk())).children.append(copy.deepcopy(child))


def rename_element(chance: random.Random, root: Node) -> None:
    nodes = list(root.walk())
    chance.choice(nodes).tag = chance.choice(nodes).tag


def change_text(chance: random.Random, root: Node) -> None:
    nodes = list(root.walk())
    chance.choice(nodes).text = chance.choice([*JUNK, chance.choice(nodes).text])


def change_attribute(chance: random.Random, root: Node) -> None:
    nodes = [node for node in root.walk() if node.attributes]
    if nodes:
        node = chance.choice(nodes)
        values = [value for each in nodes for value in each.attributes.values()]
        node.attributes[chance.choice(list(node.attributes))] = chance.choice([*JUNK, *values])


def drop_attribute(chance: random.Random, root: Node) -> None:
    nodes = [node for node in root.walk() if node.attributes]
    if nodes:
        node = chance.choice(nodes)
        del node.attributes[chance.choice(list(node.attributes))]


MUTATIONS: tuple[Mutation, ...] = (
    drop_element,
    double_element,
    rename_element,
    change_text,
    change_attribute,
    drop_attribute,
)


def garble(chance: random.Random, text: str) -> str:
    """What an editor or a bad line does: cut, drop, replace."""
    start = chance.randrange(len(text))
    end = min(len(text), start + chance.randrange(1, 8))
    replacement = chance.choice(["", "<", ">", "&", "'", "/", "\0", "é", text[:9]])
    return text[:start] if chance.random() < 0.1 else text[:start] + replacement + text[end:]


def mutants(chance: random.Random, sources: list[str], count: int) -> list[str]:
    """So many documents; most are well formed."""
    found = []
    for number in range(count):
        root = parse(chance.choice(sources))
        for _ in range(chance.randint(1, 3)):
            chance.choice(MUTATIONS)(chance, root)
        text = serialise(root)
        found.append(garble(chance, text) if number % 4 == 0 else text)
    return found
