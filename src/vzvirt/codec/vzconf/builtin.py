"""The vz.conf and the sample configs that vzvirt brings along, for hosts that have none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vzvirt.codec.vzconf.grammar import Document

DATA: Final = Path(__file__).parents[2] / "data"
SAMPLE_PREFIX: Final = "ve-"
SAMPLE_SUFFIX: Final = ".conf-sample"


@cache
def builtin_global() -> Document:
    """The vz.conf used where the host has none."""
    return Document.parse((DATA / "vz.conf").read_bytes())


@cache
def builtin_samples() -> Mapping[str, Document]:
    """The sample configs by name, used where the host has none of that name."""
    files = sorted(DATA.glob(f"{SAMPLE_PREFIX}*{SAMPLE_SUFFIX}"))
    return MappingProxyType(
        {
            file.name.removeprefix(SAMPLE_PREFIX).removesuffix(SAMPLE_SUFFIX): Document.parse(
                file.read_bytes()
            )
            for file in files
        }
    )
