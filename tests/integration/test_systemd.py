"""The units of deploy/systemd, as systemd itself reads them: no mistake in them, and little exposed.
systemd need not run for that."""

import pathlib
import shutil
import subprocess

import pytest

from support.procs import BUILD, ROOT, binary

UNITS = ROOT / "deploy" / "systemd"
INSTALLED = "/usr/local/libexec/agentic-autoscaler"
DAEMONS = ["monitor", "planner", "executor", "watcher", "subscriber", "dashboard"]
NAMES = [*DAEMONS, "docker-proxy"]
EXPOSURE_MAX = 20  # of 100, by systemd-analyze; a unit without hardening has 96


def run(*args):
    """What it printed; the assertion fails where the exit status is not 0."""
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout + p.stderr


@pytest.fixture
def units(tmp_path):
    """The units with the programs where they were built."""
    copy = tmp_path / "units"
    shutil.copytree(UNITS, copy)
    for file in copy.glob("*.service"):
        file.write_text(file.read_text().replace(INSTALLED, str(BUILD / "bin")))
    return copy


def settings(name):
    """The lines of a unit and of what all have in common, as (key, value)."""
    files = [UNITS / f"agentic-{name}.service", UNITS / "agentic-.service.d" / "hardening.conf"]
    lines = "\n".join(f.read_text() for f in files).split("\n")
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


def test_there_is_a_unit_for_each():
    assert {f.name for f in UNITS.glob("*.service")} == {f"agentic-{n}.service" for n in NAMES}
    for name in DAEMONS:
        assert ("ExecStart", f"{INSTALLED}/{name}") in settings(name)


@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_no_mistake(units, name):
    assert run("systemd-analyze", "verify", "--man=no", units / f"agentic-{name}.service") == ""


def test_systemd_finds_no_mistake_in_the_example(units):
    drop_in = units / "agentic-planner.service.d"
    drop_in.mkdir()
    shutil.copy(units / "advisor.conf.example", drop_in / "advisor.conf")
    assert run("systemd-analyze", "verify", "--man=no", units / "agentic-planner.service") == ""


@pytest.mark.parametrize("name", NAMES)
def test_little_is_exposed(units, name):
    run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager",
        units / f"agentic-{name}.service")


def test_a_unit_without_the_common_part_would_not_pass(units):
    shutil.rmtree(units / "agentic-.service.d")
    with pytest.raises(AssertionError):
        run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
            "--no-pager", units / "agentic-monitor.service")


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_root_and_all_is_bounded(name):
    found = settings(name)
    keys = {key for key, _ in found}
    for wanted in [("User", f"agentic-{name}"), ("NoNewPrivileges", "yes"),
                   ("CapabilityBoundingSet", ""), ("ProtectSystem", "strict"),
                   ("SystemCallFilter", "@system-service")]:
        assert wanted in found
    assert {"MemoryMax", "TasksMax", "RestrictAddressFamilies", "UMask"} <= keys
    groups = [value for key, value in found if key == "SupplementaryGroups"]
    assert groups == (["docker"] if name == "docker-proxy" else [])


@pytest.mark.parametrize("name", DAEMONS)
def test_what_stands_still_is_started_anew(name):
    """test_supervisor.py shows that the daemons say what systemd waits for."""
    wanted = {("Type", "notify"), ("NotifyAccess", "main"), ("WatchdogSec", "30"), ("Restart", "always")}
    assert wanted <= set(settings(name))


@pytest.mark.parametrize("name", DAEMONS)
def test_secrets_are_credentials(name):
    found = settings(name)
    passed = {v.split(":")[0] for k, v in found if k == "LoadCredential"}
    assert passed == {"redis-password"} | ({"dashboard-password"} if name == "dashboard" else set())
    environment = " ".join(v for k, v in found if k == "Environment").split()
    secrets = [v for v in environment if "PASSWORD" in v or "KEY" in v]
    assert {v.split("=")[0] for v in secrets} >= {"REDIS_PASSWORD_FILE"}
    assert all("_FILE=%d/" in v for v in secrets)


@pytest.mark.parametrize("name", DAEMONS)
def test_every_setting_is_one_of_the_daemon(name):
    known = run(binary(name), "--help")
    for key, value in settings(name):
        for variable in value.split() if key == "Environment" else []:
            assert variable.split("=")[0].removesuffix("_FILE") in known


def test_users_and_directories_can_be_made(tmp_path):
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", UNITS / "agentic.sysusers")
    made = {line.split(":")[0]: line.split(":")[2]
            for line in (tmp_path / "etc" / "passwd").read_text().splitlines()}
    assert set(made) == {f"agentic-{name}" for name in NAMES}
    assert "0" not in made.values()
    for line in (UNITS / "agentic.tmpfiles").read_text().splitlines():
        if not line.startswith("#"):
            _, path, mode, user, group, _ = line.split()
            assert pathlib.PurePath(path).is_relative_to("/run/docker-proxy")
            assert user == "root" or (mode, user) == ("0710", "agentic-docker-proxy")
            assert group == "root" or group == f"agentic-{pathlib.PurePath(path).name}"
