"""Every command that a hint or a document names is in the table."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from vzvirt.cli.table import COMMANDS

PROJECT: Final = Path(__file__).parents[3]
SOURCES: Final = sorted((PROJECT / "src").rglob("*.py"))
DOCUMENTS: Final = [
    *sorted((PROJECT / "docs").rglob("*.md")),
    *(PROJECT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
]

COMMAND: Final = re.compile(r"vzvirt ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN: Final = re.compile(r"`[^`\n]+`")

NAMES: Final = {command.name for command in COMMANDS}
FAMILIES: Final = {name.split()[0] for name in NAMES if " " in name}
"""Words that are commands together with the next one only."""


def unknown(text: str, lead: str) -> list[str]:
    """What is named behind a certain lead, and is no command."""
    found = re.findall(rf"(?:{lead}){COMMAND.pattern}", text, re.MULTILINE)
    named = {f"{word} {more}".strip() if word in FAMILIES else word for word, more in found}
    return sorted(named - NAMES - FAMILIES)


def hints(tree: ast.AST) -> Iterator[str]:
    """The texts of all hints in a module, those of f-strings in pieces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "hint":
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def in_source(text: str) -> list[str]:
    """Unknown commands in a module: in quotes, or in a hint behind a mark or at its beginning."""
    advice = "\n".join(hints(ast.parse(text)))
    return sorted({*unknown(text, "'"), *unknown(advice, "^|[:;,(] ")})


def in_document(text: str) -> list[str]:
    """Unknown commands in a document's code."""
    fenced, rest = "\n".join(FENCED.findall(text)), FENCED.sub("", text)
    spans = "\n".join(span.strip("`") for span in SPAN.findall(rest))
    typed = r"^(?:[#$] )?|[|&;] |\("
    return sorted({*unknown(fenced, typed), *unknown(spans, typed)})


def wrong(paths: list[Path], look: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """What is unknown, by file; only files in which something is."""
    found = {str(path.relative_to(PROJECT)): look(path.read_text("utf-8")) for path in paths}
    return {name: words for name, words in found.items() if words}


def test_sources() -> None:
    assert wrong(SOURCES, in_source) == {}


def test_documents() -> None:
    assert wrong(DOCUMENTS, in_document) == {}


def test_what_is_found() -> None:
    source = "error(hint=f'stop it: vzvirt halt {name}', word=\"see 'vzvirt net show'\")"
    assert in_source(source) == ["halt", "net show"]
    text = "vzvirt knows `vzvirt halt`:\n```\n# vzvirt net list | vzvirt cut\nvzvirt ls\n```\n"
    assert in_document(text) == ["cut", "halt", "ls"]
