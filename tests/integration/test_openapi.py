"""docs/openapi.json and the dashboard's answers, held to each other both ways: what is served is
described, what is described is served."""

import base64
import http.client
import json
import re
import time

import jsonschema
import pytest

from support.procs import ROOT, wait_for

SPEC = json.loads((ROOT / "docs" / "openapi.json").read_text())
NOW = round(time.time(), 3)


# --- one message of each kind, with every field that the protocol knows ---


def alert(ago_sec):
    """A window that closed so long ago."""
    def replica(name, address, rps, p95):
        return {"name": name, "address": address, "completed_rps": rps, "p50_ms": 120, "p95_ms": p95,
                "p99_ms": 150, "error_rate": 0.001, "upstream_ms": 120.7}

    created = {"created_ts": NOW - 4000}
    return {"kind": "latency_metrics", "id": f"a{ago_sec}", "target": "app", "endpoint": "http://lb:8083/",
            "window_sec": 3, "requests": 40, "success_rate": 0.975, "avg_ms": 123.5, "p50_ms": 123.1,
            "p95_ms": 124.2, "p99_ms": 124.3, "replicas": 3, "ready": 2, "ts": NOW - ago_sec,
            "traffic": {"rps": 148.2, "completed_rps": 147.9, "in_flight": 19, "p50_ms": 121,
                        "p95_ms": 131, "p99_ms": 140, "error_rate": 0.01, "upstream_ms": 120.6,
                        "replicas": [replica("app", "10.0.0.2:8080", 74.1, 131),
                                     replica("app-dup-1", "10.0.0.3:8080", 73.8, 133)]},
            "containers": [{"name": "app", "state": "ready", **created},
                           {"name": "app-dup-1", "state": "ready", **created},
                           {"name": "app-dup-2", "state": "starting", **created},
                           {"name": "app-drain-3", "state": "draining", **created},
                           {"name": "app-dup-4", "state": "down", **created}]}


def plan(action, number):
    return {"ts": NOW - 1, "kind": "plan", "id": f"p{number}", "container": "app",
            "decision": {"action": action, "target": "app", "reason": "arrivals need 4", "replicas": 4},
            "telemetry": {"p95_ms": 990.5, "baseline_ms": 119.3, "sigma_ms": 2.25, "replicas": 3,
                          "window_sec": 3, "alert": "a1", "heard_ts": NOW - 1,
                          "low_windows": [True, False]},
            "explain": {"policy": "adaptive", "decided_by": "feed_forward",
                        "estimates": {"arrivals_rps": 148.2, "capacity_rps": 66.1, "objective_ms": 250},
                        "gates": {"data_good": {"pass": True},
                                  "feed_forward": {"pass": True, "value": 4, "bound": 2}},
                        "would": [{"action": "noop", "quantity": "arrivals_rps", "at_most": 101,
                                   "windows": 1, "text": "would do nothing if arrivals <= 101/s"},
                                  {"action": "scale_up", "quantity": "p95_ms", "at_least": 300,
                                   "windows": 2, "text": "would scale up if p95 >= 300 ms"}],
                        "record": {"verdicts": 9, "agreed": 6, "helpful": 2, "harmful": 0, "neutral": 1,
                                   "cost_usd": 0.004, "demoted": False}},
            "advisor": {"id": "v1", "mode": "advise", "model": "some-model", "state": "high/2",
                        "action": "scale_up", "reason": "rising", "followed": False,
                        "heuristic": {"action": "scale_up", "replicas": 4}}}


RESULT = {"ts": NOW, "id": "p1", "action": "scale_up", "target": "app", "reason": "arrivals need 4",
          "result": {"status": "ok", "message": "started app-dup-2"}, "replicas_before": 3,
          "replicas_after": 4, "wanted": 4, "lease": 7, "duration_ms": 412}
RECEIPT = {"ts": NOW, "kind": "receipt", "id": "r1", "plan": "p1", "target": "app", "action": "scale_up",
           "replicas_before": 3, "replicas_after": 4, "from_ts": NOW - 4, "to_ts": NOW - 1,
           "unseen_ms": 100, "requests": 612, "failed": 1, "given_up": 2, "longest_gap_ms": 31.4,
           "slowest_ms": 204, "lost_lines": 3}


def upstreams(status, generation):
    return {"ts": NOW + generation / 1000, "kind": "upstreams", "id": f"u{generation}", "target": "app",
            "generation": generation, "result": {"status": status, "message": "as nginx says"},
            "servers": [{"name": "app", "address": "10.0.0.2:8080", "id": "1f3c"},
                        {"name": "app-dup-1", "address": "10.0.0.3:8080", "id": "77ab"}],
            "drained": ["app-dup-3"], "drained_ids": ["99cd"]}


def advice(outcome, **more):
    return {"ts": NOW, "kind": "advice", "id": f"v-{outcome}", "target": "app", "asked_ts": NOW - 2,
            "state": "high/2", "mode": "advise", "provider": "gemini", "model": "some-model",
            "outcome": outcome, "heuristic": {"action": "scale_up", "replicas": 4}, "latency_ms": 812,
            "tokens": {"in": 640, "out": 85}, "cost_usd": 0.0002, "retry_ts": NOW + 30, **more}


