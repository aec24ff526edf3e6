from __future__ import annotations

from vzvirt.codec.lxcconf.seccomp import REFUSED, write_seccomp


def test_the_form_liblxc_reads() -> None:
    lines = write_seccomp().splitlines()
    assert lines[:2] == ["2", "denylist"]
    assert lines[lines.index("[all]") + 1] == "init_module errno 1"
    assert "keyctl errno 38" in lines


def test_a_containers_own_reboot_and_power_off_are_never_refused_outright() -> None:
    rows = [refusal for refusal in REFUSED if refusal.call == "reboot"]
    assert rows
    assert all(row.only for row in rows)
    spared = {0x1234567, 0x4321FEDC, 0xCDEF0123}  # restart, power off, halt
    assert not spared & {int(row.only.split(",")[1], 16) for row in rows}


def test_each_refusal_says_why() -> None:
    assert all(refusal.why and refusal.error for refusal in REFUSED)
