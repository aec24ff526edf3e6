"""Device nodes that come while a container runs, where liblxc's own tool brings them."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import nodes
from vzvirt.model.devices import HostDevice, HostDeviceKind

UNIFIED: Any = SimpleNamespace(trees=SimpleNamespace(version=lambda _controller: 2))
RUN: Any = SimpleNamespace(path=Path("/run/vzvirt/101"), ctid=101)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[object]]:
    """What the tool is called with."""
    calls: list[list[object]] = []
    monkeypatch.setattr(nodes.process, "run", lambda argv, **_how: calls.append(argv))
    return calls


@pytest.mark.parametrize(("permissions", "fits"), [("", True), ("rwm", True), ("r", False)])
def test_it_is_all_permissions_or_none(
    told: list[list[object]], permissions: str, fits: bool
) -> None:
    device = HostDevice(kind=HostDeviceKind.MISC, name="/dev/null", permissions=permissions)
    if fits:
        nodes.attach(os.getpid(), UNIFIED, RUN, device)
        assert told[0][-2:] == ["add", "/dev/null"]
    else:
        with pytest.raises(errors.NoSupport, match="permissions 'r'") as caught:
            nodes.attach(os.getpid(), UNIFIED, RUN, device)
        assert "--config" in str(caught.value.hint) and not told
