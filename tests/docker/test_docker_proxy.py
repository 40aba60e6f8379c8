"""nginx/docker-proxy.conf in a real nginx before a real engine: what each daemon's socket refuses, what
of it the engine sees (nothing), what it passes, and the suite at work behind it."""

import gzip
import socket
import urllib.parse
import uuid

import pytest

from support.engine import NGINX_IMAGE
from support.guarded import DAEMONS, V, Guarded, compact, label, request
from support.procs import wait_for
from support.redis import RedisServer
from support.suite import Suite

ID = "0123456789abcdef" * 4
FILTERS = urllib.parse.quote(
    '{"type":["container"],"event":["create","start","die","destroy","rename","pause","unpause",'
    '"health_status"]}', safe="-._~")
EVENTS = f"{V}/events?since=1700000000.000000001&until=1700000001&filters={FILTERS}"
TOP = "top?ps_args=-eo%20pid,args"
TEST = {"Cmd": ["nginx", "-t"], "AttachStdout": True, "AttachStderr": True}
RELOAD = {**TEST, "Cmd": ["nginx", "-s", "reload"]}
EXEC = compact(TEST)
INFO = b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n"
RUN = {"Detach": False, "Tty": False}

# What stands for a name in the tables below: a path may hold {app}, {lb}, {other}.
ASKS_OF = {
    "monitor": [("GET", "/version"), ("GET", V + "/containers/json?all=1")],
    "watcher": [("GET", "/version"), ("GET", V + "/containers/json?all=1"), ("GET", EVENTS),
                ("GET", V + "/containers/{lb}/" + TOP),
                ("POST", V + "/containers/{lb}/exec", TEST),
                ("POST", V + "/containers/{lb}/exec", RELOAD),
                ("POST", V + f"/exec/{ID}/start", RUN), ("GET", V + f"/exec/{ID}/json")],
    "executor": [("GET", "/version"), ("GET", V + "/containers/json?all=1"), ("GET", EVENTS),
                 ("GET", V + "/containers/{app}/json"),
                 ("GET", V + "/containers/{app}-drain-0/json"),
                 ("GET", V + "/containers/{app}-dup-77/json"),
                 ("GET", V + "/containers/{app}-drain-77/json"),
                 ("POST", V + "/containers/{app}-dup-77/start"),
                 ("POST", V + "/containers/{app}-dup-77/rename?name={app}-drain-77"),
                 ("POST", V + "/containers/{app}-drain-77/stop"),
                 ("POST", V + "/containers/{app}-drain-77/stop?t=10"),
                 ("POST", V + "/containers/{app}-drain-0/restart?t=10"),
                 ("POST", V + "/containers/{app}-drain-0/rename?name={app}"),
                 ("DELETE", V + "/containers/{app}-dup-77?v=1"),
                 ("DELETE", V + "/containers/{app}-drain-77?v=1"),
                 ("POST", V + "/networks/none-such/connect",
                  {"EndpointConfig": {}, "Container": "{app}-dup-77"})],
}

