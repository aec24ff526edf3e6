"""Why a network cannot be had: the errors, with the way out. Pure."""

from __future__ import annotations

from vzvirt import errors


def unknown(ref: str) -> errors.NoNetwork:
    """Nobody has defined or started it."""
    return errors.NoNetwork(
        f"there is no network '{ref}'", hint="'vzvirt net list --all' shows those there are"
    )


def inactive(name: str) -> errors.OperationInvalid:
    """It does not run, and what was asked needs that."""
    return errors.OperationInvalid(
        f"network '{name}' is not active", hint=f"start it: vzvirt net start {name}"
    )


def not_ours(name: str) -> errors.OperationInvalid:
    """It runs, but somebody else has started it."""
    return errors.OperationInvalid(
        f"network '{name}' is run by libvirt's own daemon, not by vzvirt",
        hint=f"virsh net-destroy {name}",
    )


def changed_meanwhile(name: str) -> errors.Outdated:
    """It is no longer what a change was made from."""
    return errors.Outdated(
        f"network '{name}' was changed by somebody else meanwhile",
        hint=f"see what it is now: vzvirt net dumpxml --inactive {name}",
    )
