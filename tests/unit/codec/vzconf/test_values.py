from __future__ import annotations

from vzvirt.codec.vzconf.grammar import Document
from vzvirt.codec.vzconf.params import BY_KEY, COUNTERS, IP_ADDRESS, NETIF
from vzvirt.codec.vzconf.values import Heard, Values, listen
from vzvirt.model.values import BarrierLimit


def hear(text: str) -> Heard:
    return listen(Document.parse(text.encode()))


def value(text: str, key: str) -> object:
    return hear(text).values.get(BY_KEY[key])


def test_the_first_string_counts() -> None:
    heard = hear('HOSTNAME="a"\nHOSTNAME="b"\n')
    assert heard.values.get(BY_KEY["HOSTNAME"]) == "a"
    assert heard.warnings == ["line 2: duplicate for HOSTNAME, skipped"]


def test_the_last_beancounter_counts_under_either_name() -> None:
    assert value("DCACHESIZE=1\nDCACHE=2\n", "DCACHESIZE") == BarrierLimit(2, 2)
    assert value("DCACHE=2\nDCACHESIZE=1\n", "DCACHESIZE") == BarrierLimit(1, 1)


def test_lists_add_up() -> None:
    assert value("NETDEV=eth1\nNETDEV=eth2\n", "NETDEV") == ("eth1", "eth2")


def test_a_bad_value_does_not_count() -> None:
    heard = hear("CPUS=two\nCPUS=2\nNUMPROC=5\nNUMPROC=1M\n")
    assert heard.values.get(BY_KEY["CPUS"]) == 2
    assert heard.values.get(COUNTERS["numproc"]) == BarrierLimit(5, 5)
    assert heard.warnings == [
        'line 1: invalid value for CPUS ("two"), skipped',
        'line 4: invalid value for NUMPROC ("1M"), skipped',
    ]


def test_an_empty_value_says_nothing_and_is_no_mistake() -> None:
    heard = hear('NETIF=""\nIP_ADDRESS=""\nCPUS=\n')
    assert list(heard.values) == []
    assert heard.warnings == []


def test_unknown_and_ignored_keys_earn_no_warning() -> None:
    assert hear("FOO=1\nVZFASTBOOT=perhaps\nVEID=x\nNEIGHBOUR_DEVS=all\n").warnings == []


def test_a_deprecated_key_earns_one() -> None:
    assert hear("VETH=x\n").warnings == ["line 1: VETH is deprecated"]


def test_positions_are_those_of_lines_that_were_read() -> None:
    heard = hear("# c\nCPUS=2\nFOO=1\nCPUS=3\nCPULIMIT=x\nNETIF=\n")
    assert heard.positions == {1, 3, 5}


def test_differences_see_what_a_key_can_say() -> None:
    have, wanted = Values(), Values()
    shares = BY_KEY["CPUUNITS"]
    have.put(shares, 1002)
    wanted.put(shares, 1003)  # 979 units, as 1002 shares
    assert have.differences(wanted) == []
    wanted.put(shares, 1010)
    assert have.differences(wanted) == [shares]


def test_empty_lists_are_not_said() -> None:
    values = Values()
    values.put(IP_ADDRESS, ())
    values.put(NETIF, None)
    assert list(values) == []
