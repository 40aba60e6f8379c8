#!/usr/bin/env python3
"""Alert in, plan out: how long the planner takes, at 1 and at 500 alerts a second.

From the moment before an alert is handed to Redis to the moment its plan has been received, all on
this machine.  The floor is the same way through Redis without a planner.  Prints a table, asserts
nothing.  BUILD names the build directory, as for the tests.
"""

import argparse
import json
import os
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from support.procs import Process, binary, wait_for  # noqa: E402
from support.quantile import quantile  # noqa: E402
from support.redis import RedisServer  # noqa: E402

RATES = (1, 500)
COMMANDS = 4  # replies to one message: MULTI, two times QUEUED, EXEC


def alert(n):
    return json.dumps({
        "kind": "latency_metrics", "id": f"bench-{n}-{time.monotonic_ns()}", "target": "app",
        "endpoint": "http://lb/", "window_sec": 3.0, "requests": 40, "success_rate": 1.0,
        "avg_ms": 120.0, "p50_ms": 120.0, "p95_ms": 120.0 + n % 7, "p99_ms": 130.0,
        "replicas": 2, "ready": 2, "ts": time.time()})


def publish(connection, channel, text):
    """As the suite's own bus does: stream and channel in one transaction, in one go."""
    connection.send("MULTI")
    connection.send("XADD", f"agentic:{channel}", "MAXLEN", "~", "10000", "*", "json", text)
    connection.send("PUBLISH", channel, text)
    connection.send("EXEC")


def measure(redis, channel_in, channel_out, rate, seconds):
    """Milliseconds from each message on ${channel_in} to the one it causes on ${channel_out}, which
    come in the same order."""
    count = rate * seconds
    sender = redis._connect()
    listener = redis.subscribe(channel_out)
    received = []

    def receive():
        for _ in range(count):
            listener.get(timeout=10)
            received.append(time.perf_counter())

    def discard():
        for _ in range(count * COMMANDS):
            sender.reply(timeout=10)

    threads = [threading.Thread(target=f, daemon=True) for f in (receive, discard)]
    for t in threads:
        t.start()
    sent, begun = [], time.perf_counter()
    for n in range(count):
        text = alert(n)
        time.sleep(max(0.0, begun + n / rate - time.perf_counter()))
        sent.append(time.perf_counter())
        publish(sender, channel_in, text)
    for t in threads:
        t.join(15)
    sender.close()
    listener.close()
    return [(b - a) * 1000 for a, b in zip(sent, received)], count


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_planner(server):
    """A planner that answers."""
    process = Process([binary("planner")], env={**server.env, "HIST_WINDOWS": "60"})
    plans = server.redis.subscribe("actions")

    def answers():
        server.redis.publish("alerts", alert(0))
        try:
            return plans.get(timeout=0.2)
        except TimeoutError:
            assert process.running(), process.stderr()
            return None

    wait_for(answers, what="the planner to answer")
    plans.close()
    return process


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20, help="length of each measurement")
    seconds = parser.parse_args().seconds

    server = RedisServer()
    planner = start_planner(server)
    print("alert in, plan out          alerts/s  messages   p50 ms   p99 ms   max ms   CPU %")
    try:
        for rate in RATES:
            for name, source, sink in (("Redis alone (the floor)", "floor", "floor"),
                                       ("planner", "alerts", "actions")):
                before = cpu_seconds(planner.pid)
                times, count = measure(server.redis, source, sink, rate, seconds)
                cpu = (cpu_seconds(planner.pid) - before) / seconds * 100
                print(f"{name:27} {rate:8}  {f'{len(times)}/{count}':>8}"
                      f" {quantile(times, 0.5):8.3f} {quantile(times, 0.99):8.3f}"
                      f" {max(times):8.3f} {cpu:7.2f}", flush=True)
    finally:
        planner.close()
        server.close()


if __name__ == "__main__":
    main()
