from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from servicelab import Lab
from vzvirt.server.settings import ServerSettings

MakeLab = Callable[..., Lab]


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    """Makes a service with other settings than the defaults."""
    made: list[Lab] = []

    def make(**settings: Any) -> Lab:
        made.append(Lab(tmp_path, ServerSettings(**settings)))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """A service as it is without a settings file."""
    return make_lab()
