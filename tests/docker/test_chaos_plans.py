"""Plans that come twice, out of order, or too late."""

import contextlib
import time
import uuid

import pytest

from support.chaos import BOUNDS, RECOVER_SEC, Fault
from support.procs import wait_for


def other_count(rig, rng):
    return rng.choice([n for n in range(2, BOUNDS[1] + 1) if n != rig.count])


@contextlib.contextmanager
def twice(rig, rng):
    count, ident = other_count(rig, rng), uuid.uuid4().hex
    for _ in range(3):
        rig.want(count, plan_id=ident)
        time.sleep(rng.uniform(0, 0.3))  # a random instant of what it does
    yield
    result = rig.suite.result(ident)
    assert (result["result"]["status"], result["wanted"]) == ("ok", count)


@contextlib.contextmanager
def step_twice(rig, rng):
    """Without a count, as the predecessor plans: each moves by one, so a repetition would show."""
    up = rig.count < BOUNDS[1] and (rig.count <= 2 or rng.random() < 0.5)
    action, ident = "scale_up" if up else "scale_down", uuid.uuid4().hex
    rig.count += 1 if up else -1
    for _ in range(3):
        rig.suite.plan(action, plan_id=ident)
        time.sleep(rng.uniform(0, 0.3))  # a random instant of what it does
    rig.plans.append((action, rig.count))
    yield
    assert rig.suite.result(ident)["wanted"] == rig.count


@contextlib.contextmanager
def out_of_order(rig, rng):
    """Decided in one order, delivered in another: the newest holds."""
    counts = [other_count(rig, rng)] + [rng.randint(1, BOUNDS[1]) for _ in range(5)]
    now = time.time()
    for age_sec, count in rng.sample([(n / 5, c) for n, c in enumerate(counts)], len(counts)):
        rig.suite.plan("scale_up", count, age_sec=age_sec + time.time() - now)
    rig.count = counts[0]
    rig.plans.append(("scale_up", counts[0]))
    yield
    wait_for(lambda: rig.suite.settled(counts[0]), RECOVER_SEC, rig.report)


@contextlib.contextmanager
def overtaken(rig, rng):
    count = other_count(rig, rng)
    newest = rig.want(count)
    late = [rig.suite.plan("scale_down", 1, age_sec=rng.uniform(1, 3)) for _ in range(3)]
    yield
    for ident in late:
        result = rig.suite.result(ident)["result"]
        assert (result["status"], "overtaken" in result["message"]) == ("skipped", True)
    assert rig.suite.result(newest)["wanted"] == count


@contextlib.contextmanager
def stale(rig, rng):
    ages = [rng.uniform(10, 3600) for _ in range(3)] + [-rng.uniform(10, 3600) for _ in range(3)]
    idents = [rig.suite.plan("scale_down", 1, age_sec=age) for age in ages]
    yield
    for ident in idents:
        result = rig.suite.result(ident)["result"]
        assert (result["status"], result["message"][:5]) == ("skipped", "stale")


FAULTS = [
    Fault("a plan comes three times", twice, quiet=True),
    Fault("a plan without a count comes three times", step_twice, quiet=True),
    Fault("plans out of order", out_of_order, quiet=True),
    Fault("old plans after a newer one", overtaken, quiet=True),
    Fault("stale plans", stale, (1, 3)),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.name)
def test_plans(chaos, fault):
    chaos.run(fault)
