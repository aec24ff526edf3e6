"""What single containers have used, as clients read it."""

from __future__ import annotations

from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.model.statistics import MemoryUse
from vzvirt.server.handlers.stats import memory_tags


@pytest.fixture
def web(client: Client) -> Any:
    """A container that runs."""
    wired = "<interface type='ethernet'><target dev='veth9'/></interface>"
    dom = defined(client, "web", devices=wired)
    client.call("domain_create", dom)
    return dom


def test_memory(client: Client, web: Any) -> None:
    found = {item.tag: item.val for item in client.call("domain_memory_stats", web, 99, 0).stats}
    assert found[6] == found[5] == client.call("domain_get_max_memory", web).memory
    assert 0 < found[7] < found[5]
    assert len(client.call("domain_memory_stats", web, 2, 0).stats) == 2


def test_memory_without_limit() -> None:
    found = dict(memory_tags(MemoryUse(usage=4096, swapped_in=8192)))
    assert found[6] == 9007199254740991
    assert found[0] == 8
    assert not {1, 4, 5, 8} & set(found)


def test_disks(client: Client, web: Any) -> None:
    whole = client.call("domain_block_stats", web, "")
    assert whole == client.call("domain_block_stats", web, "/dev/vda")
    assert whole.errs == -1
    flagged = client.call("domain_block_stats_flags", web, "vda", 4, 4)
    assert [item.field for item in flagged.params] == [
        *("rd_operations", "rd_bytes", "wr_operations", "wr_bytes")
    ]
    assert client.call("domain_block_stats_flags", web, "vda", 0, 0).nparams == 4
    with pytest.raises(errors.InvalidArgument, match="'sdz' is no block device"):
        client.call("domain_block_stats", web, "sdz")


def test_room(client: Client, web: Any) -> None:
    found = client.call("domain_get_block_info", web, "/", 0)
    assert 0 < found.physical == found.allocation <= found.capacity
    with pytest.raises(errors.InvalidArgument, match="not assigned"):
        client.call("domain_get_block_info", web, "/dev/vda", 0)


def test_interfaces(client: Client, web: Any) -> None:
    assert client.call("domain_interface_stats", web, "veth9").rx_bytes == 0
    with pytest.raises(errors.InvalidArgument, match="not a known interface"):
        client.call("domain_interface_stats", web, "eth7")


def test_what_containers_never_have(client: Client, web: Any) -> None:
    job = client.call("domain_get_job_info", web)
    assert (job.type, job.timeElapsed, job.fileRemaining) == (0, 0, 0)
    assert client.call("domain_get_job_stats", web, 0).params == []
    assert client.call("domain_get_control_info", web, 0).state == 0
    assert client.call("domain_get_messages", web, 0).msgs == []
    assert client.call("domain_get_disk_errors", web, 5, 0).nerrors == 0
    assert client.call("domain_get_iothread_info", web, 0).ret == 0
    assert client.call("domain_get_perf_events", web, 0).params == []
    assert client.call("domain_get_security_label", web).enforcing == 0
    assert client.call("domain_get_security_label_list", web).labels == []
    assert client.call("domain_get_time", web, 0).seconds > 1_500_000_000


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("domain_memory_stats", (9, 0)),
        ("domain_block_stats", ("",)),
        ("domain_interface_stats", ("veth9",)),
        ("domain_get_job_info", ()),
        ("domain_get_control_info", (0,)),
        ("domain_get_disk_errors", (1, 0)),
        ("domain_get_time", (0,)),
    ],
)
def test_what_does_not_run(client: Client, name: str, arguments: tuple[object, ...]) -> None:
    off = defined(client, "off")
    with pytest.raises(errors.OperationInvalid, match="domain is not running"):
        client.call(name, off, *arguments)
    assert client.call("domain_get_job_stats", off, 1).type == 0
