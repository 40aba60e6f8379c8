"""The commands of the README, word by word, beside a live planner."""

import pathlib
import re
import signal
import time

import pytest

from support.planner import Planner, alert
from support.procs import BUILD, ROOT, Process, wait_for

README = (ROOT / "README.md").read_text()


def commands(heading):
    """The indented lines below a heading that run a program of ours; comments left to the shell."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^    (build/bin/.*)$", section, re.M)


@pytest.fixture
def shell(tmp_path, redis_server):
    """shell(line): the line as typed in the folder of a fresh build."""
    (tmp_path / "build").symlink_to(BUILD)
    processes = []

    def run(line):
        # A session of its own, so that it can be interrupted like by Ctrl-C.
        processes.append(Process(["setsid", "sh", "-c", f"exec {line}"], env=redis_server.env, cwd=tmp_path))
        return processes[-1]

    yield run
    for p in processes:
        p.close()


def printed(p, line, folder):
    """What the command has put out so far, into its file if it names one."""
    file = re.search(r" > (\S+)", line)
    return (folder / file[1]).read_text() if file and (folder / file[1]).exists() else p.stdout()


def heeds_ctrl_c(p):
    caught = re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{p.pid}/status").read_text())[1]
    return int(caught, 16) >> (signal.SIGINT - 1) & 1


def finish(p, line, folder):
    """Let it run until it has printed something; what goes on for long, or for ever, is ended by
    Ctrl-C."""
    if "tune" in line:
        wait_for(lambda: heeds_ctrl_c(p))
    else:
        wait_for(lambda: printed(p, line, folder) or not p.running(), 30, p.stderr)
    if "subscriber" in line or "tune" in line:
        p.signal(signal.SIGINT)
    status = p.wait(60)
    assert status == 0 or "tune" in line and "stopped:" in p.stderr(), f"{line}: {status}\n{p.stderr()}"
    return printed(p, line, folder)


@pytest.fixture
def life(spawn, redis_server):
    """A planner that has decided about half a minute of telemetry."""
    planner = Planner(spawn, redis_server, WARMUP_WINDOWS=5)
    for i in range(20):
        planner.ask(120 if i < 12 else 900, 2, time.time())
    return planner


@pytest.mark.parametrize("heading", ["Watch and debug", "Try a policy before it bites"])
def test_commands(heading, life, shell, tmp_path):
    lines = commands(heading)
    assert len(lines) > 4
    for line in lines:
        p = shell(line)
        if "subscriber" in line:
            wait_for(lambda: happens(life) and printed(p, line, tmp_path), 20, p.stderr, every=0.1)
        said = finish(p, line, tmp_path)
        assert said.strip() or "tune" in line, f"{line} printed nothing\n{p.stderr()}"
    if heading.startswith("Try"):
        assert "<svg" in (tmp_path / "flash.svg").read_text()


def happens(life):
    """One more window, for whoever listens."""
    life.publish(alert(900, 2, time.time()))
    return True
