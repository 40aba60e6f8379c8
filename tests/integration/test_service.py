"""The frame that every daemon stands in: options, settings, signals, log, health and metrics.

The demo app shows it without dependencies, the dashboard with Redis.
"""

import http.client
import json
import re
import signal
import socket
import time

import pytest

from support.procs import free_port, wait_for


def get(port, path, method="GET", headers=None, host="127.0.0.1"):
    """(status, headers, body) of one request on a connection of its own."""
    c = http.client.HTTPConnection(host, port, timeout=5)
    try:
        c.request(method, path, headers=headers or {})
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read().decode()
    finally:
        c.close()


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def dashboard(spawn):
    def start(**env):
        port = free_port()
        p = spawn("dashboard", env={"DASHBOARD_PORT": port, **env})
        wait_for(lambda: 'msg="started"' in p.stderr(), what=p.stderr)
        p.port = port
        return p
    return start


# --- options ---


def test_help_names_own_and_common_settings(spawn):
    p = spawn("dashboard", "--help")
    assert p.wait() == 0
    out = p.stdout()
    assert out.startswith("usage: dashboard ")
    for word in ("DASHBOARD_PORT", "8090", "LOG_LEVEL", "HTTP_PORT", "HTTP_BIND", "REDIS_HOST",
                 "REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD", "--check", "--healthcheck",
                 "--version", "--env-example"):
        assert word in out, word
    assert out.index("DASHBOARD_PORT") < out.index("LOG_LEVEL")
    assert "DOCKER_HOST" not in out
    assert p.stderr() == ""


def test_a_daemon_without_redis_has_no_settings_for_it(spawn):
    p = spawn("app", "--help")
    assert p.wait() == 0
    assert "LOG_LEVEL" in p.stdout()
    assert "REDIS" not in p.stdout()


def test_version(spawn):
    p = spawn("app", "--version")
    assert p.wait() == 0
    assert re.fullmatch(r"app \d+\.\d+\.\d+\n", p.stdout())


def test_check_of_fine_settings(spawn):
    p = spawn("app", "--check", env={"APP_CONCURRENCY": "3"})
    assert p.wait() == 0
    assert p.stdout() == "app: settings are fine\n"
    assert p.stderr() == ""


@pytest.mark.parametrize("args", [[], ["--check"]])
def test_every_bad_setting_is_named(spawn, args):
    p = spawn("app", *args, env={"PORT": "99999", "APP_CONCURRENCY": "many", "LOG_LEVEL": "loud",
                                 "HTTP_PORT": "-1"})
    assert p.wait() == 2
    lines = p.stderr().splitlines()
    for start in ("PORT=99999: ", "APP_CONCURRENCY=many: ", "LOG_LEVEL=loud: ", "HTTP_PORT=-1: "):
        assert [x for x in lines if x.startswith(start)], start
    assert "65535" in p.stderr()
    assert p.stdout() == ""


def test_addresses_must_be_numeric(spawn):
    p = spawn("app", "--check", env={"BIND": "localhost", "HTTP_BIND": "::1x"})
    assert p.wait() == 2
    assert "BIND=localhost: " in p.stderr()
    assert "HTTP_BIND=::1x: " in p.stderr()


@pytest.mark.parametrize("host,fine", [
    ("unix:///run/docker.sock", True), ("tcp://127.0.0.1:2375", True), ("tcp://proxy:1", True),
    ("unix://relative", False), ("unix:///" + "x" * 107, False), ("http://x", False),
    ("tcp://x", False), ("tcp://:2375", False), ("tcp://x:0", False), ("tcp://x:65536", False),
    ("tcp://x:2375/path", False), ("/var/run/docker.sock", False)])
def test_docker_host_is_checked(spawn, host, fine):
    p = spawn("monitor", "--check", env={"DOCKER_HOST": host})
    assert p.wait() == (0 if fine else 2)
    assert ("DOCKER_HOST=" in p.stderr()) is not fine


@pytest.mark.parametrize("args", [["--chek"], ["now"], ["--check", "-x"]])
def test_unknown_option(spawn, args):
    p = spawn("app", *args)
    assert p.wait() == 2
    assert f'unknown option "{args[-1]}"' in p.stderr()
    assert "--help" in p.stderr()


