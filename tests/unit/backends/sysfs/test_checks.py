from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.backends.sysfs import checks
from vzvirt.model.host import HostCheck, Verdict
from vzvirt.model.storage import LayoutAbilities
from vzvirt.system import process

SIMFS = LayoutAbilities(name="simfs", size_quota=False, inode_quota=False)
BROKEN = LayoutAbilities(name="image", size_quota=True, inode_quota=True, unusable="no loops")


@pytest.fixture(scope="module")
def found() -> list[HostCheck]:
    return checks.all_checks([SIMFS, BROKEN], Path("/tmp"))


def test_every_topic_has_one_line(found: list[HostCheck]) -> None:
    topics = [check.topic for check in found]
    assert len(set(topics)) == len(topics)
    for topic in (
        "cgroup",
        "user namespaces",
        "idmapped mounts",
        "LXC",
        "lxcfs",
        "overlayfs",
        "loop devices",
        "project quota",
        "nftables",
        "seccomp",
        "AppArmor",
        "swap accounting",
        "inotify",
        "ext4 tools",
        "Debian templates",
        "busybox templates",
    ):
        assert topic in topics


def test_what_is_wrong_comes_with_a_reason(found: list[HostCheck]) -> None:
    for check in found:
        assert check.found
        assert check.verdict is not Verdict.OK or check.remedy is None
    last = found[-1]
    assert (last.topic, last.verdict, last.found) == (
        "layout image",
        Verdict.MISSING,
        "no loops",
    )
    assert found[-2].found == "no quotas"


def test_a_bare_host_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(process, "ADMINISTRATORS", ())
    remedies = {
        check.topic: check.remedy
        for check in checks.all_checks([SIMFS], Path("/proc"))
        if check.verdict is not Verdict.OK
    }
    assert remedies["LXC"] == "apt install lxc"
    assert remedies["ext4 tools"] == "apt install e2fsprogs"
    assert remedies["busybox templates"] == "apt install busybox-static"
    assert remedies["Debian templates"] == "apt install mmdebstrap"
    assert remedies["SSH host keys"] == "apt install openssh-client"
    assert remedies["nftables"] == "apt install nftables"
    assert remedies["veth and bridges"] == "apt install iproute2"
    assert "idmapped mounts" in remedies


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("root:100000:65536\n", True),
        ("0:100000:70000\n", True),
        ("user:1:65536\nroot:100000:1000\n", False),
        ("rooty:100000:65536\n", False),
        ("root:x\nroot\n", False),
        ("", False),
    ],
)
def test_ranges_of_ids(tmp_path: Path, text: str, holds: bool) -> None:
    path = tmp_path / "subuid"
    path.write_text(text)
    assert checks._has_range(path) is holds
    assert checks._has_range(tmp_path / "none") is False
