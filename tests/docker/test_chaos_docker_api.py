"""A Docker API that answers slowly, with 500 (whether it did what it was asked or not), or with half
of its answer."""

import contextlib

import pytest

from support.chaos import Fault, Rig, of_this_form
from support.procs import wait_for

MODES = {"slow": "slowly", "error": "with 500", "half": "with half a body"}


def failing(mode, daemons):
    @contextlib.contextmanager
    def inject(rig, rng):
        proxies = [rig.docker_proxies[d] for d in daemons]
        before = [p.spoilt for p in proxies]
        with contextlib.ExitStack() as stack:
            stack.enter_context(rig.rollbacks())
            for p in proxies:
                stack.enter_context(p.failing(mode, rng))
            yield
            # Who is still waiting after the fault before this one asks only now.
            wait_for(lambda: all(p.spoilt > n for p, n in zip(proxies, before)), 30,
                     lambda: f"spoilt {before} to {[p.spoilt for p in proxies]}", every=0.1)
    return inject


FAULTS = [
    *[Fault(f"Docker answers {d} {how}", failing(mode, [d]), (3, 20), brief=False)
      for mode, how in MODES.items() for d in Rig.DOCKER_USERS],
    *[Fault(f"Docker answers all {how}", failing(mode, Rig.DOCKER_USERS), (3, 20))
      for mode, how in MODES.items()],
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_docker_api(chaos, fault):
    chaos.run(fault)
