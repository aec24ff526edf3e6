from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt.backends.memory.facts import MemoryFacts
from vzvirt.backends.sysfs.facts import SysfsFacts
from vzvirt.model.capabilities import HostInfo
from vzvirt.ports.host import HostFacts


@pytest.fixture(params=[SysfsFacts, MemoryFacts])
def facts(request: pytest.FixtureRequest) -> HostFacts:
    found: HostFacts = request.param()
    return found


def test_they_agree_with_each_other(facts: HostFacts) -> None:
    topology, there = facts.topology(), facts.processor_map()
    online = tuple(processor.number for processor in topology.processors)
    assert online == there.online
    assert set(facts.processor_times()) == {None, *online}
    cells = {cell.number for cell in topology.cells}
    assert set(facts.cell_memory()) == set(facts.cell_pages()) == cells
    assert topology.page_sizes[0] == os.sysconf("SC_PAGE_SIZE")
    for cell in topology.cells:
        assert 0 < sum(pool.size * pool.total for pool in cell.pages) <= cell.memory
    use = facts.memory_use()
    assert 0 < use.free < use.total
    info = HostInfo.of(arch="x", memory=1, mhz=facts.megahertz(), topology=topology)
    assert info.cells * info.sockets * info.cores * info.threads >= info.processors > 0


def test_time_is_spent(facts: HostFacts) -> None:
    times = facts.processor_times()
    whole = times[None]
    each = [found for number, found in times.items() if number is not None]
    assert whole.idle > 0
    assert whole.user >= max(found.user for found in each)


def test_disks(facts: HostFacts, tmp_path: Path) -> None:
    space = facts.disk_space(tmp_path / "not" / "yet")
    assert space.capacity == facts.disk_space(tmp_path).capacity  # others write to it meanwhile
    assert space.capacity == space.allocation + space.available > 0
    file = tmp_path / "file"
    file.touch(0o600)
    os.truncate(file, 1 << 30)
    found = facts.file_facts(file)
    assert found
    assert (found.size, found.allocated, found.mode) == (1 << 30, 0, 0o600)
    assert found.modified_at == file.stat().st_mtime_ns
    assert facts.file_facts(tmp_path / "none") is None
    assert facts.file_facts(file / "below") is None
    (tmp_path / "b").mkdir()
    assert facts.names_in(tmp_path) == ["b", "file"]
    assert facts.names_in(tmp_path / "none") == []
