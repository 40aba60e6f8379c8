"""The replay tool on recorded telemetry: it decides what a live planner decided, to the byte."""

import json
import os
import random
import subprocess
import time

import pytest

from support import gemini
from support.gemini import verdict
from support.planner import Planner, alert
from support.procs import binary, free_port, wait_for

BATCH = 50  # alerts in flight
WINDOW_SEC = 4.0
STALE_SEC = 8.0  # at which a window of that length is too old to be trusted

ADAPTIVE = {"PLANNER_POLICY": "adaptive", "MAX_REPLICAS": 12, "WARMUP_WINDOWS": 5,
            "DOWN_HOLD_SEC": 20}
CLASSIC = {"PLANNER_POLICY": "classic", "COOLDOWN_SEC": 8, "HIST_WINDOWS": 15, "WARMUP_WINDOWS": 4,
           "ALPHA_UP": 2.5, "TARGET": "shop"}


# --- a life to record ---

class Service:
    """Windows of a service whose load wanders, jumps and fails, from now on; what is measured has
    some to do with how many replicas run."""

    def __init__(self, target, seed, edges):
        """${edges}: also windows that are nearly too old, or tell no time."""
        self.target, self.rng, self.edges = target, random.Random(seed), edges
        self.ts, self.running, self.load, self.left = time.time(), 2, 2.0, 0

    def _rate(self):
        rng = self.rng
        if not self.left:
            self.load, self.left = rng.choice([0.3, 1.5, 1.5, 3.0, 6.0, 11.0]), rng.randrange(5, 60)
        self.left -= 1
        return self.load * 60 * rng.uniform(0.9, 1.1)

    def _traffic(self, rps, p95_ms):
        rng = self.rng
        full = {"completed_rps": rps * rng.uniform(0.97, 1.02), "p50_ms": p95_ms / 2, "p95_ms": p95_ms,
                "p99_ms": p95_ms * 1.3, "error_rate": rng.choice([0, 0, 0, 0.001, 0.2]),
                "upstream_ms": rng.uniform(100, 130)}
        return {"rps": rps, "in_flight": rps * p95_ms / 1000, **(full if rng.random() < 0.9 else {})}

    def _ts(self):
        """Mostly one window after another; some stale, by little or much."""
        rng = self.rng
        self.ts += WINDOW_SEC if rng.random() < 0.97 else rng.choice([0, 1, 30, 400])
        if rng.random() < 0.9:
            return self.ts
        return time.time() - (STALE_SEC if self.edges else 100) + rng.gauss(0, 0.002)

    def alert(self):
        rng, rps = self.rng, self._rate()
        strain = rps / 60 / max(self.running, 1)
        p95_ms = 120 * (1 + max(0, strain - 0.7) * 6) * rng.uniform(0.97, 1.05)
        message = alert(p95_ms, self.running, self._ts(), self.target)
        message["ready"] = max(0, self.running - (rng.random() < 0.1))
        if rng.random() < 0.85:
            message["traffic"] = self._traffic(rps, p95_ms)
        if rng.random() < 0.03:
            message.update(success_rate=rng.choice([0.0, 0.4, 0.98]), requests=rng.choice([0, 3, 40]))
        if rng.random() < 0.03:
            del message[rng.choice(["id", "ready", "window_sec", "requests"] + ["ts"] * self.edges)]
        return message


def result(plan, rng):
    """What the executor says of a plan, which is not always what was asked."""
    count = plan["decision"]["replicas"]
    status = rng.choice(["ok", "ok", "ok", "skipped", "error"])
    wanted = count if status == "ok" else max(1, count - 1)
    return {"ts": time.time(), "id": plan["id"], "action": plan["decision"]["action"],
            "target": plan["container"], "reason": "", "result": {"status": status, "message": ""},
            "replicas_before": plan["telemetry"]["replicas"], "replicas_after": wanted,
            "duration_ms": 3, **({"wanted": wanted} if rng.random() < 0.9 else {})}


