"""THE table of commands: parser, help, completion and reference are made from it."""

from __future__ import annotations

from typing import Final

from vzvirt.cli.command import Argument, Command
from vzvirt.cli.formats import (
    read_assignment,
    read_ctid,
    read_inodes,
    read_seconds,
    read_space,
)

_REF: Final = Argument("REF", "container: CTID, name or UUID", completes="container")
_REFS: Final = Argument(
    "REF", "containers: CTID, name or UUID", completes="container", many=True, keyword="refs"
)
_FILE: Final = Argument("FILE", "domain XML; '-': standard input", completes="file")
_TEMPLATE: Final = Argument("NAME", "template", completes="template")
_JSON: Final = Argument("--json", "print JSON")
_NAME: Final = Argument("--name", "name in the cache", metavar="NAME")

_LIFE: Final = "Life"
_DEFINITIONS: Final = "Definitions"
_LOOKING: Final = "Looking"
_INSIDE: Final = "Inside"
_STORAGE: Final = "Storage and templates"
_REST: Final = "Files and host"

_FORMATS: Final = ("xml", "openvz-conf")

COMMANDS: Final = (
    Command(
        name="define",
        runs="definitions:define",
        group=_DEFINITIONS,
        summary="write a container's definition from domain XML",
        arguments=(_FILE, Argument("--validate", "refuse what the schema does not know"), _JSON),
        details="Only the definition is written: the root is unpacked by 'provision' or by the "
        "first 'start'. A container that exists already is given the new definition.",
        repairs=True,
    ),
    Command(
        name="edit",
        runs="editing:edit",
        group=_DEFINITIONS,
        summary="edit a container's domain XML",
        arguments=(_REF,),
        details="Opens $VISUAL, else $EDITOR, else 'editor'. What is refused can be edited "
        "again; an unchanged document changes nothing.",
        repairs=True,
    ),
    Command(
        name="undefine",
        runs="definitions:undefine",
        group=_DEFINITIONS,
        summary="delete containers' definitions",
        arguments=(_REFS, Argument("--remove-data", "delete the private area too"), _JSON),
        details="The private area stays unless --remove-data is given. A folder of the "
        "user's that serves as root is never deleted.",
        repairs=True,
    ),
    Command(
        name="autostart",
        runs="definitions:autostart",
        group=_DEFINITIONS,
        summary="start containers with the host",
        arguments=(_REFS, Argument("--disable", "do not start them with the host"), _JSON),
        repairs=True,
    ),
    Command(
        name="provision",
        runs="life:provision",
        group=_LIFE,
        summary="unpack a container's root from its template",
        arguments=(
            _REF,
            Argument("--password", "ask for root's password on the terminal"),
            Argument("--password-stdin", "read root's password from standard input"),
            Argument(
                "--ssh-key",
                "let this public key log in as root",
                metavar="FILE",
                many=True,
                completes="file",
                keyword="ssh_keys",
            ),
            _JSON,
        ),
        repairs=True,
    ),
    Command(
        name="start",
        runs="life:start",
        group=_LIFE,
        summary="start containers",
        arguments=(
            _REFS,
            Argument("--paused", "leave them paused"),
            Argument("--console", "connect to the console afterwards"),
            _JSON,
        ),
        repairs=True,
    ),
    Command(
        name="shutdown",
        runs="life:shutdown",
        group=_LIFE,
        summary="ask containers to shut down, and wait",
        arguments=(
            _REFS,
            Argument("--timeout", "seconds to wait", metavar="SECONDS", parse=read_seconds),
            _JSON,
        ),
        repairs=True,
    ),
    Command(
        name="kill",
        runs="life:kill",
        group=_LIFE,
        summary="end containers at once",
        arguments=(_REFS, _JSON),
        repairs=True,
    ),
    Command(
        name="reboot",
        runs="life:reboot",
        group=_LIFE,
        summary="shut containers down and start them again",
        arguments=(_REFS, _JSON),
        repairs=True,
    ),
    Command(
        name="pause",
        runs="life:pause",
        group=_LIFE,
        summary="freeze all processes of containers",
        arguments=(_REFS, _JSON),
        repairs=True,
    ),
    Command(
        name="unpause",
        runs="life:unpause",
        group=_LIFE,
        summary="thaw paused containers",
        arguments=(_REFS, _JSON),
        repairs=True,
    ),
    Command(
        name="list",
        runs="looking:list_containers",
        group=_LOOKING,
        summary="list containers",
        arguments=(
            Argument("--all", "also those that do not run", short="-a", keyword="everything"),
            _JSON,
        ),
        details="With --quiet only the CTIDs are printed.",
    ),
    Command(
        name="info",
        runs="looking:info",
        group=_LOOKING,
        summary="show all there is to know of a container",
        arguments=(_REF, _JSON),
    ),
    Command(
        name="dumpxml",
        runs="looking:dumpxml",
        group=_LOOKING,
        summary="print a container's domain XML",
        arguments=(_REF,),
    ),
    Command(
        name="logs",
        runs="inside:logs",
        group=_LOOKING,
        summary="print what a container's console has shown",
        arguments=(
            _REF,
            Argument("--follow", "go on until the container stops", short="-f"),
        ),
    ),
    Command(
        name="exec",
        runs="inside:execute",
        group=_INSIDE,
        summary="run a command in a container",
        arguments=(
            _REF,
            Argument("--user", "user inside, by name or number", metavar="USER"),
            Argument("--cwd", "working folder inside", metavar="DIR", keyword="directory"),
            Argument(
                "--env",
                "add to its environment",
                metavar="NAME=VALUE",
                parse=read_assignment,
                many=True,
                keyword="environment",
            ),
            Argument("--tty", "give it a terminal", short="-t"),
            Argument("--no-tty", "give it no terminal", short="-T"),
        ),
        details="Ends with the command's exit status, or 128 + the signal that ended it. "
        "It has a terminal of its own if ours is one.",
        tail="COMMAND...",
        repairs=True,
    ),
    Command(
        name="enter",
        runs="inside:enter",
        group=_INSIDE,
        summary="get a login shell in a container",
        arguments=(_REF,),
        repairs=True,
    ),
    Command(
        name="console",
        runs="inside:console",
        group=_INSIDE,
        summary="connect to a container's console",
        arguments=(_REF,),
        repairs=True,
    ),
    Command(
        name="push",
        runs="inside:push",
        group=_INSIDE,
        summary="copy a file or folder into a container",
        arguments=(
            _REF,
            Argument("LOCAL", "file or folder here", completes="file"),
            Argument("REMOTE", "path inside; a folder gets it inside"),
        ),
        repairs=True,
    ),
    Command(
        name="pull",
        runs="inside:pull",
        group=_INSIDE,
        summary="copy a file or folder out of a container",
        arguments=(
            _REF,
            Argument("REMOTE", "path inside"),
            Argument("LOCAL", "where to, here", completes="file"),
        ),
        repairs=True,
    ),
    Command(
        name="passwd",
        runs="inside:passwd",
        group=_INSIDE,
        summary="set a user's password in a container",
        arguments=(_REF, Argument("USER", "user inside; root if left out", optional=True)),
        details="The password is asked for on a terminal, else it is the first line of "
        "standard input.",
        repairs=True,
    ),
    Command(
        name="quota",
        runs="storage:quota",
        group=_STORAGE,
        summary="show or change a container's disk quotas",
        arguments=(
            _REF,
            Argument("--size", "bytes on disk", metavar="SOFT:HARD", parse=read_space),
            Argument("--inodes", "number of files", metavar="SOFT:HARD", parse=read_inodes),
            _JSON,
        ),
        details="Sizes take K, M, G or T; a bare number is KiB, as in OpenVZ. One value stands "
        "for both. Without options the quotas and what is used of them are shown.",
        repairs=True,
    ),
    Command(
        name="template list",
        runs="templates:list_templates",
        group=_STORAGE,
        summary="list the templates in the cache",
        arguments=(_JSON,),
    ),
    Command(
        name="template info",
        runs="templates:info",
        group=_STORAGE,
        summary="look into a template",
        arguments=(_TEMPLATE, _JSON),
    ),
    Command(
        name="template build",
        runs="templates:build",
        group=_STORAGE,
        summary="make a template: busybox or debian",
        arguments=(
            Argument("RECIPE", "what to make it of", values=("busybox", "debian")),
            Argument("SUITE", "release, such as bookworm", optional=True),
            _NAME,
            _JSON,
        ),
    ),
    Command(
        name="template import",
        runs="templates:import_archive",
        group=_STORAGE,
        summary="take a root tarball into the cache",
        arguments=(
            Argument("FILE", "tar, plain or gz, xz, zst, bz2", completes="file"),
            _NAME,
            _JSON,
        ),
        details="Without --name it is called as the file is.",
    ),
    Command(
        name="template remove",
        runs="templates:remove",
        group=_STORAGE,
        summary="delete a template from the cache",
        arguments=(_TEMPLATE,),
    ),
    Command(
        name="validate",
        runs="files:validate",
        group=_REST,
        summary="check domain XML against the schema",
        arguments=(_FILE, _JSON),
        for_anyone=True,
    ),
    Command(
        name="convert",
        runs="files:convert",
        group=_REST,
        summary="convert between domain XML and OpenVZ's config",
        arguments=(
            Argument("FILE", "what to convert; '-': standard input", completes="file"),
            Argument(
                "--from", "its format", metavar="FORMAT", values=_FORMATS, keyword="source_format"
            ),
            Argument(
                "--to", "format wanted", metavar="FORMAT", values=_FORMATS, keyword="target_format"
            ),
            Argument("--ctid", "the container's number", metavar="CTID", parse=read_ctid),
            Argument(
                "--base",
                "config whose other lines are kept",
                metavar="CONF",
                completes="file",
            ),
        ),
        details="Works on files alone and prints the result. Without --from the content decides, "
        "without --to it is the other format. Lines of a config that no element holds are "
        "carried in the XML and put back.",
        for_anyone=True,
    ),
    Command(
        name="doctor",
        runs="host:doctor",
        group=_REST,
        summary="say what this host can and cannot do",
        arguments=(_JSON,),
        for_anyone=True,
    ),
    Command(
        name="completion",
        runs="host:completion",
        group=_REST,
        summary="print the completion script for a shell",
        arguments=(Argument("SHELL", "which shell", values=("bash",)),),
        details="Put  source <(vzvirt completion bash)  into ~/.bashrc.",
        for_anyone=True,
    ),
    Command(
        name="internal stopped",
        runs="internal:stopped",
        group="",
        summary="called when a container's processes have ended",
        arguments=(Argument("CTID", "container", parse=read_ctid),),
    ),
    Command(
        name="internal restart",
        runs="internal:restart",
        group="",
        summary="called to start a container again by its policy",
        arguments=(Argument("CTID", "container", parse=read_ctid),),
    ),
    Command(
        name="internal complete",
        runs="internal:complete",
        group="",
        summary="print the words a shell may offer",
        arguments=(Argument("KIND", "what is wanted", values=("container", "template")),),
        for_anyone=True,
    ),
)
