"""Define, undefine, autostart."""

from __future__ import annotations

from vzvirt import errors
from vzvirt.cli.session import Session, identity, read_file, title
from vzvirt.codec.xml import read_domain


def define(session: Session, *, file: str, validate: bool, json: bool) -> None:
    """Write a definition from domain XML."""
    read = read_domain(read_file(file), validate=validate)
    defined = session.manager.definitions.define(read.domain, warnings=read.warnings)
    done = "defined" if defined.is_new else "redefined"
    for warning in defined.warnings:
        session.output.warn(warning)
    if json:
        session.output.json(
            {**identity(defined.domain), "done": done, "warnings": list(defined.warnings)}
        )
    else:
        session.output.note(f"{title(defined.domain)} {done}")


def undefine(
    session: Session, *, refs: tuple[str, ...], remove_data: bool, running: bool, json: bool
) -> int:
    """Delete definitions, and private areas where that is asked for."""
    if remove_data and running:
        raise errors.InvalidArgument("--remove-data and --running exclude each other")
    definitions = session.manager.definitions
    return session.each(
        refs,
        lambda ref: definitions.undefine(ref, remove_data=remove_data, running=running),
        "undefined, its data removed" if remove_data else "undefined",
        json=json,
    )


def rename(session: Session, *, ref: str, name: str, json: bool) -> int:
    """Give a container another name."""
    definitions = session.manager.definitions
    return session.each(
        [ref], lambda one: definitions.rename(one, name), f"is '{name}' now", json=json
    )


def autostart(session: Session, *, refs: tuple[str, ...], disable: bool, json: bool) -> int:
    """Say whether containers start with the host."""
    definitions = session.manager.definitions
    return session.each(
        refs,
        lambda ref: definitions.set_autostart(ref, not disable),
        "does not start with the host" if disable else "starts with the host",
        json=json,
    )
