"""Faults, one after the other, on a suite under load; after each, what must hold is checked.

    chaos.run(Fault("kill -9 executor", killed("executor")))

CHAOS_SEC: all faults together take about so long, each tried again and again until its share is over;
without it each is tried once and held only briefly.  CHAOS_SEED repeats the random choices of a run:
each try of each fault has its own, whatever ran before.  What was seen is added to
$BUILD/chaos.json, see Records.
"""

import collections
import contextlib
import json
import os
import random
import signal
import statistics
import time

from support.faults import SmallDisk
from support.machine import describe
from support.procs import BUILD
from support.proxies import DockerProxy, RedisProxy
from support.redis import RedisError
from support.suite import Suite

CHAOS_SEC = float(os.environ.get("CHAOS_SEC", "0"))
SEED = os.environ.get("CHAOS_SEED") or str(random.randrange(1 << 30))
LONG = CHAOS_SEC > 0

BOUNDS = (1, 4)
RECOVER_SEC = 30
REPLAN_SEC = 3.0  # the planner decides every window; one that changes nothing is repeated
SLOW_MS = 1000
TIMEOUT_SEC = 45  # of clients; nobody is to be given up while a process stands still

# name: as in the table of docs/reliability.md.  inject(rig, rng): the context in which it holds.
# hold: seconds it is kept, (short, long).  lost: whose the lost requests are, where there may be some;
# without it none may be lost.  retried: requests may reach two replicas, as nginx repeats what failed.
# quiet: nothing is planned meanwhile.  brief: tried in the short form too.
Fault = collections.namedtuple("Fault", "name inject hold lost retried quiet brief",
                               defaults=((0, 0), None, False, False, True))


def of_this_form(faults):
    return [f for f in faults if f.brief or LONG]


def hold(fault, rng):
    short, long = fault.hold
    return rng.uniform(0.5, 1) * (long if LONG else short)


class Records:
    """$BUILD/chaos.json: {"seed": …, "machine": …, "faults": {name: {"tries", "requests", "lost",
    "whose", "stall_ms": the longest, "recovery_sec": [one a try]}}}.  Each run begins anew."""

    def __init__(self):
        self.file = BUILD / "chaos.json"
        self.faults = {}

    def add(self, fault, requests, lost, stall_ms, recovery_sec):
        f = self.faults.setdefault(fault.name, {"tries": 0, "requests": 0, "lost": 0,
                                                "whose": fault.lost or "", "stall_ms": 0.0,
                                                "recovery_sec": []})
        f["tries"] += 1
        f["requests"] += requests
        f["lost"] += lost
        f["stall_ms"] = max(f["stall_ms"], stall_ms)
        f["recovery_sec"].append(round(recovery_sec, 2))
        self.file.write_text(json.dumps({"seed": SEED, "machine": describe(), "faults": self.faults},
                                        indent=1) + "\n")
        print(f"{fault.name}: {requests} requests, {lost} lost, longest stall {stall_ms:.0f} ms, "
              f"recovered in {recovery_sec:.1f} s "
              f"(median {statistics.median(f['recovery_sec']):.1f} s of {f['tries']})")


