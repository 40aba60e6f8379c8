"""Who may write to the bus asks a real executor, on a real engine, for what it should not do: bounds
hold at every instant, nobody else's container is touched, and a good plan afterwards is done."""

import itertools
import json
import os
import random
import threading
import time
import urllib.request
import uuid

import pytest

from support.procs import free_port, wait_for
from support.redis import RedisServer

BASE_IMAGE = os.environ.get("BASE_IMAGE", "debian:trixie-slim")
MIN, MAX = 2, 4


class Target:
    """A service, its executor, a container that is nobody's business, and a guard that looks at the
    engine all the time."""

    def __init__(self, engine, network, spawn):
        self.engine, self.network, self.spawn = engine, network, spawn
        self.server = RedisServer()
        self.redis = self.server.redis
        tag = uuid.uuid4().hex[:6]
        self.name, self.bystander, self.port = f"svc{tag}", f"other{tag}", free_port()
        self.began = time.time()
        self.executor = None
        self.seen, self.faults = set(), []
        self.least = MIN  # in rotation at any instant
        self.done = threading.Event()
        self.guard = threading.Thread(target=self._watch)

    def start(self):
        self._run(self.bystander)
        self._run(self.name, "--label", "agentic.target=true")
        self.start_executor()
        wait_for(lambda: self.running() == MIN, 30, what=self.why)
        self.guard.start()
        wait_for(lambda: self.seen, what=self.why)

    def _run(self, name, *options):
        self.engine.run("run", "--detach", "--init", "--name", name, "--network", self.network,
                        *options, BASE_IMAGE, "sleep", "infinity")

    def start_executor(self):
        self.executor = self.spawn("executor", env={
            **self.server.env, "DOCKER_HOST": self.engine.host, "TARGET": self.name,
            "MIN_REPLICAS": MIN, "MAX_REPLICAS": MAX, "DRAIN_TIMEOUT_SEC": 1,
            "STOP_TIMEOUT_SEC": 1, "HTTP_PORT": self.port})
        wait_for(lambda: "this executor acts" in self.executor.stderr(), 30, what=self.why)

    def close(self):
        self.done.set()
        if self.guard.is_alive():
            self.guard.join(30)
        if self.executor:
            self.executor.close()
        self.engine.remove([*self.containers(), self.bystander])
        self.server.close()

    # ---- what there is ----

    def containers(self, *filters):
        return self.engine.names(f"name=^{self.name}", *filters)

    def _serving(self):
        return [n for n in self.containers("status=running") if "-drain-" not in n]

    def running(self):
        return len(self._serving())

    def _watch(self):
        while not self.done.wait(0.05):
            try:
                serving = self._serving()
                self.seen.add(len(serving))
                if not self.least <= len(serving) <= MAX:
                    self.faults.append(serving)
            except Exception as e:  # pylint: disable=broad-except
                self.faults.append(repr(e))

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as r:
            lines = r.read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(name + " "))

    def why(self):
        return f"{self.containers()} {self.faults[:3]}\n{self.executor.stderr()[-3000:]}"

    def results(self):
        messages = (json.loads(text) for _, text in self.redis.stream("results"))
        return {m["id"]: m for m in messages if "kind" not in m}

    # ---- what is sent ----

    def plan(self, action="scale_up", **more):
        decision = {"action": action, "target": self.name, "reason": "a test", **more}
        return {"kind": "plan", "id": uuid.uuid4().hex, "ts": time.time(), "container": self.name,
                "decision": decision}

    def send(self, message, channel="actions"):
        self.redis.publish(channel, message if isinstance(message, bytes) else json.dumps(message))
        return message["id"] if isinstance(message, dict) else None

    def result(self, plan_id, timeout=40):
        return wait_for(lambda: self.results().get(plan_id), timeout, what=self.why)

    def assert_kept(self):
        """The bounds held, and of all that happened on the engine nothing was of the bystander's."""
        assert not self.faults, self.faults[:5]
        assert self.guard.is_alive() and self.seen
        log = self.engine.run("events", "--since", f"{self.began:.3f}", "--until",
                              f"{time.time():.3f}", "--filter", "type=container", "--filter",
                              f"container={self.bystander}", "--format", "{{.Action}}").split()
        assert set(log) <= {"create", "start"} and len(log) <= 2, log

    def assert_goes_on(self):
        for count in (MAX, MIN):
            action = "scale_up" if count == MAX else "scale_down"
            done = self.result(self.send(self.plan(action, replicas=count)))
            assert done["wanted"] == count and done["result"]["status"] in ("ok", "noop"), (done, self.why())
            wait_for(lambda: self.running() == count, 40, what=self.why)


