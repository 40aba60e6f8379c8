#!/usr/bin/env python3
"""The dashboard with many open pages: its CPU time and size at one window a second, and how long it
takes to read full streams at the start, and to answer meanwhile.

Prints tables, asserts nothing.  BUILD names the build directory, as for the tests.
"""

import argparse
import http.client
import json
import pathlib
import re
import selectors
import socket
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from support.procs import Process, binary, free_port, pss_kb, wait_for  # noqa: E402
from support.redis import RedisServer  # noqa: E402

REPLICAS = [("app", 2)] + [(f"app-dup-{n}", n + 2) for n in range(1, 6)]
DAEMONS = ("monitor", "planner", "executor", "watcher")
ENTRIES = 10000


def alert(ts):
    """1.5 KB, as of six replicas."""
    return {"kind": "latency_metrics", "id": uuid.uuid4().hex, "target": "app",
            "endpoint": "http://lb:8083/", "window_sec": 1, "requests": 20, "success_rate": 1,
            "avg_ms": 123.5, "p50_ms": 123.1, "p95_ms": 124.2 + ts % 7, "p99_ms": 124.3, "replicas": 6,
            "ready": 6, "ts": round(ts, 3),
            "traffic": {"rps": 148.2, "completed_rps": 147.9, "in_flight": 19, "p50_ms": 121,
                        "p95_ms": 131, "p99_ms": 140, "error_rate": 0, "upstream_ms": 120.6,
                        "replicas": [{"name": name, "address": f"10.0.0.{n}:8080",
                                      "completed_rps": 24.6 + n, "p50_ms": 120.5, "p95_ms": 131,
                                      "error_rate": 0, "upstream_ms": 120.7} for name, n in REPLICAS]},
            "containers": [{"name": name, "state": "ready", "created_ts": 1795458155.613}
                           for name, _ in REPLICAS]}


def plan(about, action="noop"):
    """1.7 KB, with the explanation."""
    gates = {f"gate_number_{n}": {"pass": True, "value": n * 1.25, "bound": n * 2.5} for n in range(14)}
    estimates = {"p95_ms": 124.2, "baseline_ms": 119.3, "sigma_ms": 2.25, "objective_ms": 238.6,
                 "arrivals_rps": 148.2 + about["ts"] % 5, "capacity_rps": 66.1, "good_rps": 60.2}
    return {"ts": round(about["ts"] + 0.001, 3), "kind": "plan", "id": uuid.uuid4().hex,
            "container": "app",
            "decision": {"action": action, "target": "app", "reason": "1.0x baseline, load fits",
                         "replicas": 6},
            "telemetry": {"p95_ms": 124.2, "baseline_ms": 119.3, "sigma_ms": 2.25, "replicas": 6,
                          "window_sec": 1, "alert": about["id"], "heard_ts": round(about["ts"], 3),
                          "low_windows": [False] * 10},
            "explain": {"policy": "adaptive", "decided_by": "demand", "estimates": estimates,
                        "gates": gates,
                        "would": [{"action": "scale_up", "quantity": "arrivals_rps", "at_least": 350,
                                   "windows": 2, "text": "would add one if arrivals >= 350/s"}]}}


def beat(daemon, uptime):
    return {"ts": round(time.time(), 3), "kind": "heartbeat", "id": uuid.uuid4().hex, "daemon": daemon,
            "target": "app", "version": "1.0.0", "uptime_sec": uptime, "every_sec": 2, "status": "ok",
            "dependencies": [{"name": "redis", "up": True, "since_ts": 1795458155, "detail": ""}]}