class Live:
    """A planner, an executor and whoever records them."""

    def __init__(self, spawn, server, edges=False, **settings):
        self.server, self.rng = server, random.Random(7)
        self.recorder = spawn("subscriber", "--json", env=server.env)
        wait_for(lambda: server.redis("PUBSUB", "NUMSUB", "advice")[1] == 1, what=self.recorder.stderr)
        self.planner = Planner(spawn, server, **settings)
        target = settings.get("TARGET", "app")
        # Two monitors of one target, out of step.
        self.services = [Service(t, n, edges)
                         for n, t in enumerate([target, target, "other", "third"])]

    def batch(self, n=BATCH):
        for _ in range(n):
            self.planner.publish(self.rng.choice(self.services).alert())
        for _ in range(n):
            plan = self.planner.plan()
            while plan["kind"] != "plan":
                plan = self.planner.plan()
            self.carry_out(plan)

    def carry_out(self, plan):
        if plan["decision"]["action"] == "noop" or self.rng.random() < 0.2:
            return
        for service in self.services:
            if service.target == plan["container"]:
                service.running = plan["decision"]["replicas"]
        self.planner.next_millisecond()
        self.planner.publish(result(plan, self.rng), "results")
        self.planner.next_millisecond()

    def recorded(self):
        """The lines, when all are there."""
        n = sum(self.server.redis("XLEN", f"agentic:{c}") for c in
                ("alerts", "actions", "results", "advice"))
        wait_for(lambda: len(self.recorder.lines()) >= n, what=self.recorder.stderr)
        return self.recorder.lines()


def replay(path, *args, settings=None, env=None, status=0, **options):
    sets = [a for name, value in (settings or {}).items() for a in ("--set", f"{name}={value}")]
    p = subprocess.run([binary("replay"), *args, *sets, *([str(path)] if path else [])], text=True,
                       capture_output=True, timeout=120,
                       env={**os.environ, **(env or {})}, **options)
    assert p.returncode == status, (p.returncode, p.stderr, p.stdout[-2000:])
    return p


def decisions(p):
    lines = [json.loads(line) for line in p.stdout.splitlines()]
    assert lines[-1]["kind"] == "summary" and all(x["kind"] == "decision" for x in lines[:-1])
    return lines[:-1], lines[-1]


def without_id_and_ts(plan):
    return json.dumps({k: v for k, v in plan.items() if k not in ("id", "ts")})


def assert_the_same(lines, found, summary, unanswered=0):
    """Every live plan is there, beside the same text."""
    live = [m["message"] for m in map(json.loads, lines)
            if m["channel"] == "actions" and m["message"]["kind"] == "plan"]
    beside = [f for f in found if "live" in f]
    assert [f["live"] for f in beside] == live
    for f in beside:
        assert without_id_and_ts(f["plan"]) == without_id_and_ts(f["live"])
    assert summary["matches"]["same"] == len(live)
    assert summary["matches"]["figures"] == summary["matches"]["differs"] == 0
    assert summary["matches"]["alone"] >= unanswered
    assert summary["malformed"] == sum(1 for m in map(json.loads, lines) if m["message"].get("broken"))


@pytest.fixture
def live(spawn, redis_server):
    def start(**settings):
        return Live(spawn, redis_server, **settings)

    return start


@pytest.fixture
def recording(tmp_path):
    def write(lines, name="telemetry.jsonl"):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


# --- to the byte ---

@pytest.mark.parametrize("settings", [ADAPTIVE, CLASSIC], ids=["adaptive", "classic"])
def test_it_decides_what_was_decided_live(live, recording, settings):
    run = live(edges=True, **settings)
    for n in range(60):
        run.batch()
        if n % 6 == 0:  # what the planner cannot use either
            run.planner.publish({"kind": "latency_metrics", "broken": True})
            run.planner.publish({"any": "thing"}, "results" if n % 12 else "advice")
    lines = [line for line in run.recorded() if '"any"' not in line]
    found, summary = decisions(replay(recording(lines), "--json", settings=settings))
    assert_the_same(lines, found, summary)
    assert len(found) > 3000
    seen = {f["plan"]["decision"]["action"] for f in found}
    assert {"scale_up", "scale_down", "noop"} <= seen
    reasons = {f["plan"]["decision"]["reason"] for f in found}
    assert settings is not ADAPTIVE or any("stale" in r for r in reasons), sorted(reasons)
    assert {f["plan"]["container"] for f in found} >= {"other", "third"}


def test_advice_is_taken_as_it_was_taken(live, recording, tmp_path):
    fake = gemini.Gemini()
    rng = random.Random(3)
    fake.script(*(verdict(rng.choice(["scale_up", "scale_up", "noop", "scale_down"]))
                  for _ in range(1000)))
    (tmp_path / "key").write_text("k3y\n")
    try:
        run = live(**ADAPTIVE, LLM_API_KEY_FILE=tmp_path / "key", LLM_URL=fake.url, LLM_RPM=1000,
                   LLM_DEADBAND_MS=0)
        asked = 0
        end = time.monotonic() + 20
        while asked < 60 and time.monotonic() < end:
            run.batch(5)
            asked = len(fake.requests)
    finally:
        fake.close()
    lines = run.recorded()
    found, summary = decisions(replay(recording(lines), "--json", settings=ADAPTIVE))
    assert_the_same(lines, found, summary)
    advised = [f["plan"]["advisor"] for f in found if "advisor" in f["plan"]]
    assert len(advised) > 10
    assert any(a["followed"] for a in advised)


