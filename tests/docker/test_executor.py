"""The executor against a real engine and a real Redis.  The service is a container that sleeps; what
a watcher would say is published by the test."""

import json
import os
import time
import urllib.request
import uuid

import pytest

from support.metrics import parse
from support.procs import free_port, wait_for
from support.redis import RedisServer

BASE_IMAGE = os.environ.get("BASE_IMAGE", "debian:trixie-slim")


@pytest.fixture
def redis_server():
    server = RedisServer()
    yield server
    server.close()


class Service:
    """One service, its executor, and the bus between them."""

    def __init__(self, engine, network, redis_server, spawn):
        self.engine, self.network, self.spawn = engine, network, spawn
        self.redis, self.redis_env = redis_server.redis, redis_server.env
        self.name = "svc" + uuid.uuid4().hex[:6]
        self.executor = None

    def template(self, *options, label=True, init=True, command=("sleep", "infinity")):
        args = ["--label", "agentic.target=true"] if label else []
        args += ["--init"] if init else []
        self.engine.run("run", "--detach", "--name", self.name, "--network",
                        self.network, *args, *options, BASE_IMAGE, *command)

    def start(self, **env):
        """Start an executor and wait until it acts."""
        settings = {"DOCKER_HOST": self.engine.host, "TARGET": self.name, "MIN_REPLICAS": 1,
                    "MAX_REPLICAS": 4, "DRAIN_TIMEOUT_SEC": 1, "STOP_TIMEOUT_SEC": 5}
        self.http_port = env.get("HTTP_PORT")
        self.executor = self.spawn("executor", env={**self.redis_env, **settings, **env})
        wait_for(lambda: "read back what was decided" in self.executor.stderr(),
                 what="the executor to be live")

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=5) as r:
            return parse(r.read().decode())

    def plan(self, action, replicas=None, age_sec=0.0, **fields):
        """Publish a plan; its id."""
        decision = {"action": action, "target": self.name, "reason": "a test"}
        if replicas is not None:
            decision["replicas"] = replicas
        message = {"kind": "plan", "id": uuid.uuid4().hex, "ts": time.time() - age_sec,
                   "container": self.name, "decision": decision, **fields}
        self.redis.publish("actions", json.dumps(message))
        return message["id"]

    def upstreams(self, servers, drained=()):
        """What a watcher says, by the names the containers have now."""
        def id_of(name):
            return self.engine.inspect(name)["Id"]
        self.redis.publish("results", json.dumps({
            "kind": "upstreams", "id": uuid.uuid4().hex, "ts": time.time(), "target": self.name,
            "generation": 1,
            "servers": [{"name": n, "address": "192.0.2.1:8080", "id": id_of(n)} for n in servers],
            "drained": list(drained), "drained_ids": [id_of(n) for n in drained],
            "result": {"status": "ok", "message": ""}}))

    def results(self):
        """All results so far, those of the watcher left out, oldest first."""
        messages = [json.loads(text) for _, text in self.redis.stream("results")]
        return [m for m in messages if m.get("kind") != "upstreams"]

    def result(self, plan_id, timeout=20):
        """The one result of a plan."""
        def find():
            return [r for r in self.results() if r["id"] == plan_id]
        found = wait_for(find, timeout, what=lambda: "the result; log:\n" + self.executor.stderr())
        assert len(found) == 1
        return found[0]

    def replicas(self):
        """Names without the service's: ["dup-1", "drain-2"]."""
        names = self.engine.names("label=agentic.replica-of=" + self.name)
        return [n.removeprefix(self.name + "-") for n in names]

    def running(self):
        names = self.engine.names("label=agentic.replica-of=" + self.name, "status=running")
        return [n.removeprefix(self.name + "-") for n in names]

    def wait_replicas(self, *names, timeout=20):
        wait_for(lambda: self.replicas() == list(names) == self.running(), timeout,
                 what=lambda: f"{names}, there are {self.replicas()}; log:\n"
                              + self.executor.stderr())

    def full(self, short):
        return f"{self.name}-{short}" if short else self.name

    def inspect(self, short=""):
        return self.engine.inspect(self.full(short))

    def remove(self):
        if self.executor is not None:
            self.executor.close()
        self.engine.remove(self.engine.names("name=" + self.name))


