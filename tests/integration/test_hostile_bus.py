"""Who may write to the bus sends nonsense, and far too much of it.  Every daemon keeps to its memory,
does nothing that it should not, tells of it once, and goes on."""

import http.client
import itertools
import json
import os
import pathlib
import random
import re
import socket
import threading
import time

import pytest

from support.procs import free_port, pss_kb, wait_for

MEMORY_MAX_KB = 32 * 1024  # the compose file gives each 64 MiB, which must hold the kernel's part too
STREAMS = ("alerts", "actions", "results", "advice")
CHANNELS = (*STREAMS, "heartbeats")
LISTENS = {
    "monitor": ("results",),
    "planner": STREAMS,
    "executor": ("actions", "results"),
    "subscriber": STREAMS,
    "dashboard": CHANNELS,
}

number = itertools.count(1)



def unique():
    return f"h{next(number)}"


def alert(**fields):
    return {"kind": "latency_metrics", "id": unique(), "target": "app", "endpoint": "http://lb/",
            "window_sec": 4.0, "requests": 20, "success_rate": 1.0, "avg_ms": 23.5, "p50_ms": 23.1,
            "p95_ms": 24.2, "p99_ms": 24.3, "replicas": 2, "ready": 2, "ts": time.time(), **fields}


def plan(action="scale_up", replicas=3, **fields):
    return {"kind": "plan", "id": unique(), "ts": time.time(), "container": "app",
            "decision": {"action": action, "target": "app", "reason": "r", "replicas": replicas},
            **fields}


def result(**fields):
    return {"ts": time.time(), "id": unique(), "action": "scale_up", "target": "app", "reason": "r",
            "result": {"status": "ok", "message": "m"}, "replicas_before": 2, "replicas_after": 3,
            "wanted": 3, "duration_ms": 10, **fields}


def upstreams(n, **fields):
    return {"ts": time.time(), "kind": "upstreams", "id": unique(), "target": "app", "generation": 1,
            "result": {"status": "ok", "message": ""}, "drained": [], "drained_ids": [],
            "servers": [{"name": f"app-dup-{i}" if i else "app", "address": f"10.0.0.{i}:80",
                         "id": f"c{i}"} for i in range(n)], **fields}


def advice(**fields):
    return {"ts": time.time(), "kind": "advice", "id": unique(), "target": "app", "mode": "advise",
            "outcome": "verdict", "heuristic": {"action": "noop", "replicas": 2},
            "decision": {"action": "scale_up", "reason": "r"}, **fields}


def heartbeat(**fields):
    return {"ts": time.time(), "kind": "heartbeat", "id": unique(), "daemon": "monitor", "target": "app",
            "version": "1.0", "uptime_sec": 3.5, "every_sec": 2, "status": "ok",
            "dependencies": [{"name": "redis", "up": True}], **fields}


GOOD = {"alerts": alert, "actions": plan, "results": result, "advice": advice,
        "heartbeats": heartbeat}


