from __future__ import annotations

import pytest

from vzvirt.model.host import runs_on


@pytest.mark.parametrize(
    ("machine", "wanted", "runs"),
    [
        ("x86_64", "x86_64", True),
        ("x86_64", "amd64", True),
        ("x86_64", "i486", True),
        ("x86_64", "aarch64", False),
        ("i686", "x86_64", False),
        ("riscv64", "riscv64", True),
    ],
)
def test_whose_programs_a_machine_runs(machine: str, wanted: str, runs: bool) -> None:
    assert runs_on(machine, wanted) is runs
