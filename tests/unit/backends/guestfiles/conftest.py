from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt.model.values import IdMap, IdRange

ACCOUNTS = (
    "root:x:0:0:root:/root:/bin/sh\n"
    "web:x:7:8:Web:/home/web:/bin/sh\n"
    "homeless:x:9:9::/nowhere:/bin/sh\n"
    "odd:x:none:0::/:/bin/sh\n"
    "# a comment\n"
    "short:x\n"
)
SHADOW = "root:*:19000:0:99999:7:::\nweb:!:19000:0:99999:7:::\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small guest's root."""
    folder = tmp_path / "guest"
    for path in ("etc", "root", "home/web", "tmp"):
        (folder / path).mkdir(parents=True)
    (folder / "etc/passwd").write_text(ACCOUNTS)
    (folder / "etc/shadow").write_text(SHADOW)
    (folder / "etc/shadow").chmod(0o640)
    return folder


@pytest.fixture
def owners() -> IdMap:
    """A map onto ourselves, so that an ordinary user can run these tests as well."""
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        return IdMap()
    return IdMap((IdRange(0, uid, 1),), (IdRange(0, gid, 1),))