def test_a_kill_in_the_middle_changes_nothing(live, recording, redis_server):
    run = live(**ADAPTIVE)
    for n in range(40):
        run.batch()
        if n % 10 == 5:
            run.planner.process.kill()
            for service in run.services * 3:  # nobody answers these
                run.planner.publish(service.alert())
            run.planner.start()
    lines = run.recorded()
    found, summary = decisions(replay(recording(lines), "--json", settings=ADAPTIVE))
    assert_the_same(lines, found, summary, unanswered=4 * 12)

    # The streams in Redis are a recording as well.
    found, summary = decisions(replay(None, "--redis", "--json", settings=ADAPTIVE,
                                      env=redis_server.env))
    assert_the_same(lines, found, summary, unanswered=4 * 12)


# --- other settings ---

def windows(n=200, target="app", begin=1795458155.0, replicas=3, **more):
    """A quiet service with an hour of trouble, as the subscriber prints it."""
    return [json.dumps({"channel": "alerts", "message": {**alert(
        900.0 if n // 2 <= k < n // 2 + 20 else 120.0 + k % 3, replicas, begin + 4 * k, target), **more}})
        for k in range(n)]


def test_other_settings_are_marked(live, recording):
    run = live(**ADAPTIVE)
    for _ in range(20):
        run.batch()
    path = recording(run.recorded())
    other = {**ADAPTIVE, "PLANNER_POLICY": "classic", "ALPHA_UP": 1.5, "COOLDOWN_SEC": 0}
    found, summary = decisions(replay(path, "--json", settings=other))
    matches = summary["matches"]
    assert matches["same"] == 0 and matches["differs"] > 0
    assert sum(matches.values()) == summary["windows"] == len(found)
    assert sum(summary["decided"].values()) == summary["windows"]
    assert "another replica count" in summary["note"]
    differing = [f for f in found if f["match"] == "differs"]
    for f in differing:
        assert f["plan"]["decision"]["action"] != f["live"]["decision"]["action"] \
            or f["plan"]["decision"]["replicas"] != f["live"]["decision"]["replicas"]

    only, same_summary = decisions(replay(path, "--json", "--differences", settings=other))
    assert only == differing and same_summary == summary

    text = replay(path, "--differences", settings=other).stdout
    assert sum(" ! " in line for line in text.splitlines()) >= len(differing)
    assert "latency does not answer to another replica" in text
    assert max(map(len, text.splitlines())) <= 100


def test_alerts_alone_are_a_recording(recording):
    bare = [json.dumps(json.loads(line)["message"]) for line in windows()]
    p = replay(recording(bare))
    assert "200 windows, 2026-11-23 18:22:35 to 2026-11-23 18:35:51 UTC" in p.stdout
    assert "live decision" not in p.stdout and p.stderr == ""
    assert len(p.stdout.splitlines()) > 200


def test_standard_input(recording):
    with open(recording(windows()), encoding="utf-8") as f:
        assert "200 windows" in replay("-", stdin=f).stdout


# --- what it cost ---

def test_the_bill(recording):
    day = 86400
    begin = 1795478400 - 100 * 4  # 100 windows before midnight
    lines = windows(400, begin=begin) + windows(50, begin=begin + 2 * day, replicas=10)
    p = replay(recording(lines), "whatif", "--price", "0.5", "--json", settings={"MAX_REPLICAS": 10})
    bill = json.loads(p.stdout)
    assert [d["day"] for d in bill["days"]] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert [d["hours"] for d in bill["days"]] == [
        pytest.approx(n * 4 / 3600, abs=1e-5) for n in (100, 300, 50)]
    total = bill["total"]
    hours = (400 * 3 + 50 * 10) * 4 / 3600
    assert total["replica_hours"] == pytest.approx(hours, abs=1e-5)
    assert total["cost"] == pytest.approx(hours * 0.5, abs=1e-5)
    assert total["fixed_cost"] == pytest.approx(450 * 4 / 3600 * 10 * 0.5, abs=1e-5)
    assert total["saved"] == pytest.approx(total["fixed_cost"] - total["cost"], abs=1e-5)
    assert [d["slo_lost"] for d in bill["days"]] == [0, 20, 20]  # those of the trouble
    assert total["slo_kept"] + total["slo_lost"] + total["slo_open"] == 450

    text = replay(recording(lines), "whatif", "--price", "0.5").stdout
    assert text.splitlines()[4].startswith("total") and f"{hours * 0.5:.2f}" in text


# --- bad input ---

def test_malformed_lines_are_named_and_passed_over(recording):
    lines = windows(400)
    lines[5] = "{broken"
    lines[77] = '{"channel":"alerts","message":{"kind":"latency_metrics"}}'
    lines[390] = '{"channel":"results","message":{"action":7}}'
    p = replay(recording(lines))
    assert [line.split(":")[0] for line in p.stderr.splitlines()] == ["line 6", "line 78", "line 391"]
    assert "397 windows" in p.stdout and "3 malformed lines were passed over" in p.stdout


@pytest.mark.parametrize("command", [[], ["whatif", "--price", "1"]])
def test_too_many_malformed_lines_are_refused(recording, command):
    lines = windows(400)
    lines[100:105] = ["{broken"] * 5
    p = replay(recording(lines), *command, status=1)
    assert "more than 1 %" in p.stderr.splitlines()[-1]
    assert "windows, " not in p.stdout and "total" not in p.stdout


def test_what_is_no_recording(recording, tmp_path):
    for path, words in [(tmp_path / "none", "No such file"), (tmp_path, "Is a directory"),
                        (recording([], "empty"), "no alerts"), ("/dev/null", "no alerts"),
                        (recording(["x"] * 5), "more than 1 %"), ("/dev/zero", "does not end")]:
        p = replay(path, status=1)
        assert words in p.stderr, (path, p.stderr)
        assert p.stdout == ""


def test_a_line_of_10_gb(tmp_path):
    path = tmp_path / "long"
    path.write_text(windows(1)[0] + "\n{")
    os.truncate(path, 10 << 30)
    p = subprocess.Popen([binary("replay"), str(path)], text=True, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
    message = p.stderr.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    p.stderr.close()
    assert "does not end" in message and p.returncode == 1
    assert usage.ru_maxrss < 300 * 1024  # kilobytes


def test_a_reader_that_leaves(recording):
    path = recording(windows(3000))
    p = subprocess.Popen([binary("replay"), str(path)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    p.stdout.readline()
    p.stdout.close()
    assert p.wait(20) == 1
    p.stderr.close()


# --- the command line ---

@pytest.mark.parametrize("args,words", [
    ([], "needs a recording"),
    (["a", "b"], "one argument too many"),
    (["--redis", "a"], "needs a recording"),
    (["--bogus", "a"], "--bogus: no such option of backtest"),
    (["--price", "1", "a"], "--price: no such option of backtest"),
    (["whatif", "a"], "--price"),
    (["whatif", "--price", "-1", "a"], "--price=-1: must be a number from 0"),
    (["a", "--set"], "--set: needs a value"),
    (["--set", "NONSENSE=1", "a"], "--set NONSENSE=1: must be NAME=VALUE"),
    (["--set", "ALPHA_UP", "a"], "--set ALPHA_UP: must be NAME=VALUE"),
    (["--set", "ALPHA_UP=many", "a"], "ALPHA_UP=many: must be a number"),
    (["--set", "MIN_REPLICAS=20", "a"], "MIN_REPLICAS=20: must be at most MAX_REPLICAS=10"),
])
def test_a_wrong_command_line(args, words):
    p = replay(None, *args, status=2, stdin=subprocess.DEVNULL)
    assert words in p.stderr and p.stdout == ""


def test_help():
    usage = replay(None, "--help").stdout
    assert "replay whatif" in usage and "Exit status" in usage
    for command in ("backtest", "whatif"):
        text = replay(None, command, "--help").stdout
        assert text.startswith(f"usage: replay {command}") and "--set NAME=VALUE" in text
        assert max(map(len, (usage + text).splitlines())) <= 100


def test_redis_that_is_not_there():
    p = replay(None, "--redis", env={"REDIS_PORT": str(free_port())}, status=1)
    assert "Redis: " in p.stderr and "refused" in p.stderr


def test_redis_with_nothing_in_it(redis_server):
    p = replay(None, "--redis", env=redis_server.env, status=1)
    assert "no alerts in 0 messages" in p.stderr
