"""The dashboard against those who must not have it: other names, other sites, other methods, wrong
passwords, slow clients and many of them.  Over plain sockets: no client library stands between."""

import base64
import contextlib
import json
import os
import re
import resource
import select
import socket
import time

import pytest

from support.procs import free_port, wait_for

CONNECTIONS_MAX = 512
CLIENT_TIMEOUT_SEC = 10
STREAMS_MAX = 256
# AddressSanitizer keeps what was freed, 256 MB of it, where nobody says otherwise.
MEMORY_COUNTS = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
PASSWORD = "open sesame"

# Of every answer of the dashboard.
HEADERS = {
    "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
}
PAGES = ["/", "/style.css", "/icon.svg", "/api/state", "/api/history",
         "/events", "/healthz", "/metrics"]


class Reply:
    """The first answer among ${raw}: .status, .headers (names in lower case), .body."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if raw else None
        pairs = [line.split(": ", 1) for line in lines[1:]]
        self.headers = {name.lower(): value for name, value in pairs}
        assert len(self.headers) == len(pairs), f"a header came twice: {lines}"


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def read_all(s):
    """What comes until the other side closes."""
    chunks = []
    with contextlib.suppress(ConnectionResetError):
        while chunk := s.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


def ask_raw(port, text):
    with connect(port) as s:
        with contextlib.suppress(OSError):
            s.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))
        return read_all(s)


def request(path="/", method="GET", host="localhost", **headers):
    lines = [f"{method} {path} HTTP/1.1"] + ([f"Host: {host}"] if host is not None else [])
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""])


def ask(port, path="/", **options):
    return Reply(ask_raw(port, request(path, **options)))


def head_of(port, text):
    """The head of the answer alone, for answers that do not end."""
    with connect(port) as s:
        s.sendall(text.encode())
        raw = b""
        while b"\r\n\r\n" not in raw:
            chunk = s.recv(4096)
            assert chunk, raw
            raw += chunk
        return Reply(raw)


def basic(password, user="admin"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def closes(s, seconds):
    """Whether the other side closes ${s} within that time; what it says before does not matter."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([s], [], [], left)[0]:
            try:
                if not s.recv(65536):
                    return True
            except ConnectionResetError:
                return True
    return False


def metric(port, name, **headers):
    text = ask(port, "/metrics", **headers).body.decode()
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])


@pytest.fixture
def sockets():
    """sockets(port, receive_buffer=…): an open connection, closed with the test."""
    with contextlib.ExitStack() as stack:
        def start(port, receive_buffer=None):
            s = stack.enter_context(socket.socket())
            s.settimeout(10)
            if receive_buffer:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            s.connect(("127.0.0.1", port))
            return s
        yield start


# --- which name ---


@pytest.mark.parametrize("host", [
    "localhost:8090", "127.0.0.1:8090", "[::1]:8090", "localhost:18090", "127.0.0.1", "LOCALHOST",
    "192.168.7.5:8090"])
def test_own_names_are_answered(dashboard, host):
    assert ask(dashboard().port, "/api/state", host=host).status == 200


@pytest.mark.parametrize("host", [
    None, "", "evil.example", "evil.example:8090", "localhost.evil.example", "127.0.0.1.nip.io",
    "localhost:8090@evil.example", "127.1", "[::1", "dashboard:8090"])
def test_a_rebound_name_gets_nothing(dashboard, host):
    p = dashboard()
    for path in PAGES:
        reply = ask(p.port, path, host=host)
        assert reply.status in (400, 403), path
        assert b"latency" not in reply.body and b"agentic_" not in reply.body
        assert (host or "evil").encode() not in reply.raw


def test_a_name_is_known_when_set(dashboard):
    p = dashboard(DASHBOARD_HOSTS="dash.example.org,dashboard")
    assert ask(p.port, "/api/state", host="dash.example.org").status == 200
    assert ask(p.port, "/api/state", host="dashboard:8090").status == 200
    assert ask(p.port, "/api/state", host="127.0.0.1:8090").status == 200
    assert ask(p.port, "/api/state", host="example.org").status == 403


def test_two_hosts_are_refused(dashboard):
    p = dashboard()
    for other in ("evil.example", "localhost"):
        raw = ask_raw(p.port, f"GET / HTTP/1.1\r\nHost: localhost\r\nhost: {other}\r\n"
                              "Connection: close\r\n\r\n")
        assert Reply(raw).status == 400


def test_http_1_0_needs_a_name_too(dashboard):
    p = dashboard()
    assert Reply(ask_raw(p.port, "GET /api/state HTTP/1.0\r\n\r\n")).status == 403
    assert Reply(ask_raw(p.port, "GET /api/state HTTP/1.0\r\nHost: localhost\r\n\r\n")).status == 200