@pytest.fixture
def service(engine, network, redis_server, spawn):
    s = Service(engine, network, redis_server, spawn)
    yield s
    s.remove()


def test_scales_up_and_down(service):
    service.template()
    service.start()

    up = service.result(service.plan("scale_up", 4))
    assert up["result"] == {"status": "ok", "message": up["result"]["message"]}
    assert up["result"]["message"].startswith("started ")
    assert all(service.full(f"dup-{n}") in up["result"]["message"] for n in (1, 2, 3))
    assert (up["replicas_before"], up["replicas_after"], up["wanted"]) == (1, 4, 4)
    assert up["action"] == "scale_up" and up["target"] == service.name
    assert up["reason"] == "a test" and up["duration_ms"] > 0
    assert service.running() == ["dup-1", "dup-2", "dup-3"]

    newest = max(service.running(), key=lambda r: (service.inspect(r)["Created"][:19], r))
    down = service.result(service.plan("scale_down", 3))
    assert down["result"] == {"status": "ok", "message": "removed " + service.full(newest)}
    assert (down["replicas_before"], down["replicas_after"], down["wanted"]) == (4, 3, 3)
    assert len(service.replicas()) == 2 and newest not in service.replicas()
    assert service.inspect()["State"]["Running"]


def test_counts_and_times_what_it_does(service):
    service.template()
    service.start(HTTP_PORT=free_port())
    up = service.result(service.plan("scale_up", 3))
    service.result(service.plan("scale_up", 3))  # changes nothing
    down = service.result(service.plan("scale_down", 2))
    m = service.metrics()
    assert m["agentic_executor_scalings_total"].value(direction="up") == 1
    assert m["agentic_executor_scalings_total"].value(direction="down") == 1
    assert m["agentic_executor_results_total"].value(status="ok") == 2
    times = m["agentic_executor_execution_duration_seconds"]
    assert times.value("_count") == 2
    took_sec = (up["duration_ms"] + down["duration_ms"]) / 1000
    assert times.value("_sum") == pytest.approx(took_sec, abs=0.001)
    assert m["agentic_executor_min_replicas"].value() == 1
    assert m["agentic_executor_max_replicas"].value() == 4


def test_a_plan_without_a_count_moves_by_one(service):
    service.template()
    service.start()
    assert service.result(service.plan("scale_up"))["wanted"] == 2
    assert service.result(service.plan("scale_up"))["wanted"] == 3
    assert service.result(service.plan("scale_down"))["wanted"] == 2
    assert len(service.replicas()) == 1


def test_says_when_there_is_nothing_to_do(service):
    service.template()
    service.start()
    result = service.result(service.plan("scale_up", 1))
    assert result["result"] == {"status": "noop", "message": "already at 1 replica"}


def test_a_newer_plan_takes_over(service):
    service.template()
    service.start(DRAIN_TIMEOUT_SEC=60)
    service.result(service.plan("scale_up", 3))
    down = service.plan("scale_down", 1)
    wait_for(lambda: service.replicas() == ["drain-1", "drain-2"], what="both to leave")
    up = service.plan("scale_up", 2)
    assert f"superseded by {up}" in service.result(down)["result"]["message"]
    assert service.result(up)["result"]["message"] == "started " + service.full("dup-3")


