from __future__ import annotations

from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.resources import Cpu, Memory
from vzvirt.model.state import Reason
from vzvirt.model.statistics import BlockUse, CpuUse, MemoryUse
from vzvirt.model.values import UNLIMITED
from vzvirt.ports.network import LinkCounters
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.typedparams import Kind
from vzvirt.server import statistics
from vzvirt.server.params import NO_LIMIT
from vzvirt.server.statistics import Facts, Params

DOM = remote.NonnullDomain("web", bytes(16), -1)

FACTS = Facts(memory=262144, processors=2, wired=True)


def _read(params: Params) -> dict[str, tuple[Kind, object]]:
    """Parameters as a client reads them."""
    record = remote.DomainStatsRecord.decode(params.record(DOM.encode()))
    assert record.dom == DOM
    assert len(record.params) == params.count
    found = {}
    for param in record.params:
        assert isinstance(param, remote.TypedParam)
        found[param.field] = (Kind(param.value.type), param.value.value)
    return found


def test_nothing() -> None:
    assert _read(Params()) == {}


def test_state_and_processor_time() -> None:
    params = Params()
    statistics.state(params, Reason.KILLED)
    statistics.cpu(params, CpuUse(total=7, user=4, system=3))
    assert _read(params) == {
        "state.state": (Kind.INT, 5),
        "state.reason": (Kind.INT, 2),
        "cpu.time": (Kind.ULLONG, 7),
        "cpu.user": (Kind.ULLONG, 4),
        "cpu.system": (Kind.ULLONG, 3),
    }


def test_memory() -> None:
    params = Params()
    used = MemoryUse(
        usage=4 << 20,
        resident=3 << 20,
        cache=1 << 20,
        limit=8 << 20,
        major_faults=1,
        minor_faults=2,
    )
    statistics.balloon(params, FACTS, used)
    found = _read(params)
    assert found.pop("balloon.last-update")[0] is Kind.ULLONG
    assert found == {
        "balloon.current": (Kind.ULLONG, 262144),
        "balloon.maximum": (Kind.ULLONG, 262144),
        "balloon.unused": (Kind.ULLONG, 4096),
        "balloon.available": (Kind.ULLONG, 8192),
        "balloon.usable": (Kind.ULLONG, 4096),
        "balloon.rss": (Kind.ULLONG, 3072),
        "balloon.disk_caches": (Kind.ULLONG, 1024),
        "balloon.major_fault": (Kind.ULLONG, 1),
        "balloon.minor_fault": (Kind.ULLONG, 2),
    }


def test_memory_of_one_that_does_not_run() -> None:
    params = Params()
    statistics.balloon(params, FACTS, None)
    assert list(_read(params)) == ["balloon.current", "balloon.maximum"]


def test_processors() -> None:
    off, apart, together = Params(), Params(), Params()
    statistics.vcpus(off, 2, None)
    statistics.vcpus(apart, 2, CpuUse(total=10, user=5, system=5, per_cpu=(3, 7)))
    statistics.vcpus(together, 2, CpuUse(total=10, user=5, system=5, per_cpu=(3, 3, 4)))
    both = {"vcpu.current": (Kind.UINT, 2), "vcpu.maximum": (Kind.UINT, 2)}
    assert _read(off) == both
    assert _read(apart) == both | {
        "vcpu.0.state": (Kind.INT, 1),
        "vcpu.0.time": (Kind.ULLONG, 3),
        "vcpu.1.state": (Kind.INT, 1),
        "vcpu.1.time": (Kind.ULLONG, 7),
    }
    assert _read(together)["vcpu.1.time"] == (Kind.ULLONG, 5)


def test_interfaces_and_disks() -> None:
    params = Params()
    links = [
        LinkCounters(host_name="veth101.0", rx_bytes=1, tx_drops=2),
        LinkCounters(host_name="e"),
    ]
    statistics.interfaces(params, links)
    statistics.blocks(params, [("vda", BlockUse(read_bytes=1, write_requests=4))])
    statistics.iothreads(params)
    found = _read(params)
    assert found["net.count"] == (Kind.UINT, 2)
    assert found["net.0.name"] == (Kind.STRING, "veth101.0")
    assert found["net.0.rx.bytes"] == (Kind.ULLONG, 1)
    assert found["net.0.tx.drop"] == (Kind.ULLONG, 2)
    assert found["net.1.name"] == (Kind.STRING, "e")
    assert found["block.count"] == (Kind.UINT, 1)
    assert found["block.0.name"] == (Kind.STRING, "vda")
    assert found["block.0.rd.bytes"] == (Kind.ULLONG, 1)
    assert found["block.0.wr.reqs"] == (Kind.ULLONG, 4)
    assert found["iothread.count"] == (Kind.UINT, 0)


def test_facts_are_kept_small() -> None:
    wired = Interface(kind=InterfaceKind.BRIDGE, source="br0")
    domain = Domain(
        name="web", memory=Memory(limit=UNLIMITED), cpu=Cpu(vcpus=3), interfaces=(wired,)
    )
    facts = Facts.of(domain)
    assert facts == Facts(memory=NO_LIMIT, processors=3, wired=True)
    assert Facts.unpack(facts.pack()) == facts
    assert len(facts.pack()) < 16
    assert Facts.of(Domain(name="web")).processors == 0
