"""Write the simulation's own files: whole or not at all, but nobody waits for the disk.

A power cut ends a simulation, so nothing here has to outlive one.
"""

from __future__ import annotations

from pathlib import Path

from vzvirt.system.files import make_folder, mapping_os_errors


def replace_file(path: Path, data: bytes) -> None:
    """Give a file new content in one step.

    Raises:
        NoSpace: The disk is full; the old content stands.
    """
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.new")
    with mapping_os_errors(f"write '{path}'"):
        draft.write_bytes(data)
        draft.rename(path)
