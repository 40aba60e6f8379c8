"""The subscriber as a process: what it prints, for people and for programs."""

import json
import os
import re
import signal
import time

import pytest

from support.procs import wait_for

ALERT = {"kind": "latency_metrics", "id": "a1", "target": "app", "endpoint": "http://lb/",
         "window_sec": 4.0, "requests": 20, "success_rate": 1.0, "avg_ms": 123.5, "p50_ms": 123.1,
         "p95_ms": 124.2, "p99_ms": 124.3, "replicas": 3, "ready": 3, "ts": 1795458155.613}
RESULT = {"ts": 1795458157.0, "id": "p1", "action": "scale_up", "target": "app", "reason": "r",
          "result": {"status": "ok", "message": "started app-dup-3"}, "replicas_before": 3,
          "replicas_after": 4, "duration_ms": 412}

ADVICE = {"ts": 1795458158.0, "kind": "advice", "id": "v1", "target": "app", "mode": "advise",
          "provider": "gemini", "model": "some-model", "outcome": "verdict", "latency_ms": 812,
          "heuristic": {"action": "noop", "replicas": 3},
          "decision": {"action": "scale_up", "reason": "p95 is rising"}}
JUDGEMENT = {"ts": 1795458238.0, "kind": "judgement", "id": "j1", "target": "app", "advice": "v1",
             "judgement": "helpful", "windows": 20, "slo_windows": 1, "replica_sec": 80,
             "reason": "it was needed"}
CHANNELS = ("alerts", "actions", "results", "advice")


def plan(id_, action, **more):
    return {"ts": 1795458156.0, "kind": "plan", "id": id_, "container": "app",
            "decision": {"action": action, "target": "app", "reason": "8.3x baseline", **more}}


@pytest.fixture
def subscriber(redis_server, spawn):
    """Start one, and wait until it listens (whether as the only one or not)."""
    def start(*args, env=None, **options):
        def listeners():
            return redis_server.redis("PUBSUB", "NUMSUB", *CHANNELS, "x")

        before = listeners()
        p = spawn("subscriber", *args, env={**redis_server.env, **(env or {})}, **options)
        wait_for(lambda: listeners() != before, what=p.stderr)
        return p
    return start


@pytest.fixture
def publish(redis_server):
    def send(channel, message):
        text = message if isinstance(message, str) else json.dumps(message)
        redis_server.redis.publish(channel, text)
    return send