JUDGEMENT = {"ts": NOW, "kind": "judgement", "id": "j1", "target": "app", "advice": "v-verdict",
             "judgement": "helpful", "windows": 20, "slo_windows": 2, "replica_sec": -60,
             "reason": "as many windows met the objective with fewer replicas"}


def heartbeat(daemon, **more):
    return {"ts": NOW, "kind": "heartbeat", "id": f"h-{daemon}", "daemon": daemon, "target": "app",
            "version": "0.1.0", "uptime_sec": 12.3, "every_sec": 2, "status": "degraded",
            "dependencies": [{"name": "redis", "up": True, "since_ts": NOW - 12, "detail": ""},
                             {"name": "docker", "up": False, "since_ts": NOW - 2, "detail": "no answer"}],
            **more}


ADVISOR = {"mode": "advise", "provider": "gemini", "model": "some-model", "asked_today": 3,
           "day_budget": 1000, "minute_left": 1.5, "retry_ts": NOW + 30, "hopeless": False, "failures": 1}

STREAMS = [
    ("results", upstreams("ok", 17)), ("alerts", alert(4)), ("actions", plan("noop", 0)),
    ("alerts", alert(1)), ("actions", plan("scale_up", 1)), ("results", RESULT), ("results", RECEIPT),
    ("advice", advice("verdict", decision={"action": "scale_up", "reason": "rising", "alpha_up": 1.6,
                                           "beta_down": 0.9})),
    ("advice", advice("abstained", cause="no decision that fits")), ("advice", JUDGEMENT),
    ("results", upstreams("error", 18))]
HEARTBEATS = [heartbeat(d) for d in ("monitor", "executor", "watcher")] + [
    heartbeat("planner", advisor=ADVISOR)]


# --- the document ---


def validate(schema, value):
    # The components beside the schema, so that its references are found.
    jsonschema.Draft202012Validator({**schema, "components": SPEC["components"]}).validate(value)


def follow(schema):
    """The schema that a reference leads to."""
    if "$ref" not in schema:
        return schema
    node = SPEC
    for part in schema["$ref"].removeprefix("#/").split("/"):
        node = node[part]
    return follow(node)


def described(schema):
    """Every (schema, property) that can be met from ${schema} on; a schema by its identity."""
    found, todo, done = {}, [schema], set()
    while todo:
        node = follow(todo.pop())
        if id(node) in done:
            continue
        done.add(id(node))
        for name, child in node.get("properties", {}).items():
            found[id(node), name] = f"{node.get('description', '')[:40]!r}: {name}"
            todo.append(child)
        todo += [node[k] for k in ("items", "additionalProperties") if isinstance(node.get(k), dict)]
        todo += node.get("anyOf", [])
    return found


class Served:
    """What was served, held to its schemas; .seen: the properties that were in it."""

    def __init__(self):
        self.seen = set()

    def take(self, schema, value, where):
        try:
            validate(schema, value)
        except jsonschema.ValidationError as e:
            raise AssertionError(f"{where}: {e.json_path}: {e.message}") from None
        self._walk(schema, value, where)

    def _walk(self, schema, value, where):
        schema = follow(schema)
        if value is None:
            return
        if "anyOf" in schema:
            schema = follow(next(s for s in schema["anyOf"] if s != {"type": "null"}))
        if isinstance(value, list):
            for v in value:
                self._walk(schema.get("items", {}), v, where + "[]")
        if isinstance(value, dict):
            for name, v in value.items():
                known = schema.get("properties", {})
                assert name in known or "additionalProperties" in schema, \
                    f"{where}.{name} is served and not described"
                if name in known:
                    self.seen.add((id(schema), name))
                self._walk(known.get(name) or schema["additionalProperties"], v, f"{where}.{name}")


def json_schema(path, status="200"):
    return SPEC["paths"][path]["get"]["responses"][status]["content"]["application/json"]["schema"]


EVENTS = SPEC["paths"]["/events"]["get"]["responses"]["200"]["x-events"]


def get(port, path, headers=None):
    """(status, headers, body)"""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        c.request("GET", path, headers=headers or {})
        r = c.getresponse()
        return r.status, r.headers, r.read().decode()
    finally:
        c.close()


class Events:
    """An open /events."""

    def __init__(self, port, query=""):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.connection.request("GET", "/events" + query)
        self.reply = self.connection.getresponse()
        assert self.reply.status == 200
        assert self.reply.getheader("Content-Type").startswith("text/event-stream")

    def next(self):
        """The next event as (name, id or None, data)."""
        fields = {}
        while True:
            line = self.reply.readline().decode()
            assert line.endswith("\n"), "the stream ended"
            line = line.rstrip("\n")
            if not line and "event" in fields:
                return fields["event"], fields.get("id"), json.loads(fields["data"])
            if line and not line.startswith(":"):
                name, value = line.split(": ", 1)
                fields[name] = value

    def close(self):
        self.reply.close()
        self.connection.close()


