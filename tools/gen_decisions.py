#!/usr/bin/env python3
"""Print the list of decisions from their headings; with --check only say whether it is current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from gen_docs import PROJECT, main  # type: ignore[import-not-found]  # beside this file

FOLDER: Final = PROJECT / "docs" / "decisions"
PAGE: Final = "README.md"
NOTICE: Final = "<!-- Printed by tools/{tool} from the headings of the decisions. -->\n"


def entries() -> Iterator[str]:
    """A line for each decision."""
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        number, _, title = path.read_text(encoding="utf-8").partition("\n")[0][2:].partition(". ")
        if int(number) != int(path.name[:4]):
            raise SystemExit(f"{path.name} calls itself decision {number}")
        yield f"- {number}: [{title}]({path.name})"


def index() -> str:
    """The whole page."""
    return "\n".join(
        (
            "# Decisions\n",
            "Why vzvirt is as it is: one page per decision, with what was weighed against it. A "
            "decision that no longer holds is not rewritten; a newer one says which it replaces. "
            "Numbers leave gaps: decisions on one subject stand together.\n",
            *entries(),
        )
    )


if __name__ == "__main__":
    sys.exit(main({PAGE: index}, FOLDER, NOTICE))
