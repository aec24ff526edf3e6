"""Provision, start, stop, pause."""

from __future__ import annotations

from vzvirt import errors
from vzvirt.cli.session import Session, identity, read_file, read_password, title


def provision(
    session: Session,
    *,
    ref: str,
    password: bool,
    password_stdin: bool,
    ssh_keys: tuple[str, ...],
    json: bool,
) -> int:
    """Unpack a root, with the credentials that were given."""
    if password and password_stdin:
        raise errors.InvalidArgument("--password and --password-stdin exclude each other")
    session.find(ref)
    keys = [read_file(file).decode("utf-8", "replace").strip() for file in ssh_keys]
    secret = read_password("root") if password or password_stdin else None
    provisioning = session.manager.provisioning
    return session.each(
        [ref],
        lambda one: provisioning.provision(one, password=secret, ssh_keys=keys),
        "provisioned",
        json=json,
    )


def start(
    session: Session, *, refs: tuple[str, ...], paused: bool, console: bool, json: bool
) -> int:
    """Start containers; with ``console`` the only one's console follows."""
    if console and (len(refs) != 1 or paused):
        raise errors.InvalidArgument("--console goes with one container, which is not paused")
    lifecycle = session.manager.lifecycle
    done = "started, paused" if paused else "started"
    status = session.each(refs, lambda ref: lifecycle.start(ref, paused=paused), done, json=json)
    if console:
        session.output.flush()
        status = session.manager.guests.console(refs[0])
    return status


def run(
    session: Session, *, file: str, validate: bool, paused: bool, console: bool, json: bool
) -> int:
    """Start a container from domain XML, without defining it."""
    from vzvirt.codec.xml import read_domain

    if console and paused:
        raise errors.InvalidArgument("--console goes with a container that is not paused")
    read = read_domain(read_file(file), validate=validate)
    started = session.manager.lifecycle.start_transient(
        read.domain, paused=paused, warnings=read.warnings
    )
    for warning in started.warnings:
        session.output.warn(warning)
    done = "started, paused" if paused else "started"
    if json:
        session.output.json(
            {**identity(started.domain), "done": done, "warnings": list(started.warnings)}
        )
    else:
        session.output.note(f"{title(started.domain)} {done}")
    if not console:
        return 0
    session.output.flush()
    return session.manager.guests.console(str(started.domain.ctid))


def shutdown(session: Session, *, refs: tuple[str, ...], timeout: float | None, json: bool) -> int:
    """Ask containers to shut down, and wait until they have."""
    lifecycle = session.manager.lifecycle
    done = "was asked to shut down" if timeout == 0 else "shut down"
    return session.each(
        refs, lambda ref: lifecycle.shutdown(ref, timeout=timeout), done, json=json
    )


def kill(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """End containers at once."""
    return session.each(refs, session.manager.lifecycle.kill, "killed", json=json)


def reboot(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """Shut containers down and start them again."""
    return session.each(refs, session.manager.lifecycle.reboot, "rebooted", json=json)


def pause(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """Freeze containers."""
    return session.each(refs, session.manager.lifecycle.pause, "paused", json=json)


def unpause(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """Thaw containers."""
    return session.each(refs, session.manager.lifecycle.unpause, "unpaused", json=json)
