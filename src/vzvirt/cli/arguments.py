"""Arguments that several commands share, and the headings of help."""

from __future__ import annotations

from typing import Final

from vzvirt.cli.command import Argument

REF: Final = Argument("REF", "container: CTID, name or UUID", completes="container")
REFS: Final = Argument(
    "REF", "containers: CTID, name or UUID", completes="container", many=True, keyword="refs"
)
ANY_REFS: Final = Argument(
    "REF",
    "containers: CTID, name or UUID",
    completes="container",
    optional=True,
    many=True,
    keyword="refs",
)
NETWORK: Final = Argument("NET", "network: name or UUID", completes="network", keyword="ref")
NETWORKS: Final = Argument(
    "NET", "networks: name or UUID", completes="network", many=True, keyword="refs"
)
JSON: Final = Argument("--json", "print JSON")
ALL: Final = Argument("--all", "also those that do not run", short="-a", keyword="everything")
LIVE: Final = Argument("--live", "change what runs")
CONFIG: Final = Argument("--config", "change the definition")
VALIDATE: Final = Argument("--validate", "refuse what the schema does not know")

LIFE: Final = "Life"
DEFINITIONS: Final = "Definitions"
LOOKING: Final = "Looking"
INSIDE: Final = "Inside"
DEVICES: Final = "Devices and addresses"
NETWORKING: Final = "Networks"
LIMITS: Final = "Limits and use"
STORAGE: Final = "Storage and templates"
REST: Final = "Files and host"
