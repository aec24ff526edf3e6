"""OpenVZ's config files: ``/etc/vz/conf/CTID.conf``, samples, and vz.conf.

::

    text  <-- grammar -->  Document  <-- params -->  values  <-- domain -->  Domain

A ``Document`` keeps every byte. The table in ``params`` says what each key means. ``read`` and
``apply`` go between a document and a definition; ``remainder`` and ``merge`` care for what no key
holds. Nothing here touches a file, save for the package's own samples.
"""

from vzvirt.codec.vzconf.builtin import builtin_global, builtin_samples
from vzvirt.codec.vzconf.devices import expand_ctid
from vzvirt.codec.vzconf.domain import Read, apply, read, read_uuid
from vzvirt.codec.vzconf.globalconf import read_global
from vzvirt.codec.vzconf.grammar import EMPTY, Document
from vzvirt.codec.vzconf.params import BY_KEY, PARAMS
from vzvirt.codec.vzconf.rounding import rounded, roundings
from vzvirt.codec.vzconf.rows import Duplicates, Param, Scope
from vzvirt.codec.vzconf.sidecar import BridgeOf, merge, no_bridge, remainder

__all__ = [
    "Document",
    "EMPTY",
    "Read",
    "read",
    "apply",
    "rounded",
    "roundings",
    "remainder",
    "merge",
    "BridgeOf",
    "no_bridge",
    "read_uuid",
    "expand_ctid",
    "read_global",
    "builtin_global",
    "builtin_samples",
    "Param",
    "Duplicates",
    "Scope",
    "PARAMS",
    "BY_KEY",
]
