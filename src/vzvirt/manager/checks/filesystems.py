"""Checks on file systems: where the root is, what is mounted, and how much may be stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vzvirt import errors
from vzvirt.manager.areas import base_name, hard_shortfalls, refuse_beyond, soft_shortfalls
from vzvirt.manager.checks.case import Case, Check, WarnOnly
from vzvirt.model.devices import Filesystem, FilesystemKind

_ROOT_KINDS: Final = frozenset({FilesystemKind.TEMPLATE, FilesystemKind.MOUNT})
_QUOTA_HINT: Final = "a quota needs <filesystem type='template'>"


def root_is_not_the_hosts(case: Case) -> Iterator[errors.VzvirtError]:
    """A container on the host's own root would be the host."""
    for path, why in case.own_root.items():
        yield errors.InvalidArgument(
            f"'{path}' cannot be the root of '{case.domain.name}': {why}",
            hint="name a folder that holds nothing but the container",
        )


def root_has_a_kind_we_run(case: Case) -> Iterator[errors.VzvirtError]:
    """A root comes from a template, or is a folder."""
    root = case.domain.root
    if root is not None and root.kind not in _ROOT_KINDS:
        yield errors.ConfigUnsupported(
            f"<filesystem type='{root.kind.value}'> cannot be the root '/'",
            hint="use type='template', or type='mount' with a folder",
        )


def root_is_said(case: Case) -> Iterator[errors.VzvirtError]:
    """A root that is still to be made needs a template to come from."""
    root = case.domain.root
    made = case.domain.provisioned is not False or case.held
    if root is None or not (root.source or made):
        yield errors.ConfigUnsupported(
            f"'{case.domain.name}' has no <filesystem> for '/', "
            "and vz.conf names no default template (DEF_OSTEMPLATE)",
            hint="add <filesystem type='template'><source name='TEMPLATE'/></filesystem>",
        )


def root_is_in_one_place(case: Case) -> Iterator[errors.VzvirtError]:
    """A folder of the user's and a private area cannot both hold the root."""
    root, private = case.domain.root, case.domain.openvz.private_area
    if root is not None and root.kind is FilesystemKind.MOUNT and private is not None:
        yield errors.InvalidArgument(
            f"<filesystem type='mount'> puts the root in '{root.source}', "
            f"<openvz:private> in '{private}'",
            hint="leave one of the two out",
        )


def quotas_are_on_the_root(case: Case) -> Iterator[errors.VzvirtError]:
    """Only the private area has quotas of its own."""
    for item in case.domain.filesystems:
        owned = item.is_root and item.kind is FilesystemKind.TEMPLATE
        if not owned and (item.space is not None or item.inodes is not None):
            yield errors.ConfigUnsupported(
                f"the filesystem '{item.target}' is not a private area, it cannot have a quota",
                hint=_QUOTA_HINT,
            )


def ram_has_a_size(case: Case) -> Iterator[errors.VzvirtError]:
    """A tmpfs without a bound would be a way around the memory limit's accounting."""
    for item in case.domain.filesystems:
        if item.kind is FilesystemKind.RAM and not item.usage:
            yield errors.InvalidArgument(
                f"the ram filesystem '{item.target}' has no size",
                hint="add <source usage='...' units='KiB'/>",
            )


def layout_is_known(case: Case) -> Iterator[errors.VzvirtError]:
    """VE_LAYOUT names a layout that this host can use."""
    if case.layout is not None and case.layout.unusable is not None and case.held is None:
        yield errors.NoSupport(
            f"the layout '{case.layout.name}' cannot be used here: {case.layout.unusable}"
        )


def layout_keeps_the_quotas(case: Case) -> Iterator[errors.VzvirtError]:
    """What is asked for explicitly is kept, or refused."""
    if case.layout is None or case.from_elsewhere:
        return
    error = refuse_beyond(case.layout, case.layouts, case.domain.root)
    if error is not None:
        yield error


def layout_stays(case: Case) -> Iterator[errors.VzvirtError]:
    """A private area that exists is not turned into another layout by a define."""
    wanted = case.domain.openvz.layout
    if case.held and wanted and base_name(wanted) != case.held:
        yield errors.ConfigUnsupported(
            f"the private area of '{case.domain.name}' has the layout '{case.held}', "
            f"not '{wanted}'",
            hint=f"leave the layout out, or say '{case.held}'",
        )


def area_is_not_adopted(case: Case) -> Iterator[errors.VzvirtError]:
    """Files that no definition owned may be anybody's."""
    old = case.old
    moved = old is not None and old.openvz.private_area != case.domain.openvz.private_area
    if case.held is not None and (old is None or (moved and old.provisioned is False)):
        yield errors.Conflict(
            f"the private area '{case.places.private_area}' exists and is not empty",
            hint="move it away, or give the container another one",
        )


