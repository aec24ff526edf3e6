"""Which chains of others stand in a network's way, and what would clear it."""

from __future__ import annotations

import ipaddress

import pytest

from vzvirt.backends.networks import firewalls
from vzvirt.backends.networks.firewalls import Chain
from vzvirt.model.network import Forward, ForwardMode, Network, NetworkAddress


@pytest.fixture(autouse=True)
def nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chain has a rule for our bridge; the machine's own rules are not looked at."""
    monkeypatch.setattr(firewalls, "_knows", lambda chain, network: False)
    monkeypatch.setattr(firewalls, "_legacy_tables", lambda version: False)


def network(mode: ForwardMode, *addresses: str) -> Network:
    return Network(
        name="web",
        bridge="vzbr7",
        forward=Forward(mode=mode),
        addresses=tuple(
            NetworkAddress(interface=ipaddress.ip_interface(text)) for text in addresses
        ),
    )


def base(family: str = "ip", hook: str = "forward", policy: str = "drop") -> Chain:
    return Chain(family=family, table="filter", name=hook.upper(), hook=hook, policy=policy)


FOUR, SIX = "10.7.0.1/24", "fd00::1/64"


@pytest.mark.parametrize(
    ("chain", "item", "count"),
    [
        (base(), network(ForwardMode.NAT, FOUR), 1),
        (base(), network(ForwardMode.OPEN, FOUR), 1),
        (base(policy="accept"), network(ForwardMode.NAT, FOUR), 0),
        (base("ip6"), network(ForwardMode.NAT, FOUR), 0),
        (base("inet"), network(ForwardMode.ROUTE, SIX), 1),
        (base("bridge"), network(ForwardMode.ROUTE, SIX), 0),
        (base(), network(ForwardMode.ISOLATED, FOUR), 0),
        (base(hook="input"), network(ForwardMode.ISOLATED, FOUR), 1),
        (base(hook="input"), network(ForwardMode.ISOLATED), 0),
        (base(hook="output"), network(ForwardMode.NAT, FOUR), 0),
    ],
)
def test_who_stands_in_the_way(chain: Chain, item: Network, count: int) -> None:
    assert len(firewalls.obstacles(item, "vzvirt-net", [chain])) == count


def test_our_own_table_does_not() -> None:
    assert firewalls.obstacles(network(ForwardMode.NAT, FOUR), "filter", [base()]) == []


def test_shows_the_commands() -> None:
    (obstacle,) = firewalls.obstacles(network(ForwardMode.NAT, FOUR), "vzvirt-net", [base()])
    assert str(obstacle) == (
        "chain 'FORWARD' of the firewall's table 'ip filter' drops what no rule of its accepts, "
        "so nothing of network 'web' is forwarded; to let it through: "
        'nft insert rule ip filter FORWARD iifname "vzbr7" accept; '
        'nft insert rule ip filter FORWARD oifname "vzbr7" accept'
    )


def test_uses_the_room_that_is_left_for_the_administrator() -> None:
    room = Chain(family="ip", table="filter", name="DOCKER-USER")
    found = firewalls.obstacles(network(ForwardMode.NAT, FOUR), "vzvirt-net", [base(), room])
    assert "ip filter DOCKER-USER iifname" in str(found[0])
    elsewhere = Chain(family="ip6", table="filter", name="DOCKER-USER")
    found = firewalls.obstacles(network(ForwardMode.NAT, FOUR), "vzvirt-net", [base(), elsewhere])
    assert "ip filter FORWARD iifname" in str(found[0])
