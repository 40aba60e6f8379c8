"""Traces as the replay tool takes them: good, bad, endless; made-up ones; tuning on them."""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

import pytest

from support.procs import binary, wait_for

HEADING = "t_seconds,requests_per_second\n"
FLAT = HEADING + "".join(f"{t},20\n" for t in range(0, 601, 60))


def replay(*args, stdin=None, text=None, timeout=60):
    return subprocess.run([binary("replay"), *map(str, args)], input=text, stdin=stdin,
                          capture_output=True, text=True, timeout=timeout)


def simulate(path, *args, **options):
    """One run of the fewest requests that is still one."""
    return replay("simulate", path, "--policy", "static:2", "--seeds", 1, *args, **options)


def write(tmp_path, content):
    path = tmp_path / "trace.csv"
    path.write_text(content)
    return path


# --- bad input ---

@pytest.mark.parametrize("content, words", [
    ("", "is empty"),
    ("\n\n# nothing\n", "is empty"),
    (HEADING, "is empty"),
    (FLAT + "660,nan\n", "line 13: a rate must be a finite number"),
    (FLAT + "inf,1\n", "line 13: a time must be a finite number"),
    (FLAT + "660,1e999\n", "line 13: a rate must be a finite number"),
    (FLAT + "660,-1\n", "line 13: a rate must be at least 0"),
    (FLAT + "660,1e300\n", "line 13: a rate must be at most"),
    (FLAT + "599,1\n", "line 13: time 599 comes after 600"),
    (FLAT + "hello\n", "1 of 12 lines are malformed, more than 1 %; the first is line 13"),
    ("one\ntwo\nthree\n", "2 of 2 lines are malformed"),
    (HEADING + HEADING + "0,1\n60,1\n", "1 of 3 lines are malformed"),
    ("0,1\n", "has one time only"),
    ("0,1\n0,2\n", "has one time only"),
    ("0,0\n60,0\n", "has no rate above 0"),
    ("0,1\n1e12,1\n", "are its times seconds?"),
    ("x" * 5000, "line 1 is longer than 1024 bytes"),
    (FLAT + "1" * 5000, "line 13 is longer than 1024 bytes"),
], ids=lambda value: repr(value[-24:]) if len(value) < 200 else f"{len(value)} bytes")
def test_a_bad_trace_is_refused_in_one_sentence(tmp_path, content, words):
    done = simulate(write(tmp_path, content))
    assert done.returncode == 1
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.startswith(f"{tmp_path}/trace.csv: ") and done.stderr.count("\n") == 1


def test_what_is_no_file_is_told(tmp_path):
    assert "is a directory" in simulate(tmp_path).stderr
    assert "No such file" in simulate(tmp_path / "none").stderr
    assert "line 1 is longer" in simulate("/dev/zero").stderr
    assert "is empty" in simulate("/dev/null").stderr


def test_a_line_of_10_gb_is_refused_at_once(tmp_path):
    path = tmp_path / "sparse"
    with open(path, "wb") as f:
        f.write(FLAT.encode())
        f.truncate(10 << 30)
    done = simulate(path, timeout=5)
    assert done.returncode == 1
    assert "line 13 is longer than 1024 bytes" in done.stderr


