"""``make bench``: how long things take, and how that compares to LXC's own tools.

One table; each line the median of several runs. Where a tool of LXC does the nearest thing on the
same root in the same run, its time and the ratio stand beside it: ratios can be compared
between machines, times cannot.
"""

from __future__ import annotations

import os
import sys

from bench.cases import measure_all
from bench.installation import temporary_installation


def main() -> int:
    if os.geteuid() != 0:
        print("bench: containers need root; run it as root", file=sys.stderr)
        return 1
    print(f"{'':44} {'median':>9} {'LXC':>9} {'ratio':>6}")
    with temporary_installation() as installation:
        for name, ours, theirs in measure_all(installation):
            against = f"{theirs * 1000:6.0f} ms {ours / theirs:6.1f}" if theirs else ""
            print(f"{name:44} {ours * 1000:6.0f} ms {against}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
