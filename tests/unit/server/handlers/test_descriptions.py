"""Titles, descriptions and elements of metadata."""

from __future__ import annotations

from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.manager.definitions import Definitions
from vzvirt.model.event import MetadataChanged
from vzvirt.server.replies import Refusal

DESCRIPTION, TITLE, ELEMENT = 0, 1, 2
CURRENT, LIVE, CONFIG = 0, 1, 2
APP = "http://app.example/1"


@pytest.fixture
def web(client: Client) -> Any:
    """A container that is defined."""
    return defined(client, "web")


def put(
    client: Client,
    dom: Any,
    kind: int,
    text: str | None,
    *,
    uri: str | None = None,
    flags: int = 0,
) -> None:
    client.call("domain_set_metadata", dom, kind, text, "app" if uri else None, uri, flags)


def got(client: Client, dom: Any, kind: int, *, uri: str | None = None, flags: int = 0) -> str:
    found: str = client.call("domain_get_metadata", dom, kind, uri, flags).metadata
    return found


_WORD = {
    "a shop\nwith two lines": "a shop\nwith two lines</description>",
    "b": "<description>b</description>",
    "A shop": "<title>A shop</title>",
    "B": "<title>B</title>",
    '<a b="c"><d/></a>': f'<app:a xmlns:app="{APP}" b="c"><d/></app:a>',
    "<e/>": f'<app:e xmlns:app="{APP}"/>',
}
"""How each text stands in the document."""


@pytest.mark.parametrize(
    ("kind", "uri", "texts"),
    [
        (DESCRIPTION, None, ("a shop\nwith two lines", "b")),
        (TITLE, None, ("A shop", "B")),
        (ELEMENT, APP, ('<a b="c"><d/></a>', "<e/>")),
    ],
)
def test_set_changed_and_removed(
    client: Client, web: Any, kind: int, uri: str | None, texts: tuple[str, str]
) -> None:
    with pytest.raises(errors.NoMetadata) as caught:
        got(client, web, kind, uri=uri)
    assert caught.value.code == 80
    for text in texts:
        put(client, web, kind, text, uri=uri)
        assert got(client, web, kind, uri=uri) == text
        assert _WORD[text] in client.call("domain_get_xml_desc", web, 0).xml
    put(client, web, kind, None, uri=uri)
    with pytest.raises(errors.NoMetadata):
        got(client, web, kind, uri=uri)


def test_what_runs_and_what_is_stored(client: Client, web: Any) -> None:
    with pytest.raises(errors.OperationInvalid):
        put(client, web, TITLE, "live", flags=LIVE)
    client.call("domain_create", web)
    put(client, web, TITLE, "live")
    put(client, web, TITLE, "stored", flags=CONFIG)
    assert got(client, web, TITLE) == got(client, web, TITLE, flags=LIVE) == "live"
    assert got(client, web, TITLE, flags=CONFIG) == "stored"
    put(client, web, TITLE, "both", flags=LIVE | CONFIG)
    assert got(client, web, TITLE, flags=CONFIG) == got(client, web, TITLE) == "both"


def test_what_is_wrong(client: Client, web: Any) -> None:
    for kind, text, uri in (
        (TITLE, "two\nlines", None),
        (3, "x", None),
        (ELEMENT, "<a/>", None),
        (ELEMENT, "<a>", APP),
    ):
        with pytest.raises(errors.CallerError):
            put(client, web, kind, text, uri=uri)
    with pytest.raises(errors.InvalidArgument):
        got(client, web, 3)
    with pytest.raises(errors.InvalidArgument):
        got(client, web, TITLE, flags=LIVE | CONFIG)
    with pytest.raises(Refusal):
        got(client, web, TITLE, flags=4)


@pytest.mark.parametrize(
    ("kind", "uri", "text"),
    [
        (DESCRIPTION, None, "&" * 900_000),
        (DESCRIPTION, None, "\x01"),
        (ELEMENT, APP, f"<a>{'<b/>' * 19_990}</a>"),
    ],
)
def test_what_no_document_may_have(
    client: Client, web: Any, kind: int, uri: Any, text: str
) -> None:
    with pytest.raises(errors.InvalidArgument, match="could not be read any more"):
        put(client, web, kind, text, uri=uri)
    with pytest.raises(errors.NoMetadata):
        got(client, web, kind, uri=uri)


def test_each_note_that_is_set_is_told_whether_or_not_it_is_another(
    client: Client, web: Any
) -> None:
    client.call("domain_create", web)
    client.told.clear()
    put(client, web, TITLE, "T", flags=CONFIG)
    put(client, web, TITLE, "T", flags=LIVE)
    put(client, web, TITLE, "T", flags=LIVE | CONFIG)
    put(client, web, TITLE, "U", flags=LIVE | CONFIG)
    put(client, web, ELEMENT, "<e/>", uri=APP)
    put(client, web, ELEMENT, "<e/>", uri=APP)
    assert [told(event) for event in client.told] == [(TITLE, None)] * 4 + [(ELEMENT, APP)] * 2


def test_what_was_done_half_is_seen_at_once(
    client: Client, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = Definitions.edit

    def fail(*args: Any) -> None:
        edit(*args)
        raise errors.SystemFailure("the disk is broken")

    client.told.clear()
    monkeypatch.setattr(Definitions, "edit", fail)
    with pytest.raises(errors.SystemFailure):
        put(client, web, TITLE, "T")
    assert [told(event) for event in client.told] == [(TITLE, None)]


def test_notes_that_are_refused_are_not_told(client: Client, web: Any) -> None:
    client.told.clear()
    with pytest.raises(errors.InvalidArgument):
        put(client, web, TITLE, "a\nb")
    with pytest.raises(errors.OperationInvalid):
        put(client, web, TITLE, "T", flags=LIVE)
    assert client.told == []


def told(event: object) -> tuple[int, str | None]:
    assert isinstance(event, MetadataChanged)
    return event.kind, event.namespace
