"""What is heard of devices; that the kernel speaks is for the system tests."""

from __future__ import annotations

import pytest

from vzvirt.backends.sysfs.watching import DeviceWatch
from vzvirt.ports.watch import Changes
from vzvirt.system.watch import Uevent, Uevents


@pytest.mark.parametrize(
    ("said", "lost", "news"),
    [
        ([], False, False),
        ([Uevent("add", "net", "/devices/virtual/net/veth0")], False, True),
        ([Uevent("change", "block", "/devices/virtual/block/loop0")], False, True),
        ([Uevent("add", "bdi", "/devices/virtual/bdi/0:1")], False, False),
        ([], True, True),
    ],
)
def test_only_devices_that_are_shown_are_news(
    said: list[Uevent], lost: bool, news: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Uevents, "read", lambda _self: (said, lost))
    watch = DeviceWatch()
    try:
        assert watch.changes() == Changes(devices=news)
    finally:
        watch.close()
