"""Containers defined, started, stopped, renamed and forgotten by clients."""

from __future__ import annotations

from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined, document, listed, state
from vzvirt import errors
from vzvirt.model.domain import Domain
from vzvirt.model.event import Lifecycle, LifecycleEvent
from vzvirt.model.report import Defined
from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol import constants
from vzvirt.server.replies import Refusal

PAUSED, AUTODESTROY, VALIDATE = 1, 2, 16
"""As stock clients send them."""

RUNNING, FROZEN, STOPPING, OFF = 1, 3, 4, 5


@pytest.fixture
def web(client: Client) -> Any:
    """A container that is defined."""
    return defined(client, "web")


class TestDefining:
    def test_anew(self, client: Client, web: Any) -> None:
        text = client.call("domain_get_xml_desc", web, 0).xml
        titled = text.replace("</name>", "</name><title>A shop</title>")
        assert client.call("domain_define_xml", titled).dom == web
        assert "<title>A shop</title>" in client.call("domain_get_xml_desc", web, 0).xml
        with pytest.raises(errors.Conflict):
            defined(client, "web")

    def test_what_the_schema_does_not_know(self, client: Client) -> None:
        odd = document("odd", more="<nonsense/>")
        with pytest.raises(errors.SchemaError):
            client.call("domain_define_xml_flags", odd, 1)
        with pytest.raises(errors.SchemaError):
            client.call("domain_create_xml", odd, VALIDATE)
        with pytest.raises(Refusal):
            client.call("domain_define_xml_flags", odd, 2)
        assert listed(client, 0) == []
        assert client.call("domain_define_xml_flags", odd, 0).dom.name == "odd"

    def test_forgotten_while_it_is_off(self, client: Client, web: Any) -> None:
        client.call("domain_undefine", web)
        assert listed(client, 0) == []
        with pytest.raises(errors.NoDomain):
            client.call("domain_undefine", web)

    def test_forgotten_while_it_runs(self, client: Client, web: Any) -> None:
        client.call("domain_create", web)
        client.call("domain_undefine_flags", web, constants.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
        assert not client.call("domain_is_persistent", web).persistent
        with pytest.raises(errors.OperationInvalid):
            client.call("domain_undefine", web)
        client.call("domain_destroy", web)
        assert listed(client, 0) == []
        with pytest.raises(Refusal):
            client.call("domain_undefine_flags", web, 1 << 10)

    def test_renamed(self, client: Client, web: Any) -> None:
        assert client.call("domain_rename", web, "www", 0).retcode == 0
        assert client.call("domain_lookup_by_name", "www").dom.uuid == web.uuid
        with pytest.raises(errors.NoDomain):
            client.call("domain_lookup_by_name", "web")
        for name in ("www", None, "-"):
            with pytest.raises(errors.CallerError):
                client.call("domain_rename", web, name, 0)

    def test_starting_with_the_host(self, client: Client, web: Any) -> None:
        client.call("domain_set_autostart", web, 1)
        assert client.call("domain_get_autostart", web).autostart
        client.call("domain_set_autostart", web, 0)
        assert not client.call("domain_get_autostart", web).autostart
        gone = client.call("domain_create_xml", document("gone"), 0).dom
        with pytest.raises(errors.OperationInvalid):
            client.call("domain_set_autostart", gone, 1)


class TestRunning:
    def test_from_start_to_end(self, client: Client, web: Any) -> None:
        client.call("domain_create", web)
        assert state(client, web) == (RUNNING, 1)
        with pytest.raises(errors.OperationInvalid):
            client.call("domain_create", web)
        client.call("domain_suspend", web)
        assert state(client, web) == (FROZEN, 1)
        client.call("domain_resume", web)
        assert state(client, web) == (RUNNING, 5)
        client.call("domain_reboot", web, 0)
        assert state(client, web)[0] == RUNNING
        client.call("domain_shutdown", web)
        assert state(client, web) == (OFF, 1)
        for procedure in ("domain_shutdown", "domain_destroy", "domain_suspend", "domain_resume"):
            with pytest.raises(errors.OperationInvalid):
                client.call(procedure, web)
        client.call("domain_create_with_flags", web, PAUSED)
        assert state(client, web) == (FROZEN, 1)
        client.call("domain_destroy_flags", web, 0)
        assert state(client, web) == (OFF, 2)

    def test_nobody_waits_for_one_that_does_not_obey(self, client: Client, web: Any) -> None:
        client.call("domain_create", web)
        client.world.engine.make_stubborn(Ctid(101))
        before = client.world.engine.observe(Ctid(101)).init_pid
        client.call("domain_reboot", web, constants.VIR_DOMAIN_REBOOT_SIGNAL)
        assert client.world.engine.observe(Ctid(101)).init_pid == before
        client.call("domain_shutdown_flags", web, constants.VIR_DOMAIN_SHUTDOWN_INITCTL)
        assert state(client, web) == (STOPPING, 1)

    def test_flags(self, client: Client, web: Any) -> None:
        for procedure, flags in (
            ("domain_create_with_flags", constants.VIR_DOMAIN_START_FORCE_BOOT),
            ("domain_destroy_flags", constants.VIR_DOMAIN_DESTROY_GRACEFUL),
            ("domain_shutdown_flags", constants.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN),
            ("domain_reboot", constants.VIR_DOMAIN_REBOOT_GUEST_AGENT),
        ):
            with pytest.raises(Refusal):
                client.call(procedure, web, flags)

    def test_one_that_is_not_defined(self, client: Client) -> None:
        gone = client.call("domain_create_xml", document("gone"), PAUSED).dom
        assert gone.id == 101
        assert state(client, gone) == (FROZEN, 1)
        client.call("domain_destroy", gone)
        assert listed(client, 0) == []

    def test_one_that_is_not_defined_shuts_down(self, client: Client) -> None:
        gone = client.call("domain_create_xml", document("gone"), 0).dom
        client.call("domain_shutdown", gone)
        assert listed(client, 0) == []
        assert not client.world.area().exists()

    def test_one_that_ends_with_its_client(self, client: Client, web: Any) -> None:
        client.call("domain_create_xml", document("gone"), AUTODESTROY)
        client.call("domain_create_with_flags", web, AUTODESTROY)
        stays = client.call("domain_create_xml", document("stays"), 0).dom
        client.leave()
        assert listed(client, 0) == ["stays", "web"]
        assert state(client, web) == (OFF, 2)
        assert state(client, stays) == (RUNNING, 1)

    def test_one_that_was_started_again_does_not(self, client: Client, web: Any) -> None:
        client.call("domain_create_with_flags", web, AUTODESTROY)
        client.call("domain_destroy", web)
        client.call("domain_create", web)
        client.leave()
        assert state(client, web) == (RUNNING, 1)


def test_a_reader_changes_nothing(client: Client, web: Any) -> None:
    reader = Client(client.world, read_only=True)
    for procedure, *arguments in (
        ("domain_define_xml", document("x")),
        ("domain_create_xml", document("x"), 0),
        ("domain_create", web),
        ("domain_create_with_flags", web, 0),
        ("domain_undefine", web),
        ("domain_undefine_flags", web, 0),
        ("domain_destroy", web),
        ("domain_destroy_flags", web, 0),
        ("domain_shutdown", web),
        ("domain_shutdown_flags", web, 0),
        ("domain_reboot", web, 0),
        ("domain_suspend", web),
        ("domain_resume", web),
        ("domain_rename", web, "www", 0),
        ("domain_set_autostart", web, 1),
        ("domain_set_metadata", web, 1, "title", None, None, 0),
        ("domain_attach_device", web, "<interface type='ethernet'/>"),
        ("domain_detach_device", web, "<interface type='ethernet'/>"),
        ("domain_update_device_flags", web, "<interface type='ethernet'/>", 0),
    ):
        with pytest.raises(Refusal):
            reader.call(str(procedure), *arguments)
    assert listed(client, 0) == ["web"]


def redefine(client: Client, web: Any, more: str = "") -> None:
    text = client.call("domain_get_xml_desc", web, 0).xml
    client.call("domain_define_xml", text.replace("</name>", f"</name>{more}"))


def changes(client: Client) -> list[Lifecycle]:
    return [event.change for event in client.told if isinstance(event, LifecycleEvent)]


def test_each_definition_is_told_whether_or_not_it_is_another(client: Client, web: Any) -> None:
    for more in ("", "", "<title>T</title>", ""):
        redefine(client, web, more)
    assert changes(client) == [Lifecycle.DEFINED] + [Lifecycle.REDEFINED] * 4


def test_what_is_seen_before_the_call_is_done_is_not_told_twice(
    client: Client, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = client._daemon.manager.definitions
    define = definitions.define

    def seen(domain: Domain) -> Defined:
        done = define(domain)
        client.refresh(101)
        return done

    monkeypatch.setattr(definitions, "define", seen)
    redefine(client, web, "<description>D</description>")
    redefine(client, web)
    assert changes(client) == [Lifecycle.DEFINED] + [Lifecycle.REDEFINED] * 2


def test_what_stands_still_is_paused_and_what_runs_unpaused_in_silence(
    client: Client, web: Any
) -> None:
    for change in ("domain_suspend", "domain_resume"):
        with pytest.raises(errors.OperationInvalid, match="not running"):
            client.call(change, web)
    client.call("domain_create", web)
    client.told.clear()
    for change in ("resume", "suspend", "suspend", "resume", "resume"):
        client.call(f"domain_{change}", web)
    assert changes(client) == [Lifecycle.PAUSED, Lifecycle.UNPAUSED]


def test_what_a_change_left_half_done_is_seen_before_its_error_is(
    client: Client, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle = client._daemon.manager.lifecycle
    start = lifecycle.start

    def fail(ref: str, *, paused: bool) -> None:
        start(ref, paused=paused)
        raise errors.OperationFailed("the end of the work failed")

    monkeypatch.setattr(lifecycle, "start", fail)
    client.told.clear()
    with pytest.raises(errors.OperationFailed):
        client.call("domain_create", web)
    assert changes(client) == [Lifecycle.BOOTED]