# Nobody's: the rest of the API, "METHOD PATH BODY".  V is the version, TOP and TEST as above.
NOBODY = """
GET /_ping
HEAD /_ping
GET /info
GET V/info
GET V/version
GET /containers/json?all=1
GET V/containers/json
GET /
GET V/containers/json?all=1&size=1
GET V/containers/json?all=1&filters=%7B%7D
GET V/events
GET V/events?since=1.000000000&until=2
GET EVENTS&filters=%7B%7D

GET V/images/json
POST V/images/create?fromImage=x&tag=y
DELETE V/images/x
POST V/images/load {}
GET V/images/get?names=x
POST V/images/prune
POST V/images/x/tag?repo=y
POST V/images/x/push
POST V/build?t=x {}
POST V/build/prune
POST V/commit?container={app} {}
GET V/distribution/x/json
GET V/volumes
POST V/volumes/create {"Name":"{other}"}
DELETE V/volumes/x
POST V/volumes/prune
GET V/networks
GET V/networks/host
POST V/networks/create {"Name":"{other}"}
DELETE V/networks/x
POST V/networks/prune
POST V/networks/x/disconnect {"Container":"{app}"}
POST V/swarm/init {"ListenAddr":"127.0.0.1:1"}
GET V/swarm
GET V/nodes
GET V/tasks
POST V/services/create {}
GET V/secrets
POST V/secrets/create {}
GET V/configs
POST V/configs/create {}
GET V/plugins
POST V/plugins/pull?remote=x []
POST V/plugins/x/enable
GET V/system/df
POST V/auth {}
POST /session
POST /grpc
GET /debug/pprof/
GET /metrics

GET V/containers/{other}/json
GET V/containers/{other_id}/json
GET V/containers/{app_id}/json
POST V/containers/{other}/stop
POST V/containers/{other_id}/stop
POST V/containers/{other}/start
POST V/containers/{other}/restart
POST V/containers/{other}/kill
POST V/containers/{other}/pause
POST V/containers/{other}/rename?name={app}-dup-1
POST V/containers/{other}/update {"Memory":1}
DELETE V/containers/{other}?v=1
DELETE V/containers/{other}?force=1
POST V/containers/{other}/exec TEST
GET V/containers/{other}/logs?stdout=1
GET V/containers/{other}/archive?path=/etc
PUT V/containers/{other}/archive?path=/ x
GET V/containers/{other}/export
GET V/containers/{other}/changes
GET V/containers/{other}/TOP
GET V/containers/{other}/stats
POST V/containers/{other}/attach?stream=1
GET V/containers/{other}/attach/ws
POST V/containers/{other}/wait
POST V/containers/{other}/resize?h=1&w=1
POST V/containers/prune

DELETE V/containers/{app}?v=1
DELETE V/containers/{app}?force=1
DELETE V/containers/{app}-drain-0?v=1
POST V/containers/{app}/start
POST V/containers/{app}/stop
POST V/containers/{app}/stop?t=0
POST V/containers/{app}-drain-0/stop
POST V/containers/{app}/restart
POST V/containers/{app}/kill
POST V/containers/{app}/exec TEST
POST V/containers/{app}/update {}
GET V/containers/{app}/archive?path=/
GET V/containers/{app}/json?size=1
POST V/containers/{app}/rename?name={other}-2
POST V/containers/{app}/rename?name={app}-dup-1

POST V/containers/{app}-dup-1/stop
POST V/containers/{app}-dup-1/restart
POST V/containers/{app}-dup-1/kill?signal=KILL
POST V/containers/{app}-dup-1/rename?name={app}-drain-2
POST V/containers/{app}-dup-1/rename?name={other}-2
POST V/containers/{app}-drain-1/start
DELETE V/containers/{app}-dup-1
DELETE V/containers/{app}-dup-1?v=1&force=1
DELETE V/containers/{app}-dup-1?force=1&v=1
DELETE V/containers/{app}-dup-1?v=1;force=1
DELETE V/containers/{app}-dup-1/?v=1
DELETE V/containers/{app}-dup-0?v=1
DELETE V/containers/{app}-dup-01?v=1
DELETE V/containers/{app}-dup-123456?v=1
DELETE V/containers/{app}x-dup-1?v=1
DELETE V/containers/x{app}-dup-1?v=1

POST V/containers/{lb}/stop
POST V/containers/{lb}/kill?signal=HUP
GET V/containers/{lb}/json
POST V/containers/create {}
POST V/containers/create?name={other}-2 {}
POST V/containers/create?name={app} {}
POST V/containers/create?name={app}-drain-1 {}
POST V/containers/create?name={app}-dup-1&platform=x {}
POST V/containers/create?name={app}-dup-1&name={other}-2 {}

GET V/Containers/json?all=1
GET V/containers/json?ALL=1
GET V/containers/json?all=1&
GET V//containers/json?all=1
GET /V/containers/json?all=1
GET V/./containers/json?all=1
GET V/containers/x/../json?all=1
GET V/images/../containers/json?all=1
GET V/containers/{app}/../{other}/json
GET V/containers/{app}/%2e%2e/{other}/json
GET V/containers/{app}%2f..%2f{other}/json
GET V/containers/{app}/..%2f{other}/json
GET V/containers/{app};x/json
GET V/containers/json;?all=1
GET V/containers/json?all=1#x
GET V/containers/json?all=1%00
GET V/containers%2fjson?all=1
GET V/%63ontainers/json?all=1
GET V\\containers\\json?all=1
GET http://docker/v1.41/containers/json?all=1
GET http:///v1.41/containers/json?all=1
get V/containers/json?all=1
HEAD V/containers/json?all=1
POST V/containers/json?all=1
PUT V/containers/json?all=1
PATCH V/containers/json?all=1
TRACE V/containers/json?all=1
OPTIONS *
CONNECT docker:80
PRI *
"""
VERSIONS = ("/v1.24", "/v1.39", "/v1.45", "/v1.041", "/v01.41", "/V1.41", "/v1.41.0", "/v1", "/v1.4",
            "/1.41", "/v2.41", "/v1.41/v1.41", "/v1.411", "/v%31.41", "/v1%2e41")


