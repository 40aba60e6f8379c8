"""The dashboard: filled from the streams, live over server-sent events, one page."""

import contextlib
import gzip
import http.client
import json
import re
import socket
import time

import pytest

from support.procs import free_port, wait_for

STREAMS_MAX = 256
BEGIN = time.time() - 1000  # of the measurements


def alert(n, **fields):
    return json.dumps({
        "kind": "latency_metrics", "id": f"a{n}", "target": "app", "endpoint": "http://lb/",
        "window_sec": 3.0, "requests": 40, "success_rate": 1.0, "avg_ms": 100.0, "p50_ms": 100.0,
        "p95_ms": 100.0 + n, "p99_ms": 130.0, "replicas": 2, "ready": 2, "ts": BEGIN + n,
        **fields})


def plan(n, action="noop", **fields):
    return json.dumps({
        "ts": BEGIN + n, "kind": "plan", "id": f"p{n}", "container": "app",
        "decision": {"action": action, "target": "app", "reason": "8.3x baseline", "replicas": 3},
        "telemetry": {"p95_ms": 120.0, "baseline_ms": 90.5, "sigma_ms": 2.0,
                      "low_windows": [True, False], "replicas": 2, "alert": f"a{n}"}, **fields})


def result(n):
    return json.dumps({
        "ts": BEGIN + n, "id": f"p{n}", "action": "scale_up", "target": "app",
        "reason": "8.3x baseline", "result": {"status": "ok", "message": "started app-dup-2"},
        "replicas_before": 2, "replicas_after": 3, "duration_ms": 412})


def upstreams(generation, **fields):
    return json.dumps({
        "ts": BEGIN, "kind": "upstreams", "id": f"u{generation}", "target": "app",
        "generation": generation, "servers": [{"name": "app", "address": "10.0.0.2:8080"}],
        "drained": [], "result": {"status": "ok", "message": ""}, **fields})


def beat(daemon, **fields):
    return json.dumps({
        "ts": time.time(), "kind": "heartbeat", "daemon": daemon, "target": "app", "version": "1.2",
        "uptime_sec": 12.5, "every_sec": 2, "status": "ok",
        "dependencies": [{"name": "redis", "up": True, "since_ts": BEGIN, "detail": ""}], **fields})


def advice(n):
    return json.dumps({"ts": BEGIN + n, "kind": "advice", "id": f"v{n}", "target": "app",
                       "mode": "shadow", "outcome": "verdict", "heuristic": {"action": "noop"},
                       "decision": {"action": "scale_up", "reason": "rising"}})


def judgement(n):
    return json.dumps({"ts": BEGIN + n, "kind": "judgement", "id": f"j{n}", "target": "app",
                       "advice": f"v{n}", "judgement": "helpful"})


def get(port, path, headers=None):
    """(status, headers, body)"""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        c.request("GET", path, headers=headers or {})
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read().decode()
    finally:
        c.close()


def fetch(port, path):
    status, headers, body = get(port, path)
    assert status == 200 and headers["Content-Type"] == "application/json"
    return json.loads(body)


def state(port):
    return fetch(port, "/api/state")


def history(port, range_sec=3600):
    """{column: [values]} and the rest of /api/history."""
    h = fetch(port, f"/api/history?range={range_sec}")
    assert len(h["columns"]) == len(h["data"]) and len({len(c) for c in h["data"]}) == 1
    return dict(zip(h["columns"], h["data"])), h


def metric(port, name):
    return float(re.search(rf"^{name} (\S+)$", get(port, "/metrics")[2], re.M)[1])


class Events:
    """An open /events."""

    def __init__(self, port, after=None, last=None, timeout=5.0):
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.connection.request("GET", "/events" + (f"?after={after}" if after else ""),
                                headers=headers)
        self.sock = self.connection.sock
        self.reply = self.connection.getresponse()

    def any(self):
        """The next event as (name, id, data), a tick too."""
        fields = {}
        while True:
            line = self.reply.readline().decode()
            assert line, "the stream ended"
            line = line.rstrip("\n")
            if not line:
                return fields["event"], fields.get("id"), json.loads(fields["data"])
            name, value = line.split(": ", 1)
            fields[name] = value

    def next(self):
        """The next event that is no tick."""
        while (event := self.any())[0] == "tick":
            pass
        return event

    def until(self, kind):
        """The next event of that kind as (id, data)."""
        while (event := self.any())[0] != kind:
            pass
        return event[1:]

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


