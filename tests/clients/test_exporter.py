"""Prometheus' exporter of what libvirt knows, scraped over loopback."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from daemonlab import PATIENCE, Daemon

FILES = Path(__file__).parent / "files"

ROW = re.compile(r"^(libvirt_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@contextmanager
def exporter(uri: str) -> Iterator[str]:
    """One that runs; where it can be scraped."""
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = (f"--libvirt.uri={uri}", f"--web.listen-address=127.0.0.1:{port}")
        process = subprocess.Popen(["prometheus-libvirt-exporter", *words])
        try:
            if listens(process, port):
                yield f"127.0.0.1:{port}"
                return
        finally:
            process.kill()
            process.wait()
    raise AssertionError("it does not run")


def listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it does, in the end; it does not where somebody else has taken the port."""
    until = time.monotonic() + PATIENCE
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if process.poll() is not None:
                return False
            assert time.monotonic() < until
            time.sleep(0.02)
    time.sleep(0.1)
    return process.poll() is None


def scrape(address: str) -> dict[str, tuple[str, float]]:
    """Labels and value of each row, by its name."""
    connection = HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {row[1]: (row[2] or "", float(row[3])) for row in ROW.finditer(text)}


def test_a_container_is_measured(daemon: Daemon) -> None:
    daemon.vzvirt("template", "build", "busybox")
    for words in (
        ("net-define", FILES / "lan.xml"),
        ("net-start", "lan"),
        ("define", FILES / "web.xml"),
        ("attach-device", "web", FILES / "nic.xml", "--config"),
    ):
        daemon.ok(*words)
    # The read-only socket is enough for it.
    with exporter(daemon.read_only_uri) as address:
        rows = scrape(address)
        assert rows["libvirt_up"][1] == 1
        assert rows["libvirt_domains_number"][1] == 0
        daemon.ok("start", "web")
        rows = scrape(address)
    assert rows["libvirt_domains_number"][1] == 1
    assert 'domain="web"' in rows["libvirt_domain_state_code"][0]
    assert rows["libvirt_domain_state_code"][1] == 1
    assert rows["libvirt_domain_info_virtual_cpus"][1] == 2
    assert rows["libvirt_domain_info_maximum_memory_bytes"][1] == 512 << 20
    assert 0 < rows["libvirt_domain_info_memory_usage_bytes"][1] <= 512 << 20
    traffic = [name for name in rows if name.startswith("libvirt_domain_interface_stats_")]
    assert len(traffic) == 8
    assert 'target_device="veth209.0"' in rows[traffic[0]][0]