class Terminal:
    """A pseudo terminal, of which one end is a process's standard output."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        self.text = ""

    def read(self):
        try:
            self.text += os.read(self.master, 65536).decode()
        except BlockingIOError:
            pass
        return self.text.replace("\r\n", "\n")

    def await_text(self, part):
        wait_for(lambda: part in self.read(), what=lambda: f"{part!r} in {self.text!r}")

    def close(self):
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    t = Terminal()
    yield t
    t.close()


def test_json_lines_hold_the_text_as_it_came(subscriber, publish):
    p = subscriber()
    texts = [("alerts", '{"id":"1",  "x":1.50, "u":"\\u00e4ä"}'), ("actions", '{"id":"2"}'),
             ("results", '{"any":"thing"}'), ("advice", '{"id":"3"}')]
    for channel, text in texts:
        publish(channel, text)
    wait_for(lambda: len(p.lines()) == 4, what=lambda: p.stdout() + p.stderr())
    # One connection carries them all, so their order is that of publishing.
    begins, heard, ends = zip(*(re.fullmatch(r'(.*,"heard_ts":)([0-9.]+)(,"message":.*)', line).groups()
                                for line in p.lines()))
    assert list(zip(begins, ends)) == [(f'{{"channel":"{c}","heard_ts":', f',"message":{t}}}')
                                       for c, t in texts]
    assert list(heard) == sorted(heard) and 0 <= time.time() - float(heard[0]) < 10
    assert p.terminate() == 0


@pytest.mark.parametrize("channel", CHANNELS)
def test_some_channels(subscriber, publish, channel):
    p = subscriber("--channel", "x", "--channel", channel)
    for c in (*CHANNELS, "x"):
        publish(c, {"about": c})
    wait_for(lambda: len(p.lines()) == 2, what=p.stdout)
    assert [json.loads(line)["channel"] for line in p.lines()] == [channel, "x"]


def test_since(redis_server, subscriber, spawn, publish):
    now = int(time.time() * 1000)
    for age_sec in (7200, 3000, 10):
        redis_server.redis("XADD", "agentic:alerts", f"{now - age_sec * 1000}-0", "json",
                           json.dumps({"id": str(age_sec), "age": age_sec}))

    def ages(*args):
        p = spawn("subscriber", "--json", *args, env=redis_server.env)
        wait_for(lambda: redis_server.redis("PUBSUB", "NUMSUB", "alerts")[1] == 1, what=p.stderr)
        publish("alerts", {"id": os.urandom(8).hex(), "age": 0})
        wait_for(lambda: p.lines() and '"age": 0' in p.lines()[-1], what=p.stderr)
        found = [json.loads(line)["message"]["age"] for line in p.lines()]
        assert p.terminate() == 0
        wait_for(lambda: redis_server.redis("PUBSUB", "NUMSUB", "alerts")[1] == 0, what="its end")
        return found

    assert ages()[-1:] == [0]
    assert ages("--since", "90m")[:2] == [3000, 10]
    assert ages("--since", f"{now - 3000000}-0")[:2] == [3000, 10]
    assert ages("--since", "0-0")[:3] == [7200, 3000, 10]


def test_malformed_messages_are_logged_once_and_skipped(subscriber, publish):
    p = subscriber()
    for _ in range(2):
        publish("alerts", "not json \x1b[2J" + "y" * 300)
    publish("alerts", ALERT)
    wait_for(lambda: len(p.lines()) == 1, what=p.stdout)
    complaints = [x for x in p.stderr().split("\n") if "message ignored" in x]
    assert len(complaints) == 1
    assert "not json" in complaints[0] and "\x1b" not in complaints[0]
    assert "y" * 150 in complaints[0] and "y" * 200 not in complaints[0]


def test_simulate(subscriber, publish):
    p = subscriber("--simulate", "--channel", "actions", env={"MAX_REPLICAS": "5"})
    publish("alerts", ALERT)
    for i, (action, more) in enumerate((("noop", {}), ("scale_up", {}), ("scale_up", {"replicas": 9}),
                                        ("restart", {}), ("scale_down", {"replicas": 1}))):
        publish("actions", plan(f"p{i}", action, **more))
    wait_for(lambda: len(p.lines()) == 9, what=lambda: p.stdout() + p.stderr())
    lines = [json.loads(line) for line in p.lines()]
    steps = [x["message"] for x in lines if x["channel"] == "ledger"]
    assert [(s["id"], s["replicas_before"], s["replicas_after"]) for s in steps] == \
        [("p1", 3, 4), ("p2", 4, 5), ("p3", 5, 5), ("p4", 5, 2)]
    assert {x["channel"] for x in lines} == {"actions", "ledger"}


def test_terminal(subscriber, publish, terminal):
    p = subscriber("--simulate", stdout=terminal.slave)
    publish("alerts", ALERT)
    publish("actions", plan("p0", "noop"))
    publish("actions", plan("p1", "scale_up", replicas=4))
    publish("results", RESULT)
    publish("advice", ADVICE)
    publish("advice", {**ADVICE, "id": "v2", "outcome": "failed", "cause": "HTTP 503"})
    publish("advice", JUDGEMENT)
    terminal.await_text("it was needed")
    # Channels are one connection, so the order holds.
    assert terminal.read() == (
        "2026-11-23 18:22:35  alert      app           p95    124.2  avg    123.5  p99    124.3  "
        "ms  ok 100.0 %  replicas 3, 3 ready\n"
        "2026-11-23 18:22:36  \x1b[33mplan     \x1b[0m  app           scale_up    -> 4    "
        "8.3x baseline  after 1 noop\n"
        "2026-11-23 18:22:36  \x1b[33mledger   \x1b[0m  app           scale_up    3 -> 4 replicas\n"
        "2026-11-23 18:22:37  \x1b[32mresult   \x1b[0m  app           scale_up    ok       3 -> 4"
        "  started app-dup-3  (412 ms)\n"
        "2026-11-23 18:22:38  \x1b[33madvice   \x1b[0m  app           scale_up    heuristic noop -> 3"
        "  p95 is rising  (some-model, 812 ms)\n"
        "2026-11-23 18:22:38  \x1b[31madvice   \x1b[0m  app           failed      HTTP 503"
        "  (some-model, 812 ms)\n"
        "2026-11-23 18:23:58  \x1b[32mjudgement\x1b[0m  app           helpful     "
        "1 of 20 windows over the objective, +80 replica-seconds  it was needed\n")
    assert p.terminate() == 0


def test_terminal_without_colours_and_with_noops(subscriber, publish, terminal):
    subscriber("-v", stdout=terminal.slave, env={"NO_COLOR": "1"})
    publish("actions", plan("p0", "noop"))
    terminal.await_text("8.3x baseline\n")
    assert "\x1b" not in terminal.read()
    assert "plan       app           noop" in terminal.read()


def test_terminal_with_json(subscriber, publish, terminal):
    subscriber("--json", stdout=terminal.slave)
    publish("alerts", ALERT)
    terminal.await_text("\n")
    line = json.loads(terminal.read())
    assert (line["channel"], line["message"]) == ("alerts", ALERT)


def test_closed_output_ends_it_quietly(subscriber, publish):
    reader, writer = os.pipe()
    p = subscriber(stdout=writer)
    os.close(writer)
    os.close(reader)
    publish("alerts", ALERT)
    assert p.wait(5) == 0
    assert "EPIPE" not in p.stderr() and "roken pipe" not in p.stderr()


def test_stops_cleanly(subscriber, redis_server):
    for number in (signal.SIGTERM, signal.SIGINT):
        p = subscriber()
        p.signal(number)
        assert p.wait(2) == 0
        wait_for(lambda: redis_server.redis("PUBSUB", "NUMSUB", "alerts")[1] == 0, what="its end")


@pytest.mark.parametrize("args,env,parts", [
    (["--since", "yesterday"], {}, ["--since", "yesterday", "24h"]),
    (["--channel", "a b"], {}, ["--channel", "a b"]),
    (["--what"], {}, ["--what"]),
    ([], {"MIN_REPLICAS": "11"}, ["MIN_REPLICAS=11", "MAX_REPLICAS=10"]),
    ([], {"MAX_REPLICAS": "0"}, ["MAX_REPLICAS=0", "1"]),
])
def test_bad_options_and_settings(spawn, args, env, parts):
    p = spawn("subscriber", *args, env=env)
    assert p.wait() == 2
    assert all(part in p.stderr() for part in parts), p.stderr()
    assert p.stdout() == ""


def test_a_recording_can_be_read_again(subscriber, publish, redis_server):
    """`subscriber --json --since 24h > telemetry.jsonl` records everything, once."""
    for n in range(500):
        publish("alerts", {**ALERT, "id": f"a{n}"})
        publish("actions", plan(f"a{n}", "noop"))
        publish("results", {**RESULT, "id": f"a{n}"})
        publish("advice", {**ADVICE, "id": f"a{n}"})
    p = subscriber("--json", "--since", "24h")
    wait_for(lambda: len(p.lines()) == 500 * len(CHANNELS), what=p.stderr)
    messages = [json.loads(line) for line in p.lines()]
    for channel in CHANNELS:
        assert [m["message"]["id"] for m in messages if m["channel"] == channel] == \
            [f"a{n}" for n in range(500)]