@pytest.fixture
def live(dashboard, events):
    """live(**env): a dashboard that has read the streams."""
    def start(**env):
        p = dashboard(**env)
        wait_live(p.port)
        return p
    return start


def wait_live(port):
    """The event "reset" that is told when the streams are read has number 2: 1 is Redis."""
    wait_for(lambda: int(state(port)["id"].split("-")[1]) >= 2, what="the streams to be read")


def test_filled_from_the_streams_at_start(live, redis_server):
    r = redis_server.redis
    for n in range(1, 301):
        r.publish("alerts", alert(n))
    for n in range(200, 301):  # which takes longer than the millisecond that orders the streams
        r.publish("results", result(n))
    r.publish("results", upstreams(17))
    r.publish("actions", plan(300, "scale_up"))
    for n in range(1, 131):
        r.publish("actions", plan(1000 + n))
    for n in range(1, 61):
        r.publish("advice", advice(n))
        r.publish("advice", judgement(n))
    p = live()

    s = state(p.port)
    assert s["target"] == "app" and s["window_sec"] == 3 and s["redis"]["up"]
    assert s["point"]["p95_ms"] == 400.0
    assert [x["id"] for x in s["plans"]] == [f"p{n}" for n in range(1031, 1131)]
    assert [x["id"] for x in s["actions"]] == ["p300"]
    assert s["actions"][0]["decision"]["reason"] == "8.3x baseline"
    assert [x["id"] for x in s["results"]] == [f"p{n}" for n in range(201, 301)]
    assert s["results"][-1]["result"]["message"] == "started app-dup-2"
    assert s["upstreams"]["servers"] == [{"name": "app", "address": "10.0.0.2:8080"}]
    assert s["upstreams_error"] is None
    assert [x["id"] for x in s["advice"]] == [f"v{n}" for n in range(11, 61)]
    assert [x["id"] for x in s["judgements"]] == [f"j{n}" for n in range(11, 61)]
    assert s["replicas"] == [{"name": "app", "state": "ready", "address": "10.0.0.2:8080"}]
    assert s["daemons"] == []

    columns, h = history(p.port)
    assert h["step_sec"] == 0 and h["target"] == "app" and h["to"] - h["from"] == pytest.approx(3600)
    assert columns["p95_ms"] == [100.0 + n for n in range(1, 301)]
    assert columns["ts"] == pytest.approx([BEGIN + n for n in range(1, 301)], abs=0.001)
    assert columns["baseline_ms"] == [None] * 299 + [90.5]
    assert columns["wanted"][-1] == 3


def test_live_events_and_state_agree(live, redis_server, events):
    p = live()
    r = redis_server.redis
    e = events(p.port)
    assert e.reply.status == 200
    assert e.reply.getheader("Content-Type") == "text/event-stream"
    assert e.any()[0] == "tick"
    r.publish("alerts", alert(1, containers=[{"name": "app", "state": "ready", "created_ts": BEGIN}]))
    number, first = e.until("point")
    assert first["p95_ms"] == 101.0 and "baseline_ms" not in first
    kind, later, replicas = e.next()
    assert (kind, replicas[0]["name"], replicas[0]["state"]) == ("replicas", "app", "ready")
    assert number.split("-")[0] == later.split("-")[0]
    assert int(later.split("-")[1]) == int(number.split("-")[1]) + 1

    r.publish("actions", plan(1, "scale_up", explain={"estimates": {
        "objective_ms": 181, "arrivals_rps": 40, "capacity_rps": 50}}))
    kind, _, point = e.next()
    assert (kind, point) == ("point", {
        **first, "baseline_ms": 90.5, "sigma_ms": 2, "objective_ms": 181, "arrivals_rps": 40,
        "capacity_rps": 100, "utilisation": 0.4, "wanted": 3})
    kind, _, action = e.next()
    assert (kind, action["decision"]["action"]) == ("plan", "scale_up")
    r.publish("results", result(1))
    _, done = e.until("result")
    r.publish("results", upstreams(3))
    _, up = e.until("upstreams")
    r.publish("advice", advice(1))
    _, said = e.until("advice")
    r.publish("advice", judgement(1))
    number, judged = e.until("judgement")

    s = state(p.port)
    assert s["id"] == number and s["point"] == point
    assert s["plans"] == s["actions"] == [action]
    assert s["results"] == [done] and s["upstreams"] == up
    assert s["advice"] == [said] and s["judgements"] == [judged]