def test_each_request_of_a_connection_is_judged(dashboard):
    p = dashboard()
    raw = ask_raw(p.port, "GET /icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  + request("/api/state", host="evil.example"))
    assert re.findall(rb"HTTP/1.1 (\d+)", raw) == [b"200", b"403"]


def test_refusals_are_logged_once_and_counted(dashboard):
    p = dashboard()
    for _ in range(5):
        ask(p.port, host="evil.example")
    assert metric(p.port, 'agentic_dashboard_refused_total{why="host"}') == 5
    assert p.stderr().count('msg="refused a request') == 1
    assert "evil.example" not in p.stderr()


# --- which site ---


@pytest.mark.parametrize("origin", [
    "null", "http://evil.example", "http://localhost:3000", "https://localhost.evil.example",
    "http://127.0.0.1:8090", "chrome-extension://abc"])
def test_a_foreign_origin_gets_nothing(dashboard, origin):
    p = dashboard()
    for path in PAGES:
        reply = ask(p.port, path, host="localhost:8090", Origin=origin)
        assert reply.status == 403, path
        assert "access-control-allow-origin" not in reply.headers


def test_the_own_origin_gets_all(dashboard):
    p = dashboard()
    for path in PAGES:
        reply = head_of(p.port, request(path, host="localhost:8090", Origin="http://localhost:8090",
                                        Sec_Fetch_Site="same-origin"))
        assert reply.status == 200, path
        assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_cannot_take_the_streams(dashboard, site):
    p = dashboard()
    for _ in range(STREAMS_MAX + 1):
        assert ask(p.port, "/events", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").status == 403
    assert ask(p.port, "/api/state", Sec_Fetch_Site=site).status == 403
    assert ask(p.port, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate").status == 200
    assert head_of(p.port, request("/events", Sec_Fetch_Site="same-origin")).status == 200


# --- which method, which path ---


@pytest.mark.parametrize("method", [
    "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"])
def test_it_can_only_be_read(dashboard, method):
    p = dashboard()
    for path in PAGES:
        reply = ask(p.port, path, method=method, Content_Length="0")
        assert reply.status == 405, path
        assert reply.headers["allow"] == "GET, HEAD"


def shown(port):
    """/api/state, but for time and the progress of the start."""
    state = json.loads(ask(port, "/api/state").body)
    return {k: v for k, v in state.items() if k not in ("id", "now")}


def test_a_body_changes_nothing(dashboard):
    p = dashboard()
    before = shown(p.port)
    body = '{"kind":"plan"}'
    text = request("/api/state", method="POST", Content_Length=len(body)) + body
    assert Reply(ask_raw(p.port, text)).status == 405
    assert Reply(ask_raw(p.port, text.replace("POST", "GET"))).status == 200
    assert shown(p.port) == before


def test_head_is_get_without_a_body(dashboard):
    p = dashboard()
    for path in PAGES:
        reply = ask(p.port, path, method="HEAD")
        assert reply.body == b"", path
        assert reply.status == 200, path
    assert metric(p.port, "agentic_dashboard_streams") == 0


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/style.css", "//", "//style.css", "/style.css/",
    "/style.css%20", "/./style.css", "/STYLE.CSS", "/style.css;x", "/.git/config", "/api", "/api/state/",
    "/api/../healthz", "http://localhost/style.css", "http://evil.example/", "*", "/index.html",
    "/%c0%ae%c0%ae/", "/style.css%0d%0aX-Evil:1", "/\\style.css"])
def test_path_tricks_find_nothing(dashboard, path):
    reply = ask(dashboard().port, path)
    assert reply.status in (400, 404)
    assert b"x-evil" not in reply.raw.lower()
    assert reply.headers.get("location") is None


@pytest.mark.parametrize("path", ["/healthz%00/../api/state", "/healthz%2f..%2fapi/state",
                                  "/healthz?/api/state", "/healthz#/api/state", "/healthz/../metrics"])
def test_the_open_path_opens_no_other(dashboard, path):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    reply = ask(p.port, path)
    assert reply.status in (400, 401, 404) or json.loads(reply.body) == {"status": "ok"}


# --- the headers ---


@pytest.mark.parametrize("what,expected", [
    (request("/"), 200), (request("/style.css"), 200), (request("/api/state"), 200),
    (request("/events"), 200), (request("/metrics"), 200), (request("/nothing"), 404),
    (request("/", method="POST"), 405), (request("/", host="evil.example"), 403),
    (request("/", Origin="null"), 403), (request("/", method="HEAD"), 200),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400)])
def test_every_answer_has_the_headers(dashboard, what, expected):
    reply = head_of(dashboard().port, what)
    assert reply.status == expected
    for name, value in HEADERS.items():
        assert reply.headers.get(name) == value, name
    assert reply.headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in reply.headers and "x-powered-by" not in reply.headers


