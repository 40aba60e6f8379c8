"""monitor beside a real nginx with the suite's own nginx.conf: what it says of real traffic."""

import contextlib
import json
import os
import random
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from support.procs import free_port, wait_for

INTERVAL = 0.5
PROBES = 5
LINE = b"<190>Nov 23 23:09:06 lb: traffic 200 0.010 0.009 10.9.9.9:80"


@pytest.fixture
def monitor(redis_server, spawn):
    def start(lb, **env):
        daemon = spawn("monitor", env={
            **redis_server.env, **lb.env, "SAMPLE_INTERVAL": INTERVAL, "PROBE_REQUESTS": PROBES,
            "TIMEOUT_S": 2, "HTTP_PORT": free_port(),
            "DOCKER_HOST": "unix:///nonexistent/docker.sock", **env})
        daemon.http = env.get("HTTP_PORT")
        return daemon
    return start


class Alerts:
    def __init__(self, redis):
        self.subscription = redis.subscribe("alerts")

    def next(self):
        return json.loads(self.subscription.get(5)[1])

    def until(self, condition, windows=20):
        """The first alert that satisfies ${condition}."""
        for _ in range(windows):
            alert = self.next()
            if condition(alert):
                return alert
        raise AssertionError(f"no such window among {windows}; the last: {alert}")

    def with_traffic(self, condition=lambda traffic: True, windows=20):
        """The traffic of the first alert that has it and satisfies ${condition}."""
        return self.until(lambda a: "traffic" in a and condition(a["traffic"]), windows)["traffic"]


@pytest.fixture
def alerts(redis_server):
    return Alerts(redis_server.redis)


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        lines = reply.read().decode().splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def mean(values):
    return sum(values) / len(values)


# ---- what is counted ----

def test_users_requests_are_told_in_all_and_by_replica(redis_server, app, balancer, monitor, alerts,
                                                       load):
    one, two = app(EXTRA_DELAY_MS=40), app(EXTRA_DELAY_MS=40)
    lb = balancer(one.port, two.port)
    redis_server.redis.publish("results", json.dumps({
        "kind": "upstreams", "id": "u1", "target": "app", "generation": 1, "result": {"status": "ok"},
        "servers": [{"name": "app", "address": f"127.0.0.1:{one.port}"},
                    {"name": "app-dup-1", "address": f"127.0.0.1:{two.port}"}]}))
    monitor(lb)
    alerts.with_traffic()
    sender = load(lb, 100, 5)
    alerts.with_traffic(lambda t: t["rps"] > 90)
    seen = [alerts.with_traffic() for _ in range(6)]
    assert sender.wait() == 0, sender.stdout()

    assert mean([t["rps"] for t in seen]) == pytest.approx(100, rel=0.05)
    assert mean([t["completed_rps"] for t in seen]) == pytest.approx(100, rel=0.05)
    for t in seen:
        assert t["error_rate"] == 0
        assert 39 <= t["p50_ms"] <= t["p95_ms"] <= t["p99_ms"] < 500
        assert 39 <= t["upstream_ms"] < 100
        assert 0 <= t["in_flight"] <= 20
        assert {r["name"] for r in t["replicas"]} == {"app", "app-dup-1"}
        assert {r["address"] for r in t["replicas"]} == {f"127.0.0.1:{p.port}" for p in (one, two)}
        each = [r["completed_rps"] for r in t["replicas"]]
        assert each == sorted(each, reverse=True)
        assert sum(each) == pytest.approx(t["completed_rps"], rel=0.01)


def test_probes_and_reads_of_the_status_server_are_no_traffic(app, balancer, monitor, alerts):
    lb = balancer(app(EXTRA_DELAY_MS=60).port)
    port = free_port()
    monitor(lb, PROBE_REQUESTS=20, HTTP_PORT=port)
    alerts.with_traffic()
    seen = []
    for _ in range(8):
        for _ in range(5):
            with urllib.request.urlopen(lb.status_url + "/generation", timeout=5) as reply:
                assert reply.read() == b"1\n"
        seen.append(alerts.until(lambda a: "traffic" in a))
    assert all(a["requests"] > 15 for a in seen)  # the probes go through this nginx
    # Of 160 probes, 40 reads of the generation and 8 of the counters; what is under way as a window
    # ends may count in one and not yet in the other.
    assert sum(a["traffic"]["rps"] * INTERVAL for a in seen) < 6
    assert all(a["traffic"]["in_flight"] <= 1 for a in seen)
    assert all(a["traffic"]["completed_rps"] == 0 for a in seen)
    assert all("p95_ms" not in a["traffic"] and "replicas" not in a["traffic"] for a in seen)
    counted = metrics(port)
    assert counted['agentic_monitor_access_lines_total{kind="traffic"}'] == 0
    assert counted['agentic_monitor_access_lines_total{kind="probe"}'] > 100
    assert counted['agentic_monitor_access_lines_total{kind="status"}'] == 40
    assert counted["agentic_monitor_access_lines_lost_total"] == 0