def test_a_window_comes_at_once(live, redis_server, events):
    p = live()
    e = events(p.port)
    for n in range(1, 51):
        redis_server.redis.publish("alerts", alert(n))
        assert e.until("point")[1]["p95_ms"] == 100.0 + n


def test_messages_of_the_predecessor(live, redis_server, events):
    p = live(TARGET="shop")
    e = events(p.port)
    old = {k: v for k, v in json.loads(alert(1)).items()
           if k not in ("id", "target", "p50_ms", "p99_ms", "ready")}
    redis_server.redis("PUBLISH", "alerts", json.dumps(old))
    assert e.until("point")[1]["p95_ms"] == 101.0


def test_malformed_is_said_counted_and_skipped(live, redis_server, events):
    p = live()
    e = events(p.port)
    for bad in ("nonsense", '{"kind":"latency_metrics","p95_ms":"3"}', "x" * 100000):
        redis_server.redis("PUBLISH", "alerts", bad)
    redis_server.redis.publish("alerts", alert(1))
    e.until("point")
    assert len(history(p.port)[0]["ts"]) == 1
    assert metric(p.port, "agentic_dashboard_malformed_total") == 3
    assert p.stderr().count('msg="message ignored"') == 3
    assert "x" * 201 not in p.stderr()


def test_another_target_is_not_shown(live, redis_server, events):
    p = live()
    e = events(p.port)
    redis_server.redis.publish("alerts", alert(1, target="other"))
    redis_server.redis.publish("alerts", alert(2))
    assert e.until("point")[1]["p95_ms"] == 102.0
    assert len(history(p.port)[0]["ts"]) == 1


def test_nginx_that_refuses_and_takes_again(live, redis_server, events):
    p = live()
    e = events(p.port)
    redis_server.redis.publish("results", upstreams(3))
    _, good = e.until("upstreams")
    redis_server.redis.publish("results", upstreams(4, result={"status": "error", "message": "no"}))
    _, bad = e.until("upstreams")
    s = state(p.port)
    assert (s["upstreams"], s["upstreams_error"]) == (good, bad)
    redis_server.redis.publish("results", upstreams(5))
    _, again = e.until("upstreams")
    s = state(p.port)
    assert (s["upstreams"], s["upstreams_error"]) == (again, None)


# --- who is there ---


def test_daemons_live_and_fall_silent(live, redis_server, events):
    p = live()
    e = events(p.port)
    redis_server.redis("PUBLISH", "heartbeats", beat("monitor", every_sec=60))
    redis_server.redis("PUBLISH", "heartbeats", beat("planner", every_sec=0.2, advisor={"mode": "off"}))
    assert e.until("daemon")[1]["daemon"] == "monitor"
    _, planner = e.until("daemon")
    assert planner["daemon"] == "planner" and planner["alive"] and planner["advisor"]["mode"] == "off"
    _, gone = e.until("daemon")
    assert gone == {**planner, "alive": False}
    assert {d["daemon"]: d["alive"] for d in state(p.port)["daemons"]} == {
        "planner": False, "monitor": True}
    redis_server.redis("PUBLISH", "heartbeats", beat("planner"))
    assert e.until("daemon")[1]["alive"]


