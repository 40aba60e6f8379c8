"""The commands of the documents, as typed, beside a live planner and dashboard.  Those for a suite
in compose are run by tests/docker/test_compose.py; those that neither runs stand in
support/documents.py."""

import os
import pathlib
import re
import shutil
import signal
import time

import pytest

from support import documents
from support.planner import Planner, alert
from support.procs import BUILD, ROOT, Process, free_port, wait_for

HERE = [(d, c) for d, c in documents.all_commands() if documents.here(c)]
LASTING = re.compile(r"build/bin/(monitor|planner|executor|watcher|dashboard|app)$|redis-server ")
COMMAND = re.compile(r"(sudo|make|docker|curl|git|redis-cli|systemctl|journalctl) |(scripts|build)/\w")
ENDLESS = re.compile(r"build/bin/subscriber|redis-cli subscribe|replay tune")


class Shell:
    """A folder of a fresh build, where all that the documents name has a place of its own."""

    def __init__(self, folder, redis, dashboard):
        self.folder = folder
        self.processes = []
        (folder / "build").symlink_to(BUILD)
        (folder / "deploy").symlink_to(ROOT / "deploy")
        for name in ("etc", "srv", "bin"):
            (folder / name).mkdir()
        (folder / "etc" / "agentic-autoscaler").mkdir()
        (folder / "srv" / "lb" / "conf.d").mkdir(parents=True)
        self.places = {"/etc/": f"{folder}/etc/", "/srv/": f"{folder}/srv/", "6379": free_port(),
                       "PORT=8080": f"PORT={free_port()}", "8081": free_port(), "8082": free_port(),
                       "8090": dashboard.port}
        # Not the engine of this machine, on which a demo may run.
        self.env = {**redis.env, "PATH": f"{folder}/bin:{os.environ['PATH']}",
                    "DOCKER_HOST": f"unix://{folder}/nobody.sock"}
        # redis-cli takes its port from no environment.
        (folder / "bin" / "redis-cli").write_text(
            f'#!/bin/sh\nexec {shutil.which("redis-cli")} -p {redis.port} "$@"\n')
        (folder / "bin" / "redis-cli").chmod(0o755)

    def run(self, line, **env):
        """Start the line in a session of its own, so that it can be interrupted like by Ctrl-C."""
        self.forget(line)
        # In one pass: a port of a place may hold the digits of another.
        known = "|".join(map(re.escape, self.places))
        line = re.sub(known, lambda found: str(self.places[found[0]]), line)
        line = line.removesuffix(" &").replace("sudo ", "")  # nothing here is root's
        if not re.search(r"[|&(]", line):
            line = ("exec env " if re.match(r"[A-Z_]+=", line) else "exec ") + line
        self.processes.append(Process(["setsid", "sh", "-c", line], env={**self.env, **env},
                                      cwd=self.folder))
        return self.processes[-1]

    def output(self, line):
        """The file that a line writes, or None."""
        file = re.search(r" (?:>|tee)\s*([^\s)]+)", line)
        return self.folder / file[1].lstrip("/") if file else None

    def forget(self, line):
        """What an earlier line left in its file."""
        if self.output(line):
            self.output(line).unlink(missing_ok=True)

    def printed(self, p, line):
        """What it has put out so far."""
        file = self.output(line)
        if not file:
            return p.stdout()
        return file.read_text() if file.exists() else ""

    def close(self):
        for p in self.processes:
            p.close()


@pytest.fixture
def life(spawn, redis_server):
    """A planner that has decided about half a minute of telemetry."""
    planner = Planner(spawn, redis_server, WARMUP_WINDOWS=5)
    for i in range(20):
        planner.ask(120 if i < 12 else 900, 2, time.time())
    return planner


@pytest.fixture
def shell(tmp_path, redis_server, dashboard, life):
    there = Shell(tmp_path, redis_server, dashboard())
    yield there
    there.close()


def happens(life):
    """One more window, for whoever listens."""
    life.publish(alert(900, 2, time.time()))
    return True


def heeds_ctrl_c(p):
    caught = re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{p.pid}/status").read_text())[1]
    return int(caught, 16) >> (signal.SIGINT - 1) & 1


def lasts(shell, line):
    """A daemon: it starts, and ends well when it is told to."""
    # A port of its own each: a dashboard runs already.
    p = shell.run(line, **({"DASHBOARD_PORT": free_port()} if line.endswith("dashboard") else {}),
                  ACCESS_LOG_SOCKET=shell.folder / "access.sock")
    wait_for(lambda: re.search('msg="started"|Ready to accept', p.stderr() + p.stdout()), 10,
             lambda: f"{line}\n{p.stderr()}{p.stdout()}")
    assert p.terminate() == 0, f"{line}\n{p.stderr()}"


def goes_on(shell, line, life):
    """What goes on for long, or for ever, is ended by Ctrl-C when it has said something."""
    p = shell.run(line)
    if "tune" in line:
        wait_for(lambda: heeds_ctrl_c(p))
    else:
        wait_for(lambda: happens(life) and (shell.printed(p, line) or not p.running()), 20, p.stderr,
                 every=0.1)
    p.signal(signal.SIGINT)
    status = p.wait(60)
    good = {"tune": lambda: "stopped:" in p.stderr(), "redis-cli": lambda: status == -signal.SIGINT}
    assert status == 0 or any(word in line and check() for word, check in good.items()), \
        f"{line}: {status}\n{p.stderr()}"
    assert shell.printed(p, line).strip() or "tune" in line, f"{line} printed nothing\n{p.stderr()}"


def ends(shell, line):
    p = shell.run(line)
    status = p.wait(60)
    assert status == 0, f"{line}: {status}\n{p.stderr()}"
    silent = "mkdir" in line
    assert silent or shell.printed(p, line).strip(), f"{line} printed nothing\n{p.stderr()}"


@pytest.mark.parametrize("document", sorted({d for d, _ in HERE}))
def test_commands(document, shell, life):
    # What a command of another kind, run elsewhere, would have left.
    goes_on(shell, "build/bin/subscriber --json --since 24h > telemetry.jsonl", life)
    for line in (c for d, c in HERE if d == document):
        if LASTING.search(line.removesuffix(" &")) or line.startswith("redis-server"):
            lasts(shell, line)
        elif ENDLESS.search(line):
            goes_on(shell, line, life)
        else:
            ends(shell, line)
    if document == "README.md":
        assert "<svg" in (shell.folder / "flash.svg").read_text()


def test_every_other_command_is_run_where_it_is_said():
    commands = {c for _, c in documents.all_commands()}
    for command, (file, words) in documents.ELSEWHERE.items():
        assert command in commands, f"{command!r} is in no document any more"
        assert words in (ROOT / file).read_text(), f"{file} does not run {command!r} any more"
    for command in documents.BY_HAND:
        assert command in commands, f"{command!r} is in no document any more"
    assert len(HERE) > 20 and {d for d, _ in HERE} >= {"README.md", "docs/operations.md"}
    compose = (ROOT / "tests" / "docker" / "test_compose.py").read_text()
    assert "of_compose(" in compose and any(documents.of_compose(c) for c in commands)
    assert "commands(" in (ROOT / "tests" / "docker" / "test_own_service.py").read_text()


def test_documents_without_commands_have_none():
    for name in documents.OTHER:
        for line in documents.commands(documents.read(name)):
            assert not COMMAND.match(line), f"{name}: {line}"