def test_a_pipe_that_never_ends_its_line_is_not_swallowed():
    p = subprocess.Popen([binary("replay"), "simulate", "-"], stdin=subprocess.PIPE,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    sent = 0
    with pytest.raises(BrokenPipeError):
        while True:
            sent += os.write(p.stdin.fileno(), b"1" * 65536)
    _, stderr = p.communicate(timeout=10)
    assert p.returncode == 1 and b"line 1 is longer" in stderr
    assert sent < 1 << 20


def test_single_malformed_lines_are_named_and_passed_over(tmp_path):
    good = [f"{t},{20 + t % 7}" for t in range(0, 24000, 60)]
    bad = good[:3] + ["12;3"] + good[3:300] + ["99,9,9"] + good[300:]
    expected = simulate(write(tmp_path, "\n".join(good)), "--json")
    assert expected.returncode == 0 and expected.stderr == ""
    done = simulate(write(tmp_path, "\r\n".join(bad)), "--json")
    assert done.returncode == 0
    assert done.stdout == expected.stdout
    assert re.findall(r"line (\d+): must be t_seconds,requests_per_second; passed over",
                      done.stderr) == ["4", "302"]


def test_of_many_malformed_lines_the_first_ten_are_named(tmp_path):
    lines = [f"{t},20" for t in range(0, 2000)]
    lines[::170] = ["?"] * len(lines[::170])
    done = simulate(write(tmp_path, HEADING + "\n".join(lines)))
    assert done.returncode == 0
    assert done.stderr.count("passed over\n") == 10
    assert "12 lines passed over, of which the first 10 are named" in done.stderr


# --- memory ---

def peak_kb(path):
    """The most memory that a run on ${path} had, by its high-water mark until it ended."""
    p = subprocess.Popen([binary("replay"), "simulate", path, "--policy", "static:2", "--seeds",
                          "1", "--smooth", "60"], stdout=subprocess.DEVNULL)
    status = pathlib.Path(f"/proc/{p.pid}/status")
    peak = 0
    while p.poll() is None:
        mark = re.search(r"^VmHWM:\s+(\d+)", status.read_text(), re.MULTILINE)
        peak = max(peak, int(mark[1]) if mark else 0)
    assert p.returncode == 0 and peak > 0
    return peak


def test_memory_does_not_grow_with_the_trace(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_text("".join(f"{t},20\n" for t in range(0, 2001)))
    with open(large, "w") as f:
        for t in range(0, 2_000_001):
            f.write(f"{t / 1000},20\n")
    assert large.stat().st_size > 20 << 20
    assert peak_kb(large) - peak_kb(small) < 4 << 10


# --- from where a trace may come ---

def test_a_pipe_is_as_good_as_a_file(tmp_path):
    path = write(tmp_path, FLAT)
    from_file = json.loads(simulate(path, "--json").stdout)
    from_pipe = json.loads(simulate("-", "--json", text=FLAT).stdout)
    with open(path) as f:
        from_input = json.loads(simulate("-", "--json", stdin=f).stdout)
    assert from_file.pop("trace") == "trace.csv"
    assert from_pipe.pop("trace") == from_input.pop("trace") == "standard input"
    assert from_file == from_pipe == from_input


def test_a_byte_order_mark_a_heading_and_comments_are_no_data(tmp_path):
    plain = simulate(write(tmp_path, "0,20\n600,20\n"), "--json")
    dressed = simulate(write(tmp_path, "\ufeff" + HEADING + "# by hand\n\n0,20\n600,20"), "--json")
    assert plain.returncode == 0 and dressed.stderr == ""
    assert dressed.stdout == plain.stdout


def kinds():
    """By their help, which the error for an unknown one repeats."""
    names = replay("trace", "--kind", "none").stderr.split("one of ")[1]
    return names.strip().split(", ")


def test_every_made_up_trace_is_one(tmp_path):
    assert {"diurnal", "step", "flash", "noisy", "onoff", "ramp", "flat"} <= set(kinds())
    for kind in kinds():
        made = replay("trace", "--kind", kind, "--span", 1800, "--seed", 3)
        assert made.returncode == 0 and made.stdout.startswith(HEADING)
        assert made.stdout == replay("trace", "--kind", kind, "--span", 1800, "--seed", 3).stdout
        done = simulate("-", text=made.stdout)
        assert done.returncode == 0 and done.stderr == "", kind


@pytest.mark.parametrize("args, words", [
    (["--kind", "none"], "--kind: must be one of"),
    ([], "--kind"),
    (["--kind", "flat", "--low", "300"], "the low rate must be at most the high one"),
    (["--kind", "flat", "--span", "1"], "the span in seconds must be 60 to"),
])
def test_a_trace_that_cannot_be_made_is_wrong_usage(args, words):
    done = replay("trace", *args)
    assert done.returncode == 2
    assert done.stdout == "" and words in done.stderr


def test_a_full_disk_is_told(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary("replay"), "trace", "--kind", "flat"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=10)
    assert done.returncode == 1 and "No space left on device" in done.stderr
    done = simulate(write(tmp_path, FLAT), "--svg", "/dev/full")
    assert done.returncode == 1 and "No space left on device" in done.stderr


# --- pictures ---

def test_a_picture_is_well_formed_xml_without_foreign_parts(tmp_path):
    picture = tmp_path / "race.svg"
    done = replay("simulate", write(tmp_path, FLAT), "--policy", "adaptive", "--policy", "hpa",
                  "--seeds", 2, "--svg", picture)
    assert done.returncode == 0
    tree = ElementTree.parse(picture)
    texts = [e.text for e in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "trace.csv"
    assert texts.count("adaptive") == texts.count("hpa") == 2
    for element in tree.iter():
        assert not element.tag.endswith(("script", "image", "use", "foreignObject"))
        assert not any("href" in name for name in element.attrib)


# --- tune ---

def test_tune_finds_a_front_and_says_what_is_on_it(tmp_path):
    picture = tmp_path / "tuned.svg"
    path = write(tmp_path, FLAT)
    done = replay("tune", path, path, "--peak", 1, "--seeds", 2, "--json", "--svg", picture)
    assert done.returncode == 0
    assert done.stderr == ""  # no bar where there is no terminal
    found = json.loads(done.stdout)
    assert found["complete"] is True and len(found["traces"]) == 2
    choices = found["choices"]
    assert sum(c["present"] for c in choices) == 1
    assert all(c["runs"] == 4 for c in choices)
    assert len({tuple(c["settings"].items()) for c in choices}) == len(choices)
    for c in choices:
        beaten = any(d["mean"]["psi_w"] <= c["mean"]["psi_w"] and
                     d["mean"]["cost"] <= c["mean"]["cost"] and d["mean"] != c["mean"]
                     for d in choices)
        assert c["front"] is not beaten
    ElementTree.parse(picture)

    table = replay("tune", path, "--peak", 1, "--seeds", 1).stdout
    assert "UTILISATION_MAX" in table and "\n now" in table
    assert all(len(line) <= 100 for line in table.splitlines())
    csv = replay("tune", path, "--peak", 1, "--seeds", 1, "--csv").stdout.splitlines()
    assert len(csv) == len(choices) + 1


def test_settings_that_were_set_are_a_choice_too(tmp_path):
    done = replay("tune", write(tmp_path, FLAT), "--peak", 1, "--seeds", 1, "--json", "--set",
                  "DOWN_HOLD_SEC=33")
    choices = json.loads(done.stdout)["choices"]
    present = [c for c in choices if c["present"]]
    assert present[0]["settings"]["DOWN_HOLD_SEC"] == 33
    assert {c["settings"]["DOWN_HOLD_SEC"] for c in choices} > {33, 30}


class Terminal:
    """`replay tune` with its standard error on a terminal, all of which is read as it comes."""

    def __init__(self, *args):
        master, terminal = pty.openpty()
        self.popen = subprocess.Popen([binary("replay"), "tune", *map(str, args)],
                                      stdout=subprocess.PIPE, stderr=terminal, text=True)
        os.close(terminal)
        self.shown = b""
        self.reader = threading.Thread(target=self._read, args=(master,))
        self.reader.start()

    def _read(self, master):
        try:
            while chunk := os.read(master, 65536):
                self.shown += chunk
        except OSError:
            pass  # how a terminal without processes ends
        os.close(master)

    def percent(self):
        return max((int(n) for n in re.findall(rb"(\d+) %", self.shown)), default=-1)

    def end(self):
        stdout, _ = self.popen.communicate(timeout=30)
        self.reader.join(10)
        return stdout


@pytest.fixture
def long_trace(tmp_path):
    """So long that nobody waits for its end."""
    return write(tmp_path, replay("trace", "--kind", "bursts", "--span", 7200).stdout)


def test_ctrl_c_ends_the_bar_and_prints_what_there_is(long_trace):
    t = Terminal(long_trace, "--seeds", 100, "--peak", 4)
    wait_for(lambda: t.percent() >= 1, timeout=60, what=lambda: t.shown)
    t.popen.send_signal(signal.SIGINT)
    table = t.end()
    assert t.popen.returncode == 0
    assert re.search(rb"\r\[#*\.+\] +\d+ %", t.shown)
    wiped = b"\r\x1b[K"
    said = re.fullmatch(rb"stopped: (\d+) of 54 choices were run, 0 of 100 seeds with all\s+",
                        t.shown.split(wiped)[-1])
    assert said, t.shown
    assert "\n now" in table
    assert f"Means of 1 run of each of {int(said[1])} choices" in table


def test_ctrl_c_before_anything_was_found_says_so(long_trace):
    t = Terminal(long_trace, "--seeds", 100, "--peak", 400)
    wait_for(lambda: t.percent() >= 0, what=lambda: t.shown)
    t.popen.send_signal(signal.SIGINT)
    assert t.end() == ""
    assert t.popen.returncode == 1
    assert b"stopped: 0 of 54 choices were run" in t.shown


def test_tune_refuses_what_it_cannot_read(tmp_path):
    good = write(tmp_path, FLAT)
    assert replay("tune").returncode == 2
    done = replay("tune", good, tmp_path / "none")
    assert done.returncode == 1 and done.stdout == "" and "none: No such file" in done.stderr