def test_redis_that_goes_and_comes_is_told(live, redis_server, events):
    p = live()
    e = events(p.port)
    redis_server.kill()
    _, down = e.until("redis")
    assert not down["up"] and state(p.port)["redis"]["up"] is False
    redis_server.start()
    while not (up := e.until("redis")[1])["up"]:
        pass
    assert up["since_ts"] > down["since_ts"]
    redis_server.redis.publish("alerts", alert(1))
    assert e.until("point")[1]["p95_ms"] == 101.0


def test_redis_that_stands_is_told_by_silence(live, redis_server, events):
    p = live()
    e = events(p.port)
    redis_server.redis("PUBLISH", "heartbeats", beat("planner", every_sec=0.5))
    assert e.until("daemon")[1]["alive"]
    redis_server.pause()
    assert not e.until("daemon")[1]["alive"]
    redis_server.resume()
    redis_server.redis("PUBLISH", "heartbeats", beat("planner", every_sec=0.5))
    assert e.until("daemon")[1]["alive"]


def test_works_while_redis_is_away(spawn):
    port = free_port()
    p = spawn("dashboard", env={"REDIS_PORT": free_port(), "DASHBOARD_PORT": port})
    wait_for(lambda: 'msg="redis is down"' in p.stderr(), what=p.stderr)
    assert get(port, "/")[0] == 200
    s = state(port)
    assert s["point"] is None and not s["redis"]["up"] and s["redis"]["detail"]
    assert history(port)[0]["ts"] == []
    assert get(port, "/healthz")[0] == 503


# --- history ---


def add_old(r, n, every_sec, end, **fields):
    """${n} windows in the stream as of their own times, the last at ${end}."""
    begin = end - (n - 1) * every_sec
    for first in range(0, n, 500):
        commands = 0
        for i in range(first, min(first + 500, n)):
            ts = begin + i * every_sec
            value = 5000.0 if i == n // 2 else 100.0
            text = alert(i, **{"ts": ts, "p95_ms": value, **fields})
            r.connection.send("XADD", "agentic:alerts", f"{int(ts * 1000)}-1", "json", text)
            commands += 1
        for _ in range(commands):
            r.connection.reply()


def test_a_day_of_history_keeps_its_peaks(live, redis_server):
    r = redis_server.redis
    r("PING")
    end = time.time() - 1
    add_old(r, 10000, 8.0, end)  # 22 hours
    p = live()
    steps, points, begins = {}, {}, {}
    for range_sec in (900, 3600, 6 * 3600, 86400):
        columns, h = history(p.port, range_sec)
        steps[range_sec], points[range_sec] = h["step_sec"], len(columns["ts"])
        begins[range_sec] = h["from"]
        assert columns["ts"] == sorted(columns["ts"])
        assert columns["ts"][0] >= h["from"] and columns["ts"][-1] <= h["to"]
        assert columns["ts"][-1] == pytest.approx(end, abs=60)
    assert steps == {900: 0, 3600: 0, 6 * 3600: 10, 86400: 60}
    for range_sec in (900, 3600):
        assert points[range_sec] == pytest.approx((end - begins[range_sec]) / 8, abs=1)
    assert max(points.values()) <= 2160
    columns, _ = history(p.port, 86400)
    peak = columns["p95_ms"].index(5000.0)
    assert columns["ts"][peak] == pytest.approx(end - 4999 * 8, abs=60)
    assert columns["p95_ms"].count(5000.0) == 1 and set(columns["running"]) == {2}


@pytest.mark.parametrize("range_sec", ["", "0", "899", "86401", "-3600", "1e4", " 3600", "3600x",
                                       "99999999999999999999"])
def test_a_range_that_is_none(live, range_sec):
    p = live()
    status, _, body = get(p.port, f"/api/history?range={range_sec.replace(' ', '%20')}")
    assert status == 400 and "900 to 86400" in body


def test_history_without_a_range_is_of_an_hour(live):
    p = live()
    h = fetch(p.port, "/api/history")
    assert h["to"] - h["from"] == pytest.approx(3600)