@pytest.fixture
def target(engine, network, spawn):
    t = Target(engine, network, spawn)
    try:
        t.start()
        yield t
    finally:
        t.close()


def test_counts_that_are_none_and_targets_of_others(target):
    malformed = [target.plan(replicas=n) for n in (1e9, -1, 1.5, "3", True, [3], {}, 10_001, 1e300)]
    malformed += [target.plan(a) for a in ("exec", "SCALE_UP", "remove", 2, None, ["scale_up"])]
    malformed += [{**target.plan(replicas=3), "ts": "now"}, {**target.plan(), "id": 7}]
    malformed += [target.plan(target=f"../{target.name}"), target.plan(target="")]
    malformed += [b"{" * 5000, b"\0\xff", b"[]", b'{"kind":"plan","decision":' + b"[" * 5000]
    malformed += [b'{"kind":"plan","x":"' + b"a" * 1_000_000 + b'"}']
    for message in malformed:
        target.send(message)
    wait_for(lambda: target.metric("agentic_executor_malformed_total") == len(malformed), 20,
             what=target.why)

    skipped = [target.send(m) for m in (
        target.plan("restart", target=target.bystander),
        target.plan("scale_down", target=target.bystander, replicas=0),
        target.plan("restart", target=f"{target.name}-dup-1"),
        {**target.plan(replicas=MAX), "ts": time.time() - 3600},
        {**target.plan(replicas=MAX), "ts": time.time() + 3600},
        {**target.plan(replicas=MAX), "ts": 1e11})]
    for plan_id in skipped:
        assert target.result(plan_id)["result"]["status"] == "skipped"
    assert target.seen == {MIN}, target.why()  # nothing at all was done so far

    over = target.result(target.send(target.plan(replicas=10_000)))
    assert over["wanted"] == MAX and "MAX_REPLICAS" in over["result"]["message"]
    under = target.result(target.send(target.plan("scale_down", replicas=0)))
    assert under["wanted"] == MIN and "MIN_REPLICAS" in under["result"]["message"]
    target.assert_goes_on()
    target.assert_kept()


def test_what_is_said_in_the_name_of_others(target):
    """Results that nobody gave and upstreams that no nginx runs, also for who reads them back."""
    ids = {n: target.engine.inspect(n)["Id"] for n in (*target.containers(), target.bystander)}
    now = time.time()
    for names in (list(ids), [target.name], [target.bystander], [target.name] * 1000):
        target.send({"kind": "upstreams", "id": uuid.uuid4().hex, "ts": now, "target": target.name,
                     "generation": 2147483647, "servers": [], "drained": names,
                     "drained_ids": [ids[n] for n in names], "result": {"status": "ok"}}, "results")
    for wanted in (0, 10_000):
        target.send({"id": uuid.uuid4().hex, "ts": now, "action": "scale_up", "target": target.name,
                     "lease": 2_000_000_000, "result": {"status": "ok"}, "wanted": wanted}, "results")
    target.assert_goes_on()
    target.send({"id": uuid.uuid4().hex, "ts": now + 3600, "action": "scale_up", "wanted": 10_000,
                 "target": target.name, "lease": 1, "result": {"status": "ok"}}, "results")
    target.executor.kill()
    target.start_executor()
    target.assert_goes_on()
    target.assert_kept()


def test_a_flood_of_plans(target):
    """Tens of thousands, good and bad, in any order: what is done lies within the bounds, and
    not each is answered, which would drive everything else out of the stream."""
    chance = random.Random(20261124)
    number = itertools.count()
    target.least = MIN - 1  # a restart takes out one at a time
    begin = time.monotonic()
    while time.monotonic() - begin < 6:
        batch = []
        for _ in range(200):
            next(number)
            kind = chance.randrange(4)
            message = target.plan(chance.choice(("scale_up", "scale_down", "restart")),
                                  replicas=chance.choice((0, 1, 3, 9, 500, 10_000, -5, 1.5, "3")))
            if kind == 1:
                message["decision"]["target"] = target.bystander
            elif kind == 2:
                message["ts"] -= chance.randrange(10, 10_000)
            batch.append(json.dumps(message))
        for text in batch:
            target.redis("PUBLISH", "actions", text)
    count = next(number)
    wait_for(lambda: target.metric("agentic_executor_results_withheld_total") > 0, 20,
             what=target.why)
    assert len(target.results()) < 1000 < count
    target.assert_goes_on()
    target.assert_kept()
    assert target.executor.stderr().count("\n") < 2000
    print(f"{count} plans, {len(target.results())} answered, running {sorted(target.seen)}")
