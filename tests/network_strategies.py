"""Hypothesis strategies for virtual networks: whatever ``Network`` may say."""

from __future__ import annotations

import ipaddress
from functools import cache

from hypothesis import strategies as st

from strategies import (
    METADATA,
    bandwidths,
    device_names,
    distinct,
    macs,
    maybe,
    routes,
    several,
    texts,
    words,
)
from vzvirt.model.devices import IpAddress
from vzvirt.model.network import (
    DhcpHost,
    DhcpRange,
    DnsForwarder,
    DnsHost,
    Forward,
    ForwardMode,
    Network,
    NetworkAddress,
    NetworkDns,
    PortGroup,
)


@cache
def dns_names() -> st.SearchStrategy[str]:
    return st.lists(words("_", 8), min_size=1, max_size=3).map(".".join)


@cache
def client_ids() -> st.SearchStrategy[str]:
    return st.binary(min_size=1, max_size=8).map(lambda data: data.hex(":"))


def _span(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    pair = st.tuples(st.integers(low, high), st.integers(low, high))
    return pair.map(lambda ends: (min(ends), max(ends)))


@cache
def forwards() -> st.SearchStrategy[Forward]:
    addresses = _span(1, 2**32 - 1).map(
        lambda ends: (ipaddress.IPv4Address(ends[0]), ipaddress.IPv4Address(ends[1]))
    )
    device = maybe(device_names("en"))
    plain = st.sampled_from([ForwardMode.ISOLATED, ForwardMode.OPEN])
    return st.one_of(
        st.builds(Forward, mode=plain),
        st.builds(Forward, mode=st.just(ForwardMode.ROUTE), device=device),
        st.builds(
            Forward,
            mode=st.just(ForwardMode.NAT),
            device=device,
            nat_addresses=maybe(addresses),
            nat_ports=maybe(_span(1, 65535)),
            nat_ipv6=st.booleans(),
        ),
    )


@st.composite
def network_addresses(draw: st.DrawFn) -> NetworkAddress:
    any_address = draw(st.ip_addresses())
    length = draw(st.integers(1, any_address.max_prefixlen))
    interface = ipaddress.ip_interface(f"{any_address}/{length}")
    network = interface.network

    def inside(number: int) -> IpAddress:
        return network[number % network.num_addresses]

    addresses = st.integers(0, 2**16).map(inside)
    ranges = st.tuples(addresses, addresses).map(
        lambda ends: DhcpRange(start=min(ends, key=int), end=max(ends, key=int))
    )
    hosts = st.builds(
        DhcpHost,
        address=addresses,
        mac=maybe(macs()),
        client_id=maybe(client_ids()),
        name=dns_names(),
    )
    return NetworkAddress(
        interface=interface, ranges=draw(several(ranges, 2)), hosts=draw(several(hosts, 2))
    )


@cache
def network_dns() -> st.SearchStrategy[NetworkDns]:
    forwarder = st.builds(DnsForwarder, domain=dns_names(), address=maybe(st.ip_addresses()))
    anybody = st.builds(DnsForwarder, address=st.ip_addresses())
    names = st.lists(dns_names(), min_size=1, max_size=2).map(tuple)
    return st.builds(
        NetworkDns,
        enabled=st.booleans(),
        forward_plain_names=st.booleans(),
        forwarders=several(forwarder | anybody, 2),
        hosts=several(st.builds(DnsHost, address=st.ip_addresses(), names=names), 2),
    )


@st.composite
def port_groups(draw: st.DrawFn) -> tuple[PortGroup, ...]:
    names = draw(st.lists(words("-_"), max_size=2, unique=True))
    default = draw(st.integers(0, 2))
    return tuple(
        PortGroup(
            name=name,
            default=number == default,
            inbound=draw(maybe(bandwidths())),
            outbound=draw(maybe(bandwidths())),
        )
        for number, name in enumerate(names)
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    common = {
        "name": draw(words("-_. +").map(str.strip)),
        "uuid": draw(maybe(st.uuids())),
        "title": draw(maybe(texts())),
        "description": draw(maybe(texts())),
        "metadata": draw(distinct(st.sampled_from(METADATA), hash, 2)),
        "inbound": draw(maybe(bandwidths())),
        "outbound": draw(maybe(bandwidths())),
        "port_groups": draw(port_groups()),
        "ports_isolated": draw(st.booleans()),
    }
    if draw(st.integers(0, 4)) == 0:
        forward = Forward(mode=ForwardMode.BRIDGE)
        return Network(**common, forward=forward, bridge=draw(device_names("br")))
    dns_domain = draw(maybe(dns_names()))
    return Network(
        **common,
        forward=draw(forwards()),
        bridge=draw(maybe(device_names("virbr"))),
        stp=draw(st.booleans()),
        delay=draw(st.integers(0, 30)),
        mtu=draw(maybe(st.integers(68, 65535))),
        mac=draw(maybe(macs())),
        dns_domain=dns_domain,
        dns_domain_local=dns_domain is not None and draw(st.booleans()),
        dns=draw(network_dns()),
        addresses=draw(several(network_addresses(), 2)),
        routes=draw(several(routes(), 2)),
    )