def nobodys():
    words = {"V/": V + "/", "V\\": V + "\\", "EVENTS": EVENTS, "TOP": TOP, "TEST": EXEC.decode()}
    for line in filter(None, NOBODY.splitlines()):
        for word, meaning in words.items():
            line = line.replace(" " + word, " " + meaning).replace("/" + word, "/" + meaning)
        method, path, *body = line.split(" ", 2)
        yield (method, path, *[b.encode() for b in body])
    yield "GET", EVENTS.replace("health_status", "exec_create")
    yield "GET", V + "/containers/json?all=1\t"
    yield "GET", V + "/containers/json?all=1 x"
    for version in VERSIONS:
        yield "GET", version + "/containers/json?all=1"


FORBIDDEN = [(d, *ask) for d in DAEMONS for ask in nobodys()] + [
    # what is allowed, from another daemon
    (d, *ask) for d in DAEMONS for other in DAEMONS for ask in ASKS_OF[other] if ask not in ASKS_OF[d]]


# ---- calls ----


@pytest.mark.parametrize("ask", FORBIDDEN, ids=label)
def test_refuses(yard, ask):
    daemon, method, path, body = (*ask, None)[:4]
    body = yard.fill(body) or b""
    # TRACE and CONNECT and what is no request at all are refused by nginx itself.
    odd = method in ("get", "TRACE", "CONNECT", "PRI", "OPTIONS") or any(c in path for c in "\t \\%#;") \
        or path.startswith("http") or "/.." in path
    yard.assert_refused(daemon, request(method, yard.fill(path), body), None if odd else 403)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_body_where_none_belongs_is_refused(yard, daemon):
    """An engine of old took a HostConfig when it started a container."""
    evil = compact({"Privileged": True})
    path = {"executor": f"{V}/containers/{yard.names['app']}-dup-1/start"}.get(daemon, "/version")
    method = "POST" if daemon == "executor" else "GET"
    yard.assert_refused(daemon, request(method, path, evil))
    yard.assert_refused(daemon, request(method, path, b"%x\r\n%s\r\n0\r\n\r\n" % (len(evil), evil),
                                         Transfer_Encoding="chunked"))


