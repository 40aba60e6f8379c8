"""Fixtures of the Docker tests: an engine of their own beside any other, with the images on it.

The engine keeps its images in $BUILD/docker-data from run to run, and nothing else.  With
AGENTIC_TEST_DOCKER_HOST set, that engine is used and only what a test made is removed.
There is no skipping: no engine is a failure.
"""

import uuid

import pytest

from support.chaos import CHAOS_SEC, Chaos, Rig
from support.engine import build_suite_image, private_engine
from support.guarded import Yard
from support.procs import Process, binary, wait_for
from support.watched import World


@pytest.fixture(scope="session")
def engine():
    """The Engine, with the base images on it.  Its .host is for DOCKER_HOST."""
    with private_engine() as there:
        yield there


@pytest.fixture(scope="session")
def suite_image(engine):
    """Name of the image of the suite's programs, built from the tree as it is now."""
    return build_suite_image(engine)


@pytest.fixture
def network(engine):
    """Name of a fresh network; what is still connected to it goes with it."""
    name = "test-" + uuid.uuid4().hex[:8]
    engine.run("network", "create", name)
    yield name

    def removed():
        """What a killed executor asked the engine for may come to be a moment later."""
        engine.remove(engine.names(f"network={name}"))
        return engine.run("network", "rm", name, check=False).strip() == name

    wait_for(removed, 20, what=f"network {name} to be gone", every=0.2)


@pytest.fixture
def spawn():
    """spawn("executor", env={…}): start a built program as a Process; it ends with the test."""
    processes = []

    def start(name, *args, **options):
        processes.append(Process([binary(name), *args], **options))
        return processes[-1]

    yield start
    for p in reversed(processes):
        p.close()


@pytest.fixture
def world(engine, suite_image, network, spawn):
    """A World whose watcher the test starts; in the end it must have stopped cleanly."""
    w = World(engine, suite_image, network, spawn)
    try:
        yield w
        assert w.watcher.terminate() == 0, w.watcher.stderr()
    finally:
        w.close()


@pytest.fixture(scope="module")
def yard(engine):
    """A Yard, whose containers must be untouched in the end."""
    there = Yard(engine)
    try:
        yield there
        there.assert_untouched()
    finally:
        there.close()


@pytest.fixture(scope="session")
def chaos_share_sec(request):
    """How long each fault is tried: its share of CHAOS_SEC."""
    faults = [i for i in request.session.items if "chaos" in i.path.name]
    return CHAOS_SEC / max(1, len(faults))


@pytest.fixture(scope="session")
def shared_chaos(engine, suite_image, chaos_share_sec):
    shared = Chaos(lambda: Rig(engine, suite_image), chaos_share_sec)
    yield shared
    shared.close()


@pytest.fixture
def chaos(request, shared_chaos):
    """A Chaos that all faults of the usual kind share; it ends with the last of them."""
    yield shared_chaos
    users = [i for i in request.session.items if "chaos" in i.fixturenames]
    if request.node is users[-1]:
        shared_chaos.close()