def provisioned_root_stays(case: Case) -> Iterator[errors.VzvirtError]:
    """Another place or another shift would leave the root that was made out of reach."""
    old, new = case.old, case.domain
    if old is None or old.provisioned is False:
        return
    if _kind(old.root) is FilesystemKind.TEMPLATE is not _kind(new.root):
        return  # a folder in the place of the private area: the area stays where it is
    if old.openvz.private_area != new.openvz.private_area:
        yield errors.InvalidArgument(
            f"the root of '{new.name}' is in '{old.openvz.private_area or 'its usual place'}', "
            f"not in '{new.openvz.private_area or 'the usual place'}'",
            hint="undefine it with its data first, or leave the private area as it is",
        )
    if old.idmap_shifted and old.idmap != new.idmap:
        yield errors.InvalidArgument(
            f"the files of '{new.name}' are owned after its old id map, the map cannot change",
            hint="leave <idmap> as it is",
        )


def _kind(root: Filesystem | None) -> FilesystemKind | None:
    return root.kind if root else None


def named_paths_exist(case: Case) -> Iterator[errors.VzvirtError]:
    """A mount of something that is not there would fail half-way through a start."""
    for item in case.domain.filesystems:
        if item.source in case.missing:
            yield errors.OperationFailed(
                f"the source '{item.source}' of filesystem '{item.target}' does not exist",
                hint="make it, or mount the file system that holds it",
            )


def private_area_is_there(case: Case) -> Iterator[errors.VzvirtError]:
    """A root that was made once and is gone is looked for, never silently made anew.

    It was, unless its definition says that it is still to be made: on an OpenVZ host a config
    and its root are made in one step.
    """
    made_once = case.domain.provisioned is not False
    if case.layout is not None and made_once and case.held is None:
        yield errors.OperationInvalid(
            f"the private area '{case.places.private_area}' of '{case.domain.name}' is gone",
            hint="is the file system that holds it mounted? "
            f"To make it anew: vzvirt provision {case.domain.name}",
        )


def warn_template_absent(case: Case) -> Iterator[str]:
    """A definition may come before its template."""
    root = case.domain.root
    to_be_made = case.domain.provisioned is False
    if root is None or root.kind is not FilesystemKind.TEMPLATE or not to_be_made:
        return
    if root.source and root.source not in case.templates:
        yield f"the template '{root.source}' is not in the cache: a start will need it"


def warn_template_changed(case: Case) -> Iterator[str]:
    """The template of a root that stands is a note."""
    old, new = case.old, case.domain
    if old is None or old.provisioned is False or old.root is None or new.root is None:
        return
    if old.root.source and old.root.source != new.root.source:
        yield (f"the root of '{new.name}' was made from '{old.root.source}', it stays as it is")


def warn_quotas_not_kept(case: Case) -> Iterator[str]:
    """Quotas that came along from elsewhere, beyond what the layout keeps."""
    if case.layout is None:
        return
    missing = hard_shortfalls(case.layout, case.domain.root)
    if missing:
        yield f"the layout '{case.layout.name}' does not keep {' and '.join(missing)}"


def warn_soft_limits_not_kept(case: Case) -> Iterator[str]:
    """Soft limits without anybody who warns."""
    if case.layout is None:
        return
    missing = soft_shortfalls(case.layout, case.domain.root)
    if missing:
        yield (
            f"the layout '{case.layout.name}' keeps hard limits only, not {' and '.join(missing)}"
        )


AT_DEFINE: Final[tuple[Check, ...]] = (
    root_is_not_the_hosts,
    root_is_said,
    root_is_in_one_place,
    root_has_a_kind_we_run,
    quotas_are_on_the_root,
    ram_has_a_size,
    layout_is_known,
    layout_keeps_the_quotas,
    layout_stays,
    area_is_not_adopted,
    provisioned_root_stays,
)

AT_START: Final[tuple[Check, ...]] = (
    root_is_not_the_hosts,
    root_is_said,
    root_is_in_one_place,
    root_has_a_kind_we_run,
    named_paths_exist,
    private_area_is_there,
)

WARN_AT_DEFINE: Final[tuple[WarnOnly, ...]] = (
    warn_template_absent,
    warn_template_changed,
    warn_quotas_not_kept,
    warn_soft_limits_not_kept,
)

WARN_AT_START: Final[tuple[WarnOnly, ...]] = (warn_quotas_not_kept,)

NOTES: Final[tuple[WarnOnly, ...]] = (warn_quotas_not_kept, warn_soft_limits_not_kept)