@pytest.mark.parametrize("daemon", DAEMONS)
def test_no_header_opens_a_door(yard, daemon):
    """What a header says is not passed on, the proxy's own verdict least of all."""
    listing = V + "/containers/json?all=1"
    for headers in (
            {"X_HTTP_Method_Override": "DELETE"}, {"X_Original_URL": "/info"},
            {"X_Rewrite_URL": "/info"}, {"X_Agentic_Verdict": "ok"}, {"Host": "elsewhere"}, {"X_Registry_Auth": "e30="},
            {"Connection": "Upgrade", "Upgrade": "tcp"},
            {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2_Settings": "AAMAAABk"}):
        headers = {"Connection": "close", **headers}
        before = len(yard.docker.reached)
        status, _ = yard.docker.send(daemon, request("GET", listing, **headers))
        assert status == 200, headers
        assert len(yard.docker.reached) == before + 1
        assert yard.docker.reached[-1].startswith(f"GET {listing}&filters=")
        yard.assert_refused(daemon, request("POST", V + "/containers/create?name=x", b"{}", **headers))
        yard.assert_refused(daemon, request("GET", "/info", **headers))


@pytest.mark.parametrize("daemon", DAEMONS)
@pytest.mark.parametrize("data", [
    request("GET", V + "/containers/json?all=1", version="HTTP/1.0"),
    request("GET", V + "/containers/json?all=1", version="HTTP/2.0"),
    request("GET", V + "/containers/json?all=1", version="HTTP/1.1 "),
    request("GET", V + "/containers/json?all=1", Host=None),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET  /v1.41/containers/json?all=1 HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n",
    request("GET", "/version", INFO, Content_Length=0, Transfer_Encoding="chunked"),
    request("GET", "/version", b"0\r\n\r\n" + INFO, Transfer_Encoding="chunked"),
    request("GET", "/version", b"x", Transfer_Encoding="xchunked"),
    request("GET", "/version", b"x", Content_Length="+1"),
    b"GET /version HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /version HTTP/1.1\r\nHost : docker\r\n\r\n",
    b"GET /version HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding:\x0bchunked\r\n\r\n",
], ids=lambda data: repr(data[:60]))
def test_odd_requests_reach_nobody(yard, daemon, data):
    yard.assert_refused(daemon, data, None)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_each_request_of_a_connection_is_judged(yard, daemon):
    """Pipelined: the good first does not let the bad in."""
    before = len(yard.docker.reached)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(str(yard.docker.socket(daemon)))
        s.sendall(request("GET", "/version", Connection=None) + request("GET", "/info"))
        answer = b""
        while more := s.recv(65536):
            answer += more
    assert answer.count(b"HTTP/1.1 200 OK") == 1 and answer.count(b"HTTP/1.1 403 Forbidden") == 1
    assert yard.docker.reached[before:] == ["GET /version HTTP/1.1"]


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_list_shows_the_service_alone(yard, daemon):
    status, found = yard.docker.ask(daemon, "GET", V + "/containers/json?all=1")
    assert status == 200
    assert sorted(c["Names"][0] for c in found) == ["/" + yard.names["lb"], "/" + yard.names["app"]]


# ---- exec ----

BAD_EXECS = {
    "another command": {**TEST, "Cmd": ["sh", "-c", "id"]},
    "another argument": {**TEST, "Cmd": ["nginx", "-c", "/tmp/x"]},
    "one more argument": {**TEST, "Cmd": ["nginx", "-t", "-c", "/tmp/x"]},
    "another signal": {**TEST, "Cmd": ["nginx", "-s", "stop"]},
    "privileged": {**TEST, "Privileged": True},
    "another user": {**TEST, "User": "0"},
    "environment": {**TEST, "Env": ["LD_PRELOAD=/tmp/x"]},
    "a directory": {**TEST, "WorkingDir": "/tmp"},
    "standard input": {**TEST, "AttachStdin": True},
    "a terminal": {**TEST, "Tty": True},
    "a duplicate": EXEC[:-1] + b',"Cmd":["sh"]}',
    "another spelling": EXEC[:-1] + b',"cmd":["sh"]}',
    "an escape": EXEC[:-1] + b',"\\u0043md":["sh"]}',
    "white space": b" " + EXEC,
    "a second one": EXEC + EXEC,
    "an end of line": EXEC + b"\n",
    "compressed": gzip.compress(EXEC),
    "nothing": b"",
    "not JSON": b"nginx -t",
}


@pytest.mark.parametrize("body", BAD_EXECS.values(), ids=BAD_EXECS)
def test_refuses_other_execs(yard, body):
    body = body if isinstance(body, bytes) else compact(body)
    path = f"{V}/containers/{yard.names['lb']}/exec"
    yard.assert_refused("watcher", request("POST", path, body))
    yard.assert_refused("watcher", request("POST", f"{V}/exec/{ID}/start", body))


@pytest.mark.parametrize("body", [{"Detach": True, "Tty": False}, {"Detach": False, "Tty": True}, {}])
def test_refuses_other_starts_of_an_exec(yard, body):
    yard.assert_refused("watcher", request("POST", f"{V}/exec/{ID}/start", compact(body)))


def test_runs_nginx_in_the_load_balancer(yard):
    """By an Upgrade as well, which is not passed on: standard input stays shut."""
    docker, lb = yard.docker, yard.names["lb"]
    for headers in ({}, {"Upgrade": "tcp", "Connection": "Upgrade"}):
        status, made = docker.ask("watcher", "POST", f"{V}/containers/{lb}/exec", TEST)
        assert status == 201
        status, output = docker.send("watcher", request(
            "POST", f"{V}/exec/{made['Id']}/start", compact(RUN), **{"Connection": "close", **headers}))
        assert status == 200 and b"test is successful" in output

        def ended(made=made):
            said = docker.ask("watcher", "GET", f"{V}/exec/{made['Id']}/json")[1]
            return not said["Running"] and said
        assert wait_for(ended)["ExitCode"] == 0
    status, processes = docker.ask("watcher", "GET", f"{V}/containers/{lb}/{TOP}")
    assert status == 200 and "sleep infinity" in str(processes)


def test_what_is_passed_is_all_that_the_daemons_ask(yard):
    """The table of allowed calls: the engine sees each, and no more."""
    for daemon, asks in ASKS_OF.items():
        for method, path, body in [(*a, None)[:3] for a in asks]:
            before = len(yard.docker.reached)
            status, answer = yard.docker.ask(daemon, method, yard.fill(path), yard.fill(body))
            assert status != 403, (method, path, answer)
            assert len(yard.docker.reached) == before + 1, (method, path, answer)


# ---- the daemons ----


def test_killed_it_comes_back(yard):
    """The sockets that a kill -9 leaves do not keep it from starting."""
    yard.engine.run("kill", "--signal", "KILL", yard.docker.name)
    wait_for(lambda: not yard.engine.inspect(yard.docker.name)["State"]["Running"])
    assert all(yard.docker.socket(d).exists() for d in DAEMONS)
    yard.engine.run("start", yard.docker.name)
    yard.docker.wait_up()


def test_the_suite_works_behind_it(engine, suite_image):
    """Up and down under load, each daemon on its own socket; not one of its calls is refused.  The
    template has a bind mount, which the proxy is told of."""
    suite = Suite(engine, suite_image)
    docker = Guarded(engine, suite.target, suite.lb.name, f'"{suite.record.parent}:/record"')
    suite.given = {d: {"DOCKER_HOST": docker.host(d)} for d in DAEMONS}
    try:
        with suite, suite.load() as load:
            suite.result(suite.plan("scale_up", 3))
            suite.wait_settled(3)
            suite.result(suite.plan("restart"), 90)
            suite.result(suite.plan("scale_down", 1))
            suite.wait_settled(1)
            wait_for(lambda: suite.messages("alerts")[-1]["replicas"] == 1, what="the monitor's count")
        assert load.verdict()["failed"] == []
        assert docker.refused() == []
        done = {line.split()[1].split("?")[0].split("/")[-1] for line in docker.reached}
        assert {"create", "start", "rename", "stop", "restart", "exec", "events", "top"} <= done
    finally:
        docker.close()


def test_a_template_that_is_refused_says_why(engine, network, spawn):
    """The executor reports the proxy's sentence, and nothing is made."""
    name, redis = "svc-" + uuid.uuid4().hex[:6], RedisServer()
    docker = Guarded(engine, name, "lb")
    sentence = "HostConfig.Binds of the new container is not one that the proxy allows"
    try:
        engine.run("run", "--detach", "--init", "--name", name, "--network", network,
                   "--label", "agentic.target=true", "--volume", "/etc/hostname:/x:ro",
                   NGINX_IMAGE, "sleep", "infinity")
        executor = spawn("executor", env={**redis.env, "DOCKER_HOST": docker.host("executor"),
                                          "TARGET": name, "MIN_REPLICAS": 2})
        wait_for(lambda: sentence in executor.stderr(), 20, executor.stderr)
        assert engine.names(f"name={name}") == [name]
        assert executor.terminate() == 0
    finally:
        docker.close()
        redis.close()
