"""What the daemons say of themselves on the channel heartbeats."""

import json
import time

import pytest

from support.procs import ROOT, free_port, wait_for

VERSION = (ROOT / "VERSION").read_text().strip()
SPEAKERS = {"monitor": {"redis", "docker", "target"}, "planner": {"redis"},
            "executor": {"redis", "docker", "lease"}, "watcher": {"redis", "docker", "nginx", "lock"}}
KEY = "n0body-may-see"


@pytest.fixture
def daemon(spawn, redis_server, tmp_path):
    """daemon(name, **env): one that has Redis, and nothing else."""
    settings = {
        "monitor": {"TARGET_URL": f"http://127.0.0.1:{free_port()}/"},
        "watcher": {"CONF_DIR": tmp_path, "LB_URL": f"http://127.0.0.1:{free_port()}"},
        "dashboard": {"DASHBOARD_PORT": free_port()}}

    def start(name, *args, **env):
        return spawn(name, *args, env={
            **redis_server.env, "TARGET": "shop", "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock",
            **settings.get(name, {}), **env})
    return start


def beat_where(heartbeats, fits, timeout=15):
    """The next heartbeat that is as wanted."""
    end = time.monotonic() + timeout
    while True:
        channel, text = heartbeats.get(max(0.01, end - time.monotonic()))
        assert channel == "heartbeats"
        beat = json.loads(text)
        if fits(beat):
            return beat


@pytest.mark.parametrize("name", SPEAKERS)
def test_a_daemon_beats_with_what_it_lacks(redis_server, daemon, name):
    """Also while Docker is away, and leaves nothing in Redis that would have to be kept."""
    heartbeats = redis_server.redis.subscribe("heartbeats")
    began = time.time()
    p = daemon(name)

    def complete(beat):
        return {d["name"] for d in beat["dependencies"]} == SPEAKERS[name] and \
            all(d["detail"] for d in beat["dependencies"] if d["name"] == "docker")

    first = beat_where(heartbeats, complete)
    second = beat_where(heartbeats, complete)
    assert first["kind"] == "heartbeat" and first["daemon"] == name and first["target"] == "shop"
    assert first["version"] == VERSION and first["every_sec"] == 2
    assert first["id"] != second["id"] and len(first["id"]) == 32
    assert first["ts"] < second["ts"] and 0 < first["uptime_sec"] < second["uptime_sec"]
    up = {d["name"]: d["up"] for d in first["dependencies"]}
    assert up["redis"]
    assert not up.get("docker", False)
    assert first["status"] == ("ok" if all(up.values()) else "degraded")
    assert all(began - 1 <= d["since_ts"] <= first["ts"] for d in first["dependencies"])
    assert ("advisor" in first) is (name == "planner")
    assert redis_server.redis("EXISTS", "agentic:heartbeats") == 0
    assert p.terminate() == 0, p.stderr()


def test_who_only_listens_says_nothing(redis_server, daemon):
    """And heartbeats are no part of a recording."""
    heartbeats = redis_server.redis.subscribe("heartbeats")
    quiet = [daemon("subscriber", "--json"), daemon("dashboard")]
    for p in quiet:
        wait_for(lambda p=p: 'msg="started"' in p.stderr(), what=p.stderr)
    daemon("planner")
    heard = [beat_where(heartbeats, lambda beat: True)["daemon"] for _ in range(3)]
    assert heard == ["planner"] * 3  # longer than any of them waits
    redis_server.redis.publish("alerts", '{"kind":"latency_metrics","p95_ms":7}')
    wait_for(lambda: '"p95_ms":7' in quiet[0].stdout(), what=quiet[0].stderr)
    assert "heartbeat" not in quiet[0].stdout()


def test_beats_go_on_when_redis_is_back(redis_server, daemon):
    heartbeats = redis_server.redis.subscribe("heartbeats")
    p = daemon("planner")
    first = beat_where(heartbeats, lambda beat: True)
    redis_server.kill()
    wait_for(lambda: "redis is down" in p.stderr(), what=p.stderr)
    redis_server.start()
    heartbeats = redis_server.redis.subscribe("heartbeats")
    beat = beat_where(heartbeats, lambda b: b["uptime_sec"] > first["uptime_sec"])
    [redis] = beat["dependencies"]
    assert redis["up"] and redis["since_ts"] > first["ts"] and beat["status"] == "ok"
    assert p.running()


def test_a_refused_beat_is_said_once_and_does_no_harm(redis_server_factory, spawn):
    """As with users.acl of an older version."""
    server = redis_server_factory(acl=[
        "user default on nopass ~* &* +@all",
        "user old on >secret ~agentic:* &alerts &actions &results &advice +@all"])
    p = spawn("planner", env={**server.env, "REDIS_USERNAME": "old", "REDIS_PASSWORD": "secret"})
    plans = server.redis.subscribe("actions")
    wait_for(lambda: "refuses heartbeats" in p.stderr(), what=p.stderr)
    server.redis.publish("alerts", '{"kind":"latency_metrics","p95_ms":7,"id":"a1"}')
    assert json.loads(plans.get(10)[1])["telemetry"]["alert"] == "a1"

    def refusals():
        log = server.redis("ACL", "LOG")
        return max((e[e.index("count") + 1] for e in log if "heartbeats" in e), default=0)
    wait_for(lambda: refusals() >= 3, what="more beats")
    assert p.stderr().count("refuses heartbeats") == 1
    assert "redis is down" not in p.stderr()


@pytest.mark.parametrize("env, expected", [
    ({}, {"mode": "off", "hopeless": False}),
    ({"LLM_API_KEY": KEY, "LLM_MODE": "off"}, {"mode": "off", "hopeless": False}),
    ({"LLM_API_KEY": KEY, "LLM_MODE": "shadow", "LLM_MODEL": "some-model", "LLM_RPM": 7,
      "LLM_RPD": 20},
     {"mode": "shadow", "provider": "gemini", "model": "some-model", "asked_today": 0,
      "day_budget": 20, "minute_left": 7, "hopeless": False, "failures": 0}),
    ({"LLM_PROVIDER": "openai", "LLM_URL": "http://127.0.0.1:9/v1/chat/completions",
      "LLM_RPM": 1, "LLM_RPD": 0},
     {"mode": "advise", "provider": "openai", "asked_today": 0, "minute_left": 1,
      "hopeless": False, "failures": 0})])
def test_the_planner_tells_what_is_left_of_its_advisor(redis_server, daemon, env, expected):
    heartbeats = redis_server.redis.subscribe("heartbeats")
    daemon("planner", **env)
    beat = beat_where(heartbeats, lambda b: True)
    assert beat["advisor"] == expected
    assert KEY not in json.dumps(beat)


def test_the_planner_tells_of_an_open_circuit(redis_server, daemon):
    heartbeats = redis_server.redis.subscribe("heartbeats")
    p = daemon("planner", TARGET="app", LLM_PROVIDER="openai", WARMUP_WINDOWS=0,
               LLM_URL=f"http://127.0.0.1:{free_port()}/v1/chat/completions", LLM_DEADBAND_MS=0)
    wait_for(lambda: "memory read back" in p.stderr(), what=p.stderr)
    redis_server.redis.publish("alerts", json.dumps(
        {"kind": "latency_metrics", "id": "a1", "p95_ms": 7, "window_sec": 4, "replicas": 2,
         "ts": time.time()}))
    advisor = beat_where(heartbeats, lambda b: b["advisor"].get("failures"))["advisor"]
    assert advisor["asked_today"] == 1 and advisor["failures"] == 1
    assert advisor["retry_ts"] > time.time() - 60 and not advisor["hopeless"]