def test_bounds_hold_whatever_is_asked(service):
    service.template()
    service.start(MIN_REPLICAS=2, MAX_REPLICAS=3)
    service.wait_replicas("dup-1")
    repair = wait_for(service.results, what="the repair to be told")[0]
    assert repair["result"]["message"] == "started " + service.full("dup-1")
    assert repair["reason"] == "1 of 2 replicas are there"

    over = service.result(service.plan("scale_up", 50))
    assert over["wanted"] == over["replicas_after"] == 3
    assert "asked for 50, MAX_REPLICAS is 3" in over["result"]["message"]
    under = service.result(service.plan("scale_down", 0))
    assert under["wanted"] == under["replicas_after"] == 2
    assert "asked for 0, MIN_REPLICAS is 2" in under["result"]["message"]
    assert len(service.running()) == 1


@pytest.mark.parametrize("labelled_other", [False, True])
def test_acts_on_nothing_but_a_labelled_template(service, labelled_other):
    if labelled_other:
        service.template(label=False)
    service.start()
    result = service.result(service.plan("scale_up", 3))
    assert result["result"]["status"] == "skipped"
    assert "label agentic.target=true" in result["result"]["message"]
    assert service.replicas() == []


def test_leaves_strangers_alone(service):
    service.template()
    service.engine.run("run", "--detach", "--name", service.full("dup-1"), BASE_IMAGE, "true")
    service.start()
    service.result(service.plan("scale_up", 2))
    assert service.replicas() == ["dup-2"]
    assert service.inspect("dup-1")["State"]["Status"] == "exited"
    assert service.full("dup-1") in service.executor.stderr()


def test_a_stale_plan_is_skipped(service):
    service.template()
    service.start()
    for age_sec in (60, -60):
        result = service.result(service.plan("scale_up", 3, age_sec=age_sec))
        assert result["result"]["status"] == "skipped"
        assert result["result"]["message"].startswith("stale")
    fresh = service.result(service.plan("scale_up", 2))
    assert fresh["result"]["status"] == "ok"
    assert service.replicas() == ["dup-1"]


def test_a_plan_for_another_target_is_skipped(service):
    service.template()
    service.start()
    plan = service.plan("scale_up", container="other",
                        decision={"action": "scale_up", "target": "other", "reason": "x"})
    result = service.result(plan)
    assert result["result"] == {"status": "skipped",
                                "message": f"not my target, which is {service.name}"}


@pytest.mark.parametrize("how", ["kill", "remove"])
def test_a_dead_replica_is_replaced(service, how):
    service.template()
    service.start()
    service.result(service.plan("scale_up", 2))
    service.upstreams([service.name, service.full("dup-1")])
    before = service.inspect("dup-1")["Id"]
    wait_for(lambda: "upstreams" in service.redis.stream("results")[-1][1], what="the stream")
    if how == "kill":
        service.engine.run("kill", service.full("dup-1"))
    else:
        service.engine.remove([service.full("dup-1")])

    def replaced():
        now = service.running()
        return len(now) == 1 and service.inspect(now[0])["Id"] != before
    wait_for(replaced, 20, what=lambda: "a replacement; log:\n" + service.executor.stderr())
    wait_for(lambda: len(service.replicas()) == 1, what="the dead one to be removed")
    repair = wait_for(lambda: service.results()[1:], what="the repair to be told")[0]
    assert "started " in repair["result"]["message"] and repair["wanted"] == 2


def test_a_drained_replica_is_stopped_at_once_and_gracefully(service):
    service.template("--stop-timeout", "20", command=(
        "sh", "-c", "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done"))
    service.start(DRAIN_TIMEOUT_SEC=600, STOP_TIMEOUT_SEC=0)
    service.result(service.plan("scale_up", 2))
    plan = service.plan("scale_down", 1)
    wait_for(lambda: service.replicas() == ["drain-1"], what="the rename")
    service.upstreams([service.name], drained=[service.full("drain-1")])
    result = service.result(plan)
    assert result["result"]["message"] == "removed " + service.full("dup-1")
    assert 1000 < result["duration_ms"] < 15000  # its own grace, not STOP_TIMEOUT_SEC


