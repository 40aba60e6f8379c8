"""Two executors and two watchers at once: one of each acts, the other takes over.

Each executor speaks to Docker through a proxy of its own, which writes down what it changes: the
changes of the two must not mix, whatever happens to them.
"""

import contextlib
import time

import pytest

from support.chaos import Chaos, Fault, Rig, of_this_form
from support.faults import stopped
from support.procs import wait_for
from support.proxies import DockerProxy, RedisProxy

EXECUTORS = ("executor", "executor2")
WATCHERS = ("watcher", "watcher2")
TAKEOVER_SEC = 10
LEASE_SEC = 8


class PairRig(Rig):
    takeovers = 0

    def connect(self):
        super().connect()
        s = self.suite
        self.redis_proxies["executor2"] = RedisProxy(s.redis.port)
        self.docker_proxies["executor2"] = DockerProxy(s.engine.socket, s.dir / "executor2.sock")

    def ready(self):
        self.start("executor2")
        self.start("watcher2")
        super().ready()

    def start(self, name):
        own = {"executor2": {"REDIS_PORT": self.redis_proxies["executor2"].port,
                             "DOCKER_HOST": f"unix://{self.docker_proxies['executor2'].path}"}}
        self.suite.start(name.rstrip("2"), name, **own.get(name, {}))

    def holders(self):
        """The executors that say that the lease is theirs."""
        return [n for n in EXECUTORS if self.suite.metric(n, "agentic_executor_lease") == 1]

    def executor(self):
        """(who acts, who stands by)."""
        name = wait_for(self.holders, 2 * TAKEOVER_SEC, self.report)[0]
        return name, next(n for n in EXECUTORS if n != name)

    def watcher(self):
        """(who acts, who stands by)."""
        def acting():
            return [n for n in WATCHERS if self.suite.metric(n, "agentic_watcher_generation")]
        name = wait_for(acting, TAKEOVER_SEC, self.report)[0]
        return name, next(n for n in WATCHERS if n != name)

    def wait_takeover(self, name):
        self.takeovers += 1
        begun = time.monotonic()
        wait_for(lambda: self.holders() == [name], TAKEOVER_SEC, self.report)
        self.lag_sec = time.monotonic() - begun
        return self.lag_sec

    def check(self, fault, begun, took):
        super().check(fault, begun, took)
        changes = sorted((at, name) for name in EXECUTORS
                         for at, _ in self.docker_proxies[name].changes)
        turns = [name for i, (_, name) in enumerate(changes) if i == 0 or changes[i - 1][1] != name]
        assert len(turns) <= self.takeovers + 1, (turns, self.takeovers, self.report())
        tokens = [r["lease"] for r in self.suite.results()]
        assert tokens == sorted(tokens)


@pytest.fixture(scope="module")
def pairs(engine, suite_image, chaos_share_sec):
    shared = Chaos(lambda: PairRig(engine, suite_image), chaos_share_sec)
    yield shared
    shared.close()


@contextlib.contextmanager
def both_work(rig, _):
    assert len(rig.holders()) == 1
    yield


@contextlib.contextmanager
def acting_killed(rig, _):
    acting, other = rig.executor()
    rig.suite.kill(acting)
    rig.wait_takeover(other)
    yield
    rig.start(acting)


@contextlib.contextmanager
def acting_stopped_cleanly(rig, _):
    acting, other = rig.executor()
    rig.suite.stop(acting)
    assert rig.wait_takeover(other) < LEASE_SEC / 4
    yield
    rig.start(acting)


@contextlib.contextmanager
def acting_stands_still(rig, _):
    """For longer than its lease, and then goes on as if nothing had been."""
    acting, other = rig.executor()
    with stopped(rig.suite.daemons[acting].pid):
        rig.wait_takeover(other)
        yield


@contextlib.contextmanager
def acting_cut_off(rig, _):
    acting, other = rig.executor()
    with rig.redis_proxies[acting].cut():
        rig.wait_takeover(other)
        yield


@contextlib.contextmanager
def standby_killed(rig, _):
    _, other = rig.executor()
    rig.suite.kill(other)
    yield
    rig.start(other)


@contextlib.contextmanager
def watcher_killed(rig, _):
    acting, other = rig.watcher()
    rig.suite.kill(acting)
    wait_for(lambda: rig.watcher()[0] == other, TAKEOVER_SEC, rig.report)
    yield
    rig.start(acting)


@contextlib.contextmanager
def watcher_stands_still(rig, _):
    with stopped(rig.suite.daemons[rig.watcher()[0]].pid):
        yield


FAULTS = [
    Fault("two executors and two watchers", both_work),
    Fault("two executors, the acting one killed", acting_killed),
    Fault("two executors, the acting one ends", acting_stopped_cleanly, brief=False),
    Fault("two executors, SIGSTOP of the acting one", acting_stands_still, (1, 20)),
    Fault("two executors, the acting one cut off from Redis", acting_cut_off, (1, 10), brief=False),
    Fault("two executors, the other one killed", standby_killed, (1, 5), brief=False),
    Fault("two watchers, the acting one killed", watcher_killed),
    Fault("two watchers, SIGSTOP of the acting one", watcher_stands_still, (3, 20), brief=False),
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_pairs(pairs, fault):
    pairs.run(fault)
