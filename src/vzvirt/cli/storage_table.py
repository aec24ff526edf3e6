"""The part of THE table that is about storage and templates."""

from __future__ import annotations

from typing import Final

from vzvirt.cli.arguments import JSON, REF, STORAGE
from vzvirt.cli.command import Argument, Command
from vzvirt.cli.formats import read_inodes, read_space

_TEMPLATE: Final = Argument("NAME", "template", completes="template")
_NAME: Final = Argument("--name", "name in the cache", metavar="NAME")

STORAGE_COMMANDS: Final = (
    Command(
        name="quota",
        runs="storage:quota",
        group=STORAGE,
        summary="show or change a container's disk quotas",
        arguments=(
            REF,
            Argument("--size", "bytes on disk", metavar="SOFT:HARD", parse=read_space),
            Argument("--inodes", "number of files", metavar="SOFT:HARD", parse=read_inodes),
            JSON,
        ),
        details="Sizes take K, M, G or T; a bare number is KiB, as in OpenVZ. One value stands "
        "for both. Without options the quotas and what is used of them are shown.",
        repairs=True,
    ),
    Command(
        name="template list",
        runs="templates:list_templates",
        group=STORAGE,
        summary="list the templates in the cache",
        arguments=(JSON,),
    ),
    Command(
        name="template info",
        runs="templates:info",
        group=STORAGE,
        summary="look into a template",
        arguments=(_TEMPLATE, JSON),
    ),
    Command(
        name="template build",
        runs="templates:build",
        group=STORAGE,
        summary="make a template: busybox or debian",
        arguments=(
            Argument("RECIPE", "what to make it of", values=("busybox", "debian")),
            Argument("SUITE", "release, such as bookworm", optional=True),
            _NAME,
            JSON,
        ),
    ),
    Command(
        name="template import",
        runs="templates:import_archive",
        group=STORAGE,
        summary="take a root tarball into the cache",
        arguments=(
            Argument("FILE", "tar, plain or gz, xz, zst, bz2", completes="file"),
            _NAME,
            JSON,
        ),
        details="Without --name it is called as the file is.",
    ),
    Command(
        name="template remove",
        runs="templates:remove",
        group=STORAGE,
        summary="delete a template from the cache",
        arguments=(_TEMPLATE, JSON),
    ),
)
