"""Receipts: what users' requests met while a plan was carried out, by a monitor beside a real nginx.
Who carries the plan out is the test."""

import http.client
import itertools
import json
import signal
import socket
import time

import pytest

from support.procs import free_port, wait_for

TAIL_SEC = 3.0
TICK_SEC = 0.1
INTERVAL = 0.5

count = itertools.count(1)


def result(action="scale_down", status="ok", before=3, after=2, duration_ms=500.0, ts=None, **more):
    return {"id": f"plan-{next(count)}", "ts": time.time() if ts is None else ts, "action": action,
            "target": "app", "reason": "a test", "result": {"status": status, "message": ""},
            "replicas_before": before, "replicas_after": after, "duration_ms": duration_ms, **more}


def upstreams(n):
    return {"kind": "upstreams", "id": f"upstreams-{next(count)}", "ts": time.time(),
            "target": "app", "generation": n, "result": {"status": "ok", "message": ""},
            "servers": [{"name": f"app-dup-{i}" if i else "app", "address": f"10.0.0.{i}:80"}
                        for i in range(n)]}


class Bench:
    """nginx before one replica, a monitor, and the bus."""

    def __init__(self, redis_server, spawn, lb):
        self.redis, self.env, self.spawn, self.lb = redis_server.redis, redis_server.env, spawn, lb
        self.http = free_port()

    def start(self, **env):
        self.monitor = self.spawn("monitor", env={
            **self.env, **self.lb.env, "SAMPLE_INTERVAL": INTERVAL, "PROBE_REQUESTS": 5,
            "TIMEOUT_S": 2, "HTTP_PORT": self.http,
            "DOCKER_HOST": "unix:///nonexistent/docker.sock", **env})
        alerts = self.redis.subscribe("alerts")
        wait_for(lambda: "traffic" in json.loads(alerts.get(5)[1]), 20, what="telemetry")
        alerts.close()

    def publish(self, message):
        self.redis.publish("results", json.dumps(message))
        return message["id"]

    def receipts(self):
        messages = (json.loads(text) for _, text in self.redis.stream("results"))
        return [m for m in messages if m.get("kind") == "receipt"]

    def receipt(self, plan):
        """The one receipt of ${plan}."""
        def find():
            return [r for r in self.receipts() if r["plan"] == plan]
        found = wait_for(find, 20, what=lambda: f"a receipt of {plan}: {self.receipts()}\n"
                                                + self.monitor.stderr())
        assert len(found) == 1
        return found[0]

    def get(self, path="/"):
        """The status of one request of a user."""
        connection = http.client.HTTPConnection("127.0.0.1", self.lb.ports[80], timeout=5)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
            return reply.status
        finally:
            connection.close()

    def leave(self, after_sec):
        """A user who does not wait for the answer."""
        with socket.create_connection(("127.0.0.1", self.lb.ports[80]), timeout=5) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: lb\r\n\r\n")
            pause(after_sec)


def pause(sec):
    """Time that has to pass for its own sake: a gap, a duration."""
    end = time.monotonic() + sec
    wait_for(lambda: time.monotonic() >= end, sec + 5)


@pytest.fixture
def bench(redis_server, spawn, balancer):
    def make(replica):
        return Bench(redis_server, spawn, balancer(replica.port))
    return make


def test_it_says_what_users_met(app, bench):
    replica = app(EXTRA_DELAY_MS=150)
    b = bench(replica)
    b.start()
    for _ in range(4):
        assert b.get() == 200  # before it all
    pause(0.3)

    begin = time.time()
    for _ in range(6):
        assert b.get() == 200
    assert b.get("/nothing") == 404
    b.leave(0.05)
    pause(0.8)
    replica.kill()
    assert [b.get() for _ in range(3)] == [502] * 3
    message = result("scale_down", duration_ms=(time.time() - begin) * 1000)
    plan = b.publish(message)
    assert b.get() == 502  # under way when it was done, or soon after

    receipt = b.receipt(plan)
    assert receipt["requests"] == 6 + 1 + 1 + 3 + 1
    assert receipt["failed"] == 4
    assert receipt["given_up"] == 1
    assert receipt["lost_lines"] == 0 and receipt["unseen_ms"] == 0
    assert 150 <= receipt["slowest_ms"] < 1000
    # The longest is behind the last request: nobody asked any more.
    assert 2500 < receipt["longest_gap_ms"] <= TAIL_SEC * 1000 + 100
    assert {k: receipt[k] for k in ("action", "target", "replicas_before", "replicas_after")} == {
        k: message[k] for k in ("action", "target", "replicas_before", "replicas_after")}
    assert begin - TICK_SEC - 0.05 <= receipt["from_ts"] <= begin + 0.05
    assert 0 <= receipt["to_ts"] - message["ts"] - TAIL_SEC + 0.05 <= TICK_SEC + 0.1
    assert receipt["to_ts"] <= receipt["ts"] <= receipt["to_ts"] + 2 * INTERVAL + 0.5
    assert receipt["id"] not in ("", plan)


