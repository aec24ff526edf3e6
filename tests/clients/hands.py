"""Eyes and hands on a desktop, through AT-SPI. Runs under Debian's Python, which has its bindings.

Each line of standard input is a request, ``[WHAT, ARGUMENT...]`` in JSON, each line of output the
answer, ``{"value": ...}`` or ``{"error": ...}``. Requests wait for what they need: what they name
must show within ``PATIENCE`` seconds. Names are regular expressions for whole names.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gi

gi.require_version("Atspi", "2.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Atspi, Gdk  # noqa: E402  (only after the versions are said)

T = TypeVar("T")
Widget = Any

PATIENCE = 20.0


class NotThereError(Exception):
    """What was asked for does not show."""


def wait(condition: Callable[[], T]) -> T:
    """Try again until it no longer fails."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return condition()
        except (
            NotThereError,
            gi.repository.GLib.Error,
        ) as error:  # a widget may go away meanwhile
            if time.monotonic() > until:
                raise NotThereError(f"{error}; there is:\n{look()}") from None
        time.sleep(0.03)


# ---- finding


def children(widget: Widget) -> Iterator[Widget]:
    for index in range(widget.get_child_count()):
        child = widget.get_child_at_index(index)
        if child is not None:
            yield child


def shows(widget: Widget) -> bool:
    return bool(widget.get_state_set().contains(Atspi.StateType.SHOWING))


def windows() -> Iterator[Widget]:
    for application in children(Atspi.get_desktop(0)):
        application.clear_cache()  # what is remembered may be no longer true
        yield from filter(shows, children(application))


def below(widget: Widget) -> Iterator[Widget]:
    """All that shows of a widget."""
    yield widget
    for child in children(widget):
        if shows(child):
            yield from below(child)


def window_named(name: str) -> Widget:
    for window in windows():
        if re.fullmatch(name, window.get_name()):
            return window
    raise NotThereError(f"no window {name!r}")


def find(window: str, role: str, name: str) -> Widget:
    for widget in below(window_named(window)):
        if widget.get_role_name() == role and any(
            re.fullmatch(name, one) for one in called(widget)
        ):
            return widget
    raise NotThereError(f"no {role} {name!r} in window {window!r}")


def called(widget: Widget) -> Iterator[str]:
    """Its name, and the labels beside it."""
    yield widget.get_name()
    for relation in widget.get_relation_set():
        if relation.get_relation_type() == Atspi.RelationType.LABELLED_BY:
            yield relation.get_target(0).get_name()


def find_usable(window: str, role: str, name: str) -> Widget:
    found = find(window, role, name)
    if not found.get_state_set().contains(Atspi.StateType.SENSITIVE):
        raise NotThereError(f"the {role} {name!r} in window {window!r} can't be used now")
    return found


def text_of(widget: Widget) -> str:
    if widget.get_text_iface() is None:
        return str(widget.get_name())
    return str(Atspi.Text.get_text(widget, 0, -1))


# ---- requests


def look() -> str:
    """All that shows."""

    def lines(widget: Widget, depth: int) -> Iterator[str]:
        text = text_of(widget)
        said = f" {text!r}" if text != widget.get_name() else ""
        yield f"{'  ' * depth}{widget.get_role_name()} {widget.get_name()!r}{said}"
        for child in filter(shows, children(widget)):
            yield from lines(child, depth + 1)

    return "\n".join(line for window in windows() for line in lines(window, 0))


def names(window: str, role: str) -> list[str]:
    """The names of all of a role that show, those without one left out."""
    found = (widget for widget in below(window_named(window)) if widget.get_role_name() == role)
    return [name for widget in found if (name := widget.get_name())]


def expect(window: str, role: str, name: str) -> str:
    """Wait for something; its text."""
    return text_of(wait(lambda: find(window, role, name)))


def expect_text(window: str, role: str, name: str, pattern: str) -> str:
    """Wait until the text of something has a pattern somewhere; the whole text."""

    def text() -> str:
        found = text_of(find(window, role, name))
        if not re.search(pattern, found):
            raise NotThereError(f"{pattern!r} is not in {found!r}")
        return found

    return wait(text)


def is_usable(window: str, role: str, name: str) -> bool:
    """Whether something can be used now."""
    return bool(find(window, role, name).get_state_set().contains(Atspi.StateType.SENSITIVE))


def expect_gone(window: str) -> None:
    """Wait until a window is closed."""

    def gone() -> None:
        if any(re.fullmatch(window, found.get_name()) for found in windows()):
            raise NotThereError(f"the window {window!r} is still there")

    wait(gone)


def press(window: str, role: str, name: str) -> None:
    """Press a button, open a menu, choose an item of one."""
    if not wait(lambda: find_usable(window, role, name)).do_action(0):
        raise NotThereError(f"the {role} {name!r} can't be pressed")


def choose(window: str, name: str) -> None:
    """Choose a row of a list."""

    def chosen() -> None:
        cell = find_usable(window, "table cell", name)
        cell.grab_focus()
        if not find(window, "table cell", name).get_state_set().contains(Atspi.StateType.SELECTED):
            raise NotThereError(f"the row {name!r} does not let itself be chosen")

    wait(chosen)


def turn(window: str, name: str) -> None:
    """Turn to a page."""

    def turned() -> None:
        tab = find(window, "page tab", name)
        book = tab.get_parent()
        Atspi.Selection.select_child(book, tab.get_index_in_parent())
        if not tab.get_state_set().contains(Atspi.StateType.SELECTED):
            raise NotThereError(f"the page {name!r} does not let itself be turned to")

    wait(turned)


def write(window: str, role: str, name: str, text: str) -> None:
    """Have a field hold a text."""
    field = wait(lambda: find_usable(window, role, name))
    Atspi.EditableText.set_text_contents(field, text)


def point(window: str, role: str, name: str) -> None:
    """Move the mouse to the middle of something, and the keyboard with it."""
    widget = wait(lambda: find_usable(window, role, name))
    box = widget.get_extents(Atspi.CoordType.SCREEN)
    middle = (box.x + box.width // 2, box.y + box.height // 2)
    Atspi.generate_mouse_event(*middle, "abs")
    widget.grab_focus()


def keys(text: str) -> None:
    """Type on the keyboard."""
    for letter in text:
        symbol = Gdk.KEY_Return if letter == "\n" else Gdk.unicode_to_keyval(ord(letter))
        Atspi.generate_keyboard_event(symbol, None, Atspi.KeySynthType.SYM)


def shot(window: str, path: str) -> None:
    """Take a picture of a window."""
    box = wait(lambda: window_named(window)).get_extents(Atspi.CoordType.SCREEN)
    screen = Gdk.get_default_root_window()
    picture = Gdk.pixbuf_get_from_window(screen, box.x, box.y, box.width, box.height)
    picture.savev(path, "png", ["compression"], ["9"])


REQUESTS: dict[str, Callable[..., object]] = {
    function.__name__: function
    for function in (
        *(look, names, expect, expect_text, expect_gone, is_usable),
        *(press, choose, turn, write, point, keys, shot),
    )
}


def main() -> None:
    Atspi.init()
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        try:
            answer = {"value": REQUESTS[what](*arguments)}
        except (NotThereError, gi.repository.GLib.Error) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201  (the answer)


if __name__ == "__main__":
    main()
