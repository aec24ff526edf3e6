"""``make bench``: how long things take, and how that compares to what is nearest to it.

One table; each line the median of several runs. Where something else does the nearest thing in
the same run (LXC's own tools on the same root, a container without interfaces, a bare veth
pair), what that took and the ratio stand beside it: ratios can be compared between machines,
times cannot. ``python -m bench networks`` measures one part alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from bench import containers, daemon, networks
from bench.installation import Installation, temporary_installation
from bench.rows import Row

PARTS: Final[Mapping[str, Callable[[Installation], Iterator[Row]]]] = {
    "containers": containers.measure,
    "networks": networks.measure,
    "daemon": daemon.measure,
}


def main(wanted: Sequence[str]) -> int:
    if os.geteuid() != 0:
        print("bench: containers need root; run it as root", file=sys.stderr)
        return 1
    if not set(wanted) <= set(PARTS):
        print(f"bench: parts are {', '.join(PARTS)}", file=sys.stderr)
        return 1
    print(f"{'':58} {'median':>11} {'beside':>11} {'ratio':>5}")
    missed = 0
    for part in wanted or PARTS:
        with temporary_installation() as installation:
            for row in PARTS[part](installation):
                print(row, flush=True)
                missed += not row.is_met
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
