"""Checks on limits, and on what the host has to give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vzvirt import errors
from vzvirt.manager.checks.case import Case, Check, WarnOnly
from vzvirt.model.host import runs_on
from vzvirt.model.resources import Accounting
from vzvirt.model.values import UNLIMITED

SMALLEST_MEMORY: Final = 1024 * 1024
"""Bytes below which not even an init starts."""


def vswap_has_an_end(case: Case) -> Iterator[errors.VzvirtError]:
    """OpenVZ tells the kinds of accounting apart by whether PHYSPAGES has a limit."""
    vswap = case.domain.openvz.accounting is Accounting.VSWAP
    if vswap and case.domain.memory.limit is UNLIMITED:
        yield errors.ConfigUnsupported(
            "accounting 'vswap' needs a finite <memory>",
            hint="give an amount, or say accounting='ubc'",
        )


def swap_needs_vswap(case: Case) -> Iterator[errors.VzvirtError]:
    """Classic beancounters have no swap."""
    if case.domain.openvz.accounting is Accounting.UBC and case.domain.memory.swap:
        yield errors.ConfigUnsupported(
            "accounting 'ubc' has no limit on swap (memtune/swap_hard_limit)",
            hint="leave it out, or say accounting='vswap'",
        )


def memory_is_enough(case: Case) -> Iterator[errors.VzvirtError]:
    """A limit in the wrong unit is nearly always too small."""
    limit = case.domain.memory.limit
    if isinstance(limit, int) and limit < SMALLEST_MEMORY:
        yield errors.InvalidArgument(
            f"<memory> of {limit} bytes is below {SMALLEST_MEMORY}: nothing could start",
            hint="mind the unit: it is KiB where none is given",
        )


def soft_is_below_hard(case: Case) -> Iterator[errors.VzvirtError]:
    """A high mark above the limit is never reached."""
    memory = case.domain.memory
    soft, limit = memory.soft_limit, memory.limit
    if isinstance(soft, int) and isinstance(limit, int) and soft > limit:
        yield errors.InvalidArgument(
            f"memtune/soft_limit ({soft} bytes) is above <memory> ({limit} bytes)"
        )


def machine_runs_here(case: Case) -> Iterator[errors.VzvirtError]:
    """A shared kernel runs programs of its own machine only."""
    arch = case.domain.os.arch
    if arch is not None and case.arch and not runs_on(case.arch, arch):
        yield errors.ConfigUnsupported(
            f"<os><type arch='{arch}'> does not run on this host, which is {case.arch}"
        )


def warn_more_processors(case: Case) -> Iterator[str]:
    """More than there are: legal, and of no use."""
    vcpus = case.domain.cpu.vcpus
    if vcpus is not None and vcpus > case.processors:
        yield f"<vcpu> asks for {vcpus} processors, this host has {case.processors}"


AT_DEFINE: Final[tuple[Check, ...]] = (
    vswap_has_an_end,
    swap_needs_vswap,
    memory_is_enough,
    soft_is_below_hard,
    machine_runs_here,
)

WARN_AT_DEFINE: Final[tuple[WarnOnly, ...]] = (warn_more_processors,)