def test_overload_does_not_hide_arrivals(app, balancer, monitor, alerts, load):
    lb = balancer(app(EXTRA_DELAY_MS=100, APP_CONCURRENCY=4).port)  # 40 a second
    monitor(lb)
    alerts.with_traffic()
    sender = load(lb, 120, 4, "--timeout", "20")
    alerts.with_traffic(lambda t: t["rps"] > 100)
    seen = [alerts.with_traffic() for _ in range(4)]
    assert mean([t["rps"] for t in seen]) == pytest.approx(120, rel=0.05)
    assert mean([t["completed_rps"] for t in seen]) == pytest.approx(40, rel=0.15)
    backlog = [t["in_flight"] for t in seen]
    assert backlog == sorted(backlog) and backlog[-1] - backlog[0] > 60
    drained = alerts.with_traffic(lambda t: t["in_flight"] == 0, 60)
    assert drained["rps"] == 0 and drained["p95_ms"] > 3000
    sender.close()


def test_an_outage_is_errors_and_no_latency(balancer, monitor, alerts, load):
    lb = balancer(free_port())
    monitor(lb)
    sender = load(lb, 100, 3)
    seen = alerts.with_traffic(lambda t: t["rps"] > 90)
    assert seen["error_rate"] == 1 and "p50_ms" not in seen and "upstream_ms" not in seen
    assert seen["completed_rps"] == pytest.approx(100, rel=0.1)
    assert seen["replicas"][0]["error_rate"] == 1 and "p50_ms" not in seen["replicas"][0]
    assert sender.wait() == 1


def test_a_request_tried_again_counts_for_who_answered(app, balancer, monitor, alerts, load):
    dead, alive = free_port(), app(EXTRA_DELAY_MS=20)
    lb = balancer(dead, alive.port)
    monitor(lb)
    alerts.with_traffic()
    sender = load(lb, 100, 3)
    seen = alerts.with_traffic(lambda t: t["rps"] > 90)
    assert sender.wait() == 0
    assert [r["address"] for r in seen["replicas"]] == [f"127.0.0.1:{alive.port}"]
    assert seen["error_rate"] == 0 and 20 <= seen["replicas"][0]["p50_ms"] < 100


# ---- when one is there and the other is not ----

def test_nginx_serves_without_a_monitor_and_finds_it_again_by_itself(app, balancer, monitor, alerts,
                                                                    load):
    lb = balancer(app(EXTRA_DELAY_MS=10).port)
    first = load(lb, 200, 1)
    assert first.wait() == 0  # nobody ever listened
    workers = lb.pids()
    daemon = monitor(lb)
    sender = load(lb, 200, 12)
    alerts.with_traffic(lambda t: t["rps"] > 180 and "p95_ms" in t)

    daemon.kill()
    assert lb.socket.exists()
    again = monitor(lb)
    seen = alerts.with_traffic(lambda t: t["rps"] > 180 and "p95_ms" in t)
    assert seen["completed_rps"] == pytest.approx(200, rel=0.1)
    assert again.terminate() == 0 and not lb.socket.exists()

    monitor(lb)
    alerts.with_traffic(lambda t: t["rps"] > 180 and "p95_ms" in t)
    assert sender.wait(20) == 0, sender.stdout()
    assert lb.pids() == workers  # no reload, no restart
    assert lb.process.stderr() == "", "an error for each line that nobody heard"


def test_a_socket_that_was_removed_is_made_anew(app, balancer, monitor, alerts, load):
    lb = balancer(app().port)
    daemon = monitor(lb)
    load(lb, 50, 10)
    alerts.with_traffic(lambda t: "p95_ms" in t)
    lb.socket.unlink()
    wait_for(lb.socket.exists, what="a new socket")
    assert lb.socket.stat().st_mode & 0o777 == 0o666
    alerts.with_traffic()
    alerts.with_traffic(lambda t: "p95_ms" in t)
    assert daemon.running()


