from __future__ import annotations

from typing import Any

import pytest

from vzvirt import errors
from vzvirt.model.limitchange import LimitChange


def test_nothing() -> None:
    assert LimitChange().is_empty
    assert not LimitChange(bytes_per_second=0).is_empty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"swap": 1, "memory_and_swap": 2}, "alone and together"),
        ({"affinity": "0-"}, "list of processors"),
        ({"affinity": ""}, "list of processors"),
        ({"numa_nodes": "2-1"}, "list of memory nodes"),
        ({"disk_weight": 1001}, "not in 100..1000"),
        ({"operations_per_second": -1}, "negative"),
    ],
)
def test_what_no_container_can_have(change: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=words):
        LimitChange(**change)


@pytest.mark.parametrize("numbers", ["0", "0,2-3", "all", "00", "7-7"])
def test_lists(numbers: str) -> None:
    assert LimitChange(affinity=numbers, numa_nodes=numbers).affinity == numbers
