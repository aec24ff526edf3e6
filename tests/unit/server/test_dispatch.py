"""The table of handlers against the protocol's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from vzvirt.rpc.protocol.procedures import BY_NAME, PROCEDURES
from vzvirt.server import dispatch, handlers
from vzvirt.server.dispatch import Handler
from vzvirt.server.workers import Lane

ALWAYS_REFUSED = {
    f"storage_pool_{what}" for what in ("create", "create_xml", "define_xml", "build", "delete")
}
"""Whatever their flags are."""

handlers.load()
TABLE = dispatch.table()


def names(wrong: Callable[[Handler], bool]) -> list[str]:
    """Handlers of which something holds."""
    return [item.procedure.name for item in TABLE.values() if wrong(item)]


def test_flags_are_declared_where_there_are_some() -> None:
    def differs(handler: Handler) -> bool:
        fields = handler.arguments.FIELDS if handler.arguments is not None else ()
        has_flags = any(field.name == "flags" for field in fields)
        return (handler.flags is not None) is not has_flags

    assert set(names(differs)) <= set(ALWAYS_REFUSED)


def test_a_handler_takes_a_call_and_arguments_and_says_what_it_is() -> None:
    def is_odd(handler: Handler) -> bool:
        return list(inspect.signature(handler.run).parameters) != ["call", "args"]

    assert names(is_odd) == []
    assert names(lambda handler: not inspect.getdoc(handler.run)) == []


def test_events_are_not_called() -> None:
    assert names(lambda handler: handler.procedure.event is not None) == []


def test_only_what_opens_a_connection_comes_before_it() -> None:
    early = {item.procedure.name for item in TABLE.values() if item.unopened}
    assert early == {"auth_list", "connect_open", "connect_close", "connect_supports_feature"}


def test_two_handlers_of_one_procedure_are_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = dispatch._MARKED
    monkeypatch.setattr(dispatch, "_MARKED", [*marked, marked[0]])
    dispatch.table.cache_clear()
    try:
        with pytest.raises(LookupError, match="two handlers"):
            dispatch.table()
    finally:
        monkeypatch.undo()
        dispatch.table.cache_clear()
        assert dispatch.table().keys() == TABLE.keys()


def test_every_procedure_has_a_number_of_its_own() -> None:
    assert all(PROCEDURES[number] is item.procedure for number, item in TABLE.items())


@pytest.mark.parametrize(
    ("name", "lane"),
    [
        ("storage_vol_get_info", Lane.URGENT),
        ("storage_vol_get_info_flags", Lane.URGENT),
        ("storage_vol_get_path", Lane.URGENT),
        ("domain_create", Lane.ORDINARY),
    ],
)
def test_which_threads_calls_are_for(name: str, lane: Lane) -> None:
    assert TABLE[BY_NAME[name].number].lane is lane
