"""A planner process over a real Redis, and what it is sent."""

import json
import urllib.request

from .procs import wait_for

START = 1795458155.613


def alert(p95_ms, replicas=2, ts=START, target="app", **more):
    """An alert as the monitor sends it."""
    alert.count += 1
    return {"kind": "latency_metrics", "id": f"alert-{alert.count}", "target": target,
            "endpoint": "http://lb/", "window_sec": 4.0, "requests": 40, "success_rate": 1.0,
            "avg_ms": p95_ms, "p50_ms": p95_ms, "p95_ms": p95_ms, "p99_ms": p95_ms,
            "replicas": replicas, "ready": replicas, "ts": ts, **more}


alert.count = 0


class Planner:
    """A planner process, and the two ends of the conversation with it."""

    def __init__(self, spawn, server, **settings):
        self.spawn, self.redis = spawn, server.redis
        self.env = {**server.env, **settings}
        self.actions = self.redis.subscribe("actions")
        self.start()

    def start(self):
        self.process = self.spawn("planner", env=self.env)
        wait_for(self.answers, what=lambda: "an answer:\n" + self.process.stderr())
        self.drain()

    def answers(self):
        """Whether it answers by now: what comes before it has read its memory back is not."""
        self.publish(alert(1, target="is-it-live"))
        try:
            return self.plan(timeout=0.1)
        except TimeoutError:
            assert self.process.running(), self.process.stderr()
            return None

    def drain(self):
        """Take the late answers of answers(): the one to a last alert of its kind ends them."""
        last = alert(1, target="last-of-it", window_sec=alert.count + 0.5)
        self.publish(last)
        wait_for(lambda: self.plan()["telemetry"]["window_sec"] == last["window_sec"])

    def publish(self, message, channel="alerts"):
        text = message if isinstance(message, (str, bytes)) else json.dumps(message)
        self.redis.publish(channel, text)

    def plan(self, timeout=5.0):
        """The next message on actions."""
        return json.loads(self.actions.get(timeout)[1])

    def ask(self, *args, **kwargs):
        self.publish(alert(*args, **kwargs))
        return self.plan()

    def next_millisecond(self):
        """The streams are merged by their ids, which are milliseconds: wait for the next one."""
        def now_ms():
            s, us = self.redis("TIME")
            return int(s) * 1000 + int(us) // 1000

        begun = now_ms()
        wait_for(lambda: now_ms() > begun, every=0)


def metrics(p):
    with urllib.request.urlopen(f"http://127.0.0.1:{p.env['HTTP_PORT']}/metrics", timeout=5) as r:
        lines = r.read().decode().splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}
