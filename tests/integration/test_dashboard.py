"""The dashboard: filled from the streams, live over server-sent events, one page."""

import contextlib
import http.client
import json
import re
import socket
import time

import pytest

from support.procs import free_port, wait_for

STREAMS_MAX = 32


def alert(n, **fields):
    return json.dumps({
        "kind": "latency_metrics", "id": f"a{n}", "target": "app", "endpoint": "http://lb/",
        "window_sec": 3.0, "requests": 40, "success_rate": 1.0, "avg_ms": 100.0, "p50_ms": 100.0,
        "p95_ms": 100.0 + n, "p99_ms": 130.0, "replicas": 2, "ready": 2, "ts": 1795458000.0 + n,
        **fields})


def plan(n, action="noop", **fields):
    return json.dumps({
        "ts": 1795458000.0 + n, "kind": "plan", "id": f"p{n}", "container": "app",
        "decision": {"action": action, "target": "app", "reason": "8.3x baseline", "replicas": 3},
        "telemetry": {"p95_ms": 120.0, "baseline_ms": 90.5, "sigma_ms": 2.0,
                      "low_windows": [True, False], "replicas": 2}, **fields})


def result(n):
    return json.dumps({
        "ts": 1795458000.0 + n, "id": f"p{n}", "action": "scale_up", "target": "app",
        "reason": "8.3x baseline", "result": {"status": "ok", "message": "started app-dup-2"},
        "replicas_before": 2, "replicas_after": 3, "duration_ms": 412})


def upstreams(generation):
    return json.dumps({
        "ts": 1795458000.0, "kind": "upstreams", "id": f"u{generation}", "target": "app",
        "generation": generation, "servers": [{"name": "app", "address": "10.0.0.2:8080"}],
        "drained": [], "result": {"status": "ok", "message": ""}})


def get(port, path, headers=None):
    """(status, headers, body)"""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        c.request("GET", path, headers=headers or {})
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read().decode()
    finally:
        c.close()


def state(port):
    status, headers, body = get(port, "/api/state")
    assert status == 200 and headers["Content-Type"] == "application/json"
    return json.loads(body)


def metric(port, name):
    return float(re.search(rf"^{name} (\S+)$", get(port, "/metrics")[2], re.M)[1])


class Events:
    """An open /events."""

    def __init__(self, port, timeout=5.0):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
        self.sock = self.connection.sock
        self.reply = self.connection.getresponse()

    def next(self):
        """The next event as (name, id, data); a comment is (None, None, text)."""
        fields = {}
        while True:
            line = self.reply.readline().decode()
            assert line, "the stream ended"
            line = line.rstrip("\n")
            if not line and fields:
                data = json.loads(fields["data"]) if "data" in fields else fields["comment"]
                return fields.get("event"), fields.get("id"), data
            if line.startswith(":"):
                fields["comment"] = line
            elif line:
                name, value = line.split(": ", 1)
                fields[name] = value

    def close(self):
        # The reply has a file on the same socket: only shutdown() ends both.
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.reply.close()
        self.connection.close()


@pytest.fixture
def events():
    """events(port): an open stream, closed with the test."""
    opened = []

    def start(port, **options):
        opened.append(Events(port, **options))
        return opened[-1]

    yield start
    for e in opened:
        e.close()


def publish_until_heard(redis, stream, channel, text, kind):
    """Publish a message and return the event it makes, past those that tell of the start."""
    redis.publish(channel, text)
    while True:
        name, number, data = stream.next()
        if name == kind:
            return number, data


