"""Run one use case over networks, in whichever namespace this process was started.

``python networkdriver.py ROOT USECASE [ARGUMENT...]``; a definition or change comes on stdin.
Programs are looked for in ``PATH`` alone.
The answer is one JSON document: ``value``, ``warned`` and, where it failed, ``error``. Where
``VZT_TELL`` is set, a line before it tells that the work begins.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vzvirt import bootstrap, errors
from vzvirt.backends.networks import LinuxNetworks
from vzvirt.codec.xml import read_network, write_network
from vzvirt.config import Settings
from vzvirt.manager.networks import Networks
from vzvirt.model import network as model
from vzvirt.model.network import Network
from vzvirt.model.networkchange import ChangeKind, NetworkChange
from vzvirt.model.values import MacAddress
from vzvirt.system import process
from vzvirt.system.root import Root

process.ADMINISTRATORS = ()


def document() -> Network:
    return read_network(sys.stdin.read()).network


def change() -> NetworkChange:
    said = json.load(sys.stdin)
    readers: dict[str, Callable[[Any], Any]] = {
        "address": ipaddress.ip_address,
        "start": ipaddress.ip_address,
        "end": ipaddress.ip_address,
        "mac": MacAddress,
        "names": tuple,
    }
    fields = {name: readers.get(name, str)(value) for name, value in said["fields"].items()}
    entry = getattr(model, said["entry"])(**fields)
    return NetworkChange(kind=ChangeKind(said["kind"]), entry=entry)


def answer(networks: Networks, case: str, words: list[str]) -> object:
    match case, words:
        case "define", []:
            return write_network(networks.define(document()))
        case "start-transient", []:
            return write_network(networks.start_transient(document()))
        case "get", [name]:
            status = networks.get(name)
            flags = {key: getattr(status, key) for key in FLAGS}
            return {"xml": write_network(status.network), **flags}
        case "list", []:
            return {item.network.name: item.active for item in networks.list()}
        case "leases", [name]:
            return {
                item.hostname or str(item.mac): str(item.address) for item in networks.leases(name)
            }
        case "bridge", [name]:
            return networks.ready(name, start=True).bridge
        case "autostart", [name]:
            return networks.set_autostart(name, on=True)
        case "update", [name, where]:
            live, persistent = where in {"live", "both"}, where in {"config", "both"}
            return networks.update(name, change(), live=live, persistent=persistent)
        case (("start" | "stop" | "undefine"), [name]):
            return getattr(networks, case)(name)
        case (("reconcile" | "start_all"), []):
            return getattr(networks, case)()
    raise SystemExit(f"no use case {case} {words}")


FLAGS = ("active", "persistent", "autostart", "foreign")


def main() -> None:
    root, case, *words = sys.argv[1:]
    warned: list[str] = []
    manager = bootstrap.manager(Settings(root=Path(root), engine="lxc"), warn=warned.append)
    neighbour = os.environ.get("VZT_LIBVIRT")
    if neighbour is not None:
        manager.networks._runner = LinuxNetworks(Root(Path(root)), Path(neighbour))
    said: dict[str, object] = {"warned": warned}
    if "VZT_TELL" in os.environ:
        print("begins", flush=True)  # noqa: T201
    try:
        said["value"] = answer(manager.networks, case, words)
    except errors.VzvirtError as failure:
        said["error"] = [type(failure).__name__, str(failure)]
    json.dump(said, sys.stdout)


main()
