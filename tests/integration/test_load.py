"""The load generator against a real nginx, and against servers that misbehave on purpose."""

import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import threading
import time

import pytest

from support.procs import Process, free_port, wait_for

CONFIG = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
    keepalive_requests 100000;
    client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3;
    uwsgi_temp_path {dir}/4; scgi_temp_path {dir}/5;
    log_format conn '$connection $request $status $http_host $http_user_agent $http_connection';
    access_log {dir}/access.log conn;
    server {{
        listen 127.0.0.1:{port}; listen [::1]:{port};
        root {dir}/www;
        location = /hello {{ return 200 "hello\\n"; }}
        location = /none {{ return 204; }}
        location = /busy {{ return 503; }}
        location = /moved {{ return 301 /hello; }}
        location = /chunked.html {{ ssi on; }}
    }}
}}
"""


@pytest.fixture
def nginx():
    directory = tempfile.mkdtemp(prefix="load-nginx-")
    os.chmod(directory, 0o755)
    www = pathlib.Path(directory, "www")
    www.mkdir()
    (www / "big.bin").write_bytes(b"x" * 300_000)
    (www / "chunked.html").write_text("<p>" + "word " * 9000 + "</p>")
    port = free_port()
    pathlib.Path(directory, "nginx.conf").write_text(CONFIG.format(dir=directory, port=port))
    process = Process(["nginx", "-c", f"{directory}/nginx.conf", "-p", directory])
    process.port = port
    process.url = f"http://127.0.0.1:{port}"
    process.log = lambda: pathlib.Path(directory, "access.log").read_text().splitlines()

    def answers():
        assert process.running(), process.stderr()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    wait_for(answers, what="nginx to listen")
    yield process
    process.close()
    shutil.rmtree(directory)


class Server:
    """Accepts connections and lets ${behave}(connection, number) answer each, in a thread."""

    def __init__(self, behave):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.accepted = 0
        self.behave = behave
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection, self.accepted),
                             daemon=True).start()

    def _serve(self, connection, number):
        with connection:
            try:
                self.behave(connection, number)
            except OSError:
                pass  # the client left first

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@pytest.fixture
def server():
    servers = []

    def make(behave):
        servers.append(Server(behave))
        return servers[-1]

    yield make
    for s in servers:
        s.close()


def request(connection):
    """Read one request; False when the client has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if not part:
            return False
        data += part
    return True


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def load(spawn):
    """Run it to its end with --json; (exit status, report)."""

    def run(*args, timeout=20):
        process = spawn("load", "--json", *args)
        status = process.wait(timeout)
        assert process.stderr() == ""
        return status, json.loads(process.stdout())

    return run


def test_every_request_of_the_schedule_is_sent_on_time(load, nginx):
    status, report = load("--url", nginx.url + "/hello", "--phase", "1@200", "--phase", "0.5@100")
    assert status == 0
    assert [p["due"] for p in report["phases"]] == [200, 50]
    assert report["total"] | {"due": 250, "sent": 250, "ok": 250, "failed": 0, "failures": {},
                              "unfinished": 0} == report["total"]
    assert 1.4 < report["elapsed_sec"] < 3
    figures = report["total"]
    assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    log = nginx.log()
    assert len(log) == 250
    assert log[0].split(" ", 1)[1].startswith(
        f"GET /hello HTTP/1.1 200 127.0.0.1:{nginx.port} agentic-autoscaler-load/")


def test_connections_are_reused(load, nginx):
    load("--url", nginx.url + "/hello", "--phase", "1@100")
    assert len({line.split()[0] for line in nginx.log()}) < 10


def test_fresh_connections(load, nginx):
    status, _ = load("--url", nginx.url + "/hello", "--phase", "1@100", "--connections", "fresh")
    assert status == 0
    assert len({line.split()[0] for line in nginx.log()}) == 100
    assert all(line.endswith(" close") for line in nginx.log())


@pytest.mark.parametrize("path", ["/none", "/big.bin", "/chunked.html", "/hello?a=b&c=d"])
def test_replies_of_every_shape_end_where_they_end(load, nginx, path):
    status, report = load("--url", nginx.url + path, "--phase", "0.5@100")
    assert (status, report["total"]["ok"]) == (0, 50)
    assert len({line.split()[0] for line in nginx.log()}) < 10


def test_ipv6_loopback_and_localhost(load, nginx):
    for host in ("[::1]", "localhost"):
        status, _ = load("--url", f"http://{host}:{nginx.port}/hello", "--phase", "0.1@100")
        assert status == 0


@pytest.mark.parametrize("path, reason", [
    ("/busy", "status_5xx"), ("/missing", "status_4xx"), ("/moved", "status_3xx")])
def test_bad_status_fails(load, nginx, path, reason):
    status, report = load("--url", nginx.url + path, "--phase", "0.2@50", "--timeout", "3")
    assert status == 1
    assert report["total"]["failures"] == {reason: 10}
    assert report["total"]["p50_ms"] == 3000  # a fast failure is no fast reply


def test_connection_refused(load):
    status, report = load("--url", f"http://127.0.0.1:{free_port()}/", "--phase", "0.2@50")
    assert status == 1
    assert report["total"]["failures"] == {"refused": 10}