def test_filled_from_the_streams_at_start(dashboard, redis_server):
    r = redis_server.redis
    for n in range(1, 301):
        r.publish("alerts", alert(n))
    r.publish("actions", plan(300, "scale_up"))
    for n in range(1, 131):
        r.publish("actions", plan(1000 + n))
    for n in range(200, 301):
        r.publish("results", result(n))
    r.publish("results", upstreams(17))
    p = dashboard()
    wait_for(lambda: state(p.port)["upstreams"], what=p.stderr)

    s = state(p.port)
    assert s["target"] == "app"
    assert [w["id"] for w in s["windows"]] == [f"a{n}" for n in range(61, 301)]
    assert s["windows"][-1]["p95_ms"] == 400.0
    assert s["windows"][-1]["baseline_ms"] == 90.5
    assert [x["id"] for x in s["plans"]] == [f"p{n}" for n in range(1031, 1131)]
    assert [x["id"] for x in s["actions"]] == ["p300"]
    assert s["actions"][0]["decision"]["reason"] == "8.3x baseline"
    assert [x["id"] for x in s["results"]] == [f"p{n}" for n in range(201, 301)]
    assert s["results"][-1]["result"]["message"] == "started app-dup-2"
    assert s["upstreams"]["servers"] == [{"name": "app", "address": "10.0.0.2:8080"}]


def test_live_events_and_state_agree(dashboard, redis_server, events):
    p = dashboard()
    e = events(p.port)
    assert e.reply.status == 200
    assert e.reply.getheader("Content-Type") == "text/event-stream"
    number, window = publish_until_heard(redis_server.redis, e, "alerts", alert(1), "window")
    assert window["p95_ms"] == 101.0 and "baseline_ms" not in window
    redis_server.redis.publish("actions", plan(1, "scale_up"))
    kind, later, window = e.next()
    assert (kind, window["id"], window["baseline_ms"]) == ("window", "a1", 90.5)
    assert int(later) == int(number) + 1
    kind, _, action = e.next()
    assert (kind, action["decision"]["action"]) == ("plan", "scale_up")
    _, done = publish_until_heard(redis_server.redis, e, "results", result(1), "result")
    number, up = publish_until_heard(redis_server.redis, e, "results", upstreams(3), "upstreams")

    s = state(p.port)
    assert s["seq"] == int(number)
    assert s["windows"] == [window] and s["plans"] == s["actions"] == [action]
    assert s["results"] == [done] and s["upstreams"] == up


def test_events_come_at_once(dashboard, redis_server, events):
    p = dashboard()
    e = events(p.port)
    publish_until_heard(redis_server.redis, e, "alerts", alert(0), "window")
    begin = time.monotonic()
    for n in range(1, 51):
        publish_until_heard(redis_server.redis, e, "alerts", alert(n), "window")
    assert time.monotonic() - begin < 2.5


def test_messages_of_the_predecessor(dashboard, redis_server, events):
    p = dashboard(TARGET="shop")
    e = events(p.port)
    old = {k: v for k, v in json.loads(alert(1)).items()
           if k not in ("id", "target", "p50_ms", "p99_ms", "ready")}
    _, window = publish_until_heard(redis_server.redis, e, "alerts", alert(1, target="shop"), "window")
    redis_server.redis("PUBLISH", "alerts", json.dumps(old))
    kind, _, window = e.next()
    assert (kind, window["target"], window["p95_ms"]) == ("window", "shop", 101.0)


def test_malformed_is_said_counted_and_skipped(dashboard, redis_server):
    p = dashboard()
    for bad in ("nonsense", '{"kind":"latency_metrics","p95_ms":"3"}', "x" * 100000):
        redis_server.redis("PUBLISH", "alerts", bad)
    redis_server.redis.publish("alerts", alert(1))
    wait_for(lambda: state(p.port)["windows"], what=p.stderr)
    assert len(state(p.port)["windows"]) == 1
    assert metric(p.port, "agentic_dashboard_malformed_total") == 3
    assert p.stderr().count('msg="message ignored"') == 3
    assert "x" * 201 not in p.stderr()


