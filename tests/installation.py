"""One installation under a folder of its own, driven through the command line, and what it holds.

Everything is looked up in the kernel and on disk, never asked of vzvirt itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

FOREIGN_CONTENT = ("vz/private", "vz/root")  # only what stands directly below them counts
IRRELEVANT = ("var/log", "vz/lock")  # logs, and lock files, which real vzctl leaves too
LOCKS = {".lck", ".lock"}  # files whose only content is who has them open


@dataclass(frozen=True)
class Footprint:
    """All that an installation holds of the host.

    Attributes:
        files: Files and folders below its root, without what guests and logs contain.
        mounts: Mount points below its root.
        loops: Files below its root that loop devices are attached to.
        cgroups: Control groups of its containers, in any hierarchy.
        processes: Command lines, ours and our children's excepted, that name its root.
    """

    files: frozenset[str]
    mounts: tuple[str, ...]
    loops: tuple[str, ...]
    cgroups: frozenset[str]
    processes: tuple[str, ...]

    def beyond(self, other: Footprint) -> str:
        """What is here and not there, or the other way round; empty: they are the same."""
        lines = []
        for kind in ("files", "mounts", "loops", "cgroups", "processes"):
            here, there = set(getattr(self, kind)), set(getattr(other, kind))
            lines += [f"{kind}: left over: {item}" for item in sorted(here - there)]
            lines += [f"{kind}: missing: {item}" for item in sorted(there - here)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Host:
    """An installation."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its commands run with."""
        return {**os.environ, "VZVIRT_ROOT": str(self.root), "VZVIRT_ENGINE": "lxc"}

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a command, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "vzvirt", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command, however it ends."""
        command = self.spawn(*arguments)
        try:
            output, errors = command.communicate(timeout=timeout)
        finally:
            command.kill()
            command.wait()
        return subprocess.CompletedProcess(
            arguments, command.returncode, output.decode(), errors.decode()
        )

    def ok(self, *arguments: str) -> str:
        """Run a command that must succeed; what it printed."""
        finished = self.run(*arguments)
        assert finished.returncode == 0, f"{arguments}: {finished}"
        return finished.stdout

    def define(self, ctid: int, layout: str, *, megabytes: int = 20) -> None:
        """Define a busybox container."""
        document = self.root / f"{ctid}.xml"
        document.write_text(
            f"""
            <domain type='openvz' id='{ctid}'>
              <name>c{ctid}</name>
              <devices>
                <filesystem type='template'>
                  <source name='busybox'/>
                  {size_quota(layout, megabytes)}
                </filesystem>
              </devices>
              <openvz:container xmlns:openvz='http://libvirt.org/schemas/domain/openvz/1.0'>
                <openvz:layout>{layout}</openvz:layout>
              </openvz:container>
            </domain>
            """
        )
        self.ok("define", str(document))
        document.unlink()

    def footprint(self) -> Footprint:
        """What it holds once udev has looked at all that came and went."""
        if Path("/run/udev/control").exists():
            # It opens new loop devices for a moment, and these go only when nobody has them open.
            subprocess.run(["udevadm", "settle"], check=True)
        return Footprint(
            files=frozenset(self._files()),
            mounts=tuple(sorted(self._mounts())),
            loops=tuple(sorted(self._loops())),
            cgroups=frozenset(self._cgroups()),
            processes=tuple(sorted(self._processes())),
        )

    def held(self, *, processes: bool = True) -> str:
        """What it keeps outside its folder, after a while for what is under way."""
        until = time.monotonic() + 10
        while (kept := self._kept(processes)) and time.monotonic() < until:
            time.sleep(0.02)
        return "\n".join(kept)

    def _kept(self, processes: bool) -> list[str]:
        kept = [*self._mounts(), *self._loops(), *self._groups()]
        return [*kept, *self._processes()] if processes else kept

    def remove(self) -> None:
        """Delete it with whatever it holds. Its containers have been ended: that all of them
        were given back is tested here.
        """
        held = self.held()
        try:
            self.clear()
            shutil.rmtree(self.root)
        finally:  # what was held may be why it cannot be removed
            assert not held, f"left over:\n{held}"

    def clear(self) -> None:
        """Take away its groups with whatever runs in them, and its mounts."""
        until = time.monotonic() + 10
        while groups := self._groups():
            assert time.monotonic() < until, groups
            for folder in map(Path, groups):
                _end_group(folder)
            time.sleep(0.02)
        for point in reversed(self._mounts()):
            subprocess.run(["umount", "-l", point], check=False)
        assert not self._mounts()  # nothing is removed through a mount

    def wait_for_orphans(self, expected: Footprint, seconds: float = 10) -> None:
        """Wait until no more processes name this root than in a footprint."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(list(self._processes())) > len(expected.processes):
            time.sleep(0.02)

    def _files(self) -> list[str]:
        found = []
        for folder, folders, files in os.walk(self.root):
            relative = os.path.relpath(folder, self.root)
            if relative in FOREIGN_CONTENT:
                found += [f"{relative}/{name}" for name in (*folders, *files)]
                folders.clear()
                continue
            folders[:] = [
                n for n in folders if os.path.normpath(f"{relative}/{n}") not in IRRELEVANT
            ]
            found += [os.path.normpath(f"{relative}/{name}") for name in files]
        return [path for path in found if Path(path).suffix not in LOCKS]

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        points = (line.split()[4] for line in lines)
        return [point for point in points if Path(point).is_relative_to(self.root)]

    def _loops(self) -> list[str]:
        backing = Path("/sys/block").glob("loop*/loop/backing_file")
        files = [read_text(path).removesuffix("\n").removesuffix(" (deleted)") for path in backing]
        return [file for file in files if Path(file).is_relative_to(self.root)]

    def _cgroups(self) -> list[str]:
        # Those directly below the installation's: what is in them is the container's business.
        return [group for group in self._groups() if Path(group).parent.name == self._top]

    def _groups(self) -> list[str]:
        """All of its groups, the innermost first."""
        # Walked, since other installations' groups may vanish meanwhile.
        every = os.walk("/sys/fs/cgroup", topdown=False)
        return [folder for folder, _, _ in every if self._top in Path(folder).parts]

    @property
    def _top(self) -> str:
        tag = hashlib.sha256(os.fsencode(os.path.realpath(self.root))).hexdigest()[:6]
        return f"vzvirt-{tag}"

    def _processes(self) -> list[str]:
        named = os.fsencode(self.root)
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:
                continue
            if named in line and path.parent.name != str(os.getpid()):
                lines.append(line.replace(b"\0", b" ").decode(errors="replace"))
        return lines


def _end_group(folder: Path) -> None:
    """Thaw and kill what is in a group, and remove it if nothing is."""
    with contextlib.suppress(OSError):
        for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            if (folder / name).exists():
                (folder / name).write_text(word)
    for pid in read_text(folder / "cgroup.procs").split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    with contextlib.suppress(OSError):
        folder.rmdir()


def size_quota(layout: str, megabytes: int) -> str:
    """A quota for layouts that have some."""
    if layout == "simfs":
        return ""
    return f"<quota type='size' max='{megabytes * 1024}'/><quota type='inodes' max='2000'/>"


def read_text(path: Path) -> str:
    """A file of the kernel's, empty if it is gone by now."""
    try:
        return path.read_text()
    except OSError:
        return ""


def may_grow_mounted() -> bool:
    """Whether we have CAP_SYS_RESOURCE, which ext4 asks of whoever grows it while mounted."""
    status = Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) >> 24 & 1)


def init_of(host: Host, ctid: int) -> str:
    """What tells one run of a container's init from another: its pid and start time."""
    pid = json.loads(host.ok("info", str(ctid), "--json"))["init_pid"]
    return f"{pid}:{Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[19]}"
