"""A suite that scales by itself: load rises, the planner sees it, replicas come.

    with Story(engine, image) as story:
        plan = story.scaled_up()      # the planner's own
        story.suite.redis.kill()      # and what a test wants to break
"""

import contextlib
import os
import time

from support.procs import Process, binary, free_port, wait_for
from support.suite import Suite

# A replica carries 4 / 0.12 s = 33 requests a second.
APP = {"APP_CONCURRENCY": 4, "EXTRA_DELAY_MS": 120}
CALM_RPS, BUSY_RPS = 12, 75
ENOUGH = 3  # replicas for that
PLANNER = {"FEED_FORWARD": "true", "LATENCY_GUARD": "true"}  # scales down only in a day
WARM_SEC, SCALE_SEC = 40, 60

# PICTURE_SEC: so long a time there is to see on the pictures, in which load goes up and down.
PICTURE_SEC = int(os.environ.get("PICTURE_SEC", "0"))
LONG = {"monitor": {"SAMPLE_INTERVAL": 1, "PROBE_REQUESTS": 10},
        "planner": {"DOWN_HOLD_SEC": 20, "FLAP_BUDGET": 0}}
# (share of that time, requests a second)
DAY = ((0.10, 12), (0.05, 20), (0.05, 26), (0.05, 35), (0.05, 42), (0.10, 52), (0.05, 64), (0.10, 75),
       (0.05, 60), (0.05, 45), (0.05, 30), (0.05, 20), (0.05, 28), (0.05, 40), (0.05, 55), (0.10, 72))


class Story:
    """.suite: the Suite.  .url: of the dashboard."""

    def __init__(self, engine, image):
        self.port = free_port()
        env = {"planner": dict(PLANNER), "dashboard": {"DASHBOARD_PORT": self.port}}
        if PICTURE_SEC:
            env["monitor"] = LONG["monitor"]
            env["planner"].update(LONG["planner"])
        self.suite = Suite(engine, image, bounds=(1, 6), env=env, app_env=APP,
                           target="shop" if PICTURE_SEC else None)
        self.url = f"http://127.0.0.1:{self.port}/"
        self.undo = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            undo.enter_context(self.suite)
            self._rise(undo)
            self.undo = undo.pop_all()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.undo.close()

    def _rise(self, undo):
        """Load that is small until the planner knows what is normal, and then is not."""
        calm = self._load(undo, ((600, CALM_RPS),))
        wait_for(self._warm, WARM_SEC, lambda: f"a baseline\n{self.suite.report()}", every=0.2)
        calm.close()
        day = tuple((round(share * PICTURE_SEC), rps) for share, rps in DAY if PICTURE_SEC)
        begun = time.time()
        self._load(undo, (*day, (2400, BUSY_RPS)))
        wait_for(lambda: time.time() > begun + PICTURE_SEC and self.scaled_up()
                 and len(self.suite.in_rotation()) >= ENOUGH,
                 PICTURE_SEC + SCALE_SEC, lambda: f"replicas\n{self.suite.report()}", every=0.2)

    def _load(self, undo, phases):
        words = [w for seconds, rps in phases for w in ("--phase", f"{seconds}@{rps}")]
        load = Process([binary("load"), "--url", f"http://127.0.0.1:{self.suite.lb.port}/",
                        "--poisson", *words])
        undo.callback(load.close)
        return load

    def _warm(self):
        """Whether the planner knows by now what is normal."""
        return any(p.get("explain", {}).get("gates", {}).get("warm", {}).get("pass")
                   for p in self.suite.messages("actions"))

    def scaled_up(self):
        """The planner's newest plan for more replicas; None where there is none yet."""
        plans = [p for p in self.suite.messages("actions")
                 if p.get("explain") and p["decision"]["action"] == "scale_up"]
        return plans[-1] if plans else None
