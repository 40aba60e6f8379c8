"""`make install` puts everything below DESTDIR, `make uninstall` takes it all away again."""

import os
import re
import shutil
import subprocess

import pytest

from support.completion import complete
from support.install import DAEMONS, files, make, stamps
from support.procs import ROOT

PATHS = {
    "defaults": ([], "usr/local"),
    "as a distribution": (["PREFIX=/usr", "unitdir=/lib/systemd/system"], "usr"),
    "daemons elsewhere": (["PREFIX=/opt/agentic", "libexecdir=/opt/agentic/lib"], "opt/agentic"),
}
ON_THE_PATH = {"agentic-planner", "agentic-subscriber", "agentic-replay"}


@pytest.fixture(scope="module", params=PATHS, ids=str)
def installed(request, tmp_path_factory):
    """(root, options of make, prefix below root)."""
    options, prefix = PATHS[request.param]
    root = tmp_path_factory.mktemp("root")
    make("install", f"DESTDIR={root}", *options)
    return root, options, root / prefix


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Installed with the defaults: the prefix below DESTDIR."""
    root = tmp_path_factory.mktemp("usual")
    make("install", f"DESTDIR={root}")
    return root / "usr" / "local"


def run(*args):
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and p.stderr == "", p.stderr
    return p.stdout


def libexec(root, options):
    given = [o.split("=")[1] for o in options if o.startswith("libexecdir=")]
    prefix = next((o.split("=")[1] for o in options if o.startswith("PREFIX=")), "/usr/local")
    return (given or [f"{prefix}/libexec"])[0] + "/agentic-autoscaler"


def test_programs_run_from_where_they_are(installed):
    root, options, prefix = installed
    assert {p.name for p in (prefix / "bin").iterdir()} == ON_THE_PATH
    daemons = root / libexec(root, options).lstrip("/")
    assert {p.name for p in daemons.iterdir()} == set(DAEMONS)
    for name in DAEMONS:
        assert run(daemons / name, "--help").startswith(f"usage: {name} ")
    for name in ON_THE_PATH:
        assert run(prefix / "bin" / name, "--help").startswith("usage: ")


def test_units_name_the_programs(installed):
    root, options, _ = installed
    unitdir = next(root.rglob("agentic-planner.service")).parent
    assert {p.name for p in unitdir.glob("*.service")} == {f"agentic-{n}.service" for n in [*DAEMONS, "docker-proxy"]}
    for name in DAEMONS:
        unit = (unitdir / f"agentic-{name}.service").read_text()
        program = re.search(r"^ExecStart=(.*)$", unit, re.M)[1]
        assert program == f"{libexec(root, options)}/{name}"
        assert (root / program.lstrip("/")).exists()
    assert (unitdir / "agentic-.service.d" / "hardening.conf").exists()


def test_uninstall_leaves_nothing(installed, tmp_path):
    root, options, prefix = installed
    copy = tmp_path / "root"
    shutil.copytree(root, copy, symlinks=True)
    other = copy / prefix.relative_to(root) / "bin" / "somebody-elses"
    other.touch()
    make("uninstall", f"DESTDIR={copy}", *options)
    assert files(copy) == {str(other.relative_to(copy))}
    assert not [p for p in copy.rglob("*agentic*") if p.name != "agentic"]


def test_a_second_install_and_nothing_built_meanwhile(installed):
    root, options, _ = installed
    before, built = files(root), stamps()
    make("install", f"DESTDIR={root}", *options)
    assert files(root) == before
    assert stamps() == built


def test_modes_and_owners(installed):
    root, _, _ = installed
    for path in files(root):
        mode = (root / path).lstat().st_mode & 0o7777
        wanted = 0o755 if "/bin/" in path or "autoscaler/" in path and "/share/" not in path else 0o644
        if (root / path).is_symlink():
            assert (root / path).resolve().is_relative_to(root)
        elif path.endswith("make-users"):
            assert mode == 0o755
        else:
            assert mode == wanted, path


def test_examples_are_complete(usual, tmp_path):
    share = usual / "share" / "agentic-autoscaler"
    run(share / "redis" / "make-users", tmp_path / "keys")
    assert "user planner " in (tmp_path / "keys" / "users.acl").read_text()
    assert (share / "nginx" / "docker-proxy.conf").read_bytes() == (ROOT / "nginx" / "docker-proxy.conf").read_bytes()
    assert (share / "env.example").read_bytes() == (ROOT / ".env.example").read_bytes()


def test_users_and_directories_come_from_where_they_are_installed(usual):
    root = usual.parents[1]
    (root / "etc").mkdir(exist_ok=True)
    as_root = [] if os.geteuid() == 0 else ["fakeroot", "--"]
    run(*as_root, "sh", "-c", 'systemd-sysusers --root="$0" 2>&1 && systemd-tmpfiles --root="$0" --create', root)
    users = (root / "etc" / "passwd").read_text()
    assert all(f"agentic-{name}:" in users for name in [*DAEMONS, "docker-proxy"])
    assert (root / "run" / "docker-proxy" / "executor").is_dir()


def test_completion_is_found_by_the_names_of_the_programs(usual):
    folder = usual / "share" / "bash-completion" / "completions"
    assert {p.name for p in folder.iterdir()} == ON_THE_PATH
    for name in ON_THE_PATH:
        assert "--help" in complete(usual / "bin", name, "--h", file=folder / name)


# --- man pages ---


def pages(prefix):
    return sorted((prefix / "share" / "man").rglob("agentic-*.[18]"))


def plain(page):
    """The page as text in one line, its words apart by one space."""
    return " ".join(run("sh", "-c", 'mandoc -O width=1000 -T ascii "$0" | col -b', page).split())


def test_man_pages_have_no_mistake(usual):
    assert [p.name for p in pages(usual)] == [
        "agentic-replay.1", "agentic-subscriber.1", "agentic-dashboard.8", "agentic-executor.8",
        "agentic-monitor.8", "agentic-planner.8", "agentic-watcher.8"]
    for page in pages(usual):
        run("mandoc", "-T", "lint", "-W", "warning", page)


@pytest.mark.parametrize("name", DAEMONS)
def test_every_setting_and_option_stands_in_its_page(usual, name):
    daemon = usual / "libexec" / "agentic-autoscaler" / name
    page = plain(next(p for p in pages(usual) if p.stem == f"agentic-{name}"))
    env = run(daemon, "--env-example")
    settings = re.findall(r"^# (.*)\n#([A-Z0-9_]+)=(.*)$", env, re.M)
    assert len(settings) >= 8 and len(settings) * 2 == len(env.splitlines())
    for words, variable, default in settings:
        assert f"{variable} {words}. " + (f"Default: {default}" if default else "Not set by default") in page
    for option in re.findall(r"^  (--?[a-z-]+)", run(daemon, "--help"), re.M):
        assert f" {option} " in page, option


def help_column(text, option):
    """What stands in the last column of an option's rows, or alone below it."""
    rows = re.search(rf"^  {option}\b.*\n((?:   .*\n)*)", text, re.M)
    first, more = rows[0].split("\n", 1)
    if option in ("--set", "--policy"):
        return " ".join(more.split()).replace("`planner", "`agentic-planner")
    return " ".join(f"{first[60:]} {' '.join(line[60:] for line in more.splitlines())}".split())


@pytest.mark.parametrize("command", ["backtest", "simulate", "tune", "whatif", "trace"])
def test_every_option_of_replay_stands_in_its_page(usual, command):
    help_text = run(usual / "bin" / "agentic-replay", command, "--help")
    page = plain(usual / "share" / "man" / "man1" / "agentic-replay.1")
    part = page.split(f" agentic-replay {command} [OPTION]...")[1].split(" agentic-replay ")[0]
    cells = re.findall(r"^  (--[a-z-]+) +(\S+)", help_text, re.M)
    assert len(cells) >= 4
    for option, default in cells:
        assert f" {option} " in part, option
        assert help_column(help_text, option) in part, option
        if default not in ("-", "false") and option not in ("--set", "--policy"):
            assert re.search(rf" {option} [^-]*default {re.escape(default)}\b", part), option


def test_links_between_pages_lead_somewhere(usual):
    names = {f"{p.stem}({p.suffix[1:]})" for p in pages(usual)}
    for page in pages(usual):
        links = set(re.findall(r"agentic-[a-z]+\([18]\)", plain(page).split("SEE ALSO")[1].rsplit("Agentic", 1)[0]))
        assert links == names - {f"{page.stem}({page.suffix[1:]})"}