def test_answers_of_password_and_cache_have_the_headers(dashboard):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    refused = ask(p.port, "/")
    etag = ask(p.port, "/", Authorization=basic(PASSWORD)).headers["etag"]
    cached = ask(p.port, "/", Authorization=basic(PASSWORD), If_None_Match=etag)
    health = ask(p.port, "/healthz")
    assert (refused.status, cached.status, health.status) == (401, 304, 200)
    for reply in (refused, cached, health):
        assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS


# What libmicrohttpd cannot read it answers by itself, if at all: a fixed page, and the end.
NONSENSE = {
    "long header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
    "long path": b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 4000 + b"\r\n",
    "negative length": b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "huge length": b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    "NUL": b"GET /<script>evil</script>\0 HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n"
           b"Connection: close\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(11, 200)) + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "empty lines": b"\r\n" * 20000,
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_survived(dashboard, sockets, what):
    p = dashboard()
    s = sockets(p.port)
    with contextlib.suppress(OSError):
        s.sendall(NONSENSE[what])
        s.shutdown(socket.SHUT_WR)
    raw = read_all(s)
    assert b"latency" not in raw and b"<script>evil" not in raw
    assert ask(p.port, "/api/state").status == 200


# --- the password ---


def test_nothing_without_the_password(dashboard):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    for path in [*PAGES, "/nothing"]:
        if path == "/healthz":
            continue
        reply = ask(p.port, path)
        assert reply.status == 401, path
        assert reply.headers["www-authenticate"].startswith("Basic realm=")
        assert reply.body == b"a password is needed\n"
    assert ask(p.port, "/", method="POST").status == 401


def test_all_with_the_password(dashboard):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    for user in ("admin", "", "anybody"):
        for path in PAGES:
            reply = head_of(p.port, request(path, Authorization=basic(PASSWORD, user)))
            assert reply.status == 200, path
    assert ask(p.port, "/nothing", Authorization=basic(PASSWORD)).status == 404


def test_the_password_can_be_a_file(dashboard, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    p = dashboard(DASHBOARD_PASSWORD_FILE=file)
    assert ask(p.port, "/", Authorization=basic(PASSWORD)).status == 200
    assert ask(p.port, "/", Authorization=basic(PASSWORD + "\n")).status == 401
    assert PASSWORD not in p.stderr()


@pytest.mark.parametrize("text", ["", "short", "x" * 300])
def test_a_bad_password_file_does_not_open_it(spawn, redis_server, tmp_path, text):
    file = tmp_path / "password"
    file.write_text(text)
    for value in (file, tmp_path / "missing"):
        p = spawn("dashboard", env={**redis_server.env, "DASHBOARD_PASSWORD_FILE": value})
        assert p.wait() == 2
        assert "DASHBOARD_PASSWORD" in p.stderr()
        assert "xxx" not in p.stderr() and "short" not in p.stderr()


def test_guesses_are_bounded(dashboard):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    begin = time.monotonic()
    found = [ask(p.port, "/", Authorization=basic(f"guess {n}")).status for n in range(60)]
    looked_at = found.count(401)
    assert set(found) == {401, 429}
    assert 10 <= looked_at <= 11 + 2 * (time.monotonic() - begin)
    assert ask(p.port, "/healthz").status == 200
    wait_for(lambda: ask(p.port, "/", Authorization=basic(PASSWORD)).status == 200,
             what="the right password to pass again")


def test_two_passwords_in_a_request_are_refused(dashboard):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    text = f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic(PASSWORD)}\r\n" \
           f"Authorization: {basic('wrong one')}\r\nConnection: close\r\n\r\n"
    assert Reply(ask_raw(p.port, text)).status == 400


def test_health_says_no_more_than_it_must(dashboard, spawn):
    p = dashboard(DASHBOARD_PASSWORD=PASSWORD)
    assert json.loads(ask(p.port, "/healthz").body) == {"status": "ok"}
    check = spawn("dashboard", "--healthcheck",
                  env={"DASHBOARD_PORT": p.port, "DASHBOARD_PASSWORD": PASSWORD})
    assert check.wait() == 0
    port = free_port()
    spawn("dashboard", env={"REDIS_PORT": free_port(), "DASHBOARD_PORT": port,
                            "DASHBOARD_PASSWORD": PASSWORD})
    wait_for(lambda: listens(port), what="the dashboard to listen")
    reply = ask(port, "/healthz")
    assert reply.status == 503 and json.loads(reply.body) == {"status": "degraded"}


def listens(port):
    with contextlib.suppress(OSError):
        connect(port).close()
        return True
    return False


# --- slow clients, many clients ---


def test_a_request_has_to_come_in_time(dashboard, sockets):
    p = dashboard()
    silent, head, body, idle, reader = (sockets(p.port) for _ in range(5))
    idle.sendall(b"GET /icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    body.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
    head.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    reader.sendall(request("/events").encode())
    begin = time.monotonic()
    waiting = {silent: "silent", head: "head", body: "body", idle: "idle"}
    while waiting and time.monotonic() - begin < CLIENT_TIMEOUT_SEC + 5:
        for s, text in ((head, b"X: y\r\n"), (body, b"z")):  # a bit of each, every half a second
            if s in waiting:
                with contextlib.suppress(OSError):
                    s.sendall(text)
        for s in [s for s in waiting if closes(s, 0.5 / len(waiting))]:
            del waiting[s]
    assert not waiting
    assert time.monotonic() - begin > CLIENT_TIMEOUT_SEC - 3
    assert not closes(reader, 0.1)  # a stream stays


def test_an_answer_has_to_be_taken_in_time(dashboard, redis_server, sockets):
    p = dashboard()
    for n in range(100):
        redis_server.redis.publish("actions", long_plan(n))
    wait_for(lambda: len(ask(p.port, "/api/state").body) > 500000, what=p.stderr)
    wait_for(lambda: connections(p.port) == 0, what="what asked to have left")
    s = sockets(p.port, receive_buffer=4096)
    # More than the buffers of the two sockets hold.
    s.sendall(b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
    wait_for(lambda: connections(p.port) == 1, what="the connection")

    def is_dropped():
        """Reading on, a little at a time."""
        with contextlib.suppress(OSError):
            s.recv(64)
        return connections(p.port) == 0

    begin = time.monotonic()
    wait_for(is_dropped, timeout=CLIENT_TIMEOUT_SEC + 10, what="the slow reader to be dropped", every=0.2)
    assert time.monotonic() - begin > CLIENT_TIMEOUT_SEC - 3
    assert ask(p.port, "/api/state").status == 200


def long_plan(n):
    return json.dumps({
        "ts": 1795458000.0 + n, "kind": "plan", "id": f"p{n}", "container": "app",
        "decision": {"action": "scale_up", "target": "app", "reason": "8x", "replicas": 3},
        "telemetry": {"p95_ms": 120.0, "baseline_ms": 90.5, "sigma_ms": 2.0,
                      "low_windows": [True], "replicas": 2},
        "explain": {"note": "y" * 20000}})


def descriptors(p):
    return len(os.listdir(f"/proc/{p.pid}/fd"))


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def sockets_from(port):
    """The rows of /proc/net/tcp whose local port is ${port}."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return [row for row in rows if row[1].endswith(f":{port:04X}")]


def unsent_bytes(port):
    """What the kernel keeps to send from ${port}."""
    return sum(int(row[4].split(":")[0], 16) for row in sockets_from(port))


def connections(port):
    """That the server on ${port} has not closed: established, or closed by the client alone."""
    return sum(row[3] in ("01", "08") for row in sockets_from(port))


def test_answers_that_nobody_takes_cost_little(dashboard, redis_server, sockets):
    p = dashboard(**MEMORY_COUNTS)
    for n in range(100):
        redis_server.redis.publish("actions", long_plan(n))
    wait_for(lambda: len(ask(p.port, "/api/state").body) > 500000, what=p.stderr)
    before = resident_kb(p.pid)
    for _ in range(100):
        sockets(p.port, receive_buffer=4096).sendall(request("/api/state").encode())
    assert ask(p.port, "/healthz").status == 200
    # Neither the process nor the kernel keeps 100 of them.
    assert resident_kb(p.pid) - before < 24 * 1024
    assert unsent_bytes(p.port) < 24 * 1024 * 1024


def test_700_connections_leave_room(dashboard, sockets):
    p = dashboard(**MEMORY_COUNTS)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2048)), hard))
    before = resident_kb(p.pid)
    crowd = [sockets(p.port) for _ in range(700)]
    for s in crowd[::2]:
        with contextlib.suppress(OSError):
            s.sendall(b"GET /api/state HTTP/1.1\r\n")
    for path in ("/", "/healthz", "/api/state", "/metrics"):
        begin = time.monotonic()
        assert ask(p.port, path).status == 200
        assert time.monotonic() - begin < CLIENT_TIMEOUT_SEC / 2, path  # the crowd is still there
    assert head_of(p.port, request("/events")).status == 200
    assert descriptors(p) <= CONNECTIONS_MAX + 32
    assert resident_kb(p.pid) - before < 16 * 1024


def test_a_crowd_does_not_end_streams_or_answers(dashboard, sockets):
    p = dashboard()
    stream = sockets(p.port)
    stream.sendall(request("/events").encode())
    wait_for(lambda: metric(p.port, "agentic_dashboard_streams") == 1, what="the stream")
    crowd = [sockets(p.port) for _ in range(600)]
    assert len(crowd) == 600
    assert metric(p.port, "agentic_dashboard_streams") == 1
    assert not closes(stream, 0.2)
