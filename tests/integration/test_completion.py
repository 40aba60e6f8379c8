"""bash completes what the programs' --help says."""

import re

import pytest

from support.completion import complete
from support.procs import binary

COMMANDS = ["backtest", "simulate", "tune", "whatif", "trace"]


@pytest.fixture
def folder(tmp_path):
    for name in ("subscriber", "planner", "replay"):
        (tmp_path / f"agentic-{name}").symlink_to(binary(name))
    (tmp_path / "telemetry.jsonl").touch()
    return tmp_path


@pytest.fixture
def help_of(spawn):
    def run(*args):
        p = spawn(args[0], *args[1:], "--help")
        assert p.wait() == 0
        return p.stdout()
    return run


def options(text):
    return re.findall(r"^  (--?[a-z][a-z-]*)", text, re.M)


def rows(text):
    """The rows of replay's table of options: {option: range}."""
    found = re.findall(r"^  (--[a-z-]+) +(.{14}) (.*)$", text, re.M)
    return {name: re.split(r"  ", rest)[0] for name, _, rest in found}


@pytest.mark.parametrize("name", ["subscriber", "planner"])
def test_every_option(folder, help_of, name):
    known = options(help_of(name))
    assert len(known) >= 6
    assert sorted(complete(folder, f"agentic-{name}", "-")) == sorted(known)
    for option in known:
        assert option in complete(folder, f"agentic-{name}", option[:4])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_replay(folder, help_of, command):
    known = options(help_of("replay", command)) + ["--help", "--version"]
    assert len(known) >= 5
    assert sorted(complete(folder, "agentic-replay", command, "-")) == sorted(known)
    if command == "backtest":
        assert sorted(complete(folder, "agentic-replay", "-")) == sorted(known)


def test_commands_and_files_of_replay(folder, help_of):
    usage = help_of("replay")
    assert all(re.search(rf"\breplay {command}\b", usage) for command in COMMANDS)
    named = set(re.findall(r"^  replay ([a-z]+) ", usage, re.M))
    assert named | {"backtest"} == set(COMMANDS)
    there = complete(folder, "agentic-replay", "")
    assert set(COMMANDS) <= set(there) and "telemetry.jsonl" in there
    assert complete(folder, "agentic-replay", "ba") == ["backtest"]
    assert complete(folder, "agentic-replay", "whatif", "tele") == ["telemetry.jsonl"]
    assert complete(folder, "agentic-replay", "trace", "tele") == []
    assert complete(folder, "agentic-replay", "simulate", "--svg", "tele") == ["telemetry.jsonl"]


def test_channels_are_those_of_the_help(folder, help_of):
    listed = re.search(r"only this channel \(([a-z, ]+), or any other", help_of("subscriber"))[1]
    assert complete(folder, "agentic-subscriber", "--channel", "") == listed.split(", ")
    assert complete(folder, "agentic-subscriber", "--channel", "res") == ["results"]


def test_durations(folder, help_of):
    for given in complete(folder, "agentic-subscriber", "--since", ""):
        assert re.fullmatch(r"\d+[smhd]", given)


def test_kinds_of_traces(folder, help_of):
    kinds = re.findall(r"^  ([a-z]+) ", help_of("replay", "trace").split("\nkinds")[1], re.M)
    assert len(kinds) == 10
    assert complete(folder, "agentic-replay", "trace", "--kind", "") == kinds


@pytest.mark.parametrize("command", COMMANDS)
def test_every_choice(folder, help_of, command):
    tried = 0
    for option, wanted in rows(help_of("replay", command)).items():
        if "|" in wanted and wanted != "true|false":
            given = complete(folder, "agentic-replay", command, option, "")
            assert given == wanted.split("|"), option
            tried += 1
        elif " to " in wanted and option != "--kind":
            assert complete(folder, "agentic-replay", command, option, "") == [], option
    assert tried == (1 if command in ("simulate", "tune") else 0)


def test_policies_and_settings(folder, help_of):
    policies = complete(folder, "agentic-replay", "simulate", "--policy", "")
    assert {"adaptive", "classic", "hpa", "oracle"} <= set(policies)
    assert all(p in help_of("replay", "simulate") for p in policies)
    given = complete(folder, "agentic-replay", "--set", "ALPHA")
    assert given == ["ALPHA_UP="]
    settings = complete(folder, "agentic-replay", "tune", "--set", "")
    assert all(s.endswith("=") and s[:-1] in help_of("planner") for s in settings)
    assert len(settings) > 30


def test_after_a_flag_come_files(folder):
    assert complete(folder, "agentic-replay", "backtest", "--json", "tele") == ["telemetry.jsonl"]


def test_a_program_that_is_not_there_completes_nothing(folder):
    (folder / "agentic-subscriber").unlink()
    assert complete(folder, "agentic-subscriber", "-") == []
