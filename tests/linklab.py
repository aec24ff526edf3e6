"""Containers in the small internet of ``networklab``: real ones, on a host that is a namespace.

The whole ``vzvirt`` command runs in the host's network namespace, but in the machine's own
mount namespace, so mounts that one command makes are there for the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from installation import Host
from networklab import Lab, eventually

DOMAIN = """
<domain type='openvz' id='{ctid}' xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
  <name>c{ctid}</name>
  {idmap}
  <devices>
    <filesystem type='template'><source name='busybox'/></filesystem>
    {devices}
  </devices>
  <openvz:container><openvz:layout>simfs</openvz:layout></openvz:container>
</domain>
"""

DRIVER = Path(__file__).with_name("linkdriver.py")

FLOOD = """\
import socket, sys, time
one = socket.create_connection((sys.argv[1], int(sys.argv[2])))
end = time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    one.send(bytes(1 << 16))
"""

SINK = """\
import socket, sys, time
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
one, _ = server.accept()
total, begin, counted = 0, None, 0
while data := one.recv(1 << 16):
    total += len(data)
    if begin is None and total > 300_000:
        begin, counted = time.monotonic(), total
print(int((total - counted) / (time.monotonic() - begin)), flush=True)
"""


class LinkLab(Lab):
    """The host runs containers."""

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "VZVIRT_ROOT": str(self.root), "VZVIRT_ENGINE": "lxc"}

    def build(self) -> None:
        super().build()
        self.folder.chmod(0o755)  # roots of user namespaces go through it
        self.root.mkdir(exist_ok=True)
        self.vzvirt("template", "build", "busybox")

    def try_vzvirt(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.at_host, sys.executable, "-m", "vzvirt", *words],
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def at_host(self) -> tuple[str, ...]:
        return ("nsenter", f"--net=/run/netns/{self._full('host')}", "--")

    def vzvirt(self, *words: str, stdin: str = "") -> str:
        done = self.try_vzvirt(*words, stdin=stdin)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}{self._logs()}"
        return done.stdout

    def _logs(self) -> str:
        return "".join(
            path.read_text(errors="replace")[-1500:]
            for path in self.root.glob("var/log/vzvirt/*.log")
        )

    def define(self, ctid: int, devices: str, *, confined: bool = True) -> None:
        document = self.folder / f"{ctid}.xml"
        idmap = "" if confined else "<idmap/>"
        document.write_text(DOMAIN.format(ctid=ctid, idmap=idmap, devices=devices))
        self.vzvirt("define", str(document))

    def start(self, ctid: int, devices: str, *, confined: bool = True) -> None:
        self.define(ctid, devices, confined=confined)
        self.vzvirt("start", str(ctid))

    def init(self, ctid: int) -> int:
        return self._noted(ctid, "init")

    def _noted(self, ctid: int, process: str) -> int:
        """A pid from the engine's notes: asking for it takes a command of its own."""
        return int((self.root / f"run/vzvirt/{ctid}/{process}").read_text().split()[0])

    def kill_unseen(self, ctid: int) -> None:
        """Kill a container's init, and first whoever would see it end."""
        init = self.init(ctid)
        os.kill(self._noted(ctid, "monitor"), signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # it may not outlive its monitor
            os.kill(init, signal.SIGKILL)
        assert eventually(lambda: not Path(f"/proc/{init}/ns/net").exists())

    def inside(self, ctid: int, *words: str) -> str:
        """Run a program of the machine's in a container's network namespace."""
        return _run([*self.at_guest(ctid), *words])

    def inside_works(self, ctid: int, *words: str) -> bool:
        with contextlib.suppress(AssertionError):
            self.inside(ctid, *words)
            return True
        return False

    def at_guest(self, ctid: int) -> tuple[str, ...]:
        return ("nsenter", f"--net=/proc/{self.init(ctid)}/ns/net", "--")

    def guest_reaches(self, ctid: int, address: str) -> bool:
        return self.inside_works(ctid, "busybox", "ping", "-c1", "-W2", address)

    def ip_inside(self, ctid: int, *words: str) -> Any:
        return json.loads(self.inside(ctid, "ip", "-j", *words) or "[]")

    def ip_json(self, name: str, *words: str) -> Any:
        return json.loads(self.ip(name, "-j", *words) or "[]")

    def links(self, name: str = "host") -> set[str]:
        return {link["ifname"] for link in self.ip_json(name, "link", "show")}

    def bridge(self, name: str, *addresses: str) -> None:
        self.ip("host", "link", "add", name, "type", "bridge")
        self.ip("host", "link", "set", name, "up")
        for address in addresses:
            self.ip("host", "address", "add", address, "dev", name)

    # -- changes of running containers -----------------------------------------------------

    def try_device(
        self, action: str, ctid: int, device: str = "", where: str = "both"
    ) -> subprocess.CompletedProcess[str]:
        driver = [sys.executable, str(DRIVER), str(self.root), action, str(ctid), where]
        return subprocess.run(
            [*self.at_host, *driver],
            env=self._environment,
            input=device,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def device(self, action: str, ctid: int, device: str = "", where: str = "both") -> str:
        done = self.try_device(action, ctid, device, where)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def look(self, action: str, ctid: int) -> list[dict[str, Any]]:
        return list(json.loads(self.device(action, ctid)))

    def rate(
        self, sender: tuple[str, ...], receiver: tuple[str, ...], address: str, seconds: float = 3
    ) -> int:
        """Bytes per second that one sends to another."""
        python = (sys.executable, "-S", "-E", "-c")
        sink = subprocess.Popen(
            [*receiver, *python, SINK, address, "7001"], stdout=subprocess.PIPE, text=True
        )
        self._started.append(sink)
        assert sink.stdout is not None
        sink.stdout.readline()
        _run([*sender, *python, FLOOD, address, "7001", str(seconds)])
        return int(sink.stdout.readline())

    def remove(self) -> None:
        """End all containers; what they keep then is a failure, and goes all the same."""
        for path in self.root.glob("run/vzvirt/[0-9]*"):
            self.try_vzvirt("kill", path.name)
        host = Host(self.root)
        held = host.held(processes=False)  # those of networks and of tests go with their namespace
        for name in self._spaces:
            for pid in self.pids(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        host.clear()
        super().remove()
        assert not held, f"left over:\n{held}"

    def mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        points = [line.split()[4] for line in lines]
        return [point for point in points if point.startswith(f"{self.folder}/")]

    @contextlib.contextmanager
    def traffic(self, ctid: int, address: str) -> Iterator[list[bool]]:
        """Ping all the while; gives the answers that came."""
        answers: list[bool] = []
        done = threading.Event()
        prefix = self.at_guest(ctid)

        def ping() -> None:
            while not done.is_set():
                argv = [*prefix, "busybox", "ping", "-c1", "-W1", address]
                answers.append(
                    not subprocess.run(argv, capture_output=True, check=False).returncode
                )
                done.wait(0.05)

        pinging = threading.Thread(target=ping)
        pinging.start()
        try:
            yield answers
        finally:
            done.set()
            pinging.join()


def _run(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def link_lab() -> Iterator[LinkLab]:
    one = LinkLab()
    try:
        one.build()
        yield one
    finally:
        one.remove()
