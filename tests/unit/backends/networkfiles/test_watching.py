"""What is heard of networks that others change."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from vzvirt.backends.networkfiles import FileNetworkStore
from vzvirt.backends.networkfiles.watching import NetworkWatch
from vzvirt.model.network import Network
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root


def test_each_change_is_heard(tmp_path: Path) -> None:
    store = FileNetworkStore(Root(tmp_path))
    network = Network(name="lab", uuid=UUID(int=1))
    watch = NetworkWatch(Root(tmp_path))
    try:
        for change in (
            lambda: store.save(network),
            lambda: store.save(network, live=True),
            lambda: store.delete("lab", live=True),
            lambda: store.delete("lab"),
        ):
            change()
            assert watch.changes() == Changes(networks=True)
            assert watch.changes() == Changes()
    finally:
        watch.close()
