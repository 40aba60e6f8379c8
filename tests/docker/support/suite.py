"""The whole suite at work on an engine: a real Redis, a service with a template and a load balancer in
containers, all six daemons as processes here, and clients that find every mistake.

    with Suite(engine, image, bounds=(1, 6)) as suite:
        with suite.load() as load:
            plan = suite.plan("scale_up", 4)
            suite.wait_settled(4)
            suite.kill("executor")           # kill -9
            suite.start("executor")
        assert load.verdict()["failed"] == []

Names carry a random part, since the engine may be shared.
"""

import collections
import json
import os
import pathlib
import shutil
import tempfile
import time
import uuid

from support.balancer import Balancer
from support.guard import Guard
from support.load import Load
from support.procs import Process, binary, free_port, pss_kb, wait_for
from support.redis import RedisServer

DAEMONS = ("watcher", "executor", "monitor", "planner", "subscriber", "dashboard")
SETTLE_SEC = 30

# Times in which a test sees something happen.  The planner keeps quiet: tests plan, and what it
# would make of its own figures has tests of its own.
QUICK = {
    "watcher": {"READY_PATH": "/health", "RESYNC_SEC": 2},
    "executor": {"DRAIN_TIMEOUT_SEC": 30, "STOP_TIMEOUT_SEC": 10, "READY_TIMEOUT_SEC": 30},
    "monitor": {"SAMPLE_INTERVAL": 0.5, "PROBE_REQUESTS": 5, "TIMEOUT_S": 2},
    "planner": {"DOWN_HOLD_SEC": 86400, "FEED_FORWARD": "false", "LATENCY_GUARD": "false"},
}

Replica = collections.namedtuple("Replica", "name id state number")  # number: 0 is the template


