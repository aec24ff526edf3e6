"""Waiting for answers, in whatever process."""

from __future__ import annotations

import fcntl
import resource
import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from vzvirt.backends.netlink.probe import Probe

FAR = 1500
"""More descriptors than ``select(2)`` knows."""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * FAR), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
def test_one_with_many_descriptors_waits_for_answers_too() -> None:
    probe = Probe({ip_address("192.0.2.77"): ["lo"]})
    try:
        for key, near in probe._sockets.items():
            far = fcntl.fcntl(near, fcntl.F_DUPFD_CLOEXEC, FAR)
            probe._sockets[key] = socket.socket(fileno=far)
            near.close()
        assert len(probe._sockets) == 1
        assert probe.answers(0.01) is None
    finally:
        probe.close()
