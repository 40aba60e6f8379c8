"""Redis goes away and comes back, with its data and without; messages are lost on their way."""

import contextlib
import pathlib
import shutil

import pytest

from support.chaos import Fault, Rig, of_this_form
from support.procs import wait_for


def restarted(keep):
    @contextlib.contextmanager
    def inject(rig, _):
        server = rig.suite.redis
        server.kill()
        if not keep:
            for path in pathlib.Path(server.dir).iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        try:
            yield
        finally:
            server.start()
    return inject


def swallowed(*daemons):
    """Nothing that is published reaches them, and nothing tells them so at first."""
    @contextlib.contextmanager
    def inject(rig, rng):
        proxies = [rig.redis_proxies[d] for d in daemons or [rng.choice(Rig.REDIS_USERS[:3])]]
        before = sum(p.swallowed for p in proxies)
        with contextlib.ExitStack() as stack:
            for proxy in proxies:
                stack.enter_context(proxy.swallowing())
            yield
            if sum(p.swallowed for p in proxies) == before:
                rig.replan()  # if only for its result
            wait_for(lambda: sum(p.swallowed for p in proxies) > before, what=rig.report)
    return inject


def cut(*daemons):
    @contextlib.contextmanager
    def inject(rig, _):
        with contextlib.ExitStack() as stack:
            for d in daemons:
                stack.enter_context(rig.redis_proxies[d].cut())
            yield
    return inject


FAULTS = [
    Fault("Redis restarts with its data", restarted(True), (1, 10)),
    Fault("Redis restarts empty", restarted(False), (1, 10)),
    Fault("Redis restarts empty at once", restarted(False), brief=False),
    *[Fault(f"messages to {d} are lost", swallowed(d), (2, 15), brief=d == "executor")
      for d in ("monitor", "planner", "executor")],
    Fault("messages to a random daemon are lost", swallowed(), (2, 15)),
    *[Fault(f"{d} is cut off from Redis", cut(d), (2, 15), brief=False) for d in Rig.REDIS_USERS],
    Fault("all daemons are cut off from Redis", cut(*Rig.REDIS_USERS), (2, 20)),
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_redis(chaos, fault):
    chaos.run(fault)
