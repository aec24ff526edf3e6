"""The command line without root: every command with the memory engine, one process each."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from commandline import PROGRAM, Vzvirt, domain_xml

CONFIGS = Path(__file__).parents[1] / "golden" / "vzconf"
NOBODY = 65534


@pytest.fixture
def vzvirt(tmp_path: Path) -> Vzvirt:
    return Vzvirt(tmp_path / "root", "memory")


@pytest.fixture
def web(vzvirt: Vzvirt) -> Vzvirt:
    vzvirt("template", "build", "busybox")
    vzvirt("define", "-", stdin=domain_xml("web", 101))
    return vzvirt


def test_a_life(vzvirt: Vzvirt, tmp_path: Path) -> None:
    xml = tmp_path / "web.xml"
    xml.write_text(domain_xml("web", 101))
    assert "template busybox built" in vzvirt("template", "build", "busybox")
    assert vzvirt("define", xml) == "container 101 (web) defined\n"
    assert vzvirt("list").count("\n") == 1
    assert "shut off" in vzvirt("list", "--all")
    assert vzvirt("start", "web") == "container 101 (web) started\n"
    assert "running" in vzvirt("list")
    assert vzvirt("pause", "101") == "container 101 (web) paused\n"
    assert "paused" in vzvirt("list")
    vzvirt("unpause", "web")
    vzvirt("reboot", "web")
    assert vzvirt("shutdown", "web") == "container 101 (web) shut down\n"
    assert "shut down" in vzvirt("list", "-a")
    vzvirt("start", "web", "--paused")
    assert vzvirt("kill", "web") == "container 101 (web) killed\n"
    assert vzvirt("undefine", "web", "--remove-data") == (
        "container 101 (web) undefined, its data removed\n"
    )
    assert vzvirt.json("list", "--all") == []


def test_a_reference_is_a_number_a_name_or_a_uuid(web: Vzvirt) -> None:
    uuid = web.json("list", "-a")[0]["uuid"]
    for ref in ("101", "web", uuid, uuid.replace("-", "").upper()):
        assert web.json("info", ref)["ctid"] == 101


def test_what_scripts_read(web: Vzvirt) -> None:
    (line,) = web.json("list", "-a")
    assert (line["ctid"], line["name"], line["state"]) == (101, "web", "shutoff")
    assert line["template"] == "busybox"
    info = web.json("info", "web")
    assert {"ctid", "uuid", "limits", "notes", "usage"} <= set(info)
    assert web("list", "-a", "-q") == "101\n"
    assert web("start", "web", "-q") == ""
    (done,) = web.json("kill", "web")
    assert (done["ctid"], done["done"]) == (101, "killed")
    assert web("template", "list", "-q") == "busybox\n"
    assert web.json("template", "list")[0]["name"] == "busybox"
    quota = web.json("quota", "web")
    assert [row["quota"] for row in quota["quotas"]] == ["size", "inodes"]
    defined = web.json("define", "-", stdin=domain_xml("db", 102))
    assert (defined["ctid"], defined["done"]) == (102, "defined")


def test_xml_comes_back(web: Vzvirt) -> None:
    xml = web("dumpxml", "web")
    assert web("define", "-", stdin=xml) == "container 101 (web) redefined\n"
    assert web("dumpxml", "web") == xml
    assert "valid" in web("validate", "-", stdin=xml)


def test_several_at_once(web: Vzvirt) -> None:
    web("define", "-", stdin=domain_xml("db", 102))
    done = web.call("start", "web", "nope", "db")
    assert done.returncode == 3
    assert done.stdout == "container 101 (web) started\ncontainer 102 (db) started\n"
    assert "nope" in done.stderr
    web("kill", "web", "db")


def test_autostart(web: Vzvirt) -> None:
    assert not web.json("list", "-a")[0]["autostart"]
    web("autostart", "web")
    assert web.json("list", "-a")[0]["autostart"]
    web("autostart", "web", "--disable")
    assert not web.json("list", "-a")[0]["autostart"]


def test_quota(web: Vzvirt) -> None:
    web("quota", "web", "--size", "1G:2G")
    size = web.json("quota", "web")["quotas"][0]
    assert (size["soft"], size["hard"]) == (1 << 30, 2 << 30)
    assert "2 GiB" in web("quota", "web")


def editor(tmp_path: Path, script: str) -> dict[str, str]:
    path = tmp_path / "an editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"EDITOR": f"'{path}' --wait", "VISUAL": "", "TMPDIR": str(tmp_path)}


def _limits(web: Vzvirt, *where: str) -> dict[str, str]:
    rows = web.json("limits", "web", *where)["limits"]
    return {row["parameter"]: row["value"] for row in rows}


def test_limits(web: Vzvirt) -> None:
    before = _limits(web)
    assert "container 101 (web) has other limits" in web("limits", "web", "--memory", "512M")
    assert _limits(web) == {**before, "memory": str(512 << 20)}
    web("start", "web")
    web("limits", "web", "--cpus", "2", "--cpu-limit", "50%", "--live")
    assert _limits(web)["vcpu"] == "2"
    assert "vcpu" not in _limits(web, "--config")
    web("limits", "web", "--memory", "1G", "--swap", "0", "--io-rate", "10M")
    for where in ("--live", "--config"):
        found = _limits(web, where)
        assert (found["memory"], found["swap"]) == (str(1 << 30), "0")
    assert "PARAMETER" in web("limits", "web")


def test_stats(web: Vzvirt) -> None:
    assert web.json("stats") == []
    web("start", "web")
    (found,) = web.json("stats")
    assert (found["name"], found["processes"]) == ("web", 1)
    assert 0 < found["memory"] < found["memory_limit"]
    assert web.json("stats", "101")[0]["cpu_time"] >= found["cpu_time"]
    assert "TASKS" in web("stats", "web")


def test_edit(web: Vzvirt, tmp_path: Path) -> None:
    done = web.call("edit", "web", environment=editor(tmp_path, "exit 0"))
    assert done.stdout == "container 101 (web) not changed\n"
    change = 'sed -i "s|</uuid>|</uuid><title>Shop</title>|" "$2"'
    done = web.call("edit", "web", environment=editor(tmp_path, change))
    assert (done.returncode, done.stdout) == (0, "container 101 (web) edited\n"), done
    assert "<title>Shop</title>" in web("dumpxml", "web")


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ('echo "<domain" > "$2"', 2, "vzvirt: error: "),
        ("exit 3", 1, "ended with status 3"),
        ('sed -i "s|id=.101.|id=\\"105\\"|" "$2"', 2, "id or uuid"),
    ],
)
def test_an_edit_that_is_refused_changes_nothing(
    web: Vzvirt, tmp_path: Path, script: str, status: int, words: str
) -> None:
    before = web("dumpxml", "web")
    done = web.call("edit", "web", environment=editor(tmp_path, script))
    assert done.returncode == status, done
    assert words in done.stderr
    assert web("dumpxml", "web") == before
    assert web("list", "-aq") == "101\n"


def test_what_is_done_inside_and_to_templates_is_told_to_programs(
    web: Vzvirt, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    web("provision", "web")
    for done, words in (
        ("pushed", ("push", "web", tmp_path / "file", "/note")),
        ("pulled", ("pull", "web", "/note", tmp_path / "back")),
    ):
        (told,) = web.json(*words)
        assert (told["ctid"], told["name"], told["done"]) == (101, "web", done)
    web("template", "build", "busybox", "--name", "spare")
    assert web.json("template", "remove", "spare") == {"name": "spare", "done": "removed"}


def test_an_edit_does_not_undo_what_others_do_meanwhile(web: Vzvirt, tmp_path: Path) -> None:
    conf = web.root / "etc/vz/conf/101.conf"
    script = (
        'sed -i "s|</uuid>|</uuid><title>Shop</title>|" "$2"\n'
        f"echo 'DESCRIPTION=\"of others\"' >> '{conf}'"
    )
    done = web.call("edit", "web", environment=editor(tmp_path, script))
    assert done.returncode == 4, done
    assert "changed by somebody else" in done.stderr
    assert "of others" in conf.read_text()
    assert "Shop" not in web("dumpxml", "web")
    (kept,) = tmp_path.glob("vzvirt-edit-*/101.xml")
    assert str(kept) in done.stderr
    assert "Shop" in kept.read_text()
    web("define", str(kept))


def test_an_edit_does_not_mind_a_start_meanwhile(web: Vzvirt, tmp_path: Path) -> None:
    script = (
        'sed -i "s|</uuid>|</uuid><title>Shop</title>|" "$2"\n'
        f"{sys.executable} -m vzvirt start web >&2"
    )
    done = web.call("edit", "web", environment=editor(tmp_path, script))
    assert done.stdout == "container 101 (web) edited\n", done
    assert not list(tmp_path.glob("vzvirt-edit-*"))


def test_no_editor(web: Vzvirt) -> None:
    done = web.call("edit", "web", environment={"VISUAL": "/nonexistent/ed"})
    assert done.returncode == 7
    assert "EDITOR" in done.stderr


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("start wbe", 3, "did you mean 'web'?"),
        ("start qqqq", 3, "vzvirt list --all"),
        ("info 999", 3, "999"),
        ("shutdown web", 4, "not running"),
        ("unpause web", 4, "start it first"),
        ("kill web", 4, "not running"),
        ("stats web", 4, "container 101 is not running"),
        ("limits web --memory 4K --swap 0", 2, "nothing could start"),
        ("limits web --cpus 2 --live", 4, "is not running"),
        ("limits web --live --config", 2, "either the live or the stored"),
        ("exec web -- true", 4, "start it first"),
        ("define /nonexistent.xml", 2, "cannot read '/nonexistent.xml': No such file"),
        ("define /", 2, "cannot read '/': Is a directory"),
        ("template info nope", 3, "nope"),
        ("template remove nope", 3, "nope"),
        ("template build fedora", 2, "busybox"),
        ("template build busybox bookworm", 2, "takes no suite"),
        ("template import /nonexistent.tar", 2, "there is no file"),
        ("exec -t -T web -- true", 2, "exclude each other"),
        ("start web --console --paused", 2, "--console"),
        ("passwd web", 2, "the password is empty"),
        ("provision web --password --password-stdin", 2, "exclude each other"),
        ("--engine vzctl list", 7, "--engine lxc"),
        ("list --lock-wait soon", 2, "--lock-wait is 'soon'"),
    ],
)
def test_what_is_refused(web: Vzvirt, line: str, status: int, words: str) -> None:
    assert words in web.refused(*line.split(), status=status)


def test_bad_xml_names_what_is_wrong(vzvirt: Vzvirt) -> None:
    assert "xen" in vzvirt.refused(
        "define", "-", stdin="<domain type='xen'><name>x</name></domain>", status=2
    )
    assert "vzvirt: error:" in vzvirt.refused("define", "-", stdin="", status=2)
    assert "MiB" in vzvirt.refused("define", "-", stdin="x" * (5 << 20), status=2)
    unknown = domain_xml("x").replace("<devices>", "<frobnicate/><devices>")
    assert "frobnicate" in vzvirt.refused("validate", "-", stdin=unknown, status=2)
    assert "frobnicate" in vzvirt.refused("define", "--validate", "-", stdin=unknown, status=2)


def test_a_template_that_is_not_there_is_a_warning(vzvirt: Vzvirt) -> None:
    xml = domain_xml("x").replace("busybox", "nothing-of-that-name")
    done = vzvirt.call("define", "-", stdin=xml)
    assert done.returncode == 0
    assert "warning: " in done.stderr
    assert "nothing-of-that-name" in done.stderr


def test_convert_touches_no_container(vzvirt: Vzvirt, tmp_path: Path) -> None:
    config = tmp_path / "105.conf"
    config.write_text(
        '# mine\nNAME="shop"\nOSTEMPLATE="busybox"\nODD_KEY="1"\nPHYSPAGES="0:65536"\n'
    )
    xml = vzvirt("convert", config)
    assert "<name>shop</name>" in xml
    assert "id='105'" in xml.replace('"', "'")
    back = vzvirt("convert", "-", stdin=xml)
    for line in ("# mine", 'NAME="shop"', 'ODD_KEY="1"', 'PHYSPAGES="0:65536"'):
        assert line in back.splitlines()
    based = vzvirt("convert", "--base", config, "-", stdin=xml)
    assert set(config.read_text().splitlines()) <= set(based.splitlines())
    assert "id='7'" in vzvirt("convert", "--ctid", "7", config).replace('"', "'")
    titled = xml.replace("<name>", "<title>Shop</title><name>")
    done = vzvirt.call("convert", "-", stdin=titled)
    assert "title" in done.stderr
    odd = xml.replace("<memory unit='KiB'>262144</memory>", "<memory unit='b'>1000001</memory>")
    assert "1000001 bytes becomes 1003520" in vzvirt.call("convert", "-", stdin=odd).stderr
    assert not vzvirt.root.exists() or not list(vzvirt.root.rglob("*.conf"))


@pytest.mark.parametrize("name", ["basic", "rich", "ugly", "vswap"])
def test_a_config_is_its_own_base(vzvirt: Vzvirt, name: str) -> None:
    config = CONFIGS / f"{name}.conf"
    xml = vzvirt.call("convert", config, "--ctid", "101").stdout
    based = vzvirt.call("convert", "-", "--ctid", "101", "--base", config, stdin=xml).stdout
    assert based == config.read_text()


def test_autostart_comes_along_from_a_config(vzvirt: Vzvirt, tmp_path: Path) -> None:
    config = tmp_path / "105.conf"
    config.write_text('ONBOOT="yes"\nOSTEMPLATE="busybox"\nPHYSPAGES="0:65536"\n')
    vzvirt.call("define", "-", stdin=vzvirt("convert", config))
    assert "Autostart:     yes" in vzvirt("info", "105")


def test_doctor(vzvirt: Vzvirt) -> None:
    done = vzvirt.call("doctor")
    assert done.returncode in {0, 7}
    assert "TOPIC" in done.stdout


def test_completion_offers_what_is_there(web: Vzvirt) -> None:
    assert web("internal", "complete", "container").split() == ["web", "101"]
    assert web("internal", "complete", "template") == "busybox\n"


def test_two_commands_on_one_container(web: Vzvirt) -> None:
    runs = [
        subprocess.Popen(
            [*PROGRAM, "start", "web"],
            env=web.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = sorted((run.communicate()[1], run.returncode) for run in runs)
    assert sorted(status for _, status in ends) == [0, 4], ends
    assert sum("already running" in words or "running" in words for words, _ in ends) == 1


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that belongs to an ordinary user."""
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-home-"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.root
def test_an_ordinary_user_has_a_place_of_his_own(home: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if "VZVIRT" not in name}
    environment = {**kept, "HOME": str(home)}
    environment.pop("XDG_STATE_HOME", None)

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            check=False,
            cwd="/",
        )

    refused = run("list")
    assert refused.returncode == 2
    assert "--engine memory" in refused.stderr
    defined = run("--engine", "memory", "define", "-", stdin=domain_xml("web"))
    assert defined.returncode == 0, defined
    listed = run("--engine", "memory", "list", "--all")
    assert "web" in listed.stdout, listed
    state = home / ".local" / "state" / "vzvirt"
    assert (state / "etc" / "vz" / "conf" / "101.conf").exists()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