# --- gzip ---


@pytest.mark.parametrize("path", ["/api/state", "/api/history", "/", "/style.css"])
def test_gzip_where_it_is_taken(live, redis_server, path):
    r = redis_server.redis
    for n in range(100):
        r.publish("alerts", alert(n))
        r.publish("actions", plan(n))
    p = live()

    def ask(accept):
        c = http.client.HTTPConnection("127.0.0.1", p.port, timeout=5)
        c.request("GET", path, headers={"Accept-Encoding": accept})
        reply = c.getresponse()
        body = reply.read()
        c.close()
        assert reply.status == 200 and reply.getheader("Vary") == "Accept-Encoding"
        return reply, body

    plain, body = ask("identity")
    assert plain.getheader("Content-Encoding") is None
    for accept in ("gzip", "deflate, gzip;q=0.5, br"):
        packed, small = ask(accept)
        assert packed.getheader("Content-Encoding") == "gzip" and len(small) < len(body) / 2
        whole = gzip.decompress(small)
        if path.startswith("/api"):
            whole, expected = json.loads(whole), json.loads(body)
            for moving in ("now", "from", "to"):
                whole.pop(moving, None), expected.pop(moving, None)
            assert whole == expected
        else:
            assert whole == body
            assert packed.getheader("ETag") != plain.getheader("ETag")
    for accept in ("gzip;q=0", "br", "x-gzip2"):
        assert ask(accept)[1].startswith(body[:9])


# --- streams ---


def test_a_page_goes_on_where_it_was(live, redis_server, events):
    p = live()
    r = redis_server.redis
    e = events(p.port)
    r.publish("alerts", alert(1))
    e.until("point")
    r.publish("actions", plan(1))
    seen, _ = e.until("point")  # and not yet its plan
    e.close()
    for n in range(2, 5):
        r.publish("alerts", alert(n))
    wait_for(lambda: state(p.port)["point"]["p95_ms"] == 104.0)
    for options in ({"last": seen}, {"after": seen}, {"last": seen, "after": "nonsense"}):
        again = events(p.port, **options)
        assert [again.next()[0] for _ in range(7)] == ["plan"] + ["point", "replicas"] * 3
    from_the_end = events(p.port, after=state(p.port)["id"])
    r.publish("results", result(9))
    assert from_the_end.next()[2]["id"] == "p9"


@pytest.mark.parametrize("after", ["nonsense", "00000000-1", "{epoch}-999999", "{epoch}-01", "{epoch}-",
                                   "{epoch}--1", "{epoch}-1x", "{epoch}-18446744073709551616"])
def test_an_unknown_id_gives_a_reset(live, redis_server, events, after):
    p = live()
    redis_server.redis.publish("alerts", alert(1))
    wait_for(lambda: state(p.port)["point"])
    number = state(p.port)["id"]
    e = events(p.port, last=after.format(epoch=number.split("-")[0]))
    assert e.any() == ("reset", number, {})
    redis_server.redis.publish("alerts", alert(2))
    assert e.next()[0] == "point"


def test_an_id_of_another_run_gives_a_reset(live, redis_server, events):
    first = live()
    old = state(first.port)["id"]
    first.terminate()
    p = live()
    assert events(p.port, last=old).any()[0] == "reset"


def test_an_id_that_fell_out_of_the_log_gives_a_reset(live, redis_server, events):
    p = live()
    e = events(p.port)
    old = state(p.port)["id"]
    for n in range(60):
        redis_server.redis.publish("actions", plan(n, explain={"note": "y" * 40000}))
        e.until("plan")
    assert events(p.port, after=old).any()[0] == "reset"


def test_pages_that_came_early_are_told_when_the_past_is_read(live, redis_server, events):
    p = live()
    epoch = state(p.port)["id"].split("-")[0]
    assert events(p.port, after=f"{epoch}-1").next()[0] == "reset"