def test_killed_in_the_middle_of_a_drain_the_next_one_finishes(service):
    service.template()
    service.start(DRAIN_TIMEOUT_SEC=600)
    service.result(service.plan("scale_up", 3))
    service.plan("scale_down", 2, telemetry={"window_sec": 30})  # still good when the lease is free
    wait_for(lambda: any("drain" in r for r in service.replicas()), what="the rename")
    leaving = next(r for r in service.replicas() if "drain" in r)
    service.executor.kill()
    service.upstreams([service.name], drained=[service.full(leaving)])  # while nobody listens

    service.start(DRAIN_TIMEOUT_SEC=600)
    wait_for(lambda: len(service.replicas()) == 1, 20,
             what=lambda: "the drain to be finished; log:\n" + service.executor.stderr())
    assert leaving not in service.replicas()


def test_the_wanted_count_survives_a_restart(service):
    service.template()
    service.start()
    service.result(service.plan("scale_up", 3))
    service.executor.kill()
    service.engine.remove([service.full("dup-2")])
    service.start()
    service.wait_replicas("dup-1", "dup-2")


def test_a_plan_made_while_it_was_down_is_done_once(service):
    service.template()
    service.start()
    done = service.plan("scale_up", 2)
    service.result(done)
    assert service.executor.terminate() == 0
    missed = service.plan("scale_up", 3, telemetry={"window_sec": 30})
    too_old = service.plan("scale_up", 4, age_sec=100)
    service.start()
    assert service.result(missed)["wanted"] == 3
    assert service.result(done)["wanted"] == 2  # exactly one result
    assert [r for r in service.results() if r["id"] == too_old] == []
    assert len(service.running()) == 2


def test_half_made_replicas_are_cleared_away(service):
    service.template()
    service.engine.run("create", "--name", service.full("dup-7"), "--label",
                       "agentic.replica-of=" + service.name, BASE_IMAGE, "true")
    service.start(MIN_REPLICAS=2)
    service.wait_replicas("dup-1")