def test_a_reset_on_a_reused_connection_is_not_retried(load, server):
    def second_request_is_reset(connection, _):
        request(connection)
        connection.sendall(OK)
        if request(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    s = server(second_request_is_reset)
    status, report = load("--url", s.url, "--phase", "1@20")
    assert status == 1
    assert report["total"]["failures"] == {"reset": 10}
    assert report["total"]["ok"] == 10
    assert s.accepted == 10


def test_an_idle_connection_may_be_closed(load, server):
    def one_reply(connection, _):
        request(connection)
        connection.sendall(OK)

    s = server(one_reply)
    status, report = load("--url", s.url, "--phase", "1@20")
    assert (status, report["total"]["ok"], s.accepted) == (0, 20, 20)


def test_a_cut_reply_fails(load, server):
    def cut(connection, _):
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort")

    status, report = load("--url", server(cut).url, "--phase", "0.5@20")
    assert (status, report["total"]["failures"]) == (1, {"reset": 10})


def test_a_reply_that_ends_with_its_connection_is_whole(load, server):
    def until_end(connection, _):
        request(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nall there is")

    status, report = load("--url", server(until_end).url, "--phase", "0.5@20")
    assert (status, report["total"]["ok"]) == (0, 10)


def test_nonsense_fails(load, server):
    def nonsense(connection, _):
        request(connection)
        connection.sendall(b"220 mail.example ESMTP\r\n")
        connection.recv(1)

    status, report = load("--url", server(nonsense).url, "--phase", "0.5@20")
    assert (status, report["total"]["failures"]) == (1, {"malformed": 10})


def test_a_stall_is_seen_by_every_request_that_was_due_in_it(load, server):
    """No coordinated omission: while the server stalls, requests go on being due."""
    start = time.monotonic()

    def stalls(connection, _):
        while request(connection):
            time.sleep(max(0, min(1, start + 1.5 - time.monotonic())))
            connection.sendall(OK)

    status, report = load("--url", server(stalls).url, "--phase", "2@50")
    assert status == 0
    figures = report["total"]
    assert figures["ok"] == 100
    assert figures["max_ms"] > 700
    assert figures["p50_ms"] > 50  # a closed loop would have met the stall once
    assert figures["longest_gap_ms"] > 700


def test_timeouts_and_the_limit_in_flight(load, server):
    def silent(connection, _):
        while request(connection):
            pass

    s = server(silent)
    status, report = load("--url", s.url, "--phase", "0.5@40", "--timeout", "1",
                          "--max-in-flight", "5")
    assert status == 1
    assert report["total"]["failures"] == {"timeout": 5, "overrun": 15}
    assert report["total"]["sent"] == s.accepted == 5
    assert report["total"]["p50_ms"] == 1000
    assert report["elapsed_sec"] < 3


def test_poisson_arrivals_follow_their_seed(load, nginx):
    def due(seed):
        _, report = load("--url", nginx.url + "/hello", "--phase", "1@100", "--poisson",
                         "--seed", seed)
        return report["total"]["due"]

    counts = [due("1"), due("1"), due("2"), due("3")]
    assert counts[0] == counts[1]
    assert len(set(counts)) > 1
    assert all(50 < n < 150 for n in counts)


def test_sigint_prints_what_it_has(spawn, nginx):
    process = spawn("load", "--json", "--url", nginx.url + "/hello", "--phase", "600@100")
    wait_for(lambda: len(nginx.log()) > 20, what="requests")
    process.signal(signal.SIGINT)
    assert process.wait(2) == 0
    report = json.loads(process.stdout())
    assert 20 < report["total"]["ok"] <= report["total"]["due"] < 1000


def test_table(spawn, nginx):
    process = spawn("load", "--url", nginx.url + "/busy", "--phase", "0.2@50")
    assert process.wait() == 1
    lines = process.lines()
    assert lines[0].split() == ["phase", "per", "s", "due", "ok", "failed", "p50", "ms", "p95",
                                "ms", "p99", "ms", "max", "ms", "gap", "ms"]
    assert lines[1].split()[:5] == ["1", "50", "10", "0", "10"]
    assert lines[2].split()[:4] == ["all", "10", "0", "10"]
    assert lines[3] == "failed: 10 x status 5xx"


@pytest.mark.parametrize("url", ["http://example.com/", "http://10.0.0.1/", "http://[fe80::1]/",
                                 "http://128.0.0.1/", "http://localhost.example.com/",
                                 "http://127.0.0.1@example.com/"])
def test_others_are_refused(spawn, url):
    process = spawn("load", "--url", url, "--phase", "1@1")
    assert process.wait() == 2
    assert process.stderr().startswith("load: --url")
    assert process.stdout() == ""


def test_help_names_every_option(spawn):
    process = spawn("load", "--help")
    assert process.wait() == 0
    for option in ("--url", "--phase", "--connections", "--max-in-flight", "--timeout",
                   "--poisson", "--seed", "--json"):
        assert f"  {option} " in process.stdout()


def test_two_thousand_a_second_cost_little(spawn, nginx):
    process = spawn("load", "--json", "--url", nginx.url + "/hello", "--phase", "2@2000")
    used = 0
    while process.running():
        try:
            fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")")[1].split()
        except FileNotFoundError:
            break
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") or used
        time.sleep(0.05)
    assert process.wait() == 0, process.stdout()
    assert json.loads(process.stdout())["total"]["ok"] == 4000
    assert used < 1.5
