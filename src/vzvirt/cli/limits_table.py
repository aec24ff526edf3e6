"""The part of THE table that is about limits and what containers use of them."""

from __future__ import annotations

from typing import Final

from vzvirt.cli.arguments import ANY_REFS, CONFIG, JSON, LIMITS, LIVE, REF
from vzvirt.cli.command import Argument, Command
from vzvirt.cli.formats import read_number, read_percent, read_size_limit

_SIZE: Final = "SIZE"
_NUMBER: Final = "N"
_LIST: Final = "LIST"

LIMIT_COMMANDS: Final = (
    Command(
        name="limits",
        runs="limits:limits",
        group=LIMITS,
        summary="show or change a container's limits",
        arguments=(
            REF,
            Argument("--memory", "RAM it may use", metavar=_SIZE, parse=read_size_limit),
            Argument(
                "--swap", "swap it may use on top of it", metavar=_SIZE, parse=read_size_limit
            ),
            Argument(
                "--soft-memory",
                "RAM above which the kernel takes some back first; 'unlimited': nowhere",
                metavar=_SIZE,
                parse=read_size_limit,
            ),
            Argument("--cpus", "processors it may keep busy", metavar=_NUMBER, parse=read_number),
            Argument(
                "--cpu-limit",
                "processor time in percent of one processor; 0: no limit",
                metavar="PERCENT",
                parse=read_percent,
            ),
            Argument(
                "--cpu-shares",
                "its part where there is not enough for all; 1024 is usual",
                metavar=_NUMBER,
                parse=read_number,
            ),
            Argument("--cpu-list", "processors it runs on: 0,2-3, or all", metavar=_LIST),
            Argument("--nodes", "memory nodes it takes memory from, or all", metavar=_LIST),
            Argument(
                "--io-rate",
                "bytes per second that it may read, and write; 'unlimited'",
                metavar=_SIZE,
                parse=read_size_limit,
            ),
            Argument(
                "--io-operations",
                "disk accesses per second; 0: no limit",
                metavar=_NUMBER,
                parse=read_number,
            ),
            LIVE,
            CONFIG,
            JSON,
        ),
        details="Sizes take K, M, G or T; a bare number is KiB, as in OpenVZ. All that is given "
        "changes, or nothing does. --live changes the running container, --config its definition; "
        "without either, both are changed, the running one if it runs. Without any limit, the "
        "table of all that are set is shown.",
        repairs=True,
    ),
    Command(
        name="stats",
        runs="limits:stats",
        group=LIMITS,
        summary="show what running containers use",
        arguments=(ANY_REFS, JSON),
        details="Of all that run, or of those that are named. Counters begin with the start.",
    ),
)