def test_env_example_is_a_file_of_comments_with_every_setting(spawn):
    p = spawn("dashboard", "--env-example")
    assert p.wait() == 0
    out = p.stdout()
    for name in ("DASHBOARD_PORT=8090", "LOG_LEVEL=info", "REDIS_PORT=6379", "HTTP_PORT=0"):
        assert f"#{name}\n" in out, name
    assert all(x.startswith("#") or not x for x in out.split("\n"))


# --- secrets ---


def test_secret_from_a_file(spawn, redis_server_factory, tmp_path):
    redis = redis_server_factory(password="pass word")
    secret = tmp_path / "secret"
    secret.write_text("pass word\n")
    p = spawn("dashboard", env={"DASHBOARD_PORT": free_port(), "REDIS_PORT": redis.port,
                                "REDIS_PASSWORD_FILE": secret})
    wait_for(lambda: 'msg="redis is up"' in p.stderr(), what=p.stderr)
    assert "pass word" not in p.stderr()


def test_a_secret_file_that_cannot_be_used_is_named(spawn, tmp_path):
    nul, long = tmp_path / "nul", tmp_path / "long"
    nul.write_bytes(b"hid\0den")
    long.write_text("x" * 5000)
    for path in (tmp_path / "missing", tmp_path, nul, long):
        p = spawn("dashboard", "--check", env={"REDIS_PASSWORD_FILE": path})
        assert p.wait() == 2, path
        assert "REDIS_PASSWORD_FILE=" in p.stderr()
        assert "hid" not in p.stderr()


# --- signals ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly_and_soon(dashboard, number):
    p = dashboard(REDIS_PORT=free_port())
    begin = time.monotonic()
    p.signal(number)
    assert p.wait() == 0
    assert time.monotonic() - begin < 2
    assert p.stderr().count('msg="stopping"') == 1


