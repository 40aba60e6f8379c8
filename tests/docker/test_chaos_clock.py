"""The wall clock jumps by an hour, forth or back: that of one daemon, or of all and of Redis too."""

import contextlib

import pytest

from support.chaos import Chaos, Fault, Rig, of_this_form
from support.faults import Clock

HOUR = 3600
DAEMONS = ("monitor", "planner", "executor", "watcher", "subscriber", "dashboard")


class ClockRig(Rig):
    """Every daemon, and Redis, has a clock of its own that can be set."""

    def connect(self):
        super().connect()
        s = self.suite
        self.clocks = {}
        for name in (*DAEMONS, "redis"):
            (s.dir / f"clock-{name}").mkdir(mode=0o755)
            self.clocks[name] = Clock(s.dir / f"clock-{name}")
        for name in DAEMONS:
            s.given.setdefault(name, {}).update(self.clocks[name].env)
        s.redis.process_env = self.clocks["redis"].env
        s.redis.restart()


@pytest.fixture(scope="module")
def clocks(engine, suite_image, chaos_share_sec):
    shared = Chaos(lambda: ClockRig(engine, suite_image), chaos_share_sec)
    yield shared
    shared.close()


def stepped(name, offset_sec):
    def inject(rig, _):
        return rig.clocks[name].stepped(offset_sec)
    return inject


def all_stepped(offset_sec):
    @contextlib.contextmanager
    def inject(rig, _):
        with contextlib.ExitStack() as stack:
            for clock in rig.clocks.values():
                stack.enter_context(clock.stepped(offset_sec))
            rig.clock_sec = offset_sec
            stack.callback(setattr, rig, "clock_sec", 0)
            yield
            rig.lag_sec = rig.recover()  # by their clocks, which agree, all goes on
    return inject


WAY = {HOUR: "forth", -HOUR: "back"}
LASTS = (2, 20)

FAULTS = [
    *[Fault(f"clock of {d} an hour {way}", stepped(d, step), LASTS,
            brief=(d, step) == ("executor", HOUR))
      for d in DAEMONS[:4] for step, way in WAY.items()],
    *[Fault(f"clock of Redis an hour {way}", stepped("redis", step), LASTS, brief=step < 0)
      for step, way in WAY.items()],
    *[Fault(f"all clocks an hour {way}", all_stepped(step), LASTS) for step, way in WAY.items()],
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_clock(clocks, fault):
    clocks.run(fault)
