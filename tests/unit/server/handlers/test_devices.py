"""Devices that clients attach, change and detach."""

from __future__ import annotations

from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.server.replies import Refusal

LIVE, CONFIG = 1, 2
PLUG = "<interface type='ethernet'><mac address='00:18:51:aa:bb:cc'/></interface>"
DOWN = PLUG.replace("</interface>", "<link state='down'/></interface>")


@pytest.fixture
def web(client: Client) -> Any:
    """A container that is defined."""
    return defined(client, "web")


def has(client: Client, dom: Any, what: str) -> tuple[bool, bool]:
    """Whether it stands in what runs, and in what is stored."""
    texts = (client.call("domain_get_xml_desc", dom, flags).xml for flags in (0, 2))
    live, stored = (what in text for text in texts)
    return live, stored


def test_what_runs(client: Client, web: Any) -> None:
    with pytest.raises(errors.OperationInvalid):
        client.call("domain_attach_device", web, PLUG)
    client.call("domain_create", web)
    client.call("domain_attach_device", web, PLUG)
    assert has(client, web, "00:18:51:aa:bb:cc") == (True, False)
    client.call("domain_detach_device", web, PLUG)
    assert has(client, web, "00:18:51:aa:bb:cc") == (False, False)
    with pytest.raises(errors.NoDevice):
        client.call("domain_detach_device", web, PLUG)


def test_by_flags(client: Client, web: Any) -> None:
    client.call("domain_attach_device_flags", web, PLUG, 0)
    assert has(client, web, "<interface") == (True, True), "it is off, so it is the stored one"
    client.call("domain_create", web)
    client.call("domain_update_device_flags", web, DOWN, LIVE)
    assert has(client, web, "<link state='down'/>") == (True, False)
    client.call("domain_update_device_flags", web, DOWN, LIVE | CONFIG)
    assert has(client, web, "<link state='down'/>") == (True, True)
    client.call("domain_detach_device_flags", web, PLUG, CONFIG)
    assert has(client, web, "<interface") == (True, False)
    client.call("domain_detach_device_flags", web, PLUG, 0)
    assert has(client, web, "<interface") == (False, False)
    for procedure in ("attach", "update", "detach"):
        with pytest.raises(Refusal):
            client.call(f"domain_{procedure}_device_flags", web, PLUG, 4)


def test_by_alias(client: Client, web: Any) -> None:
    client.call("domain_create", web)
    client.call("domain_attach_device", web, PLUG)
    with pytest.raises(errors.NoDevice, match="net1"):
        client.call("domain_detach_device_alias", web, "net1", LIVE)
    client.call("domain_detach_device_alias", web, "net0", LIVE)
    assert has(client, web, "<interface") == (False, False)
    with pytest.raises(errors.NoDevice):
        client.call("domain_detach_device_alias", web, "fs0", CONFIG)


def test_nonsense(client: Client, web: Any) -> None:
    for text in ("", "<interface", "<disk type='file'/>", "<interface type='hostdev'/>"):
        with pytest.raises(errors.VzvirtError):
            client.call("domain_attach_device_flags", web, text, CONFIG)
    assert has(client, web, "<interface") == (False, False)