class Suite:
    """See above.  ${bounds}: MIN_REPLICAS and MAX_REPLICAS.  ${env}: further settings by daemon's
    name, {"executor": {"DOCKER_HOST": …}}; those under "all" are for every daemon.
    ${persistent}: Redis keeps its data through a restart.  ${app_env}: settings of the demo service.
    ${target}: the template's name, if it is to be a certain one; part of no other container's.

    Its parts, to break them: .redis (RedisServer), .lb (Balancer), .daemons (name -> Process),
    .conf_dir and .file (the upstream file), .target (the template's name), .engine.
    """

    def __init__(self, engine, image, bounds=(1, 6), env=None, app_env=None, persistent=True,
                 target=None):
        self.engine, self.image, self.bounds = engine, image, bounds
        self.given, self.app_env = env or {}, app_env or {}
        name = uuid.uuid4().hex[:8]
        self.network, self.target = f"test-{name}", target or f"app-{name}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="suite-", dir="/tmp"))
        self.dir.chmod(0o755)
        self.lb = Balancer(engine, f"lb-{name}", self.network, self.dir)
        self.conf_dir = self.lb.conf_dir
        self.record = self.dir / "record" / "ids"  # what the replicas served, see Load.verdict
        self.record.parent.mkdir()
        self.record.parent.chmod(0o777)
        self.redis = RedisServer(appendonly=persistent)
        self.daemons, self.settings = {}, {}
        self.gone = []  # processes that ended; their files are closed in the end
        self._streams = collections.defaultdict(list)

    # ---- life ----

    def __enter__(self):
        """Start everything; back when the template serves."""
        try:
            self.engine.run("network", "create", self.network)
            self.start("watcher")
            wait_for(self.file.exists, what="an upstream file")
            self.start_template()
            self.lb.start()
            for name in DAEMONS[1:]:
                self.start(name)
            self.wait_settled(max(self.bounds[0], 1))
            wait_for(lambda: self.messages("alerts"), what=self.report)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End all processes, remove all containers, the network, the directory."""
        for name in reversed(list(self.daemons)):
            self.daemons.pop(name).close()
        for p in self.gone:
            p.close()
        self.engine.remove(self.engine.names(f"network={self.network}"))
        self.engine.remove(self.engine.names(f"name={self.target}"))
        self.engine.run("network", "rm", self.network, check=False)
        self.redis.close()
        shutil.rmtree(self.dir)

    def start_template(self):
        """Start the template container; its copies share its record and have an anonymous volume
        each."""
        env = {"APP_CONCURRENCY": 256, "RECORD_FILE": "/record/ids", **self.app_env}
        self.engine.run(
            "run", "--detach", "--init", "--name", self.target, "--network", self.network,
            "--label", "agentic.target=true", "--volume", f"{self.record.parent}:/record",
            "--volume", "/scratch", *[x for k, v in env.items() for x in ("--env", f"{k}={v}")],
            self.image, "app")

    # ---- daemons ----

    def _settings(self, daemon):
        own = {
            "watcher": {"CONF_DIR": self.conf_dir, "LB_CONTAINER": self.lb.name,
                        "LB_URL": self.lb.status_url},
            "monitor": {"TARGET_URL": self.lb.probe_url, "LB_URL": self.lb.status_url,
                        "ACCESS_LOG_SOCKET": self.lb.socket},
            "dashboard": {"DASHBOARD_PORT": free_port()},
        }
        return {"TARGET": self.target, "DOCKER_HOST": self.engine.host, "HTTP_PORT": free_port(),
                "MIN_REPLICAS": self.bounds[0], "MAX_REPLICAS": self.bounds[1],
                **self.redis.env, **QUICK.get(daemon, {}), **own.get(daemon, {}),
                **self.given.get("all", {}), **self.given.get(daemon, {})}

    def start(self, daemon, name=None, **env):
        """Start a daemon, also anew; ${name} ("executor2") where there are two of a kind.  ${env}
        goes over its other settings.  The Process."""
        name = name or daemon
        self.settings[name] = {**self._settings(daemon), **env}
        if name in self.daemons:
            self.gone.append(self.daemons[name])
        self.daemons[name] = Process([binary(daemon)], env=self.settings[name])
        return self.daemons[name]

    def kill(self, name):
        """kill -9; start(name) starts another."""
        self.daemons[name].kill()

    def stop(self, name, timeout=10):
        """SIGTERM, which it must obey."""
        status = self.daemons[name].terminate(timeout)
        assert status == 0, f"{name} exited {status}\n{self.daemons[name].stderr()[-4000:]}"

    def metric(self, name, metric):
        """Value of a metric of a daemon; None while it does not answer."""
        text = self.lb.get("/metrics", self.settings[name]["HTTP_PORT"])
        found = [line for line in (text or "").splitlines() if line.startswith(metric + " ")]
        return float(found[0].split()[-1]) if found else None

    # ---- the bus ----

    def plan(self, action, replicas=None, age_sec=0.0, plan_id=None, reason="a test", **fields):
        """Publish a plan, as the planner would; its id.  The same ${plan_id} twice is a repetition."""
        decision = {"action": action, "target": self.target, "reason": reason}
        if replicas is not None:
            decision["replicas"] = replicas
        message = {"kind": "plan", "id": plan_id or uuid.uuid4().hex, "ts": time.time() - age_sec,
                   "container": self.target, "decision": decision, **fields}
        self.redis.redis.publish("actions", json.dumps(message))
        return message["id"]

    def messages(self, channel):
        """All messages of a channel so far, oldest first; those that were lost with Redis's data
        too, where they were asked for before."""
        seen = self._streams[channel]
        start = f"({seen[-1][0]}" if seen else "-"
        seen += [(i, json.loads(text)) for i, text in self.redis.redis.stream(channel, start)]
        return [m for _, m in seen]

    def results(self, plan=None):
        """What the executor said (of one plan), the watcher's and the monitor's words left out."""
        return [m for m in self.messages("results")
                if "kind" not in m and (plan is None or m["id"] == plan)]

    def result(self, plan, timeout=SETTLE_SEC):
        """The result of a plan; there must be one in time."""
        return wait_for(lambda: self.results(plan), timeout, self.report)[0]

    def receipts(self, plan=None):
        """The monitor's receipts (of one plan)."""
        return [m for m in self.messages("results") if m.get("kind") == "receipt"
                and (plan is None or m["plan"] == plan)]

    # ---- what can be seen ----

    @property
    def file(self):
        return self.conf_dir / "agentic-upstreams.conf"

    def replicas(self):
        """All containers of the service, the template and those on their way out too, as Replica;
        number: of the name, with a minus where it says drain."""
        found = []
        for c in self.engine.call("GET", "/containers/json?all=1"):
            name = c["Names"][0].lstrip("/")
            rest = name.removeprefix(self.target)
            if rest != name:
                number = int(rest.rsplit("-", 1)[1]) if rest else 0
                found.append(Replica(name, c["Id"], c["State"],
                                     -number if "-drain-" in rest else number))
        return sorted(found)

    def in_rotation(self):
        """Names of the servers in the upstream file; none where there is no such file."""
        return Guard.servers(self.file)

    def settled(self, count):
        """Whether exactly ${count} run, all in rotation, and nothing else is left."""
        there = self.replicas()
        return (len(there) == count and all(r.state == "running" and r.number >= 0 for r in there)
                and sorted(self.in_rotation()) == sorted(r.name for r in there))

    def wait_settled(self, count, timeout=SETTLE_SEC):
        """Wait for that; the seconds it took."""
        begun = time.monotonic()
        wait_for(lambda: self.settled(count), timeout,
                 lambda: f"{count} replicas in rotation and nothing else\n{self.report()}", every=0.1)
        return time.monotonic() - begun

    def census(self):
        """What must not grow: {"containers": 2, …, "executor": {"fds": 20, "memory_kb": 2300}}."""
        networks = self.engine.call("GET", "/networks")
        if self.engine.shared:
            networks = [n for n in networks if n["Name"] == self.network]
        inside = self.engine.call("GET", f"/networks/{self.network}")
        found = {"containers": len(self.engine.names(f"network={self.network}")),
                 "networks": len(networks), "endpoints": len(inside["Containers"]),
                 "nginx_workers": len(self.lb.workers())}
        for name, process in self.daemons.items():
            if process.running():
                found[name] = {"fds": len(os.listdir(f"/proc/{process.pid}/fd")),
                               "memory_kb": pss_kb(process.pid, "Pss_Anon")}
        return found

    def report(self):
        """Everything that explains a failure."""
        logs = "\n".join(f"--- {n}{'' if p.running() else ' (ended)'}\n{p.stderr()[-3000:]}"
                         for n, p in self.daemons.items())
        file = self.file.read_text() if self.file.exists() else "none"
        return (f"{self.replicas()}\n--- upstream file\n{file}\n{logs}\n"
                f"--- lb\n{self.engine.logs(self.lb.name, 30)}")

    # ---- clients ----

    def load(self, **options):
        """Clients through 127.0.0.1, open loop: see Load for the options."""
        return Load(self.lb.port, self.record, **options)

    def guard(self, **options):
        """A Guard, which checks at every instant what must always hold: see there."""
        return Guard(self, **options)
