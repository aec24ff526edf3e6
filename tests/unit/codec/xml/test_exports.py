from __future__ import annotations

import subprocess
import sys

import pytest

from vzvirt.codec import xml


@pytest.mark.parametrize("name", xml.__all__)
def test_every_export_is_there(name: str) -> None:
    assert hasattr(xml, name)


def test_another_name_is_an_error_as_usual() -> None:
    with pytest.raises(AttributeError, match="no attribute 'read_storage_pool'"):
        xml.read_storage_pool  # noqa: B018  # looking is the test


def test_what_few_commands_need_is_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys; from vzvirt.codec.xml import read_domain; early = set(sys.modules)\n"
        "from vzvirt.codec.xml import read_network, write_node_device\n"
        "print(*sorted(name for name in set(sys.modules) - early if 'codec.xml' in name))\n"
        "print('lxml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "vzvirt.codec.xml.network",
        "vzvirt.codec.xml.nodedev",
        "False",
    ]
