"""Names, filters' details, probes' frames, counters and boot scripts."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vzvirt.backends.liblxc.booting import script
from vzvirt.backends.netlink import names, probe, traffic
from vzvirt.backends.netlink.watching import ProxyWatch
from vzvirt.model.devices import link_local
from vzvirt.model.values import CTID_MAX, Ctid, MacAddress
from vzvirt.ports.network import CALL_BACK, Boots, BootStep
from vzvirt.system.root import Root


@given(st.integers(1, CTID_MAX), st.sampled_from(["", "abc123"]))
def test_routed_names_fit_and_carry_the_tag(number: int, tag: str) -> None:
    name = names.routed_name(Ctid(number), tag)
    assert 0 < len(name) <= 15
    assert name.endswith(tag)


@given(st.lists(st.integers(1, CTID_MAX), min_size=2, max_size=2, unique=True))
def test_no_two_containers_share_a_routed_name(numbers: list[int]) -> None:
    for tag in ("", "abc123"):
        assert len({names.routed_name(Ctid(number), tag) for number in numbers}) == 2


@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126)), unique=True))
def test_no_two_devices_share_a_chain(devices: list[str]) -> None:
    assert len({names.chain(device) for device in devices}) == len(devices)


def test_link_local_address() -> None:
    found = link_local(MacAddress("00:18:51:aa:bb:cc"))
    assert found == ipaddress.ip_address("fe80::218:51ff:feaa:bbcc")


OWN = bytes.fromhex("020000000001")


def test_arp_probe_is_what_rfc_5227_says() -> None:
    frame = probe.arp(OWN, bytes(4), bytes([10, 0, 0, 5]))
    assert frame.hex() == (
        "ffffffffffff" "020000000001" "0806"
        "0001" "0800" "06" "04" "0001" "020000000001" "00000000" "000000000000" "0a000005"
    )  # fmt: skip
    assert probe.arp_sender(probe.arp(OWN, b"\x0a\0\0\7", bytes(4))) == b"\x0a\0\0\7"


def test_solicitation_has_a_good_checksum_and_group() -> None:
    target = ipaddress.ip_address("2001:db8::12:3456").packed
    frame = probe.solicitation(OWN, target)
    assert frame[:6].hex() == "3333ff123456"
    assert ipaddress.ip_address(frame[38:54]) == ipaddress.ip_address("ff02::1:ff12:3456")
    assert frame[21] == 255
    message = frame[54:]
    pseudo = frame[22:54] + len(message).to_bytes(4, "big") + (58).to_bytes(4, "big")
    assert probe._checksum(pseudo + message) == 0


def test_only_advertisements_are_heard() -> None:
    target = ipaddress.ip_address("fe80::5").packed
    frame = bytearray(probe.solicitation(OWN, target))
    assert probe.advertised(bytes(frame)) is None
    frame[54] = 136
    assert probe.advertised(bytes(frame)) == target
    assert probe.advertised(bytes(frame[:60])) is None


def test_counters_are_read_from_the_right_columns() -> None:
    text = "head\nhead\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    assert traffic.parse(text) == {
        "eth0": {
            "rx_bytes": 1,
            "rx_packets": 2,
            "rx_errors": 3,
            "rx_drops": 4,
            "tx_bytes": 9,
            "tx_packets": 10,
            "tx_errors": 11,
            "tx_drops": 12,
        }
    }
    assert traffic.of(2**22 + 1) == {}


def test_the_watch_on_uplinks_begins_once_and_ends_with_the_last(tmp_path: Path) -> None:
    watch = ProxyWatch(Root(tmp_path))
    one = {ipaddress.ip_address("10.0.0.5"): ("nonesuch0",)}
    watch.watch(Ctid(101), one)
    try:
        first = watch._watcher()
        watch.watch(Ctid(102), one)
        assert first is not None and watch._watcher() == first
        watch.forget(Ctid(101))
        assert watch._watcher() == first
    finally:
        watch.forget(Ctid(101))
        watch.forget(Ctid(102))
    assert watch._watcher() is None
    watch.forget(Ctid(102))


# -- boot scripts --------------------------------------------------------------------------

RUN = """
fail_step() { echo "failed: $(cat step)"; return 1; }
steps() { . ./boot; }
pid=4711 boot=%s
steps && echo booted
"""


def run(folder: Path, steps: list[BootStep], boot: str = "first") -> str:
    (folder / "boot").write_text(script(steps, ("echo", "called")))
    done = subprocess.run(
        ["/bin/sh", "-c", RUN % boot], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_vzvirt_is_called_back_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go-on")
    hook = ("sh", "-c", 'read line < go-on; echo "$@" > calling; mv calling called', "sh")
    step = BootStep(argv=(CALL_BACK, "rebooted", "101"), boots=Boots.LATER)
    (tmp_path / "boot").write_text(script([step], hook))
    for boot in ("first", "later"):
        done = subprocess.run(["/bin/sh", "-c", RUN % boot], cwd=tmp_path, check=False, timeout=30)
        assert done.returncode == 0
    assert not (tmp_path / "called").exists()
    (tmp_path / "go-on").write_text("now\n")
    end = time.monotonic() + 10
    while not (tmp_path / "called").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (tmp_path / "called").read_text() == "rebooted 101\n"


@settings(max_examples=25)
@given(words=st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), max_size=4))
def test_words_reach_a_step_as_they_are(
    words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("boot")
    argv = ("sh", "-c", 'cat > in; printf "%s\\n" "$@" > out', "sh", *words)
    run(folder, [BootStep(argv=argv, stdin="a'b\n@PID@\n")])
    assert (folder / "in").read_text() == "a'b\n4711\n"
    expected = "".join(f"{word}\n" for word in words) or "\n"
    assert (folder / "out").read_text() == expected.replace("@PID@", "4711")


def test_a_step_that_fails_ends_the_boot_unless_it_may(tmp_path: Path) -> None:
    bad = ("sh", "-c", "echo so bad >&2; exit 3")
    after = BootStep(argv=("touch", "after"))
    assert run(tmp_path, [BootStep(argv=bad), after]) == "failed: so bad\n"
    assert not (tmp_path / "after").exists()
    assert run(tmp_path, [BootStep(argv=bad, may_fail=True), after]) == "booted\n"
    assert (tmp_path / "after").exists()


@pytest.mark.parametrize(("boot", "expected"), [("first", ["a", "f"]), ("later", ["a", "l"])])
def test_steps_run_at_their_boots(tmp_path: Path, boot: str, expected: list[str]) -> None:
    steps = [
        BootStep(argv=("touch", "a.x")),
        BootStep(argv=("touch", "f.x"), boots=Boots.FIRST),
        BootStep(argv=("touch", "l.x"), boots=Boots.LATER),
    ]
    assert run(tmp_path, steps, boot) == "booted\n"
    assert sorted(path.stem for path in tmp_path.glob("*.x")) == expected
