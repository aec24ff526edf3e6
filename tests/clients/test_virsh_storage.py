"""Templates and private areas as virsh sees them: pools and volumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.test_virsh_host import check, facts
from commandline import domain_xml
from daemonlab import Daemon
from unit.backends.templates import archives


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


class TestPools:
    def test_there_are_two(self, memory_daemon: Daemon) -> None:
        both = [["private", "active", "yes"], ["templates", "active", "yes"]]
        assert rows(memory_daemon.ok("pool-list")) == both
        assert rows(memory_daemon.ok("pool-list", "--all", "--type", "dir,logical")) == both
        assert memory_daemon.ok("pool-list", "--inactive") == ""
        assert memory_daemon.ok("pool-list", "--type", "logical") == ""

    @pytest.mark.parametrize("name", ["templates", "private"])
    def test_one(self, memory_daemon: Daemon, name: str) -> None:
        said = facts(memory_daemon.ok("pool-info", name))
        assert (said["State"], said["Persistent"], said["Autostart"]) == ("running", "yes", "yes")
        assert memory_daemon.ok("pool-name", said["UUID"]) == name
        assert memory_daemon.ok("pool-uuid", name) == said["UUID"]
        check(memory_daemon.ok("pool-dumpxml", name), "storagepool")
        memory_daemon.ok("pool-refresh", name)

    def test_their_names_stay_when_the_daemon_does_not(self, daemon: Daemon) -> None:
        before = daemon.ok("pool-uuid", "private")
        daemon.restart()
        assert daemon.ok("pool-uuid", "private") == before

    def test_there_will_be_no_other(self, memory_daemon: Daemon) -> None:
        refusal = "the pools 'templates' and 'private' are all there are"
        for command in ("pool-define-as", "pool-create-as"):
            assert refusal in memory_daemon.refused(command, "default", "dir", "--target", "/x")
        for command in ("pool-destroy", "pool-build", "pool-delete", "pool-undefine"):
            assert refusal in memory_daemon.refused(command, "private")
        assert "active already" in memory_daemon.refused("pool-start", "private")
        memory_daemon.ok("pool-autostart", "private")
        assert refusal in memory_daemon.refused("pool-autostart", "--disable", "private")
        assert "no storage pool of the name 'default'" in memory_daemon.refused(
            "pool-info", "default"
        )


class TestTemplates:
    def names(self, daemon: Daemon) -> list[str]:
        return [row[0] for row in rows(daemon.ok("vol-list", "templates"))]

    def test_one_is_made_filled_copied_and_deleted(self, daemon: Daemon, tmp_path: Path) -> None:
        source = archives.write(tmp_path / "root.tar.xz", compression="xz")
        daemon.ok("vol-create-as", "templates", "mine", "300M")
        said = facts(daemon.ok("vol-info", "mine", "templates"))
        assert said == {
            "Name": "mine",
            "Type": "file",
            "Capacity": "300.00 MiB",
            "Allocation": "0.00 B",
        }
        daemon.ok("vol-upload", "mine", source, "templates")
        path = daemon.root / "vz/template/cache/mine.tar.xz"
        assert path.read_bytes() == source.read_bytes()
        assert daemon.ok("vol-path", "mine", "templates") == str(path)
        assert daemon.ok("vol-key", "mine", "templates") == str(path)
        assert daemon.ok("vol-pool", path) == "templates"
        assert daemon.ok("vol-name", path) == "mine"
        check(daemon.ok("vol-dumpxml", "mine", "templates"), "storagevol")
        copy = tmp_path / "copy"
        daemon.ok("vol-download", "mine", copy, "templates")
        assert copy.read_bytes() == source.read_bytes()
        daemon.ok("vol-download", "mine", copy, "templates", "--offset", "5", "--length", "7")
        assert copy.read_bytes() == source.read_bytes()[5:12]
        daemon.ok("vol-delete", "mine", "templates")
        assert self.names(daemon) == []

    def test_a_broken_one_changes_nothing(self, daemon: Daemon, tmp_path: Path) -> None:
        good = archives.write(tmp_path / "good", compression="gzip")
        bad = tmp_path / "bad"
        bad.write_bytes(good.read_bytes()[:200])
        daemon.ok("vol-create-as", "templates", "mine", "1M")
        assert "'mine', as uploaded," in daemon.refused("vol-upload", "mine", bad, "templates")
        daemon.ok("vol-upload", "mine", good, "templates")
        assert "'mine', as uploaded," in daemon.refused("vol-upload", "mine", bad, "templates")
        cache = daemon.root / "vz/template/cache"
        assert [path.name for path in cache.iterdir()] == ["mine.tar.gz"]
        assert (cache / "mine.tar.gz").read_bytes() == good.read_bytes()

    def test_names_are_taken_once(self, daemon: Daemon) -> None:
        daemon.ok("vol-create-as", "templates", "mine", "1M")
        assert "'mine'" in daemon.refused("vol-create-as", "templates", "mine", "1M")
        assert "'..'" in daemon.refused("vol-create-as", "templates", "..", "1M")
        daemon.ok("vol-delete", "mine", "templates")
        assert self.names(daemon) == []

    def test_what_makes_no_sense_is_refused(self, daemon: Daemon, tmp_path: Path) -> None:
        daemon.ok("vol-create-as", "templates", "mine", "1M")
        (tmp_path / "file").touch()
        for command, function in (
            (("vol-clone", "mine", "yours", "templates"), "virStorageVolCreateXMLFrom"),
            (("vol-resize", "mine", "2M", "templates"), "virStorageVolResize"),
            (("vol-wipe", "mine", "templates"), "virStorageVolWipe"),
        ):
            assert function in daemon.refused(*command)
        upload = ("vol-upload", "mine", tmp_path / "file", "templates")
        assert "replaced as a whole" in daemon.refused(*upload, "--offset", "1")
        assert "unsupported flags" in daemon.refused(*upload, "--sparse")
        assert "'gone'" in daemon.refused("vol-info", "gone", "templates")

    def test_readers_read(self, daemon: Daemon, tmp_path: Path) -> None:
        daemon.ok("vol-create-as", "templates", "mine", "1M")
        assert daemon.ok("vol-info", "mine", "templates", uri=daemon.read_only_uri)
        assert "read only access" in daemon.refused(
            "vol-delete", "mine", "templates", uri=daemon.read_only_uri
        )


class TestPrivateAreas:
    def test_that_of_a_container_is_kept(self, daemon: Daemon) -> None:
        made = daemon.vzvirt.call("template", "build", "busybox")
        assert made.returncode == 0, made
        (daemon.root / "web.xml").write_text(domain_xml("web"))
        assert daemon.vzvirt.call("define", daemon.root / "web.xml").returncode == 0
        assert daemon.vzvirt.call("provision", "web").returncode == 0
        path = daemon.root / "vz/private/101"
        assert rows(daemon.ok("vol-list", "private")) == [["101", str(path)]]
        said = facts(daemon.ok("vol-info", "101", "private"))
        assert (said["Type"], said["Capacity"]) == ("dir", "20.00 MiB")
        check(daemon.ok("vol-dumpxml", "101", "private"), "storagevol")
        assert "is the root of 'web'" in daemon.refused("vol-delete", "101", "private")
        assert "each belongs to a container" in daemon.refused(
            "vol-create-as", "private", "102", "1M"
        )
        assert "cannot be copied as a whole" in daemon.refused(
            "vol-download", "101", daemon.root / "out", "private"
        )
        assert daemon.vzvirt.call("undefine", "web").returncode == 0
        daemon.ok("vol-delete", "101", "private")
        assert not path.exists()


@pytest.mark.root
def test_a_real_container_starts_from_an_uploaded_template(
    lxc_daemon: Daemon, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    lxc_daemon.ok("vol-download", "busybox", copy, "templates")
    lxc_daemon.ok("vol-create-as", "templates", "uploaded", "5M")
    lxc_daemon.ok("vol-upload", "uploaded", copy, "templates")
    xml = tmp_path / "web.xml"
    xml.write_text(domain_xml("web").replace("busybox", "uploaded"))
    vzvirt = lxc_daemon.vzvirt
    assert vzvirt.call("define", xml).returncode == 0
    try:
        started = vzvirt.call("start", "web")
        assert started.returncode == 0, started
        said = vzvirt.call("exec", "web", "--", "cat", "/etc/hostname")
        assert said.stdout.strip() == "web", said
        assert "is the root of 'web'" in lxc_daemon.refused("vol-delete", "101", "private")
    finally:
        vzvirt.call("kill", "web")
        vzvirt.call("undefine", "web", "--remove-data")
        lxc_daemon.ok("vol-delete", "uploaded", "templates")
    assert [*(lxc_daemon.root / "vz/private").iterdir()] == []
