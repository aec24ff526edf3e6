"""THE table of commands: parser, help, completion and reference are made from it."""

from __future__ import annotations

from typing import Final

from vzvirt.cli.arguments import (
    ALL,
    DEFINITIONS,
    INSIDE,
    JSON,
    LIFE,
    LOOKING,
    REF,
    REFS,
    REST,
    VALIDATE,
)
from vzvirt.cli.command import NAMES, Argument, Command
from vzvirt.cli.formats import read_assignment, read_ctid, read_seconds
from vzvirt.cli.limits_table import LIMIT_COMMANDS
from vzvirt.cli.network_table import NETWORK_COMMANDS
from vzvirt.cli.storage_table import STORAGE_COMMANDS

_FILE: Final = Argument("FILE", "domain XML; '-': standard input", completes="file")
_FORMATS: Final = ("xml", "openvz-conf")

COMMANDS: Final = (
    Command(
        name="define",
        runs="definitions:define",
        group=DEFINITIONS,
        summary="write a container's definition from domain XML",
        arguments=(_FILE, VALIDATE, JSON),
        details="Only the definition is written: the root is unpacked by 'provision' or by the "
        "first 'start'. A container that exists already is given the new definition.",
        repairs=True,
    ),
    Command(
        name="edit",
        runs="editing:edit",
        group=DEFINITIONS,
        summary="edit a container's domain XML",
        arguments=(REF,),
        details="Opens $VISUAL, else $EDITOR, else 'editor'. What is refused can be edited "
        "again, and is kept where it is not; an unchanged document changes nothing. Where the "
        "definition was changed by somebody else meanwhile, that is not undone but said.",
        repairs=True,
    ),
    Command(
        name="undefine",
        runs="definitions:undefine",
        group=DEFINITIONS,
        summary="delete containers' definitions",
        arguments=(
            REFS,
            Argument("--remove-data", "delete the private area too"),
            Argument("--running", "let those that run go on without one"),
            JSON,
        ),
        details="The private area stays unless --remove-data is given. A folder of the "
        "user's that serves as root is never deleted. With --running a container that runs "
        "becomes transient: it is gone once it ends, and its private area stays.",
        repairs=True,
    ),
    Command(
        name="rename",
        runs="definitions:rename",
        group=DEFINITIONS,
        summary="give a container that is off another name",
        arguments=(REF, Argument("NAME", "its new name"), JSON),
        repairs=True,
    ),
    Command(
        name="autostart",
        runs="definitions:autostart",
        group=DEFINITIONS,
        summary="start containers with the host",
        arguments=(REFS, Argument("--disable", "do not start them with the host"), JSON),
        repairs=True,
    ),
    Command(
        name="provision",
        runs="life:provision",
        group=LIFE,
        summary="unpack a container's root from its template",
        arguments=(
            REF,
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
            JSON,
        ),
        repairs=True,
    ),
    Command(
        name="start",
        runs="life:start",
        group=LIFE,
        summary="start containers",
        arguments=(
            REFS,
            Argument("--paused", "leave them paused"),
            Argument("--console", "connect to the console afterwards"),
            JSON,
        ),
        repairs=True,
    ),
    Command(
        name="run",
        runs="life:run",
        group=LIFE,
        summary="start a container that is gone once it ends",
        arguments=(
            _FILE,
            VALIDATE,
            Argument("--paused", "leave it paused"),
            Argument("--console", "connect to the console afterwards"),
            JSON,
        ),
        details="Nothing is written below /etc/vz/conf. A root that is made from a template goes "
        "with the container, any other stays. 'vzvirt define' of its 'vzvirt dumpxml' makes it "
        "last. Where a container of that name and UUID is defined and off, it is that one which "
        "runs, for once with this definition.",
        repairs=True,
    ),
    Command(
        name="shutdown",
        runs="life:shutdown",
        group=LIFE,
        summary="ask containers to shut down, and wait",
        arguments=(
            REFS,
            Argument("--timeout", "seconds to wait", metavar="SECONDS", parse=read_seconds),
            JSON,
        ),
        repairs=True,
    ),
    Command(
        name="kill",
        runs="life:kill",
        group=LIFE,
        summary="end containers at once",
        arguments=(REFS, JSON),
        repairs=True,
    ),
    Command(
        name="reboot",
        runs="life:reboot",
        group=LIFE,
        summary="shut containers down and start them again",
        arguments=(REFS, JSON),
        repairs=True,
    ),
    Command(
        name="pause",
        runs="life:pause",
        group=LIFE,
        summary="freeze all processes of containers",
        arguments=(REFS, JSON),
        repairs=True,
    ),
    Command(
        name="unpause",
        runs="life:unpause",
        group=LIFE,
        summary="thaw paused containers",
        arguments=(REFS, JSON),
        repairs=True,
    ),
    Command(
        name="list",
        runs="looking:list_containers",
        group=LOOKING,
        summary="list containers",
        arguments=(ALL, JSON),
        details="With --quiet only the CTIDs are printed.",
    ),
    Command(
        name="info",
        runs="looking:info",
        group=LOOKING,
        summary="show all there is to know of a container",
        arguments=(REF, JSON),
    ),
    Command(
        name="dumpxml",
        runs="looking:dumpxml",
        group=LOOKING,
        summary="print a container's domain XML",
        arguments=(REF, Argument("--inactive", "what is stored, also while it runs")),
        details="Of a container that runs, what it runs with, limits that stand in vz.conf for "
        "all containers included. Of one that is off, what is stored: those limits are added when "
        "it starts, and 'vzvirt info' shows what they come to.",
    ),
    Command(
        name="logs",
        runs="inside:logs",
        group=LOOKING,
        summary="print what a container's console has shown",
        arguments=(
            REF,
            Argument("--follow", "go on until the container stops", short="-f"),
        ),
    ),
    Command(
        name="exec",
        runs="inside:execute",
        group=INSIDE,
        summary="run a command in a container",
        arguments=(
            REF,
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
        group=INSIDE,
        summary="get a login shell in a container",
        arguments=(REF,),
        repairs=True,
    ),
    Command(
        name="console",
        runs="inside:console",
        group=INSIDE,
        summary="connect to a container's console",
        arguments=(REF,),
        repairs=True,
    ),
    Command(
        name="push",
        runs="inside:push",
        group=INSIDE,
        summary="copy a file or folder into a container",
        arguments=(
            REF,
            Argument("LOCAL", "file or folder here", completes="file"),
            Argument("REMOTE", "path inside; a folder gets it inside"),
            JSON,
        ),
        repairs=True,
    ),
    Command(
        name="pull",
        runs="inside:pull",
        group=INSIDE,
        summary="copy a file or folder out of a container",
        arguments=(
            REF,
            Argument("REMOTE", "path inside"),
            Argument("LOCAL", "where to, here", completes="file"),
            JSON,
        ),
        repairs=True,
    ),
    Command(
        name="passwd",
        runs="inside:passwd",
        group=INSIDE,
        summary="set a user's password in a container",
        arguments=(REF, Argument("USER", "user inside; root if left out", optional=True), JSON),
        details="The password is asked for on a terminal, else it is the first line of "
        "standard input.",
        repairs=True,
    ),
    *NETWORK_COMMANDS,
    *LIMIT_COMMANDS,
    *STORAGE_COMMANDS,
    Command(
        name="validate",
        runs="files:validate",
        group=REST,
        summary="check domain or network XML against the schema",
        arguments=(
            Argument("FILE", "domain or network XML; '-': standard input", completes="file"),
            JSON,
        ),
        for_anyone=True,
    ),
    Command(
        name="convert",
        runs="files:convert",
        group=REST,
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
                "config to change; lines whose meaning stays are kept as they are",
                metavar="CONF",
                completes="file",
            ),
        ),
        details="Works on files alone and prints the result. Without --from the content decides, "
        "without --to it is the other format. Lines of a config that no element holds are "
        "carried in the XML and put back; ONBOOT is one of them.",
        for_anyone=True,
    ),
    Command(
        name="doctor",
        runs="host:doctor",
        group=REST,
        summary="say what this host can and cannot do",
        arguments=(JSON,),
        for_anyone=True,
    ),
    Command(
        name="completion",
        runs="host:completion",
        group=REST,
        summary="print the completion script for a shell",
        arguments=(Argument("SHELL", "which shell", values=("bash",)),),
        details="Put  source <(vzvirt completion bash)  into ~/.bashrc.",
        for_anyone=True,
    ),
    Command(
        name="install-units",
        runs="units:install",
        group=REST,
        summary="write what a host with systemd needs to run vzvirtd",
        arguments=(
            Argument("--program", "the daemon, if not this vzvirt's own", metavar="COMMAND"),
        ),
        details="Units go to /etc/systemd/system, below the root where one is set; sysusers and "
        "tmpfiles make the group 'vzvirt', whose members may use the daemon, and its folders.",
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
        name="internal forget",
        runs="internal:forget",
        group="",
        summary="called when a transient container has ended by itself",
        arguments=(Argument("CTID", "container", parse=read_ctid),),
    ),
    Command(
        name="internal rebooted",
        runs="internal:rebooted",
        group="",
        summary="called when a container has rebooted that needs help with DHCP",
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
        name="internal stem",
        runs="internal:stem",
        group="",
        summary="called by the daemon to have use cases done",
    ),
    Command(
        name="internal host-start",
        runs="internal:host_start",
        group="",
        summary="called when the host has booted",
    ),
    Command(
        name="internal host-stop",
        runs="internal:host_stop",
        group="",
        summary="called when the host goes down",
    ),
    Command(
        name="internal complete",
        runs="internal:complete",
        group="",
        summary="print the words a shell may offer",
        arguments=(Argument("KIND", "what is wanted", values=NAMES),),
        for_anyone=True,
    ),
)