def test_without_the_access_log_the_counters_tell(app, balancer, monitor, alerts, load, tmp_path):
    lb = balancer(app(EXTRA_DELAY_MS=10).port)
    daemon = monitor(lb, ACCESS_LOG_SOCKET=tmp_path / "absent" / "access.sock")
    sender = load(lb, 100, 4)
    alerts.with_traffic(lambda t: t["rps"] > 90)
    seen = [alerts.with_traffic() for _ in range(4)]
    assert mean([t["rps"] for t in seen]) == pytest.approx(100, rel=0.05)
    assert mean([t["completed_rps"] for t in seen]) == pytest.approx(100, rel=0.05)
    assert all("p95_ms" not in t and "error_rate" not in t and "replicas" not in t for t in seen)
    assert sender.wait() == 0
    assert daemon.stderr().count("no telemetry from nginx") == 1
    assert "No such file or directory" in daemon.stderr()


def test_without_stub_status_the_probes_alone_tell(app, balancer, monitor, alerts):
    lb = balancer(app(EXTRA_DELAY_MS=10).port)
    daemon = monitor(lb, LB_URL=f"http://127.0.0.1:{free_port()}")
    seen = [alerts.next() for _ in range(6)]
    assert all("traffic" not in a for a in seen)
    assert all(a["success_rate"] == 1 and a["requests"] > 0 for a in seen[1:])
    assert daemon.stderr().count("no telemetry from nginx") == 1


def test_a_page_that_is_none_is_no_telemetry(app, balancer, monitor, alerts):
    lb = balancer(app().port)
    daemon = monitor(lb, LB_URL=lb.url)
    assert all("traffic" not in alerts.next() for _ in range(4))
    assert daemon.stderr().count("no page of stub_status") == 1


def test_a_restart_of_nginx_costs_windows_and_nothing_else(app, balancer, monitor, alerts, load):
    lb = balancer(app().port)
    daemon = monitor(lb)
    assert load(lb, 400, 1).wait() == 0
    alerts.with_traffic()
    lb.stop()
    alerts.until(lambda a: "traffic" not in a)
    lb.start()
    assert alerts.with_traffic()["rps"] <= 2 / INTERVAL  # and not minus some hundreds, or plus
    sender = load(lb, 100, 3)
    seen = alerts.with_traffic(lambda t: t["rps"] > 90)
    assert seen["rps"] < 130 and sender.wait() == 0
    assert daemon.stderr().count('source=stub_status') == 3  # there, gone, there


def test_an_nginx_that_does_not_answer_delays_no_window(app, balancer, monitor, alerts):
    lb = balancer(app().port)
    monitor(lb)
    alerts.with_traffic()
    for pid in lb.pids():
        os.kill(pid, signal.SIGSTOP)
    try:
        seen = [alerts.next() for _ in range(6)]
    finally:
        for pid in lb.pids():
            os.kill(pid, signal.SIGCONT)
    gaps = [b["ts"] - a["ts"] for a, b in zip(seen, seen[1:])]
    assert all(0.5 * INTERVAL < g < 1.5 * INTERVAL for g in gaps), gaps
    assert "traffic" not in seen[-1]
    alerts.with_traffic()


# ---- who sends nonsense, or too much ----

