"""A client of either daemon, in Debian's Python, which has Debian's libvirt.

Its one argument is JSON: ``uri``, ``task`` and what that needs; what it prints is JSON, too. It
is a program of its own because the project's Python has no libvirt, and so that several can run
at once. It must not import anything of ours.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import libvirt


def calls(conn: libvirt.virConnect, name: str, seconds: float) -> float:
    """Lookups, infos and documents: how many calls a second."""
    done, begin = 0, time.perf_counter()
    end = begin + seconds
    while time.perf_counter() < end:
        domain = conn.lookupByName(name)
        domain.info()
        domain.XMLDesc(0)
        done += 3
    return done / (time.perf_counter() - begin)


def lookups(conn: libvirt.virConnect, name: str, seconds: float) -> list[float]:
    """Seconds that each of many lookups took."""
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        conn.lookupByName(name)
        taken.append(time.perf_counter() - begin)
        time.sleep(0.002)
    return taken


def repeated(work: Callable[[], object], seconds: float) -> float:
    """How often something can be done in a second."""
    work()
    done, begin = 0, time.perf_counter()
    while time.perf_counter() < begin + seconds or done < 3:
        work()
        done += 1
    return done / (time.perf_counter() - begin)


def define(conn: libvirt.virConnect, count: int) -> int:
    """Define so many in libvirt's test driver, which has them as long as it is connected."""
    for number in range(count):
        conn.defineXML(
            f"<domain type='test'><name>ct{number}</name><memory unit='MiB'>256</memory>"
            f"<os><type>hvm</type></os></domain>"
        )
    print("defined", flush=True)
    sys.stdin.read()  # until we are not needed any more
    return count


def start(conn: libvirt.virConnect, names: list[str]) -> int:
    """Start containers, one after the other."""
    for name in names:
        conn.lookupByName(name).create()
    return len(names)


TASKS = {
    "calls": lambda conn, asked: calls(conn, asked["name"], asked["seconds"]),
    "lookups": lambda conn, asked: lookups(conn, asked["name"], asked["seconds"]),
    "list": lambda conn, asked: repeated(conn.listAllDomains, asked["seconds"]),
    "stats": lambda conn, asked: repeated(conn.getAllDomainStats, asked["seconds"]),
    "states": lambda conn, asked: repeated(
        lambda: conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE), asked["seconds"]
    ),
    "start": lambda conn, asked: start(conn, asked["names"]),
    "define": lambda conn, asked: define(conn, asked["count"]),
}

if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    connection = libvirt.open(asked["uri"])
    print(json.dumps(TASKS[asked["task"]](connection, asked)), flush=True)
    connection.close()