def cpu_seconds(pid):
    """To the nanosecond; /proc/PID/stat, which counts ticks, does not see what is over between two."""
    return sum(int(p.read_text().split()[0])
               for p in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def fill(redis, n):
    """${n} entries in each stream, a second apart up to now."""
    redis("PING")
    end = time.time()
    for first in range(0, n, 200):
        part = range(first, min(first + 200, n))
        for i in part:
            ts = end - n + i
            about = alert(ts)
            p = plan(about, "scale_up" if i % 50 == 0 else "noop")
            done = {"ts": ts, "id": p["id"], "action": "scale_up", "target": "app", "reason": "load",
                    "result": {"status": "ok", "message": "started app-dup-5"}, "replicas_before": 5,
                    "replicas_after": 6, "wanted": 6, "duration_ms": 412}
            said = {"ts": ts, "kind": "advice", "id": p["id"], "target": "app", "mode": "shadow",
                    "outcome": "verdict", "heuristic": {"action": "noop"},
                    "decision": {"action": "noop", "reason": "the load is steady"}}
            for later, (channel, message) in enumerate((("alerts", about), ("actions", p),
                                                        ("results", done), ("advice", said))):
                redis.connection.send("XADD", f"agentic:{channel}", f"{int(ts * 1000) + later}-0",
                                      "json", json.dumps(message, separators=(",", ":")))
        for _ in range(4 * len(part)):
            redis.connection.reply()


class Pages:
    """Each has the page, its files, state and history, and an open stream that somebody reads."""

    def __init__(self, port, n):
        self.selector, self.sockets, self.bytes = selectors.DefaultSelector(), [], 0
        paths = self._files(port)
        for _ in range(n):
            self._load(port, [*paths, "/api/state", "/api/history"])
            s = socket.create_connection(("127.0.0.1", port), timeout=5)
            s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.setblocking(False)
            self.sockets.append(s)
            self.selector.register(s, selectors.EVENT_READ)
        self.running = True
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    @staticmethod
    def _files(port):
        """The page's files: what it names, and what the modules among them import."""
        c, found, left = http.client.HTTPConnection("127.0.0.1", port, timeout=10), [], ["/"]
        while left:
            path = left.pop()
            if path in found:
                continue
            found.append(path)
            c.request("GET", path)
            text = c.getresponse().read().decode()
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            names = re.findall(r"""(?:from|import) *\(?["']([^"']+)["']""" if path.endswith(".js")
                               else r'(?:src|href)="([^"#]+)"', code)
            left += ["/" + re.sub(r"^\.?/", "", name) for name in names]
        c.close()
        return found

    @staticmethod
    def _load(port, paths):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for path in paths:
            c.request("GET", path, headers={"Accept-Encoding": "gzip, deflate, br"})
            c.getresponse().read()
        c.close()

    def _read(self):
        while self.running:
            for key, _ in self.selector.select(0.2):
                self.bytes += len(key.fileobj.recv(65536))

    def close(self):
        self.running = False
        self.thread.join()
        for s in self.sockets:
            s.close()


def publish(redis, channel, message):
    redis.publish(channel, json.dumps(message, separators=(",", ":")))


def live(redis, seconds):
    """A window and its plan every second, a beat of each daemon every two."""
    begin = time.monotonic()
    for n in range(seconds):
        about = alert(time.time())
        publish(redis, "alerts", about)
        publish(redis, "actions", plan(about))
        if n % 2 == 0:
            for daemon in DAEMONS:
                redis("PUBLISH", "heartbeats", json.dumps(beat(daemon, n)))
        time.sleep(max(0.0, begin + n + 1 - time.monotonic()))


class Dashboard:
    def __init__(self, redis_server):
        self.port = free_port()
        self.begun = time.monotonic()
        self.process = Process([binary("dashboard")],
                               env={**redis_server.env, "DASHBOARD_PORT": self.port})

    def answer_ms(self):
        """How long /healthz takes; None while it does not listen."""
        begin = time.monotonic()
        try:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            c.request("GET", "/healthz")
            c.getresponse().read()
            c.close()
        except OSError:
            return None
        return (time.monotonic() - begin) * 1000

    def is_live(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        c.request("GET", "/api/state")
        number = json.loads(c.getresponse().read())["id"].split("-")[1]
        c.close()
        return int(number) >= 2


def start(redis_server):
    """A dashboard, how long it took to read the streams, and the slowest answer meanwhile."""
    dashboard, answers = Dashboard(redis_server), []
    wait_for(lambda: dashboard.answer_ms() is not None, what=dashboard.process.stderr)
    while not dashboard.is_live():
        for _ in range(10):
            answers.append(dashboard.answer_ms())
            time.sleep(0.01)
    return dashboard, time.monotonic() - dashboard.begun, max(answers, default=0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=200, help="open pages")
    parser.add_argument("--seconds", type=int, default=30, help="length of the measurement")
    options = parser.parse_args()

    redis_server = RedisServer()
    dashboard = pages = None
    try:
        print("dashboard                            PSS, MB   CPU, %", flush=True)
        for n in (0, options.pages):
            dashboard, _, _ = start(redis_server)
            pages = Pages(dashboard.port, n)
            live(redis_server.redis, 5)
            pid, before, heard = dashboard.process.pid, cpu_seconds(dashboard.process.pid), pages.bytes
            live(redis_server.redis, options.seconds)
            cpu = (cpu_seconds(pid) - before) / options.seconds * 100
            print(f"{f'{n} pages, a window a second':34} {pss_kb(pid) / 1024:9.2f} {cpu:8.2f}   "
                  f"({(pages.bytes - heard) / options.seconds / max(n, 1):.0f} bytes/s to a page)",
                  flush=True)
            pages.close()
            dashboard.process.close()

        redis_server.restart()  # it comes back empty
        fill(redis_server.redis, ENTRIES)
        dashboard, took, slowest = start(redis_server)
        size = pss_kb(dashboard.process.pid) / 1024
        print(f"\nstreams of {ENTRIES} entries each: read in {took:.2f} s, slowest answer meanwhile "
              f"{slowest:.0f} ms, PSS then {size:.2f} MB")
    finally:
        if dashboard is not None:
            dashboard.process.close()
        redis_server.close()


if __name__ == "__main__":
    main()