def test_second_signal_ends_it_at_once(app):
    p = app()
    with socket.create_connection(("127.0.0.1", p.port)) as s:
        s.sendall(b"GET /?delay_ms=30000 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: get(p.port, "/health")[0] == 200)
        p.signal(signal.SIGTERM)
        wait_for(lambda: 'msg="stopping"' in p.stderr())
        assert p.running()
        p.signal(signal.SIGTERM)
        assert p.wait(2) == 128 + signal.SIGTERM


def test_a_taken_port_is_fatal_and_said(spawn, app):
    first = app()
    p = spawn("app", env={"PORT": free_port(), "BIND": "127.0.0.1", "HTTP_PORT": first.http})
    assert p.wait() == 1
    assert "level=error" in p.stderr()
    assert f"HTTP_PORT={first.http}" in p.stderr()
    assert "Address already in use" in p.stderr()


# --- health, metrics, log ---


def test_healthz_without_dependencies(app):
    p = app()
    status, headers, body = get(p.http, "/healthz")
    health = json.loads(body)
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert health["status"] == "ok" and health["daemon"] == "app"
    assert health["dependencies"] == {}
    assert 0 <= health["uptime_sec"] < 60


def test_healthz_follows_redis_and_each_change_is_logged_once(dashboard, redis_server):
    p = dashboard(**redis_server.env)
    wait_for(lambda: get(p.port, "/healthz")[0] == 200, what=p.stderr)
    before = json.loads(get(p.port, "/healthz")[2])["dependencies"]["redis"]
    assert before["up"] is True and before["detail"] == ""
    assert abs(before["since"] - time.time()) < 30

    redis_server.kill()
    wait_for(lambda: get(p.port, "/healthz")[0] == 503, what=p.stderr)
    health = json.loads(get(p.port, "/healthz")[2])
    assert health["status"] == "degraded"
    assert health["dependencies"]["redis"]["up"] is False
    assert health["dependencies"]["redis"]["since"] > before["since"]
    assert health["dependencies"]["redis"]["detail"] != ""
    assert 'agentic_dependency_up{dependency="redis"} 0\n' in get(p.port, "/metrics")[2]

    redis_server.start()
    wait_for(lambda: get(p.port, "/healthz")[0] == 200, what=p.stderr)
    assert 'agentic_dependency_up{dependency="redis"} 1\n' in get(p.port, "/metrics")[2]
    assert p.stderr().count('msg="redis is down"') == 1
    assert p.stderr().count('msg="redis is up"') == 2


def test_metrics_are_prometheus_text(app):
    p = app()
    status, headers, body = get(p.http, "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    values = {}
    for line in body.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{.*\})? \S+", line), line
        if not line.startswith("#"):
            name, value = line.split()
            values[name] = float(value)
    assert 1e6 < values["process_resident_memory_bytes"] < 100e6
    assert values["process_cpu_seconds_total"] > 0
    assert 3 < values["process_open_fds"] < 100
    assert abs(values["process_start_time_seconds"] - time.time()) < 60


def test_healthcheck(app, spawn):
    p = app()
    env = {"PORT": p.port, "BIND": "127.0.0.1"}
    q = spawn("app", "--healthcheck", env=env)
    assert q.wait() == 0
    assert q.stdout() == "app: healthy\n"
    p.terminate()
    q = spawn("app", "--healthcheck", env=env)
    assert q.wait() == 1
    assert q.stderr().startswith("app: unhealthy: ") and q.stderr().count("\n") == 1


def test_healthcheck_asks_http_port(spawn, redis_server):
    http_port = free_port()
    env = {**redis_server.env, "HTTP_PORT": http_port}
    p = spawn("planner", env=env)
    wait_for(lambda: listening(http_port), what=p.stderr)
    wait_for(lambda: spawn("planner", "--healthcheck", env=env).wait() == 0, what=p.stderr)
    redis_server.kill()
    wait_for(lambda: get(http_port, "/healthz")[0] == 503, what=p.stderr)
    q = spawn("planner", "--healthcheck", env=env)
    assert q.wait() == 1
    assert "503" in q.stderr()


def test_healthcheck_without_a_port_says_what_to_set(spawn):
    p = spawn("planner", "--healthcheck")
    assert p.wait() == 1
    assert "HTTP_PORT" in p.stderr()


def test_healthcheck_of_a_silent_server_ends_in_time(spawn):
    with socket.create_server(("127.0.0.1", 0)) as s:
        begin = time.monotonic()
        p = spawn("planner", "--healthcheck", env={"HTTP_PORT": s.getsockname()[1]})
        assert p.wait() == 1
        assert 1.5 < time.monotonic() - begin < 4
        assert "timed out" in p.stderr()


def test_log_lines_are_logfmt(dashboard, redis_server):
    p = dashboard(**redis_server.env)
    forged = 'no "json"\n\x1b[31mlevel=error msg=forged\x7f'
    wait_for(lambda: redis_server.redis("PUBLISH", "alerts", forged) > 0, what="a subscription")
    wait_for(lambda: 'msg="message ignored"' in p.stderr(), what=p.stderr)
    for line in p.stderr().splitlines():
        assert re.fullmatch(r'ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(error|warn|info|debug) '
                            r'daemon=dashboard msg="[^"]*"( \w+=([^" =]*|"(\\.|[^"\\])*"))*', line), line
    assert r"\n\x1b[31mlevel=error msg=forged\x7f" in p.stderr()


def test_log_level_leaves_out_what_is_less_severe(spawn, redis_server):
    env = {**redis_server.env, "LOG_LEVEL": "warn", "DASHBOARD_PORT": free_port()}
    p = spawn("dashboard", env=env)
    wait_for(lambda: listening(env["DASHBOARD_PORT"]), what=p.stderr)
    redis_server.kill()
    wait_for(lambda: 'msg="redis is down"' in p.stderr(), what=p.stderr)
    assert p.terminate() == 0
    assert "level=info" not in p.stderr()


# --- the HTTP server underneath ---


def test_http_basics(app):
    p = app()
    assert get(p.http, "/healthz", "HEAD")[::2] == (200, "")
    assert int(get(p.http, "/healthz", "HEAD")[1]["Content-Length"]) > 10
    status, headers, _ = get(p.http, "/healthz", "DELETE")
    assert status == 405 and headers["Allow"] == "GET, HEAD"
    assert get(p.http, "/nothing")[0] == 404
    assert get(p.http, "/nothing", "POST")[0] == 404
    assert get(p.http, "/healthz?x=1")[0] == 200


def test_many_requests_on_one_connection_and_pipelined(app):
    p = app()
    with socket.create_connection(("127.0.0.1", p.port), timeout=5) as s:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 49 +
                  b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b""
        while chunk := s.recv(65536):
            text += chunk
    assert text.count(b"HTTP/1.1 200 OK") == 50
    assert text.count(b'{"status":"ok"}') == 50


def test_body_of_a_request_is_read_and_thrown_away(app):
    p = app()
    with socket.create_connection(("127.0.0.1", p.port), timeout=5) as s:
        s.sendall(b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300000 +
                  b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b""
        while chunk := s.recv(65536):
            text += chunk
    assert b"405" in text.split(b"\r\n")[0]
    assert b'{"status":"ok"}' in text
