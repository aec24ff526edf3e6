"""One installation after the other, simulated and real, behind the same manager.

The suites over ``site`` say what every engine promises; what they show for the simulation, they
must show for real containers.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installation import Host
from vzvirt import bootstrap
from vzvirt.backends.memory import MemoryEngine
from vzvirt.config import Settings
from vzvirt.manager import Manager, World
from vzvirt.manager.areas import Area, area
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.domain import Domain, OpenvzSettings, OperatingSystem
from vzvirt.model.progress import no_progress
from vzvirt.model.state import Observation, Reason
from vzvirt.model.values import Ctid, SoftHard
from vzvirt.ports.engine import ContainerEngine, ExecRequest, StartPlan

CTID = Ctid(101)
MIB = 1024 * 1024


@dataclass
class Site:
    """An installation of its own."""

    engine_name: str
    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(root=self.folder, engine=self.engine_name)

    @property
    def manager(self) -> Manager:
        """What a command would use: a new one each time, which knows only what is on disk."""
        return bootstrap.manager(self.settings)

    @property
    def world(self) -> World:
        return self.manager._world

    @property
    def engine(self) -> ContainerEngine:
        return self.world.engine

    @property
    def is_real(self) -> bool:
        return self.engine_name != "memory"

    def define(
        self,
        name: str = "web",
        *,
        space: int | None = None,
        layout: str | None = None,
        **fields: object,
    ) -> Domain:
        root = Filesystem(
            kind=FilesystemKind.TEMPLATE,
            source="busybox",
            space=SoftHard(space, space) if space else None,
        )
        fields.setdefault("filesystems", (root,))
        fields.setdefault("openvz", OpenvzSettings(layout=layout))
        domain = Domain(name=name, **fields)  # type: ignore[arg-type]  # its own fields
        return self.manager.definitions.define(domain).domain

    def area(self, ctid: Ctid = CTID) -> Area:
        world = self.world
        return area(world, world.effective(ctid))

    def mounted_plan(self) -> StartPlan:
        """A provisioned container whose root is mounted, ready for the engine alone."""
        self.define()
        self.manager.provisioning.provision("web")
        place = self.area()
        place.layout.mount(place.spec)
        domain = self.world.effective(CTID)
        assert domain.idmap is not None
        return StartPlan(
            domain=domain,
            root_mount=place.spec.root_mount,
            idmap=domain.idmap,
            shifted=domain.idmap_shifted,
        )

    def observe(self, ctid: Ctid = CTID) -> Observation:
        return self.engine.observe(ctid)

    def start_stubborn(self) -> None:
        """Start a container whose init does not heed requests."""
        script = "trap '' TERM; while :; do sleep 1; done"
        self.define(os=OperatingSystem(init="/bin/sh", init_args=("-c", script)))
        self.manager.lifecycle.start("web")
        engine = self.engine
        if isinstance(engine, MemoryEngine):
            engine.make_stubborn(CTID)

    def power_off_inside(self, ctid: Ctid = CTID) -> None:
        engine = self.engine
        if isinstance(engine, MemoryEngine):
            engine.end_from_inside(ctid, Reason.POWERED_OFF)
            self.manager.lifecycle.ended(ctid)
        else:
            engine.execute(ctid, ExecRequest(argv=("poweroff", "-f")))

    def crash_inside(self, ctid: Ctid = CTID) -> None:
        engine = self.engine
        if isinstance(engine, MemoryEngine):
            engine.end_from_inside(ctid, Reason.DIED, -9)
            self.manager.lifecycle.ended(ctid)
        else:
            pid = engine.observe(ctid).init_pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

    def wait_for(self, reason: Reason, ctid: Ctid = CTID) -> None:
        wait_until(lambda: self.observe(ctid).reason is reason, lambda: self.observe(ctid))

    def wait_given_back(self, ctid: Ctid = CTID) -> None:
        """Until the hook has unmounted the root and all of the container is gone."""
        place = self.area(ctid)
        wait_until(lambda: not place.layout.is_mounted(place.spec), lambda: "still mounted")
        assert self.engine.wait_stopped(ctid, 10)

    def clean_up(self) -> None:
        world = self.world
        for ctid in world.store.ctids():
            with world.store.lock(ctid):  # somebody may be restarting it
                world.engine.kill(ctid)
                world.engine.wait_stopped(ctid, 10)
                world.engine.settle(ctid)
                place = self.area(ctid)
                place.layout.unmount(place.spec)
        Host(self.folder).remove()


def wait_until(what: Callable[[], bool], told: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {told()}"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def real_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A busybox tarball, built once."""
    settings = Settings(root=tmp_path_factory.mktemp("template"), engine="lxc")
    world = bootstrap.manager(settings)._world
    return world.templates.build("busybox", "busybox", None, no_progress).path


@pytest.fixture(params=["memory", pytest.param("lxc", marks=pytest.mark.root)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """An empty installation with a busybox template; nothing of it is left in the end."""
    name: str = request.param
    if name != "memory" and os.geteuid() != 0:
        pytest.skip("real containers need root")
    # Not below /tmp, which may be a file system that real containers cannot live on.
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-contract.", dir="/var/tmp"))
    folder.chmod(0o755)
    site = Site(name, folder)
    try:
        if site.is_real:
            archive: Path = request.getfixturevalue("real_template")
            cache = site.world.store.global_config().template_dir / "cache"
            cache.mkdir(parents=True)
            shutil.copy(archive, cache)
        else:
            site.manager.templates.build("busybox", name="busybox")
        yield site
    finally:
        site.clean_up()


@pytest.fixture
def command() -> Callable[..., list[str]]:
    """The command line of vzvirt on a site."""

    def words(site: Site, *arguments: str) -> list[str]:
        program = [sys.executable, "-m", "vzvirt", "--engine", site.engine_name]
        return [*program, "--root", str(site.folder), *arguments]

    return words
