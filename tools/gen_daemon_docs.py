#!/usr/bin/env python3
"""Print the daemon's reference from its tables; with --check only say whether it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from gen_docs import code, main, table  # type: ignore[import-not-found]  # beside this file

from vzvirt.server import settings


def daemon_settings() -> str:
    """What ``vzvirtd.conf`` may say."""
    rows = []
    for name, item in settings.settings_table().items():
        default = getattr(settings.ServerSettings(), name)
        shown = item.shown or plain(default)
        when = "reload" if item.at_once else "start"
        rows.append((code(name), shown, when, item.help))
    return "\n".join(
        (
            "# Settings of the daemon\n",
            f"They stand in `/{settings.FILE}`, below the root where one is set, in the style of "
            "`libvirtd.conf`: `name = value`, where a value is a number (1 and 0 for yes and "
            'no), a text in quotes, or a list of texts such as `["CN=admin", "CN=web*"]`; `#` '
            "begins a comment. `vzvirtd --check-config` shows every wrong line. Those that "
            "count from the next reload do so after `systemctl reload vzvirtd` or SIGHUP.\n",
            table(("name", "default", "counts from the next", "meaning"), rows),
            "See also [settings of all of vzvirt](settings.md), which the daemon heeds, too.\n",
        )
    )


def plain(value: object) -> str:
    """A value as the file has it."""
    if isinstance(value, bool):
        return code(str(int(value)))
    return code(f'"{value}"' if isinstance(value, str) else str(value))


PAGES: Final[dict[str, Callable[[], str]]] = {
    "daemon-settings.md": daemon_settings,
}

if __name__ == "__main__":
    sys.exit(main(PAGES))