def test_quiet_streams_tick(live, events):
    p = live()
    e = events(p.port)
    for _ in range(3):
        kind, number, data = e.any()
        assert (kind, number) == ("tick", None)
        assert abs(data["now"] - time.time()) < 60


def test_streams_are_bounded_and_leavers_make_room(live, events):
    p = live()
    streams = [events(p.port) for _ in range(STREAMS_MAX)]
    assert all(e.reply.status == 200 for e in streams)
    assert events(p.port).reply.status == 503
    assert metric(p.port, "agentic_dashboard_streams") == STREAMS_MAX
    streams[5].close()
    wait_for(lambda: metric(p.port, "agentic_dashboard_streams") == STREAMS_MAX - 1,
             what="the client that left to be noticed")
    assert events(p.port).reply.status == 200


def test_all_streams_get_every_event(live, redis_server, events):
    p = live()
    streams = [events(p.port) for _ in range(200)]
    for n in range(20):
        redis_server.redis.publish("actions", plan(n, explain={"note": "y" * 4000 * (n % 4)}))
    first = [streams[0].until("plan") for n in range(20)]
    assert [data["id"] for _, data in first] == [f"p{n}" for n in range(20)]
    for e in streams[1:]:
        assert [e.until("plan") for n in range(20)] == first


def test_a_client_that_does_not_read_is_dropped(live, redis_server, events):
    p = live()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", p.port))
        s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reader = events(p.port)
        wait_for(lambda: metric(p.port, "agentic_dashboard_streams") == 2)
        for n in range(300):
            redis_server.redis.publish("actions", plan(n, explain={"note": "y" * 40000}))
            assert reader.until("plan")[1]["id"] == f"p{n}"
            if metric(p.port, "agentic_dashboard_streams") == 1:
                break
        assert metric(p.port, "agentic_dashboard_streams") == 1
    redis_server.redis.publish("alerts", alert(1))
    assert reader.until("point")[1]["p95_ms"] == 101.0


def test_sigterm_with_open_streams(live, events):
    p = live()
    streams = [events(p.port) for _ in range(8)]
    assert p.terminate() == 0
    assert len(streams) == 8


# --- the page ---


TYPES = {"": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def code_of(text):
    """Without comments."""
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def page_files(port):
    """{path: text} of all that the page consists of."""
    files, left = {}, ["/"]
    while left:
        path = left.pop()
        if path in files:
            continue
        status, headers, text = get(port, path)
        assert status == 200, path
        assert headers["Content-Type"].startswith(TYPES[path.partition(".")[2]]), path
        files[path] = text
        found = re.findall(r'(?:src|href)="([^"#]+)"', text) if path == "/" else []
        if path.endswith(".js"):
            found += re.findall(r"""(?:from|import) *\(?["']([^"']+)["']""", code_of(text))
        left += ["/" + re.sub(r"^\.?/", "", reference) for reference in found]
    return files


def test_page_files(dashboard):
    p = dashboard()
    files = page_files(p.port)
    assert "<title>Agentic Autoscaler</title>" in files["/"]
    assert {"/style.css", "/icon.svg"} < set(files)
    assert any("events" in text for path, text in files.items() if path.endswith(".js"))
    for path in files:
        _, headers, _ = get(p.port, path)
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-cache"
        for accept in ({}, {"Accept-Encoding": "gzip"}):
            c = http.client.HTTPConnection("127.0.0.1", p.port, timeout=5)
            c.request("HEAD", path, headers=accept)
            tag = c.getresponse().getheader("ETag")
            c.close()
            again = get(p.port, path, {"If-None-Match": tag, **accept})
            assert again[0] == 304 and again[2] == ""
        assert get(p.port, path, {"If-None-Match": '"other"'})[0] == 200


def test_page_needs_nothing_from_elsewhere(dashboard):
    p = dashboard()
    files = page_files(p.port)
    for path, text in files.items():
        assert not re.search(r"""https?://(?!www\.w3\.org/)|["'(]//""", code_of(text)), path
    html = files["/"]
    assert "style=" not in html and "<style" not in html and "onclick" not in html