@contextlib.contextmanager
def sender_to(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        wait_for(path.exists, what="the socket")
        s.connect(str(path))
        yield s


def test_hostile_datagrams_are_counted_and_change_nothing(app, balancer, monitor, alerts):
    lb = balancer(app().port)
    port = free_port()
    daemon = monitor(lb, HTTP_PORT=port)
    alerts.with_traffic()
    chance = random.Random(20261123)
    bad = [b"", b"\n", LINE + b"\n", LINE[:-20], b"x" * 100_000, LINE + b" " * 2000,
           LINE.replace(b"200", b"2\x000"), *(LINE[:n] for n in range(24)),
           *(chance.randbytes(chance.randrange(1, 1500)) for _ in range(300))]
    with sender_to(lb.socket) as s:
        for datagram in bad:
            s.send(datagram)
        s.send(LINE)
    name = 'agentic_monitor_access_lines_total{kind="traffic"}'
    wait_for(lambda: metrics(port)[name] == 1, what="the good one, which is the last")
    assert metrics(port)["agentic_monitor_access_lines_malformed_total"] == len(bad)
    seen = alerts.with_traffic(lambda t: "replicas" in t)
    assert [r["address"] for r in seen["replicas"]] == ["10.9.9.9:80"]
    assert daemon.stderr().count("is no line of the access log") == 1


def test_a_flood_of_lines_from_everywhere_delays_no_window(app, balancer, monitor, alerts):
    lb = balancer(app().port)
    port = free_port()
    daemon = monitor(lb, HTTP_PORT=port)
    alerts.with_traffic()
    before = metrics(port)["process_resident_memory_bytes"]
    with sender_to(lb.socket) as s:
        s.setblocking(False)
        taken, end, n = 0, time.monotonic() + 6 * INTERVAL, 0
        while time.monotonic() < end:
            n += 1
            with contextlib.suppress(BlockingIOError):
                s.send(b"<190>Nov 23 23:09:06 lb: traffic 200 9.999 9.999 10.%d.%d.%d:80"
                       % (n >> 16 & 255, n >> 8 & 255, n & 255))
                taken += 1
    seen = [alerts.next() for _ in range(6)]
    gaps = [b["ts"] - a["ts"] for a, b in zip(seen, seen[1:])]
    assert all(0.5 * INTERVAL < g < 1.5 * INTERVAL for g in gaps), gaps
    assert taken > 10_000
    assert max(len(a.get("traffic", {}).get("replicas", [])) for a in seen) <= 256
    assert metrics(port)["process_resident_memory_bytes"] < before + 16e6
    assert daemon.running()


RATE = 800


def test_lost_lines_are_counted_and_the_rate_stays_true(app, balancer, monitor, alerts, load):
    lb = balancer(app().port)
    port = free_port()
    daemon = monitor(lb, HTTP_PORT=port, SAMPLE_INTERVAL=1)
    alerts.with_traffic()
    sender = load(lb, RATE, 6)
    alerts.with_traffic(lambda t: t["rps"] > 0.9 * RATE)
    before = metrics(port)["agentic_monitor_access_lines_lost_total"]
    daemon.signal(signal.SIGSTOP)  # nobody takes lines; no queue holds more than 600 of them
    stopped_at = time.time()
    wait_for(lambda: time.time() > stopped_at + 0.9, what="lines to be lost")
    daemon.signal(signal.SIGCONT)
    seen = [alerts.with_traffic() for _ in range(3)]
    lost = metrics(port)["agentic_monitor_access_lines_lost_total"] - before
    assert 0.9 * RATE - 600 < lost < 1.5 * RATE
    assert all(t["completed_rps"] == pytest.approx(RATE, rel=0.12) for t in seen), seen
    assert sender.wait() == 0, sender.stdout()


def test_two_monitors_do_not_take_the_log_from_each_other(app, balancer, monitor, alerts, load):
    lb = balancer(app().port)
    monitor(lb, TARGET="app")
    load(lb, 50, 10)
    alerts.with_traffic(lambda t: "p95_ms" in t)
    inode = lb.socket.stat().st_ino
    second = monitor(lb, TARGET="shop")
    wait_for(lambda: "Address already in use" in second.stderr(), what="the second to give way")
    alerts.until(lambda a: a["target"] == "app" and "p95_ms" in a.get("traffic", {}))
    assert lb.socket.stat().st_ino == inode
    assert second.terminate() == 0 and lb.socket.stat().st_ino == inode


def test_a_file_in_the_sockets_place_is_left_alone(app, balancer, monitor, alerts):
    lb = balancer(app().port)
    lb.socket.write_text("somebody's")
    daemon = monitor(lb)
    alerts.next()
    assert "File exists" in daemon.stderr() and lb.socket.read_text() == "somebody's"
    lb.socket.unlink()
    wait_for(lambda: lb.socket.is_socket(), what="the socket")


def test_users_can_choose_nothing_in_a_line(app, balancer, monitor, alerts):
    lb = balancer(app().port)
    port = free_port()
    monitor(lb, HTTP_PORT=port)
    alerts.with_traffic()
    odd = [b"GET /%20probe%20200 HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n",
           b"GET http://lb:8083/stub_status HTTP/1.1\r\nHost: lb:8082\r\nConnection: close\r\n\r\n",
           b"PROBE / HTTP/1.1\r\nHost: \"x, y : z\"\r\nX-Forwarded-For: 1 2 3\r\nConnection: close\r\n\r\n",
           b"garbage\r\n\r\n", b"\x16\x03\x01\x02", b"GET / HT"]
    for request in odd:
        with socket.create_connection(("127.0.0.1", lb.ports[80]), timeout=5) as s:
            s.sendall(request)
            s.shutdown(socket.SHUT_WR)
            while s.recv(4096):
                pass
    name = 'agentic_monitor_access_lines_total{kind="traffic"}'
    wait_for(lambda: metrics(port)[name] == len(odd), what=lambda: f"all of them: {metrics(port)}")
    assert metrics(port)["agentic_monitor_access_lines_malformed_total"] == 0
    assert metrics(port)["agentic_monitor_access_lines_lost_total"] == 0
