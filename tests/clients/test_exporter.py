"""Prometheus' exporter for libvirt, as Debian has it."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clients import containers
from daemonlab import Daemon

EXPORTER = "prometheus-libvirt-exporter"

PLUGGED = "<interface type='ethernet'><target dev='vzclients2'/><guest dev='eth0'/></interface>"


@pytest.fixture(scope="module", params=["memory", pytest.param("lxc", marks=pytest.mark.root)])
def web(request: pytest.FixtureRequest) -> Iterator[Daemon]:
    daemon: Daemon = request.getfixturevalue(f"{request.param}_daemon")
    with containers.running(daemon, devices=PLUGGED):
        yield daemon


@contextmanager
def exporter(daemon: Daemon) -> Iterator[int]:
    """It runs, on a port of its own, which is given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    words = [EXPORTER, f"--libvirt.uri={daemon.uri}", f"--web.listen-address=127.0.0.1:{port}"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


def scrape(port: int) -> dict[str, float]:
    """Its metrics of libvirt, without their labels."""
    until = time.monotonic() + 20
    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            client.request("GET", "/metrics")
            with client.getresponse() as reply:
                text = reply.read().decode()
            client.close()
            break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)
    lines = re.findall(r"^(libvirt_\w+)(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def test_what_is_measured(web: Daemon) -> None:
    with exporter(web) as port:
        found = scrape(port)
    assert (found["libvirt_up"], found["libvirt_domains_number"]) == (1, 1)
    assert found["libvirt_domain_state_code"] == 1
    assert found["libvirt_domain_info_maximum_memory_bytes"] == 256 << 20
    assert 0 < found["libvirt_domain_info_memory_usage_bytes"] < 256 << 20
    assert found["libvirt_domain_info_cpu_time_seconds_total"] > 0
    assert "libvirt_domain_interface_stats_receive_bytes_total" in found
