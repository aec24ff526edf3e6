"""vz.conf: where things are on a host, and the defaults of its containers.

The same grammar as a container's file. Paths come out as they stand there; whoever uses them puts
the root prefix before them. What a host's file leaves open, the built-in one says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vzvirt.codec.vzconf.builtin import builtin_global
from vzvirt.codec.vzconf.domain import read
from vzvirt.codec.vzconf.grammar import Document
from vzvirt.codec.vzconf.params import (
    BY_KEY,
    CONFIGFILE,
    DEF_OSTEMPLATE,
    DUMPDIR,
    LOCKDIR,
    SKIP_ARPDETECT,
    TEMPLATE,
    VE_PRIVATE,
)
from vzvirt.codec.vzconf.rows import Param
from vzvirt.codec.vzconf.values import Values, listen
from vzvirt.model.host import GlobalConfig

VE_ROOT: Final[Param[str]] = BY_KEY["VE_ROOT"]
VE_LAYOUT: Final[Param[str]] = BY_KEY["VE_LAYOUT"]
OWN_FIELDS: Final = ("VE_PRIVATE", "VE_ROOT", "VE_LAYOUT")
"""Container keys that are patterns or policy here, not values of any one container."""

REFUSED: Final = ("NETFILTER",)
"""Container keys that have no place in vz.conf."""


def read_global(document: Document) -> GlobalConfig:
    """What a vz.conf says.

    Returns:
        Paths without the root prefix. ``defaults`` is a partial definition of the container keys
        that stand there; what is not said is ``None`` or empty in it.
    """
    heard = listen(document)
    for key in REFUSED:
        if document.all(key):
            heard.warnings.append(f"{key} has no place in vz.conf, skipped")
    own = dict.fromkeys((*OWN_FIELDS, *REFUSED))
    values = heard.values
    defaults = read(document.with_values(own)).domain
    return GlobalConfig(
        lock_dir=Path(_said(LOCKDIR, values)),
        dump_dir=Path(_said(DUMPDIR, values)),
        template_dir=Path(_said(TEMPLATE, values)),
        private_pattern=_said(VE_PRIVATE, values),
        root_pattern=_said(VE_ROOT, values),
        default_template=_template_name(values.get(DEF_OSTEMPLATE)),
        default_sample=values.get(CONFIGFILE),
        default_layout=values.get(VE_LAYOUT),
        skips_address_probe=values.get(SKIP_ARPDETECT) or False,
        defaults=defaults,
        warnings=tuple(heard.warnings),
    )


def _said(param: Param[str], values: Values) -> str:
    """A value that must be there, if need be from the built-in file."""
    value = values.get(param) or listen(builtin_global()).values.get(param)
    if value is None:
        raise LookupError(f"the built-in vz.conf lacks {param.key}")
    return value


def _template_name(name: str | None) -> str | None:
    return name.lstrip(".") if name else None
