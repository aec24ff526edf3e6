"""Disk quotas."""

from __future__ import annotations

from vzvirt import errors
from vzvirt.cli.output import documents
from vzvirt.cli.reports import QUOTA_FIELDS, QuotaRow
from vzvirt.cli.session import Session, identity
from vzvirt.model.domain import Domain
from vzvirt.model.storage import Usage
from vzvirt.model.values import SoftHard


def quota(
    session: Session, *, ref: str, size: SoftHard | None, inodes: SoftHard | None, json: bool
) -> None:
    """Change quotas where any are given, and show how they stand."""
    output = session.output
    domain = session.find(ref)
    if size is not None or inodes is not None:
        domain = session.manager.quotas.set(str(domain.ctid), space=size, inodes=inodes)
    rows = _rows(domain, _usage(session, domain))
    if json:
        output.json({**identity(domain), "quotas": documents(QUOTA_FIELDS, rows)})
    else:
        output.table(QUOTA_FIELDS, rows)


def _usage(session: Session, domain: Domain) -> Usage | None:
    try:
        return session.manager.quotas.usage(str(domain.ctid))
    except errors.OperationInvalid:
        return None  # it has no private area yet


def _rows(domain: Domain, usage: Usage | None) -> tuple[QuotaRow, QuotaRow]:
    root = domain.root
    return (
        QuotaRow(
            "size",
            root.space if root else None,
            usage.used_bytes if usage else None,
            usage.size_bytes if usage else None,
            is_size=True,
        ),
        QuotaRow(
            "inodes",
            root.inodes if root else None,
            usage.used_inodes if usage else None,
            usage.inodes if usage else None,
            is_size=False,
        ),
    )
