"""What containers of the engine's tests call back, in place of ``vzvirt internal``.

The engine alone is under test here: its callback settles, or starts the same plan again.
"""

from __future__ import annotations

import sys
import time

from engine_bench import Bench
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid


def main(word: str, number: str) -> None:
    bench, ctid = Bench.from_environment(), Ctid(number)
    with (bench.root.prefix / "callbacks").open("a") as log:
        log.write(f"{word} {number} {time.time()}\n")
    if word == "stopped":
        bench.engine.settle(ctid)
    else:
        assert bench.engine.wait_stopped(ctid, 10)
        bench.engine.start(bench.remembered_plan(ctid, reason=Reason.RESTARTED))


if __name__ == "__main__":
    main(*sys.argv[1:])
