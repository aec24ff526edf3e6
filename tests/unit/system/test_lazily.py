from __future__ import annotations

import threading
import time
from pathlib import Path

from vzvirt.system.lazily import MappingWhenUsed, when_used


def test_what_is_made_when_used_is_made_once_for_all_threads() -> None:
    made: list[Path] = []

    def make() -> Path:
        time.sleep(0.05)
        made.append(Path("/once"))
        return made[-1]

    lazy = when_used(make)
    threads = [threading.Thread(target=lazy.exists) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [Path("/once")]


def test_what_a_setting_makes_is_made_anew_when_it_changes() -> None:
    setting = ["/one"]
    lazy = when_used(lambda: Path(setting[0]), lambda: setting[0])
    assert (lazy.name, lazy.name) == ("one", "one")
    setting[0] = "/two"
    assert lazy.name == "two"


def test_a_backend_is_made_when_it_is_asked_and_once() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("one")
        return "made"

    stand_in = when_used(make)
    assert made == []
    assert stand_in.upper() == "MADE"
    assert stand_in.title() == "Made"
    assert made == ["one"]


def test_a_mapping_is_made_when_it_is_asked_and_once() -> None:
    made: list[str] = []

    def make() -> dict[str, int]:
        made.append("one")
        return {"a": 1, "b": 2}

    stand_in = MappingWhenUsed(make)
    assert made == []
    assert dict(stand_in) == {"a": 1, "b": 2}
    assert stand_in["a"] == len(stand_in) - 1
    assert made == ["one"]