def test_another_target_is_not_shown(dashboard, redis_server):
    p = dashboard()
    redis_server.redis.publish("alerts", alert(1, target="other"))
    redis_server.redis.publish("alerts", alert(2))
    wait_for(lambda: state(p.port)["windows"], what=p.stderr)
    assert [w["id"] for w in state(p.port)["windows"]] == ["a2"]


# --- streams ---


def test_streams_are_bounded_and_leavers_make_room(dashboard, events):
    p = dashboard()
    streams = [events(p.port) for _ in range(STREAMS_MAX)]
    assert all(e.reply.status == 200 for e in streams)
    assert events(p.port).reply.status == 503
    assert metric(p.port, "agentic_dashboard_streams") == STREAMS_MAX
    streams[5].close()
    wait_for(lambda: metric(p.port, "agentic_dashboard_streams") == STREAMS_MAX - 1, timeout=3,
             what="the client that left to be noticed")
    assert events(p.port).reply.status == 200


def test_all_streams_get_an_event(dashboard, redis_server, events):
    p = dashboard()
    streams = [events(p.port) for _ in range(STREAMS_MAX)]
    redis_server.redis.publish("results", upstreams(4))
    for e in streams:
        while (event := e.next())[0] != "upstreams":
            pass
        assert event[2]["generation"] == 4


def test_quiet_streams_have_a_heartbeat(dashboard, events):
    p = dashboard()
    e = events(p.port, timeout=15)
    while (event := e.next())[0] is not None:
        pass
    assert event[2].startswith(":")


def test_a_client_that_does_not_read_is_dropped(dashboard, redis_server, events):
    p = dashboard()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", p.port))
        s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reader = events(p.port)
        wait_for(lambda: metric(p.port, "agentic_dashboard_streams") == 2)
        long = {"note": "y" * 40000}
        for n in range(300):
            publish_until_heard(redis_server.redis, reader, "actions", plan(n, explain=long), "plan")
            if metric(p.port, "agentic_dashboard_streams") == 1:
                break
        assert metric(p.port, "agentic_dashboard_streams") == 1
    _, window = publish_until_heard(redis_server.redis, reader, "alerts", alert(1), "window")
    assert window["id"] == "a1"


def test_sigterm_with_open_streams(dashboard, events):
    p = dashboard()
    streams = [events(p.port) for _ in range(8)]
    begin = time.monotonic()
    assert p.terminate() == 0
    assert time.monotonic() - begin < 2
    assert len(streams) == 8


# --- the page ---


@pytest.mark.parametrize("path,kind,word", [
    ("/", "text/html", "<title>Agentic Autoscaler</title>"), ("/style.css", "text/css", "body"),
    ("/app.js", "text/javascript", "EventSource"), ("/icon.svg", "image/svg+xml", "<svg")])
def test_page_files(dashboard, path, kind, word):
    p = dashboard()
    status, headers, body = get(p.port, path)
    assert status == 200
    assert headers["Content-Type"].startswith(kind)
    assert word in body
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    again = get(p.port, path, {"If-None-Match": headers["ETag"]})
    assert again[0] == 304 and again[2] == ""
    assert get(p.port, path, {"If-None-Match": '"other"'})[0] == 200


def test_page_needs_nothing_from_elsewhere(dashboard):
    p = dashboard()
    html = get(p.port, "/")[2]
    for reference in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert get(p.port, "/" + reference)[0] == 200, reference
    for path in ("/", "/style.css", "/app.js"):
        assert not re.search(r"""https?:|["'(]//""", get(p.port, path)[2]), path
    assert "style=" not in html and "<style" not in html and "onclick" not in html


def test_works_while_redis_is_away(spawn):
    port = free_port()
    p = spawn("dashboard", env={"REDIS_PORT": free_port(), "DASHBOARD_PORT": port})
    wait_for(lambda: 'msg="redis is down"' in p.stderr(), what=p.stderr)
    assert get(port, "/")[0] == 200
    assert state(port)["windows"] == []
    assert get(port, "/healthz")[0] == 503
