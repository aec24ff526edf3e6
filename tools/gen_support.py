#!/usr/bin/env python3
"""Print docs/reference/support.md from the table of handlers; with --check only compare."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "src"))

from vzvirt.rpc.protocol.procedure import Procedure  # noqa: E402  # found only now
from vzvirt.rpc.protocol.procedures import PROCEDURES  # noqa: E402
from vzvirt.server import dispatch, eventmessages, handlers  # noqa: E402

PAGE: Final = PROJECT / "docs/reference/support.md"
TIERS: Final = PROJECT / "tools/tiers.txt"
NOTICE: Final = "<!-- Printed by tools/gen_support.py from the table of handlers. -->\n"

YES: Final = "yes"
REFUSED: Final = "refused"
NO: Final = "no"

ANSWERS: Final = {
    YES: "it is answered; the last column says with what",
    REFUSED: "there is an answer, and it is always a refusal that says why",
    NO: "code 3 (VIR_ERR_NO_SUPPORT), with the function's name",
}

TIER_TITLES: Final = {
    "1": "Nothing works without them",
    "2": "Everyday use",
    "3": "Useful at times",
    "": "No client was seen to call them",
}


def tiers() -> dict[str, str]:
    """The tier of each procedure that clients were seen to call."""
    found, tier = {}, ""
    for line in TIERS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            tier = line.strip("[]")
        elif line and not line.startswith("#"):
            found[line] = tier
    unknown = set(found) - {procedure.name for procedure in PROCEDURES.values()}
    if unknown:
        raise SystemExit(f"{TIERS.name}: there is no procedure {', '.join(sorted(unknown))}")
    return found


def answer(procedure: Procedure) -> tuple[str, str]:
    """Whether a call is answered, and with what, in the words of its handler."""
    handler = dispatch.table().get(procedure.number)
    if handler is None:
        return NO, ""
    said = inspect.getdoc(handler.run) or ""
    verdict = REFUSED if ": Always." in said else YES
    return verdict, said.partition("\n")[0].replace("|", "&#124;")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def calls(known: dict[str, str]) -> list[str]:
    """The calls, by tier."""
    parts = []
    everything = [item for item in PROCEDURES.values() if not item.is_event]
    for tier, title in TIER_TITLES.items():
        rows = []
        count: Counter[str] = Counter()
        for procedure in everything:
            if known.get(procedure.name, "") != tier:
                continue
            verdict, words = answer(procedure)
            count[verdict] += 1
            function = procedure.function or procedure.name
            rows.append((str(procedure.number), f"`{function}`", verdict, words))
        heading = f"Tier {tier}: {title[0].lower()}{title[1:]}" if tier else title
        parts.append(f"## {heading}\n")
        parts.append(f"{', '.join(f'{n} {verdict}' for verdict, n in sorted(count.items()))}.\n")
        parts.append(table(("no", "function", "answered", "how"), rows))
    return parts


def events() -> list[str]:
    """The events."""
    rows = [
        (f"`{kind.__name__}`", (inspect.getdoc(kind) or "").partition("\n")[0])
        for kind in eventmessages.MESSAGES
    ]
    return [
        "## Events\n",
        "Clients may register for any of the protocol's events. What they can hear of, whoever "
        "caused it:\n",
        table(("event", "when"), rows),
    ]


def page() -> str:
    """The whole page."""
    total = Counter(answer(item)[0] for item in PROCEDURES.values() if not item.is_event)
    return "\n".join(
        [
            NOTICE + "# What libvirt's clients can call\n",
            "`vzvirtd` speaks libvirt's remote protocol as libvirt 9.0 has it. Of its "
            f"{total.total()} calls {total[YES]} are answered. What may come of a call:\n",
            table(("answered", "meaning"), ANSWERS.items()),
            "Unknown flags are refused with code 8, and what a read-only client may not do with "
            "code 29.\n",
            *calls(tiers()),
            *events(),
        ]
    )


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    handlers.load()
    text = f"{page().rstrip()}\n"
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print(f"{PAGE.relative_to(PROJECT)} is not up to date: run tools/gen_support.py")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(PROJECT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
