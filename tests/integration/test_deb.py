"""The Debian package: `make deb` builds it; dpkg installs, removes and purges it in a root of its own.

That root has dpkg's list of what this machine has, so that dependencies count, and nothing else.
Maintainer scripts run as they do in a new system that is being made (DPKG_ROOT): no service is
touched."""

import os
import re
import shutil
import subprocess

import pytest

from support.install import DAEMONS, files, make
from support.procs import BUILD, ROOT

NAME = "agentic-autoscaler"
CONFIG = f"etc/{NAME}"


def run(*args, **options):
    options.setdefault("timeout", 120)
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True, **options)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout


@pytest.fixture(scope="module")
def package():
    """The package, built from the tree as it is now."""
    before = files(ROOT / "debian")
    make("deb")
    assert files(ROOT / "debian") == before
    version = (ROOT / "VERSION").read_text().strip()
    built = [p for p in (BUILD / "deb").glob("*.deb") if "dbgsym" not in p.name]
    assert [p.name.rsplit("_", 1)[0] for p in built] == [f"{NAME}_{version}"]
    return built[0]


class System:
    def __init__(self, root):
        self.root = root
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/updates").mkdir()
        shutil.copy("/var/lib/dpkg/status", root / "var/lib/dpkg/status")
        self.before = files(root)

    def dpkg(self, *args):
        as_root = [] if os.geteuid() == 0 else ["fakeroot", "--"]
        env = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C"}
        return run(*as_root, "dpkg", f"--root={self.root}", "--force-not-root",
                   "--force-script-chrootless", *args, env=env)

    def status(self):
        return self.dpkg("-s", NAME).split("Status: ")[1].split("\n")[0]

    def added(self):
        """What is there that was not, beside dpkg's own and the list of users."""
        return {f for f in files(self.root) - self.before
                if not re.match(r"var/lib/dpkg/|etc/\.?(passwd|group|g?shadow|pwd)", f)}


@pytest.fixture
def system(tmp_path, package):
    there = System(tmp_path / "root")
    there.dpkg("-i", package)
    assert there.status() == "install ok installed"
    return there


def test_it_installs_and_runs(system):
    for name in DAEMONS:
        program = system.root / "usr/libexec" / NAME / name
        version = (ROOT / "VERSION").read_text().strip()
        assert run(program, "--version") == f"{name} {version}\n"
    for name in ("subscriber", "replay", "planner"):
        assert run(system.root / "usr/bin" / f"agentic-{name}", "--help").startswith("usage: ")
    assert system.dpkg("-V", NAME) == ""


def test_units_find_their_programs_and_none_is_enabled(system):
    units = list(system.root.rglob("agentic-*.service"))
    assert len(units) == len(DAEMONS) + 1
    for unit in units:
        assert re.search("^Type=notify$", unit.read_text(), re.M) or "proxy" in unit.name
        program = re.search(r"^ExecStart=(\S+)", unit.read_text(), re.M)[1]
        if "proxy" not in unit.name:
            assert (system.root / program.lstrip("/")).exists()
    assert not list(system.root.rglob("*.wants"))


def test_users_and_directories_are_made(system):
    users = {line.split(":")[0] for line in (system.root / "etc/passwd").read_text().splitlines()}
    assert {f"agentic-{name}" for name in [*DAEMONS, "docker-proxy"]} <= users
    assert {p.name for p in (system.root / "run/docker-proxy").iterdir()} == {"monitor", "watcher", "executor"}


def configure(system):
    """What an administrator does."""
    run(system.root / "usr/share" / NAME / "redis/make-users", system.root / CONFIG / "redis")
    (system.root / CONFIG / "common.env").write_text("TARGET=shop\n")
    (system.root / "var/lib/agentic/conf.d").mkdir(parents=True)
    (system.root / "var/lib/agentic/conf.d/agentic-upstreams.conf").touch()
    run("systemctl", f"--root={system.root}", "enable", "agentic-planner", "agentic-docker-proxy")
    proxy = system.root / CONFIG / "docker-proxy.conf"
    proxy.write_text(proxy.read_text().replace("default app;", "default shop;"))


def test_another_install_keeps_what_was_configured(system, package):
    configure(system)
    system.dpkg("-i", package)
    assert "default shop;" in (system.root / CONFIG / "docker-proxy.conf").read_text()
    assert (system.root / CONFIG / "redis/planner").exists()
    assert len(list(system.root.rglob("*.wants/agentic-planner.service"))) == 1


def test_removed_it_keeps_the_configuration(system):
    configure(system)
    system.dpkg("-r", NAME)
    assert system.status() == "deinstall ok config-files"
    left = system.added()
    assert {f"{CONFIG}/docker-proxy.conf", f"{CONFIG}/redis/planner", f"{CONFIG}/common.env"} <= left
    assert not [f for f in left if f.startswith(("usr/", "lib/"))]


@pytest.mark.parametrize("how", ["at once", "after it was removed", "never configured"])
def test_purged_it_leaves_nothing(system, how):
    if how != "never configured":
        configure(system)
    if how == "after it was removed":
        system.dpkg("-r", NAME)
    system.dpkg("-P", NAME)
    assert system.added() == set()
    assert not [p for p in system.root.rglob("*agentic*") if "dpkg" not in p.parts]
    assert f"Package: {NAME}\n" not in (system.root / "var/lib/dpkg/status").read_text()


def test_it_waits_for_what_it_depends_on(tmp_path, package):
    bare = System(tmp_path / "root")
    (bare.root / "var/lib/dpkg/status").write_text("")
    with pytest.raises(AssertionError, match="depends on lib"):
        bare.dpkg("-i", package)


def test_the_changelog_has_the_version():
    first = (ROOT / "debian/changelog").read_text().split("\n")[0]
    assert f"{NAME} ({(ROOT / 'VERSION').read_text().strip()}) " in first


def test_it_is_built_with_what_setup_installs():
    setup = set(re.findall(r"^\t\t(\S+-dev)$", (ROOT / "scripts/setup").read_text(), re.M))
    control = (ROOT / "debian/control").read_text().split("Package:")[0]
    wanted = setup - {"libc6-dev", "libcmocka-dev"}
    assert len(wanted) >= 6 and wanted <= set(re.findall(r"^ ([^\s,]+)", control, re.M))


def test_without_the_page_s_library_the_build_says_so(tmp_path):
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "dashboard/package.json").touch()
    rules = ["make", "-f", ROOT / "debian/rules", "override_dh_auto_configure"]
    with pytest.raises(AssertionError, match="uplot is missing"):
        run(*rules, cwd=tmp_path)
    (tmp_path / "dashboard/node_modules/uplot").mkdir(parents=True)
    run(*rules, cwd=tmp_path)
