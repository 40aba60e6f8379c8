"""The soak: replicas come and go by plans on the bus while clients wait for a mistake.

SOAK_CYCLES: cycles, each one plan up and one plan down, and at least so many replicas made: plans of
a burst overtake each other.  SOAK_SEED repeats a run's plans.  What was seen is written to
$BUILD/soak.json, from which tests/bench/reliability.py makes a table.
"""

import json
import os
import random
import time

from support.machine import describe
from support.procs import BUILD, wait_for
from support.suite import Suite

CYCLES = int(os.environ.get("SOAK_CYCLES") or 200)
SEED = int(os.environ.get("SOAK_SEED") or random.randrange(1 << 30))

BOUNDS = (1, 6)
PAUSE_SEC = 0.5       # mean time between plans that are not in a burst
BURST_GAP_SEC = 0.05  # at most, between those of a burst
BURST_SHARE = 0.25    # of the times plans are sent, so many are bursts
BURST_CYCLES = 4      # at most
QUIET_SEC = 60        # for what was begun to end
RECEIPT_SEC = 30


class Soak:
    """run() does everything; what it saw is in .seen, a dictionary of plain values."""

    def __init__(self, engine, image):
        self.engine, self.image = engine, image
        self.random = random.Random(SEED)
        self.seen = {"seed": SEED, "machine": describe(engine)}
        self.plans = []

    # ---- plans ----

    def _cycle(self, suite, pause):
        """Up from where it is, and down again, each to a random count."""
        low, high = suite.bounds
        wanted = self.plans[-1][1] if self.plans else low
        up = self.random.randint(wanted + 1, high) if wanted < high else high
        down = self.random.randint(low, up - 1)
        for action, count in (("scale_up", up), ("scale_down", down)):
            self.plans.append((suite.plan(action, count), count))
            time.sleep(pause())

    def _some(self, suite, left):
        """A burst of cycles or one; how many."""
        if self.random.random() < BURST_SHARE:
            n = min(left, self.random.randint(1, BURST_CYCLES))
            for _ in range(n):
                self._cycle(suite, lambda: self.random.uniform(0, BURST_GAP_SEC))
            time.sleep(self.random.expovariate(1 / (2 * PAUSE_SEC)))
            return n
        self._cycle(suite, lambda: self.random.expovariate(1 / PAUSE_SEC))
        return 1

    def _plans(self, suite, guard):
        """CYCLES of them, and more until so many replicas were made; how many."""
        done = 0
        while done < CYCLES or (guard.started < CYCLES and done < 3 * CYCLES):
            done += self._some(suite, max(1, CYCLES - done))
            suite.messages("results")  # before the stream is trimmed
        self.rest(suite)
        return done

    def rest(self, suite):
        """Back to the template alone, and nothing left to be done."""
        self.plans.append((suite.plan("scale_down", suite.bounds[0]), suite.bounds[0]))
        suite.wait_settled(suite.bounds[0], QUIET_SEC)
        wait_for(lambda: len(suite.lb.workers()) == self.workers, QUIET_SEC, suite.report, every=0.2)

    # ---- the whole ----

    def _warm_up(self, suite):
        """One big cycle: what is made on first use is there afterwards."""
        self.workers = len(suite.lb.workers())
        with suite.load():
            suite.result(suite.plan("scale_up", suite.bounds[1]))
            suite.wait_settled(suite.bounds[1])
        self.rest(suite)
        self.plans.clear()

    def _receipts(self, suite):
        """Of every result that changed something, how many receipts it got."""
        def missing():
            given = {m["plan"] for m in suite.receipts()}
            return [r for r in self.changes(suite) if r["id"] not in given]
        end = time.monotonic() + RECEIPT_SEC
        while missing() and time.monotonic() < end:
            time.sleep(0.2)
        mine = {r["id"] for r in self.changes(suite)}
        receipts = [m for m in suite.receipts() if m["plan"] in mine]
        return {"results": len(mine), "receipts": len(receipts), "without": missing(),
                "failed": [m for m in receipts if m["failed"] > 0],
                "longest_gap_ms": max((m["longest_gap_ms"] for m in receipts), default=None)}

    @staticmethod
    def _messages(suite):
        return sum(len(suite.messages(c)) for c in ("alerts", "actions", "results", "advice"))

    def changes(self, suite):
        """Results of plans that changed something or tried to."""
        mine = {plan for plan, _ in self.plans}
        return [r for r in suite.results() if r["id"] in mine and r["action"] != "noop"
                and r["result"]["status"] in ("ok", "error")]

    def run(self):
        seen = self.seen
        with Suite(self.engine, self.image, bounds=BOUNDS) as suite, suite.guard() as guard:
            self._warm_up(suite)
            seen["before"], guard.started = suite.census(), 0
            messages = self._messages(suite)
            begun = time.monotonic()
            with suite.load(seed=SEED) as load:
                seen["cycles"] = self._plans(suite, guard)
                seen["seconds"] = round(time.monotonic() - begun, 1)
                seen["receipts"] = self._receipts(suite)  # they cover some seconds more
            seen["load"] = load.verdict()
            seen["after"] = suite.census()
            seen["messages"] = self._messages(suite) - messages
            seen["volumes_left"] = guard.volumes_left()
            seen["plans"] = len(self.plans)
            seen["answered"] = len({r["id"] for r in suite.results()}
                                   & {plan for plan, _ in self.plans})
            seen["errors"] = [r for r in suite.results() if r["result"]["status"] == "error"]
            seen["started"], seen["broken"] = guard.started, guard.broken
            seen["ended"] = [n for n, p in suite.daemons.items() if not p.running()]
        (BUILD / "soak.json").write_text(json.dumps(seen, indent=1) + "\n")
        return seen
