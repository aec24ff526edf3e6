"""What a network is made of, word for word: batches for ip and tc, rules, dnsmasq's file."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from vzvirt.backends.networks import bridge, dnsmasq, nftables
from vzvirt.codec.xml import read_network
from vzvirt.model.network import ForwardMode, Network

TESTS = Path(__file__).parents[3]
DOCUMENTS = TESTS / "golden" / "network"
GOLDEN = TESTS / "golden" / "networks"
CASES = ("default", "everything", "isolated", "open", "routed")

TABLE = "vzvirt-net0a1b2c"


def network(case: str) -> Network:
    """A golden document, with the bridge that its definition would have been given."""
    found = read_network((DOCUMENTS / f"{case}.out.xml").read_bytes()).network
    return found if found.bridge else dataclasses.replace(found, bridge="virbr9")


def configuration(item: Network) -> str:
    if not dnsmasq.is_needed(item):
        return ""
    return dnsmasq.config(
        item,
        pid_file=Path("/run/vzvirt/networks/B.pid"),
        leases=Path("/var/lib/vzvirt/networks/B.leases"),
        user="dnsmasq",
    )


def texts(item: Network) -> str:
    parts = {
        "ip -batch -": bridge.making(item, f"{TABLE} {item.name}"),
        "tc -batch -": bridge.limiting(item),
        "nft -f -": nftables.ruleset(TABLE, item) if nftables.has_rules(item) else "",
        "nft -f - (gone)": nftables.removal(TABLE, item),
        "dnsmasq": configuration(item),
    }
    return "".join(f"# == {what}\n{text}\n" for what, text in parts.items() if text)


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, regenerate: bool) -> None:
    expected = GOLDEN / f"{case}.txt"
    found = texts(network(case))
    if regenerate:
        expected.write_text(found)
    assert found == expected.read_text()


@pytest.mark.parametrize("case", CASES)
def test_chains_are_those_that_are_looked_for(case: str) -> None:
    item = network(case)
    made = {
        line.split()[1]
        for line in nftables.ruleset(TABLE, item).splitlines()
        if line.startswith("  chain ")
    }
    assert made == nftables.expected_chains(item)
    assert nftables.has_rules(item) == bool(made)


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="dnsmasq is not installed")
@pytest.mark.parametrize("case", CASES)
def test_dnsmasq_takes_it(case: str, tmp_path: Path) -> None:
    file = tmp_path / "conf"
    file.write_text(configuration(network(case)))
    done = subprocess.run(
        ["dnsmasq", "--test", f"--conf-file={file}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_names_that_mean_something_elsewhere() -> None:
    assert nftables.quoted("up*") == '"up\\*"'


def test_an_open_network_has_no_rules() -> None:
    item = network("open")
    assert item.forward.mode is ForwardMode.OPEN
    assert not nftables.has_rules(dataclasses.replace(item, outbound=None))


def test_nobody_needs_dnsmasq_without_addresses() -> None:
    assert not dnsmasq.is_needed(Network(name="plain", bridge="b0"))
    assert not dnsmasq.is_needed(network("bridged"))
