#!/usr/bin/env python3
"""How long a change of replicas makes any request wait: clients on kept connections, on connections of
their own and with slow requests in flight, while replicas come, go and are restarted.

Prints a table, asserts nothing.  BUILD names the build directory, as for the tests; needs root.
"""

import argparse
import collections
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "docker"))

from support.engine import build_suite_image, private_engine  # noqa: E402
from support.machine import describe  # noqa: E402
from support.quantile import quantile  # noqa: E402
from support.suite import Suite  # noqa: E402

BASE, MORE = 2, 5
AFTER_SEC = 1.0  # what a change did shows until then
CHANGES = (("scale_up", MORE), ("scale_down", BASE), ("restart", None))
RESTART_SEC = 90


def change(suite, action, count):
    """One change; from when to when it took place."""
    begun = time.time()
    plan = suite.plan(action, count)
    suite.result(plan, RESTART_SEC)
    suite.wait_settled(count or BASE)
    time.sleep(AFTER_SEC)
    return begun, time.time()


def measure(suite, rounds, quiet_sec):
    """What was done -> [(from, to)], and all requests."""
    spans = collections.defaultdict(list)
    with suite.load(keepalive=150, fresh=50, slow=5) as load:
        begun = time.time()
        time.sleep(quiet_sec)  # the length of the measurement
        spans["nothing changes"].append((begun, time.time()))
        for _ in range(rounds):
            for action, count in CHANGES:
                spans[action].append(change(suite, action, count))
    return spans, load.verdict(), load.requests()


def row(what, spans, requests):
    inside = [r for r in requests
              if any(r.due < until and r.due + r.took_ms / 1000 > since for since, until in spans)]
    stalls = [r.stall_ms for r in inside]
    if stalls:
        print(f"{what:18} {len(spans):5} {len(stalls):9} {quantile(stalls, 0.5):8.1f} "
              f"{quantile(stalls, 0.99):8.1f} {quantile(stalls, 0.999):8.1f} {max(stalls):8.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="times each change is made")
    parser.add_argument("--seconds", type=int, default=30, help="length of the rest before it")
    options = parser.parse_args()

    with private_engine() as engine:
        image = build_suite_image(engine)
        with Suite(engine, image, bounds=(BASE, MORE)) as suite:
            spans, verdict, requests = measure(suite, options.rounds, options.seconds)
        machine = describe(engine)
    print(f"time beyond the service's own, in ms ({machine})")
    print(f"{'':18} {'times':>5} {'requests':>9} {'p50':>8} {'p99':>8} {'p99.9':>8} {'max':>8}")
    for what, when in spans.items():
        row(what, when, requests)
    print(f"{verdict['sent']} requests, {len(verdict['failed'])} failed, "
          f"{len(verdict['doubled'])} doubled; the client itself was at most "
          f"{verdict['latest_ms']:.0f} ms late")


if __name__ == "__main__":
    main()
