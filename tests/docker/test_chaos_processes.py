"""kill -9 of every daemon, and every process standing still for a while."""

import contextlib
import time

import pytest

from support.chaos import Fault, killed, of_this_form
from support.faults import stopped

DAEMONS = ("monitor", "planner", "executor", "watcher", "subscriber", "dashboard")


@contextlib.contextmanager
def all_killed(rig, rng):
    for name in DAEMONS:
        rig.suite.kill(name)
    yield
    for name in rng.sample(DAEMONS, len(DAEMONS)):
        rig.suite.start(name)


def again_and_again(daemon):
    """A daemon that is killed at random instants while it works."""
    @contextlib.contextmanager
    def inject(rig, rng):
        for _ in range(5):
            rig.suite.kill(daemon)
            rig.suite.start(daemon)
            time.sleep(rng.uniform(0, 0.5))  # a random instant
        yield
    return inject


def halted(process_of):
    def inject(rig, rng):
        return stopped(process_of(rig, rng))
    return inject


def daemon(name):
    return lambda rig, rng: rig.suite.daemons[name].pid


def replica(rig, rng):
    """Of the service: its host pid (below the container's init)."""
    name = rng.choice([r.name for r in rig.suite.replicas() if r.state == "running"])
    return child(rig.suite.engine.inspect(name)["State"]["Pid"])


def nginx_master(rig, _):
    return child(rig.suite.engine.inspect(rig.suite.lb.name)["State"]["Pid"])


def child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return int(f.read().split()[0])


STILL = (3, 20)
ACTORS = ("monitor", "planner", "executor", "watcher")

FAULTS = [
    *[Fault(f"kill -9 {d}", killed(d), brief=d in ACTORS) for d in DAEMONS],
    Fault("kill -9 all daemons", all_killed, (1, 5)),
    Fault("kill -9 executor, 5 times in a row", again_and_again("executor")),
    Fault("kill -9 watcher, 5 times in a row", again_and_again("watcher"), brief=False),
    *[Fault(f"SIGSTOP {d}", halted(daemon(d)), STILL, brief=d in ACTORS[2:]) for d in DAEMONS],
    Fault("SIGSTOP Redis", halted(lambda rig, _: rig.suite.redis.process.pid), STILL),
    Fault("SIGSTOP nginx's master", halted(nginx_master), STILL),
    Fault("SIGSTOP a replica", halted(replica), STILL),
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_processes(chaos, fault):
    chaos.run(fault)