class Sender:
    """Writes to Redis without reading: as fast as it takes it."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.command(b"CLIENT", b"REPLY", b"OFF")

    def settle(self):
        """Wait until Redis has taken all that was sent."""
        self.command(b"CLIENT", b"REPLY", b"ON")
        assert self.sock.recv(16) == b"+OK\r\n"
        self.command(b"CLIENT", b"REPLY", b"OFF")

    @staticmethod
    def encoded(*args):
        return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%b\r\n" % (len(a), a) for a in args)

    def command(self, *args):
        self.sock.sendall(self.encoded(*args))

    def close(self):
        self.sock.close()

    def publish(self, channel, text):
        """As a program of the suite does: stream and channel."""
        self.command(b"XADD", b"agentic:" + channel.encode(), b"MAXLEN", b"~", b"10000", b"*",
                     b"json", text)
        self.command(b"PUBLISH", channel.encode(), text)

    def flood(self, make, per_sec, seconds):
        """Batches of PUBLISH, of what make(i) gives as (channel, text); how many were sent."""
        begin, sent, batch = time.monotonic(), 0, per_sec // 100
        while (now := time.monotonic() - begin) < seconds:
            if sent > now * per_sec:
                time.sleep(sent / per_sec - now)  # the pace
            self.sock.sendall(b"".join(
                b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(c), c, len(t), t)
                for c, t in map(make, range(sent, sent + batch))))
            sent += batch
        self.settle()
        return sent


class Suite:
    """Every daemon, with a Docker that is down."""

    def __init__(self, redis_server, spawn, tmp_path):
        self.server, self.redis = redis_server, redis_server.redis
        self.ports = {name: free_port() for name in (*LISTENS, "watcher")}
        self.app_port = free_port()
        reader, writer = os.pipe()
        (tmp_path / "conf.d").mkdir()
        env = {**redis_server.env, "DOCKER_HOST": "unix:///nonexistent/docker.sock",
               "TARGET_URL": f"http://127.0.0.1:{self.app_port}/", "CONF_DIR": tmp_path / "conf.d",
               "LB_URL": f"http://127.0.0.1:{self.app_port}", "PROBE_REQUESTS": 2,
               "SAMPLE_INTERVAL": 0.5, "ACCESS_LOG_SOCKET": tmp_path / "access.sock",
               "MIN_REPLICAS": 1, "MAX_REPLICAS": 4}
        self.daemons = {
            name: spawn(name, env={**env, "DASHBOARD_PORT" if name == "dashboard" else "HTTP_PORT":
                                   port}, stdout=writer if name == "subscriber" else None)
            for name, port in self.ports.items()}
        os.close(writer)
        self.printed = b""
        self.printer = threading.Thread(target=self._read, args=(reader,))
        self.printer.start()
        self.samples = {name: [] for name in self.daemons}
        self.sampled(lambda: wait_for(self._all_listen, 20, what=self.why))

    def _read(self, fd):
        """What the subscriber prints; the end of it is kept."""
        with open(fd, "rb") as lines:
            while data := lines.read1(1 << 20):
                self.printed = (self.printed + data)[-(1 << 20):]

    def close(self):
        for daemon in self.daemons.values():
            daemon.close()
        self.printer.join(10)

    def _all_listen(self):
        counts = self.redis("PUBSUB", "NUMSUB", *CHANNELS)[1::2]
        return counts == [sum(c in channels for channels in LISTENS.values()) for c in CHANNELS]

    def why(self):
        return "\n".join(f"--- {n}\n{d.stderr()[-3000:]}" for n, d in self.daemons.items())

    def get(self, name, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=10)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def metric(self, name, metric):
        return float(re.search(rf"^{metric} (\S+)$", self.get(name, "/metrics")[1], re.M)[1])

    def malformed(self, name):
        return self.metric(name, f"agentic_{name}_malformed_total")

    def calm(self, name, timeout=60):
        """How many it has complained about, when there are no more to come."""
        last = [self.malformed(name), time.monotonic()]

        def still():
            now = self.malformed(name)
            if now != last[0]:
                last[:] = now, time.monotonic()
            return time.monotonic() - last[1] > 1
        wait_for(still, timeout, what=self.why)
        return last[0]

    def complaints(self, name):
        return [line for line in self.daemons[name].stderr().splitlines()
                if 'msg="message ignored"' in line]

    def sample(self):
        for name, daemon in self.daemons.items():
            assert daemon.running(), f"{name} ended\n{daemon.stderr()[-3000:]}"
            self.samples[name].append(pss_kb(daemon.pid))

    def sampled(self, act):
        """act(), while the memory of all is looked at; its value."""
        done = threading.Event()
        failures = []

        def look():
            try:
                while not done.wait(0.2):
                    self.sample()
            except Exception as e:  # pylint: disable=broad-except
                failures.append(e)

        looker = threading.Thread(target=look)
        looker.start()
        try:
            return act()
        finally:
            done.set()
            looker.join(10)
            assert not failures, failures

    def peaks(self):
        return {name: max(samples) for name, samples in self.samples.items()}

    def assert_memory(self):
        self.sample()
        # AddressSanitizer keeps what was freed, up to a quarter of a gigabyte.
        maps = pathlib.Path(f"/proc/{self.daemons['monitor'].pid}/maps").read_text()
        limit = MEMORY_MAX_KB * (16 if "libasan" in maps else 1)
        assert max(self.peaks().values()) < limit, self.peaks()

    # ---- whether it goes on ----

    def _await(self, subscription, condition, timeout):
        """The first message of ${subscription} that satisfies ${condition} has come."""
        end = time.monotonic() + timeout
        while not condition(json.loads(subscription.get(timeout)[1])):
            assert time.monotonic() < end, self.why()
        subscription.close()

    def assert_goes_on(self, timeout=60):
        """A good message is handled by whoever it is for."""
        for name in self.daemons:
            assert self.get(name, "/healthz")[0] in (200, 503)
        wait_for(self._all_listen, timeout, what=self.why)
        wait_for(lambda: "memory read back" in self.daemons["planner"].stderr(), timeout,
                 what=self.why)

        actions, good = self.redis.subscribe("actions"), alert()
        self.redis.publish("alerts", json.dumps(good))
        self._await(actions, lambda m: m.get("telemetry", {}).get("alert") == good["id"], timeout)
        wait_for(lambda: good["id"].encode() in self.printed, timeout, what=self.why)
        wait_for(lambda: good["id"] in self.get("dashboard", "/api/state")[1], timeout, what=self.why)

        alerts, n = self.redis.subscribe("alerts"), chance.randrange(10, 100)
        self.redis.publish("results", json.dumps(upstreams(n)))
        self._await(alerts, lambda m: m.get("ready") == n, timeout)

        before = self.calm("executor")  # its Docker is away: that it listens must do
        self.redis.publish("actions", "{}")
        wait_for(lambda: self.malformed("executor") == before + 1, timeout, what=self.why)
        assert self.daemons["watcher"].running()
        assert "daemon=watcher" in self.daemons["watcher"].stderr()


@pytest.fixture
def suite(redis_server, spawn, tmp_path):
    s = Suite(redis_server, spawn, tmp_path)
    yield s
    s.close()


@pytest.fixture
def sender(redis_server):
    s = Sender(redis_server.port)
    yield s
    s.close()


def dumps(value):
    return json.dumps(value).encode()


chance = random.Random(20261124)

NO_JSON = [
    b"", b" ", b"\0", b"{", b"[]", b"null", b"3", b'"text"', b"{}{}", b"NaN", b"\xff\xfe\x00",
    chance.randbytes(3000), b'{"kind":"\xc3("', b"[" * 60_000, b'{"a":' * 10_000,
    b'{"a":' * 500 + b"1" + b"}" * 500, b'{"x":"' + b"a" * 1_000_000 + b'"}', b" " * 1_000_000,
    b"[" + b"1," * 499_999 + b"1]", b'{"kind":"latency_metrics","p95_ms":1e999}',
]
COUNTS = [1e9, -1, 1.5, "3", True, [3], {}, 10001, 1e300]


def wrong_messages():
    """(channel, text): JSON objects, each with something in it that may not be."""
    for channel in CHANNELS:
        yield channel, {}
        yield channel, {"kind": "no such thing"} if channel != "actions" else {"kind": 3}
        yield channel, GOOD[channel](target="../../etc/passwd") if channel != "actions" \
            else plan(container="a b")
        yield channel, GOOD[channel](id=7)
        yield channel, GOOD[channel](id="x" * 65)
        yield channel, GOOD[channel](ts="now")
    for count in COUNTS:
        yield "actions", plan(replicas=count)
        yield "alerts", alert(replicas=count)
        yield "results", result(wanted=count)
    for action in ("scale", "SCALE_UP", "exec", 2, None, ["scale_up"]):
        yield "actions", plan(action)
    yield "results", upstreams(1, servers=[{"name": "app"}])
    yield "results", upstreams(1, servers=[{}] * 1025)
    yield "results", upstreams(1, drained=["a"], drained_ids=[])
    yield "actions", plan(explain=3)
    yield "heartbeats", heartbeat(dependencies=[{"name": "redis"}])
    yield "heartbeats", heartbeat(status="fine")


def relevant(messages, name):
    """Of (channel, text), how many ${name} must complain about: the planner knows its own plans."""
    return sum(channel in LISTENS[name] and (name, channel) != ("planner", "actions")
               for channel, _ in messages)


def test_what_is_malformed_is_counted_told_once_and_skipped(suite, sender):
    nonsense = [(c, t) for t in NO_JSON for c in CHANNELS]
    times = 3
    wrong = [(c, dumps(m)) for _ in range(times) for c, m in wrong_messages()]  # each id once

    def send():
        for channel, text in times * nonsense + wrong:
            sender.publish(channel, text)
        sender.settle()

    suite.sampled(send)
    for name in LISTENS:
        expected = times * relevant(nonsense, name)
        if name != "subscriber":  # which prints JSON, so to it any object is good
            expected += relevant(wrong, name)
        wait_for(lambda: suite.malformed(name) >= expected, 30,
                 what=lambda: f"{name}: {suite.malformed(name)} of {expected}\n{suite.why()}")
        assert suite.malformed(name) == expected, name
        causes = [re.search(r'error=("[^"]*"|\S+)', line)[1] for line in suite.complaints(name)]
        assert causes and len(causes) == len(set(causes)) <= 64, causes
        assert max(map(len, suite.complaints(name))) <= 2048
    suite.assert_goes_on()
    suite.assert_memory()


def test_strangers_by_the_thousand(suite, sender):
    """Valid in form, of targets that nobody knows: every name another one."""
    def send():
        for i in range(5000):
            name = f"stranger-{i}"
            sender.publish("alerts", dumps(alert(target=name)))
            sender.publish("actions", dumps({**plan(), "container": name, "decision":
                                             {"action": "scale_up", "target": name}}))
            sender.publish("results", dumps(result(target=name)))
            sender.publish("results", dumps(upstreams(3, target=name)))
            sender.publish("advice", dumps(advice(target=name)))
            sender.publish("heartbeats", dumps(heartbeat(daemon=name[:31])))
        sender.settle()

    suite.sampled(send)
    suite.sampled(suite.assert_goes_on)
    suite.assert_memory()
    for daemon in suite.daemons.values():
        assert daemon.stderr().count("\n") < 400, daemon.stderr()[-2000:]


def test_large_messages_that_are_valid(suite, sender):
    """As long as a message may be, and longer when printed anew: 1e9 becomes 1000000000."""
    def send():
        for i in range(200):
            text = dumps(plan("restart" if i % 2 else "noop", explain="?")).replace(
                b'"?"', b'{"x":[' + b"1e9," * 16_000 + b"1]}")
            assert 60_000 < len(text) < 65_536
            sender.publish("actions", text)
            sender.publish("results", dumps(upstreams(600, drained=["d" * 50] * 500,
                                                      drained_ids=["i"] * 500)))
            sender.publish("alerts", dumps(alert(endpoint="e" * 500, traffic={
                "rps": 1, "in_flight": 1, "replicas": [{"address": "a" * 60}] * 256})))
        sender.settle()

    suite.sampled(send)
    suite.sampled(suite.assert_goes_on)
    status, text = suite.get("dashboard", "/api/state")
    assert status == 200
    state = json.loads(text)
    assert state["actions"] and state["upstreams"]
    suite.assert_memory()


def test_a_start_from_streams_full_of_it(redis_server, spawn, tmp_path, sender):
    """Whoever was restarted reads the past back, and that may be megabytes a message."""
    for channel in CHANNELS:
        for i in range(3000):
            sender.publish(channel, b'{"id":"%s-%d","ts":"now"}' % (channel.encode(), i))
        for i in range(10, 50):
            sender.publish(channel, b'{"x":"' + b"%d" % i * 499_990 + b'"}')
    sender.settle()
    suite = Suite(redis_server, spawn, tmp_path)
    try:
        suite.sampled(suite.assert_goes_on)
        for name in ("monitor", "executor", "dashboard"):  # the others do not complain of the past
            assert suite.malformed(name) >= 40, name
        suite.assert_memory()
    finally:
        suite.close()


FLOOD_PER_SEC, FLOOD_SEC = 100_000, 10


def test_a_flood(suite, sender, record_property):
    """A hundred thousand messages a second of every kind, or as many as this machine can."""
    templates = [(c.encode(), dumps(GOOD[c](id="@"))) for c in CHANNELS]
    templates += [(c.encode(), dumps(m).replace(b'"h', b'"@')) for c, m in wrong_messages()]
    templates += [(c.encode(), t) for t in NO_JSON for c in CHANNELS if len(t) < 1000]
    templates.append((b"results", dumps(upstreams(2, id="@"))))
    split = [(c, *t.partition(b'"@')) for c, t in templates]

    def make(i):
        channel, before, mark, after = split[i % len(split)]
        return channel, b'%b"%d%b' % (before, i, after) if mark else before

    before = suite.redis("INFO", "commandstats")
    begin = time.monotonic()
    sent = suite.sampled(lambda: sender.flood(make, FLOOD_PER_SEC, FLOOD_SEC))
    seconds = time.monotonic() - begin
    suite.sampled(lambda: suite.assert_goes_on(120))
    calm = time.monotonic() - begin - seconds

    published = int(re.search(r"cmdstat_publish:calls=(\d+)", suite.redis("INFO", "commandstats"))[1])
    assert "cmdstat_publish" not in before or published >= sent
    record_property("flood", {"sent": sent, "seconds": round(seconds, 1), "calm_after": round(calm, 1),
                              "peak_kb": suite.peaks()})
    print(f"{sent} messages in {seconds:.1f} s, all back {calm:.1f} s later; peaks {suite.peaks()}")
    assert sent > FLOOD_PER_SEC  # at the very least a tenth
    suite.assert_memory()
    for name, daemon in suite.daemons.items():
        assert len(daemon.stderr()) < 300_000, f"{name}\n{daemon.stderr()[-3000:]}"