def test_the_longest_gap_is_that_of_users_not_of_the_monitor(app, bench, load):
    b = bench(app(EXTRA_DELAY_MS=5))
    b.start(SAMPLE_INTERVAL=1)
    sender = load(b.lb, 5, 8)
    pause(0.5)
    b.monitor.signal(signal.SIGSTOP)  # lines wait in the socket, of which every kernel holds ten
    pause(0.9)
    b.monitor.signal(signal.SIGCONT)
    receipt = b.receipt(b.publish(result("restart", duration_ms=1500)))
    assert sender.wait(20) == 0, sender.stdout()
    assert receipt["failed"] == 0 and receipt["lost_lines"] == 0
    assert abs(receipt["requests"] - 5 * (receipt["to_ts"] - receipt["from_ts"])) <= 2
    assert 190 < receipt["longest_gap_ms"] < 500


def test_lines_that_were_lost_are_told(app, bench, load):
    b = bench(app())
    b.start(SAMPLE_INTERVAL=1)
    sender = load(b.lb, 1200, 3)
    pause(0.5)
    b.monitor.signal(signal.SIGSTOP)  # no queue holds so many
    pause(1.0)
    b.monitor.signal(signal.SIGCONT)
    receipt = b.receipt(b.publish(result("restart", duration_ms=2000)))
    assert sender.wait(20) == 0, sender.stdout()
    assert receipt["lost_lines"] > 300
    assert receipt["requests"] + receipt["lost_lines"] == pytest.approx(3600, rel=0.1)


def test_what_changed_nothing_gets_none(app, bench):
    b = bench(app())
    b.start()
    b.publish(result("noop"))
    b.publish(result(status="noop"))
    b.publish(result(status="skipped"))
    b.publish(result(target="shop"))
    b.publish({**result(), "id": None})
    failed = b.publish(result(status="error"))
    last = b.publish(result())
    b.receipt(failed)
    b.receipt(last)
    assert [r["plan"] for r in b.receipts()] == [failed, last]


def test_more_replicas_are_done_when_nginx_has_them(app, bench):
    b = bench(app())
    b.publish(upstreams(2))
    b.start()
    message = result("scale_up", before=2, after=3)
    plan = b.publish(message)
    pause(0.7)
    b.publish(upstreams(3))
    receipt = b.receipt(plan)
    assert 0.6 + TAIL_SEC < receipt["to_ts"] - message["ts"] < 1.7 + TAIL_SEC


def test_a_restart_repeats_nothing_and_vouches_for_nothing_unseen(app, bench):
    b = bench(app())
    b.start()
    first = b.publish(result())
    b.receipt(first)
    cut = b.publish(result(duration_ms=1000))
    b.monitor.kill()
    old = b.publish(result(ts=time.time() - 60))
    missed = b.publish(result(ts=time.time() - TAIL_SEC - 0.2))
    b.start()
    live = b.publish(result(duration_ms=1))
    b.receipt(live)
    receipt = b.receipt(cut)
    assert [r["plan"] for r in b.receipts()] == [first, cut, live]
    assert 0 < receipt["unseen_ms"] < (receipt["to_ts"] - receipt["from_ts"]) * 1000
    assert receipt["unseen_ms"] > 1000
    assert b.receipts()[-1]["unseen_ms"] == 0
    assert {old, missed}.isdisjoint(r["plan"] for r in b.receipts())


def test_without_the_access_log_there_are_none(redis_server, spawn, app, balancer, tmp_path):
    b = Bench(redis_server, spawn, balancer(app().port))
    b.start(ACCESS_LOG_SOCKET=tmp_path / "absent" / "access.sock")
    b.publish(result(duration_ms=100))
    pause(TAIL_SEC + 2 * INTERVAL)
    assert b.receipts() == []
    assert b.monitor.running()


# ---- who else reads the channel ----

RECEIPT = {"kind": "receipt", "id": "r1", "plan": "p1", "target": "app", "ts": 1795458161.0,
           "action": "scale_up", "replicas_before": 2, "replicas_after": 4,
           "from_ts": 1795458157.1, "to_ts": 1795458160.7, "unseen_ms": 0, "requests": 152,
           "failed": 2, "given_up": 1, "longest_gap_ms": 41.5, "slowest_ms": 1204, "lost_lines": 0}


def metrics(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_all_others_show_it_or_pass_it_by(redis_server, spawn):
    ports = {name: free_port() for name in ("planner", "executor", "subscriber", "dashboard")}
    daemons = {name: spawn(name, env={
        **redis_server.env, "DASHBOARD_PORT" if name == "dashboard" else "HTTP_PORT": port,
        "DOCKER_HOST": "unix:///nonexistent/docker.sock"}) for name, port in ports.items()}
    wait_for(lambda: redis_server.redis("PUBSUB", "NUMSUB", "results")[1] == len(ports),
             what=lambda: "\n".join(d.stderr() for d in daemons.values()))
    redis_server.redis.publish("results", json.dumps(RECEIPT))
    redis_server.redis.publish("results", "nonsense")  # when this was heard, so was that
    for name, port in ports.items():
        wait_for(lambda: metrics(port)[f"agentic_{name}_malformed_total"] == 1, what=name)
        assert "nonsense" in daemons[name].stderr() and "r1" not in daemons[name].stderr()

    assert json.loads(daemons["subscriber"].lines()[0])["message"] == RECEIPT
    connection = http.client.HTTPConnection("127.0.0.1", ports["dashboard"], timeout=5)
    connection.request("GET", "/api/state")
    shown = json.loads(connection.getresponse().read())
    connection.close()
    assert shown["receipts"] == [RECEIPT] and shown["results"] == []
