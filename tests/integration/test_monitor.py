"""monitor against a service that behaves, hangs, fails and vanishes, over a real Redis."""

import http.server
import json
import os
import signal
import socket
import socketserver
import threading
import time

import pytest

from support.procs import free_port, wait_for

INTERVAL = 0.5
PROBES = 20
TIMEOUT = 0.4


class Service:
    """A TCP server whose answer to a GET can be changed while it runs; every connection is noted."""

    def __init__(self):
        self.delay, self.status, self.hang = 0.0, 200, False
        self.requests = 0
        self.stopped = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                data = self.request.recv(4096)
                if not data:
                    return
                outer.requests += 1
                if outer.hang:
                    outer.stopped.wait(60)
                    return
                if outer.delay:
                    outer.stopped.wait(outer.delay)
                self.request.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\nok" % outer.status)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


CONTAINERS = [("app-drain-2", "running"), ("app-dup-10", "running"), ("app-dup-3", "exited"),
              ("shop", "running"), ("app", "running")]


@pytest.fixture
def docker(tmp_path):
    """A server with the .path of its socket, where its .containers are listed; .lists counts."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = {"ApiVersion": "1.44", "MinAPIVersion": "1.24"}
            if "/containers/json" in self.path:
                body = [{"Id": f"{i:064x}", "Names": [f"/{name}"], "State": state, "Status": "",
                         "Created": 1795450000 + i, "Labels": {}}
                        for i, (name, state) in enumerate(server.containers)]
                server.lists += 1
            text = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

        def get_request(self):
            return self.socket.accept()[0], ("engine", 0)

    server = Server(str(tmp_path / "docker.sock"), Handler)
    server.path, server.containers, server.lists = tmp_path / "docker.sock", CONTAINERS, 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def service():
    s = Service()
    yield s
    s.close()


@pytest.fixture
def monitor(redis_server, spawn):
    def start(port, **env):
        settings = {
            **redis_server.env, "TARGET_URL": f"http://127.0.0.1:{port}/",
            "SAMPLE_INTERVAL": INTERVAL, "PROBE_REQUESTS": PROBES, "TIMEOUT_S": TIMEOUT,
            "DOCKER_HOST": "unix:///nonexistent/docker.sock", "LOG_LEVEL": "debug", **env}
        return spawn("monitor", env=settings)
    return start


def next_alert(subscription, timeout=5):
    channel, text = subscription.get(timeout)
    assert channel == "alerts"
    return json.loads(text)


def alert_where(subscription, condition, windows=12):
    for _ in range(windows):
        alert = next_alert(subscription)
        if condition(alert):
            return alert
    raise AssertionError(f"no such window among {windows}; the last: {alert}")


def test_a_window_has_every_field_of_the_protocol(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    service.delay = 0.05
    monitor(service.port)
    alert = alert_where(alerts, lambda a: a["requests"] == PROBES)
    assert alert["kind"] == "latency_metrics" and alert["target"] == "app"
    assert alert["endpoint"] == f"http://127.0.0.1:{service.port}/"
    assert alert["window_sec"] == INTERVAL and alert["success_rate"] == 1.0
    assert 50 <= alert["p50_ms"] <= alert["p95_ms"] <= alert["p99_ms"] < TIMEOUT * 1000
    assert alert["avg_ms"] >= 50 and alert["replicas"] == 1
    assert abs(alert["ts"] - time.time()) < 5
    assert len(alert["id"]) == 32 and "traffic" not in alert and "containers" not in alert
    [(_, stored)] = redis_server.redis.stream("alerts")[-1:]
    assert json.loads(stored)["kind"] == "latency_metrics"


def test_a_window_has_the_containers_with_those_in_rotation(redis_server, service, docker, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    monitor(service.port, DOCKER_HOST=f"unix://{docker.path}")
    alert = alert_where(alerts, lambda a: "containers" in a)
    assert [(c["name"], c["state"]) for c in alert["containers"]] == [
        ("app", "starting"), ("app-dup-3", "down"), ("app-dup-10", "starting"),
        ("app-drain-2", "draining")]
    assert alert["containers"][0]["created_ts"] == 1795450004 and alert["replicas"] == 2
    redis_server.redis.publish("results", json.dumps({
        "kind": "upstreams", "target": "app", "generation": 1, "result": {"status": "ok"},
        "servers": [{"name": "app", "address": "10.0.0.2:8080"}]}))
    alert = alert_where(alerts, lambda a: a.get("ready") == 1)
    assert [c["state"] for c in alert["containers"]] == ["ready", "down", "starting", "draining"]


def test_containers_that_came_and_left_within_a_window(redis_server, service, docker, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    docker.containers = [("app", "running"), ("app-dup-1", "running")]
    monitor(service.port, DOCKER_HOST=f"unix://{docker.path}", SAMPLE_INTERVAL=2)
    first = next_alert(alerts)
    wait_for(lambda: docker.lists == 2, what="the list that the next window would have")
    docker.containers = [("app", "running"), ("app-drain-1", "running"), ("app-dup-2", "running")]
    redis_server.redis.publish("results", json.dumps({
        "kind": "upstreams", "target": "app", "generation": 1, "result": {"status": "ok"},
        "servers": [{"name": "app", "address": "10.0.0.2:8080"},
                    {"name": "app-dup-2", "address": "10.0.0.3:8080"}]}))
    alert = next_alert(alerts)
    assert [c["name"] for c in first["containers"]] == ["app", "app-dup-1"]
    assert [(c["name"], c["state"]) for c in alert["containers"]] == [
        ("app", "ready"), ("app-dup-2", "ready"), ("app-drain-1", "draining")]
    assert alert["replicas"] == alert["ready"] == 2


def test_a_service_that_hangs_still_gives_windows_on_time(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    service.hang = True
    monitor(service.port, TIMEOUT_S=1.2)
    seen = [next_alert(alerts) for _ in range(8)]
    gaps = [b["ts"] - a["ts"] for a, b in zip(seen, seen[1:])]
    assert all(0.5 * INTERVAL < g < 1.5 * INTERVAL for g in gaps), gaps
    settled = seen[4:]
    for alert in settled:  # a probe counts in the window in which it times out
        assert abs(alert["requests"] - PROBES) <= 2, alert
        assert alert["success_rate"] == 0.0
        assert alert["p50_ms"] == alert["p95_ms"] == 1200


def test_a_window_without_any_ended_probe_says_how_long_they_wait(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    service.hang = True
    monitor(service.port, TIMEOUT_S=5)
    first, second = next_alert(alerts), next_alert(alerts)
    assert first["requests"] == second["requests"] == 0
    assert first["success_rate"] == 0
    assert second["p95_ms"] > first["p95_ms"] > 0


def test_fast_failures_are_not_low_latency(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    service.status = 502
    monitor(service.port)
    alert = alert_where(alerts, lambda a: a["requests"] == PROBES)
    assert alert["success_rate"] == 0 and alert["p50_ms"] == TIMEOUT * 1000


def test_a_refused_connection_is_a_failed_probe_and_recovery_is_seen(redis_server, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    port = free_port()
    daemon = monitor(port)
    assert alert_where(alerts, lambda a: a["requests"] == PROBES)["success_rate"] == 0

    with socket.socket() as taken:  # now somebody answers there
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen(256)
        done = threading.Event()

        def serve():
            taken.settimeout(0.1)
            while not done.is_set():
                try:
                    peer, _ = taken.accept()
                except TimeoutError:
                    continue
                with peer:
                    peer.recv(4096)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            alert_where(alerts, lambda a: a["success_rate"] == 1.0)
        finally:
            done.set()
            thread.join()
    wait_for(lambda: "target is up" in daemon.stderr(), what="the transition in the log")
    assert daemon.stderr().count("target is up") == 1


def test_each_probe_is_a_fresh_connection(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    monitor(service.port)
    before = service.requests
    for _ in range(4):
        alert = next_alert(alerts)
    assert alert["requests"] == PROBES
    # The service answers one request a connection and closes; reuse would have failed probes.
    assert alert["success_rate"] == 1.0 and service.requests - before >= 3 * PROBES


def test_windows_survive_a_redis_outage(redis_server_factory, spawn, service):
    server = redis_server_factory(appendonly=True)
    daemon = spawn("monitor", env={
        **server.env, "TARGET_URL": f"http://127.0.0.1:{service.port}/", "SAMPLE_INTERVAL": 0.2,
        "PROBE_REQUESTS": 5, "TIMEOUT_S": 0.2, "DOCKER_HOST": "unix:///nonexistent/docker.sock"})
    wait_for(lambda: len(server.redis.stream("alerts")) >= 3, what="windows")
    server.kill()
    wait_for(lambda: "redis is down" in daemon.stderr(), what="monitor to notice")
    down_at = time.time()
    wait_for(lambda: time.time() > down_at + 1.5, what="an outage of some windows")
    server.start()
    wait_for(lambda: json.loads(server.redis.stream("alerts")[-1][1])["ts"] > time.time() - 0.5,
             what="new windows")
    stamps = [json.loads(text)["ts"] for _, text in server.redis.stream("alerts")]
    ids = [json.loads(text)["id"] for _, text in server.redis.stream("alerts")]
    assert stamps == sorted(stamps) and len(set(ids)) == len(ids)
    gaps = [b - a for a, b in zip(stamps, stamps[1:])]
    assert max(gaps) < 0.6, f"windows of the outage are missing: {gaps}"


def test_a_stopped_monitor_starts_a_new_window_and_blames_nobody(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    daemon = monitor(service.port)
    alert_where(alerts, lambda a: a["requests"] == PROBES)
    daemon.signal(signal.SIGSTOP)
    stopped_at = time.time()
    wait_for(lambda: time.time() > stopped_at + 3 * INTERVAL, what="some windows to pass")
    daemon.signal(signal.SIGCONT)
    alert = alert_where(alerts, lambda a: a["ts"] > stopped_at + 4 * INTERVAL)
    assert alert["success_rate"] == 1.0
    assert PROBES - 1 <= alert["requests"] <= PROBES + 1  # one may end in the window beside its own
    assert "stopped for longer than a window" in daemon.stderr()


def test_bad_settings_are_all_named(spawn):
    p = spawn("monitor", "--check", env={
        "SAMPLE_INTERVAL": "0.1", "PROBE_REQUESTS": "many", "TARGET_URL": "lb", "TIMEOUT_S": "2.5"})
    assert p.wait() == 2
    for name in ("SAMPLE_INTERVAL=0.1", "PROBE_REQUESTS=many", "TARGET_URL=lb"):
        assert name in p.stderr()
    assert "TIMEOUT_S" not in p.stderr()


def test_stops_within_two_seconds_even_while_everything_hangs(redis_server, service, monitor):
    alerts = redis_server.redis.subscribe("alerts")
    service.hang = True
    daemon = monitor(service.port, TIMEOUT_S=5)
    next_alert(alerts)
    assert daemon.terminate(timeout=2) == 0
    assert os.path.exists(f"/proc/{daemon.pid}") is False