class Rig:
    """A suite whose every connection can be spoilt, load on it and a guard over it.

    .suite, .load, .guard; .redis_proxies and .docker_proxies by daemon; .disk: where the upstream
    file is; .count: replicas that the last plan asked for.  ${env}: as for Suite.
    """

    REDIS_USERS = ("monitor", "planner", "executor", "watcher")
    DOCKER_USERS = ("monitor", "executor", "watcher")

    def __init__(self, engine, image, env=None, **guard):
        self.suite = Suite(engine, image, bounds=BOUNDS)
        self.undo = contextlib.ExitStack()
        self.undo.callback(self.suite.close)
        self.plans = []
        self.counted = set()  # requests that were lost to a fault
        self.clock_sec = 0  # plans are made by a clock that is so far ahead
        self.lag_sec = 0.0  # how long a fault kept the suite from working although it was over
        try:
            self._start(env or {}, guard)
        except BaseException:
            self.undo.close()
            raise

    def _start(self, env, guard):
        s = self.suite
        self.disk = SmallDisk(s.conf_dir)
        self.undo.callback(self.disk.close)
        self.connect()
        for proxy in (*self.redis_proxies.values(), *self.docker_proxies.values()):
            self.undo.callback(proxy.close)
        for name, settings in env.items():
            s.given[name] = dict(settings)
        for name in self.REDIS_USERS:
            s.given.setdefault(name, {})["REDIS_PORT"] = self.redis_proxies[name].port
        for name in self.DOCKER_USERS:
            s.given[name]["DOCKER_HOST"] = f"unix://{self.docker_proxies[name].path}"
        s.__enter__()
        self.load = self.undo.enter_context(self.make_load())
        self.guard = self.undo.enter_context(s.guard(**guard))
        self.ready()

    def connect(self):
        """Make the proxies."""
        s = self.suite
        self.redis_proxies = {n: RedisProxy(s.redis.port) for n in self.REDIS_USERS}
        self.docker_proxies = {n: DockerProxy(s.engine.socket, s.dir / f"{n}.sock")
                               for n in self.DOCKER_USERS}

    def make_load(self):
        return self.suite.load(slow_ms=SLOW_MS, timeout=TIMEOUT_SEC)

    def ready(self):
        """Bring it to where every fault begins."""
        s = self.suite
        # As in compose: who dies by itself is started again by the engine.
        s.engine.run("update", "--restart", "unless-stopped", s.target, s.lb.name)
        self.count = 1
        self.want(2)
        self.recover()

    def close(self):
        self.undo.close()

    def check_late(self):
        """In the end: whether a request was lost that nobody noticed, since it ended late or never."""
        self.load.stop()
        verdict = self.load.verdict()
        late = [r for r in verdict["failed"] if r.id not in self.counted]
        assert not late and verdict["unanswered"] == 0, (late[:5], verdict["unanswered"])

    def report(self):
        return f"seed {SEED}, wanted {self.count}, guard {self.guard.broken}\n{self.suite.report()}"

    # ---- plans ----

    def want(self, count, **fields):
        """Publish a plan for so many; its id.  While Redis is away it waits for recover()."""
        action = "scale_up" if count > self.count else "scale_down"
        self.count = count
        self.plans.append((action, count))
        return self.replan(**fields)

    def replan(self, **fields):
        """Publish the last plan again, as a new one."""
        action, count = self.plans[-1]
        fields.setdefault("age_sec", -self.clock_sec)
        try:
            return self.suite.plan(action, count, **fields)
        except (OSError, RedisError):
            self.suite.redis.redis.close()
            return None

    def recover(self):
        """Wait until what is there is what was planned, and all is well; plan again meanwhile, as
        the planner does.  The seconds it took."""
        begun = time.monotonic()
        next_plan = begun + REPLAN_SEC
        while not self._settled():
            now = time.monotonic()
            assert now - begun < RECOVER_SEC, f"not settled in {RECOVER_SEC} s\n{self.report()}"
            if now > next_plan:
                self.replan()
                next_plan = now + REPLAN_SEC
            time.sleep(0.05)
        return time.monotonic() - begun

    def _settled(self):
        """The same twice: what is under way may pass by what is wanted."""
        for _ in range(2):
            try:
                if not self.suite.settled(self.count):
                    return False
            except (OSError, AssertionError):
                return False  # the engine is away
            time.sleep(0.1)
        return self.suite.lb.generation() == self.guard.generation(self.suite.file)

    @contextlib.contextmanager
    def rollbacks(self):
        """Inside it, and until it has settled again, the last upstream file may come back."""
        self.guard.may_roll_back = True
        yield

    # ---- a fault ----

    def attempt(self, fault, rng):
        """Inject it at a random moment of a scaling, undo it, see everything come back."""
        begun, self.lag_sec = time.time(), 0.0
        lowest = max(BOUNDS[0], 2)
        count = rng.choice([n for n in range(lowest, BOUNDS[1] + 1) if n != self.count])
        when = rng.choice(("before", "in it")) if not fault.quiet else "never"
        if when == "before":
            self.want(count)
            time.sleep(rng.uniform(0, 0.8))  # a random instant of what follows
        with fault.inject(self, rng):
            if when == "in it":
                self.want(count)
            time.sleep(hold(fault, rng))  # the fault lasts
        took = self.recover() + self.lag_sec
        self.guard.may_roll_back = False
        self.check(fault, begun, took)
        return took

    def check(self, fault, begun, took):
        self.load.wait_more(10)
        if fault.lost:
            time.sleep(SLOW_MS / 1000 + 0.2)  # those under way then end in this try
        window = [r for r in self.load.requests() if r.due >= begun - SLOW_MS / 1000]
        lost = [r for r in window if r.outcome != "ok"]
        served = self.load.served()
        self.counted.update(r.id for r in lost)
        RECORDS.add(fault, len(window), len(lost), max(r.stall_ms for r in window), took)
        assert not lost or fault.lost, f"{len(lost)} lost: {lost[:5]}\n{self.report()}"
        doubled = [r for r in window if served[r.id] > 1]
        assert not doubled or fault.retried, f"doubled: {doubled[:5]}\n{self.report()}"
        assert self.guard.broken == [], self.report()
        answered = collections.Counter(r["id"] for r in self.suite.results())
        assert max(answered.values(), default=0) <= 1, (answered.most_common(3), self.report())

    def run(self, fault, share_sec):
        """All tries of a fault."""
        end = time.monotonic() + share_sec
        tries = 0
        while tries == 0 or time.monotonic() < end:
            self.attempt(fault, random.Random(f"{SEED} {fault.name} {tries}"))
            tries += 1


RECORDS = Records()


class Chaos:
    """What tests use: a Rig that is made anew after a test that failed."""

    def __init__(self, make_rig, share_sec):
        self.make_rig, self.share_sec = make_rig, share_sec
        self.rig, self.sound = None, False

    def run(self, fault):
        print(f"CHAOS_SEED={SEED}")
        self.whole_rig().run(fault, self.share_sec)
        self.sound = True
        if LONG:
            self.close()  # what clients and replicas write down grows

    def whole_rig(self):
        if not self.sound:
            self.close()
            self.rig = self.make_rig()
        self.sound = False
        return self.rig

    def close(self):
        rig, sound = self.rig, self.sound
        self.rig, self.sound = None, False
        if rig is None:
            return
        try:
            if sound:
                rig.check_late()
        finally:
            rig.close()


# ---- kinds of fault ----

def killed(daemon, down_sec=1.0):
    """kill -9, and another one a moment later, as any supervisor would."""
    @contextlib.contextmanager
    def inject(rig, rng):
        rig.suite.kill(daemon)
        yield
        time.sleep(rng.uniform(0, down_sec))
        rig.suite.start(daemon)
    return inject


def kill_process(rig, container):
    """Kill what runs in a container, as a lack of memory would: Docker takes it for a crash."""
    found = rig.suite.engine.inspect(container)
    assert found and found["State"]["Pid"] > 0, f"{container} does not run"
    with contextlib.suppress(ProcessLookupError):
        os.kill(found["State"]["Pid"], signal.SIGKILL)


@contextlib.contextmanager
def nginx_killed(rig, _):
    with rig.rollbacks():
        kill_process(rig, rig.suite.lb.name)
        yield