def test_what_cannot_be_started_leaves_nothing_behind(service, tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep infinity\n")
    program.chmod(0o755)
    service.template("--volume", f"{program}:/program", "--volume", "/anonymous",
                     init=False, command=("/program",))
    program.unlink()
    program.mkdir()  # in its place: the template runs on, a copy cannot start
    volumes = service.engine.run("volume", "ls", "--quiet")
    service.start()
    result = service.result(service.plan("scale_up", 3))
    assert result["result"]["status"] == "error"
    assert f"could not start {service.name}-dup-" in result["result"]["message"]
    assert (result["replicas_after"], result["wanted"]) == (1, 3)
    assert service.replicas() == []
    assert service.engine.run("volume", "ls", "--quiet") == volumes


def test_an_unready_replica_is_removed_and_reported(service):
    service.template()
    service.start(READY_TIMEOUT_SEC=1)
    service.upstreams([service.name])
    service.result(service.plan("scale_up", 2))

    def report():
        return [r for r in service.results() if r["result"]["status"] == "error"]
    found = wait_for(report, 20, what="the report")[0]
    assert "dup-1 was not in rotation 1 s after its start" in found["result"]["message"]
    assert "port 8080" in found["result"]["message"]
    wait_for(lambda: "dup-1" not in service.replicas() and "drain-1" not in service.replicas(),
             20, what="it to go")


def test_restarts_one_after_the_other(service):
    service.template()
    service.start()
    service.result(service.plan("scale_up", 2))
    template, replica = service.inspect(), service.inspect("dup-1")
    restart = service.plan("restart")
    wait_for(lambda: "drain-1" in service.replicas(), what="the first to go")
    second = service.result(service.plan("restart"))
    assert second["result"] == {"status": "skipped", "message": "a restart is under way already"}

    result = service.result(restart, timeout=40)
    assert result["result"] == {
        "status": "ok", "message": f"restarted {service.name}-dup-1, {service.name}"}
    assert service.inspect()["Id"] == template["Id"]
    assert service.inspect()["State"]["StartedAt"] > template["State"]["StartedAt"]
    now = service.running()
    assert len(now) == 1 and service.inspect(now[0])["Id"] != replica["Id"]


def test_a_single_one_is_restarted_with_company(service):
    service.template()
    service.start()
    started = service.inspect()["State"]["StartedAt"]
    result = service.result(service.plan("restart"), timeout=40)
    assert result["result"]["status"] == "ok"
    assert service.inspect()["State"]["StartedAt"] > started
    assert service.replicas() == []


def test_a_template_left_out_of_rotation_is_brought_back(service):
    service.template()
    service.engine.run("rename", service.name, service.full("drain-0"))
    service.start()
    wait_for(lambda: service.inspect() is not None and service.inspect()["State"]["Running"], 20,
             what="the template to be back")
    assert service.inspect("drain-0") is None


def test_a_replica_is_a_copy(service):
    other = service.network + "-b"
    service.engine.run("network", "create", other)
    try:
        service.template("--env", 'WORDS=two "quoted" words', "--publish", "127.0.0.1::8080",
                         "--network-alias", "web", "--hostname", "the-one", "--memory", "64m",
                         "--ulimit", "core=9223372036854775807", "--cap-drop", "ALL",
                         "--volume", "/anonymous", "--label", "tier=web", "--user", "65534",
                         "--restart", "unless-stopped")
        service.engine.run("network", "connect", other, service.name)
        volumes = set(service.engine.run("volume", "ls", "--quiet").split())
        service.start()
        service.result(service.plan("scale_up", 2))
        a, b = service.inspect(), service.inspect("dup-1")
        for key in ("Env", "Cmd", "User", "WorkingDir"):
            assert b["Config"][key] == a["Config"][key]
        for key in ("Memory", "Ulimits", "CapDrop", "RestartPolicy", "Init"):
            assert b["HostConfig"][key] == a["HostConfig"][key]
        assert b["Image"] == a["Image"] and b["Config"]["Image"] == a["Image"]
        assert b["Config"]["Hostname"] == b["Id"][:12]
        labels = dict(a["Config"]["Labels"], **{"agentic.replica-of": service.name})
        del labels["agentic.target"]
        assert b["Config"]["Labels"] == labels
        assert not b["HostConfig"]["PortBindings"]
        assert set(b["NetworkSettings"]["Networks"]) == {service.network, other}
        aliases = [x for n in b["NetworkSettings"]["Networks"].values()
                   for x in n["Aliases"] or []]
        assert "web" not in aliases and service.name not in aliases
        made = set(service.engine.run("volume", "ls", "--quiet").split()) - volumes
        assert len(made) == 1
        service.result(service.plan("scale_down", 1))
        assert set(service.engine.run("volume", "ls", "--quiet").split()) == volumes
    finally:
        service.remove()
        service.engine.run("network", "rm", other)


def test_stops_at_once_though_a_container_takes_its_time(service):
    service.template(command=(
        "sh", "-c", "trap 'sleep 8; exit 0' TERM; while :; do sleep 0.1; done"))
    service.start(STOP_TIMEOUT_SEC=20)
    service.result(service.plan("scale_up", 2))
    service.plan("scale_down", 1)
    wait_for(lambda: service.replicas() == ["drain-1"], what="the rename")
    time_left = time.monotonic() + 2
    assert service.executor.terminate(timeout=3) == 0
    assert time.monotonic() < time_left


def test_names_every_bad_setting(spawn):
    p = spawn("executor", "--check", env={"MIN_REPLICAS": 5, "MAX_REPLICAS": 3})
    assert p.wait() == 2
    assert "MIN_REPLICAS=5" in p.stderr() and "MAX_REPLICAS" in p.stderr()