def test_the_document_is_sound():
    assert SPEC["openapi"].startswith("3.1.")
    for schema in SPEC["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(SPEC)):
        assert follow({"$ref": reference}), reference
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(SPEC)))
    assert used == set(SPEC["components"]["schemas"])


def routes():
    """Paths that stand in the server's sources: its table, and the names of the files in it."""
    text = "".join((ROOT / "dashboard" / f).read_text() for f in ("server.c", "assets.c", "assets.h"))
    return {"/" + name for name in re.findall(r'"/?([a-z0-9._/-]*)"', text)}


def test_every_route_is_described_and_every_description_is_a_route(dashboard):
    p = dashboard()
    page = get(p.port, "/")[2]
    files = {"/" + name for name in re.findall(r'(?:src|href)="/?([^"#]+)"', page)}
    plain = {path for path in SPEC["paths"] if "{" not in path}
    served = {path for path in routes() | files | plain if get_status(p.port, path) != 404}
    assert plain <= served and files and files <= served
    for path in served - {"/events"}:
        described = path if path in plain else "/{file}"
        if described not in plain:
            pattern = SPEC["paths"][described]["get"]["parameters"][0]["schema"]["pattern"]
            assert re.search(pattern, path[1:]), f"{path} is served and not described"
        status, headers, _ = get(p.port, path)
        answers = SPEC["paths"][described]["get"]["responses"]
        assert headers["Content-Type"].split(";")[0] in answers[str(status)]["content"], path


def get_status(port, path):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        c.request("GET", path)
        return c.getresponse().status
    finally:
        c.close()


@pytest.fixture
def filled(dashboard, redis_server):
    """(dashboard, what came by /events while it was filled)"""
    p = dashboard()
    events = Events(p.port)
    heard = []
    for message in HEARTBEATS:
        redis_server.redis("PUBLISH", "heartbeats", json.dumps(message))
    for channel, message in STREAMS:
        redis_server.redis.publish(channel, json.dumps(message))
    wait_for(lambda: json.loads(get(p.port, "/api/state")[2])["upstreams_error"], what=p.stderr)
    while not heard or heard[-1][0] != "tick":
        heard.append(events.next())
    redis_server.kill()
    while heard[-1][0] != "redis":
        heard.append(events.next())
    events.close()
    redis_server.start()
    return p, heard


def test_what_is_served_and_what_is_described_are_the_same(filled):
    p, heard = filled
    served = Served()
    status, _, body = get(p.port, "/healthz")
    served.take(json_schema("/healthz", str(status)), json.loads(body), "healthz")
    state = json.loads(get(p.port, "/api/state")[2])
    served.take(json_schema("/api/state"), state, "state")
    for seconds in (900, 86400):
        history = json.loads(get(p.port, f"/api/history?range={seconds}")[2])
        served.take(json_schema("/api/history"), history, "history")
        assert len(history["data"]) == len(history["columns"])
        assert len({len(column) for column in history["data"]}) == 1
        assert set(history["columns"]) == set(SPEC["components"]["schemas"]["Point"]["properties"])

    again = Events(p.port, "?after=other-1")
    heard = [*heard, again.next()]
    again.close()
    assert {name for name, _, _ in heard} == set(EVENTS)
    for name, number, data in heard:
        served.take(EVENTS[name], data, f"event {name}")
        assert (number is None) == (name == "tick"), name
        if number:
            validate(SPEC["components"]["schemas"]["State"]["properties"]["id"], number)

    schemas = [json_schema("/api/state"), json_schema("/api/history"), json_schema("/healthz"),
               *EVENTS.values()]
    known = {}
    for schema in schemas:
        known.update(described(schema))
    missing = sorted(text for key, text in known.items() if key not in served.seen)
    assert not missing, f"described and never served: {missing}"


def test_refusals_are_described(dashboard):
    p = dashboard(DASHBOARD_PASSWORD="correct horse")
    right = {"Authorization": "Basic " + base64.b64encode(b"me:correct horse").decode()}
    for path, methods in SPEC["paths"].items():
        answers = methods["get"]["responses"]
        path = path.replace("{file}", "style.css")
        assert (get_status(p.port, path) == 401) == ("401" in answers), path
    status, headers, _ = get(p.port, "/", right)
    assert status == 200 and "304" in SPEC["paths"]["/"]["get"]["responses"]
    assert get(p.port, "/", {**right, "If-None-Match": headers["ETag"]})[0] == 304
    served = Served()
    status, _, body = get(p.port, "/healthz")
    served.take(json_schema("/healthz", str(status)), json.loads(body), "healthz")
    assert json.loads(body).keys() == {"status"}
    for bad in ("899", "86401", "x", "-1", "1e4"):
        assert get(p.port, f"/api/history?range={bad}", right)[0] == 400, bad
