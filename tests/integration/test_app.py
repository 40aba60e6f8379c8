"""The demo service: slots, its line, what it does on SIGTERM."""

import http.client
import json
import signal
import socket
import threading
import time

import pytest

from support.procs import free_port, wait_for


class Client(threading.Thread):
    """One GET in the background; .status, .headers, .body, .sec when it has ended."""

    def __init__(self, port, path):
        super().__init__(daemon=True)
        self.port, self.path = port, path
        self.status = self.headers = self.body = self.error = None
        self.start()

    def run(self):
        begin = time.monotonic()
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            c.request("GET", self.path)
            r = c.getresponse()
            self.headers, self.body = dict(r.getheaders()), r.read().decode()
            self.status = r.status
        except OSError as e:
            self.error = e
        finally:
            c.close()
        self.sec = time.monotonic() - begin

    def json(self):
        self.join(20)
        assert self.status == 200, (self.status, self.error)
        return json.loads(self.body)


def get(port, path):
    client = Client(port, path)
    client.join(20)
    return client


def metric(port, name):
    for line in get(port, "/metrics").body.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


def ask_as(port, request_id, path="/"):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request("GET", path, headers={"X-Request-Id": request_id})
    assert c.getresponse().status == 200
    c.close()


def wait_until_taken(p, running, queued):
    wait_for(lambda: (metric(p.http, "agentic_app_running"),
                      metric(p.http, "agentic_app_queued")) == (running, queued),
             what=lambda: get(p.http, "/metrics").body)


def test_root(app):
    p = app(EXTRA_DELAY_MS=30)
    r = get(p.port, "/")
    assert r.headers["Content-Type"] == "application/json"
    answer = r.json()
    assert answer["service"] == "app"
    assert answer["host"] == socket.gethostname()
    assert 0 <= answer["waited_ms"] < 30
    assert 29 <= answer["took_ms"] < 500


def test_delay_of_a_request_is_added(app):
    p = app(EXTRA_DELAY_MS=100)
    assert get(p.port, "/?delay_ms=150").json()["took_ms"] >= 248


@pytest.mark.parametrize("path", ["/?delay_ms=x", "/?delay_ms=-1", "/?delay_ms=60001", "/?delay_ms=1.5",
                                  "/?delay_ms=99999999999999999999", "/work?ms=1s", "/work?ms="])
def test_bad_milliseconds(app, path):
    r = get(app().port, path)
    assert r.status == 400
    assert "60000" in json.loads(r.body)["error"]


def test_requests_beyond_the_slots_wait_in_line(app):
    p = app(APP_CONCURRENCY=2, EXTRA_DELAY_MS=200)
    begin = time.monotonic()
    answers = [c.json() for c in [Client(p.port, "/") for _ in range(6)]]
    assert time.monotonic() - begin >= 0.59
    waited = sorted(a["waited_ms"] for a in answers)
    assert all(w < 150 for w in waited[:2])
    assert all(190 <= w < 350 for w in waited[2:4])
    assert all(w >= 390 for w in waited[4:])


def test_health_needs_no_slot(app):
    p = app(APP_CONCURRENCY=1)
    busy = Client(p.port, "/?delay_ms=1500")
    wait_until_taken(p, 1, 0)
    r = get(p.port, "/health")
    assert (r.status, r.body) == (200, '{"status":"ok"}')
    assert busy.status is None
    busy.json()


def test_a_client_that_leaves_loses_its_place(app):
    p = app(APP_CONCURRENCY=1)
    holder = Client(p.port, "/?delay_ms=1000")
    wait_until_taken(p, 1, 0)
    with socket.create_connection(("127.0.0.1", p.port)) as leaver:
        leaver.sendall(b"GET /?delay_ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until_taken(p, 1, 1)
        last = Client(p.port, "/")
        wait_until_taken(p, 1, 2)
    wait_until_taken(p, 1, 1)
    assert holder.status is None
    holder.json()
    assert last.json()["took_ms"] < 500


def test_a_client_that_leaves_its_slot_harms_nobody(app):
    p = app(APP_CONCURRENCY=1)
    with socket.create_connection(("127.0.0.1", p.port)) as leaver:
        leaver.sendall(b"GET /?delay_ms=300 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until_taken(p, 1, 0)
    assert get(p.port, "/").json()["waited_ms"] < 1000
    assert p.terminate() == 0


def test_work_burns_cpu_and_leaves_the_loop_free(app):
    p = app(APP_CONCURRENCY=2)
    before = metric(p.http, "process_cpu_seconds_total")
    works = [Client(p.port, "/work?ms=400") for _ in range(2)]
    wait_until_taken(p, 2, 0)
    assert get(p.port, "/health").status == 200
    for w in works:
        assert w.json()["took_ms"] >= 399
    assert metric(p.http, "process_cpu_seconds_total") - before >= 0.79


def test_on_sigterm_it_finishes_what_it_has(app):
    p = app(APP_CONCURRENCY=1, EXTRA_DELAY_MS=400)
    clients = [Client(p.port, "/") for _ in range(3)]
    idle = socket.create_connection(("127.0.0.1", p.port))  # must not hold it up
    wait_until_taken(p, 1, 2)
    p.signal(signal.SIGTERM)
    wait_for(lambda: get(p.port, "/health").error is not None, what="new connections to be refused")
    assert p.running()
    for c in clients:
        c.json()
    assert clients[-1].headers["Connection"].lower() == "close"
    assert p.wait() == 0
    idle.close()


def test_on_sigterm_without_requests_it_ends_at_once(app):
    p = app()
    begin = time.monotonic()
    assert p.terminate() == 0
    assert time.monotonic() - begin < 1


def test_thousands_of_requests_on_kept_connections(app):
    p = app(APP_CONCURRENCY=8)
    failed = []

    def client():
        c = http.client.HTTPConnection("127.0.0.1", p.port, timeout=10)
        for _ in range(250):
            c.request("GET", "/")
            r = c.getresponse()
            if r.status != 200 or b'"service":"app"' not in r.read():
                failed.append(r.status)

    threads = [threading.Thread(target=client) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert failed == []
    assert metric(p.http, "agentic_app_requests_total") == 16 * 250
    assert p.terminate() == 0


def test_the_record_of_what_was_asked_outlives_the_replicas(app, tmp_path):
    record = tmp_path / "record"
    first, second = app(RECORD_FILE=record), app(RECORD_FILE=record)
    ask_as(first.port, "a")
    ask_as(second.port, "b", "/work?ms=0")
    assert get(first.port, "/").status == 200  # has no name
    assert get(first.port, "/health").status == 200
    first.kill()
    ask_as(second.port, "a")
    hosts = {line.split()[1] for line in record.read_text().splitlines()}
    assert [line.split()[0] for line in record.read_text().splitlines()] == ["a", "b", "a"]
    assert hosts == {socket.gethostname()}
    assert second.terminate() == 0


def test_a_record_that_cannot_be_written_is_said_at_the_start(spawn, tmp_path):
    p = spawn("app", env={"PORT": free_port(), "RECORD_FILE": tmp_path / "none" / "record"})
    assert p.wait() == 1
    assert "RECORD_FILE" in p.stderr() and "No such file" in p.stderr()
