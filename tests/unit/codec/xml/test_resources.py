from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.document import parse
from vzvirt.codec.xml.resources import BLOCK_IO, CPU, IDMAP, LINUX_CAPABILITIES, MEMORY
from vzvirt.model.resources import Cpu, LinuxCapabilities, Memory
from vzvirt.model.values import IdMap


def test_a_capability_that_is_switched_again() -> None:
    found = LINUX_CAPABILITIES.read(parse("<c><mknod state='on'/><mknod state='on'/></c>"))
    assert found == LinuxCapabilities(switches=(("mknod", True),))


def test_swap_is_what_the_sum_has_beyond_memory() -> None:
    text = "<d><memory>4</memory><memtune><swap_hard_limit>10</swap_hard_limit></memtune></d>"
    assert MEMORY.read(parse(text)) == Memory(limit=4096, swap=6 * 1024)


def test_a_sum_needs_memory() -> None:
    with pytest.raises(errors.XmlError, match="no <memory>"):
        MEMORY.read(parse("<d><memtune><swap_hard_limit>10</swap_hard_limit></memtune></d>"))


@pytest.mark.parametrize(
    ("tune", "cpu"),
    [
        ("<period>100000</period><quota>50000</quota>", Cpu(limit_percent=50)),
        ("<quota>50000</quota>", Cpu(limit_percent=50)),
        ("<quota>-1</quota>", Cpu(limit_percent=0)),
        ("<period>50000</period><quota>50000</quota>", Cpu(period=50000, quota=50000)),
        ("<period>100000</period><quota>1234</quota>", Cpu(period=100000, quota=1234)),
        ("<period>50000</period>", Cpu(period=50000)),
    ],
)
def test_a_cpu_limit_is_said_in_one_way(tune: str, cpu: Cpu) -> None:
    assert CPU.read(parse(f"<d><cputune>{tune}</cputune></d>")) == cpu
    node = Node("d")
    CPU.write(cpu, node, sparse=False)
    assert CPU.read(node) == cpu


def test_two_devices_with_limits_disagree() -> None:
    device = "<device><path>{}</path><write_iops_sec>1</write_iops_sec></device>"
    text = f"<d><blkiotune>{device.format('/dev/a')}{device.format('/dev/b')}</blkiotune></d>"
    with pytest.raises(errors.XmlError, match=r"/dev/a.*/dev/b"):
        BLOCK_IO.read(parse(text))


def test_capabilities_are_named_by_their_elements() -> None:
    found = LINUX_CAPABILITIES.read(parse("<c><mknod state='on'/><kill state='off'/></c>"))
    assert found == LinuxCapabilities(switches=(("mknod", True), ("kill", False)))


def test_no_ranges_are_a_map_too() -> None:
    assert IDMAP.read(Node("idmap")) == IdMap()
