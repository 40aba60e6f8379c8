#!/usr/bin/env python3
"""The whole compose file on a private Docker Engine: size and CPU of the idle daemons, plan in to the
first answer of the new replica, replica killed to out of the upstreams.

Prints tables, asserts nothing.  BUILD names the build directory, as for the tests; needs root.
"""

import argparse
import http.client
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "docker"))

from support.compose import Compose  # noqa: E402
from support.engine import SUITE_IMAGE, build_suite_image, private_engine  # noqa: E402
from support.procs import free_port, pss_kb, wait_for  # noqa: E402
from support.quantile import quantile  # noqa: E402

DAEMONS = ("monitor", "planner", "executor", "watcher", "subscriber", "dashboard")
PRODUCTION = {"SAMPLE_INTERVAL": "3", "PROBE_REQUESTS": "40", "MAX_REPLICAS": "10"}


def process_of(engine, container):
    """Host pid of the daemon in a container: the child of docker-init."""
    init = engine.inspect(container)["State"]["Pid"]
    children = pathlib.Path(f"/proc/{init}/task/{init}/children").read_text().split()
    return int(children[0]) if children else init


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def footprint(engine, project, seconds):
    """Idle: no load but the probes, 40 every 3 s."""
    services = project.services()
    pids = {d: process_of(engine, services[d]) for d in DAEMONS}
    before = {d: cpu_seconds(p) for d, p in pids.items()}
    time.sleep(seconds)  # the length of the measurement
    print(f"idle for {seconds} s            PSS MB   CPU %")
    total = 0.0
    for d, pid in pids.items():
        size = pss_kb(pid) / 1024
        total += size
        print(f"{d:22} {size:9.2f} {(cpu_seconds(pid) - before[d]) / seconds * 100:7.2f}")
    print(f"{'all six':22} {total:9.2f}\n", flush=True)


class Bus:
    """Says plans as the planner does, and hears results as a subscriber."""

    SAY = '{ printf "AUTH planner "; cat /run/keys/planner -; } | redis-cli'

    def __init__(self, engine, services):
        say = ["-i", "--user", "10012", services["redis"], "sh", "-c", self.SAY]
        hear = ["--env", "HTTP_PORT=0", "--env", "LOG_LEVEL=error", services["subscriber"],
                "subscriber", "--json", "--channel", "results"]
        self.sender = subprocess.Popen(["docker", "exec", *say], env=engine.env, text=True, bufsize=1,
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.listener = subprocess.Popen(["docker", "exec", *hear], env=engine.env, text=True,
                                         bufsize=1, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.listener.stdout:
            self.lines.put((time.perf_counter(), line))

    def plan(self, action, replicas):
        text = json.dumps({"kind": "plan", "id": uuid.uuid4().hex, "ts": time.time(), "container": "app",
                           "decision": {"action": action, "target": "app", "reason": "bench",
                                        "replicas": replicas}})
        quoted = text.replace('"', '\\"')
        at = time.perf_counter()
        self.sender.stdin.write(f'publish actions "{quoted}"\n')
        self.sender.stdin.flush()
        return at

    def upstreams(self, condition, timeout=60):
        """When the first message came whose server names satisfy ${condition}."""
        end = time.monotonic() + timeout
        while True:
            at, line = self.lines.get(timeout=end - time.monotonic())
            message = json.loads(line)["message"]
            if (message.get("kind") == "upstreams"
                    and condition({s["name"] for s in message["servers"]})):
                return at

    def close(self):
        for p in (self.sender, self.listener):
            p.terminate()
            p.wait(10)


def first_answer(project, known, timeout=60):
    """When somebody outside ${known} answered through the load balancer, and who."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        host = json.loads(project.get(project.url))["host"]
        if host not in known:
            return time.perf_counter(), host
    raise AssertionError("no new replica answered\n" + project.report())


def floor_once(engine, network):
    """Docker's own time for a replica: create, start, first answer.  Milliseconds."""
    port = free_port()
    body = {"Image": SUITE_IMAGE, "Cmd": ["app"], "ExposedPorts": {"8080/tcp": {}},
            "Env": ["EXTRA_DELAY_MS=120"],
            "HostConfig": {"NetworkMode": network, "Init": True, "PortBindings": {
                "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}}}
    begun = time.perf_counter()
    name = engine.call("POST", "/containers/create", body)["Id"]
    created = time.perf_counter()
    engine.call("POST", f"/containers/{name}/start")
    started = time.perf_counter()
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            connection.getresponse().read()
            break
        except OSError:
            time.sleep(0.002)
    ready = time.perf_counter()
    engine.remove([name])
    return [(b - a) * 1000 for a, b in ((begun, created), (created, started), (started, ready))]


def row(name, values):
    print(f"{name:44} {len(values):3} {quantile(values, 0.5):9.0f} {max(values):9.0f}", flush=True)


def scaling(engine, project, bus, rounds):
    up, down = [], []
    known = project.served_by(30)
    for _ in range(rounds):
        sent = bus.plan("scale_up", 3)
        at, host = first_answer(project, known)
        up.append((at - sent) * 1000)
        replica = engine.inspect(host)["Name"].lstrip("/")
        bus.upstreams(lambda names, r=replica: r in names)
        killed = time.perf_counter()
        engine.run("kill", "--signal", "KILL", host)
        down.append((bus.upstreams(lambda names, r=replica: r not in names) - killed) * 1000)
        bus.plan("scale_down", 2)
        wait_for(lambda: len(engine.names("label=agentic.replica-of=app")) == 1, 60, project.report)
        known |= project.served_by(30)
    return up, down


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="replicas added and killed")
    parser.add_argument("--seconds", type=int, default=30, help="length of the idle measurement")
    options = parser.parse_args()

    with private_engine() as engine:
        build_suite_image(engine)
        project = Compose(engine, "agenticbench")
        project.env.update(PRODUCTION)
        try:
            project.up()
            wait_for(lambda: len(project.served_by()) == 2, 60, project.report, every=0.5)
            footprint(engine, project, options.seconds)
            engine.run("stop", project.services()["planner"])  # the plans are made here
            bus = Bus(engine, project.services())
            up, gone = scaling(engine, project, bus, options.rounds)
            bus.close()
            floor = [floor_once(engine, "agenticbench_default") for _ in range(options.rounds)]
        finally:
            project.down()
    print(f"{'milliseconds':44}   n       p50       max")
    row("plan in, new replica's first answer via nginx", up)
    for name, values in zip(("create", "start", "first answer"), zip(*floor)):
        row(f"  floor: Docker's {name}", values)
    row("  floor: all of it", [sum(f) for f in floor])
    row("replica killed, out of the upstreams", gone)


if __name__ == "__main__":
    main()
