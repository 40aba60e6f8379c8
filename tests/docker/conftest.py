"""Fixtures of the Docker tests: an engine of their own beside any other, with the images on it.

The engine keeps its images in $BUILD/docker-data from run to run, and nothing else.  With
AGENTIC_TEST_DOCKER_HOST set, that engine is used and only what a test made is removed.
There is no skipping: no engine is a failure.
"""

import os
import uuid
import zlib

import pytest

from support.engine import SUITE_IMAGE, Engine, command
from support.procs import BUILD, ROOT, Process, binary


@pytest.fixture(scope="session")
def engine():
    """The Engine, with the base images on it.  Its .host is for DOCKER_HOST."""
    given = os.environ.get("AGENTIC_TEST_DOCKER_HOST")
    if given:
        there = Engine(given)
        there.script("images")
        yield there
        return
    data = BUILD / "docker-data"
    # Sockets need a short path; the same one each time, so that a run that was killed is found.
    run = f"/run/agentic-test-{zlib.crc32(bytes(data)):08x}"
    script = ROOT / "scripts" / "engine"
    try:
        command([script, "start", run, data], timeout=90)
        private = Engine(f"unix://{run}/sock")
        try:
            private.remove_everything()  # of a run that was killed
            private.script("images")
            yield private
        finally:
            private.remove_everything()
            private.run("image", "prune", "--force", "--filter", "until=168h")
    finally:
        command([script, "stop", run, data], timeout=90)


@pytest.fixture(scope="session")
def suite_image(engine):
    """Name of the image of the suite's programs, built from the tree as it is now."""
    engine.run("build", "--quiet", "--network", "host", "--tag", SUITE_IMAGE, ".", timeout=400)
    return SUITE_IMAGE


@pytest.fixture
def network(engine):
    """Name of a fresh network; what is still connected to it goes with it."""
    name = "test-" + uuid.uuid4().hex[:8]
    engine.run("network", "create", name)
    yield name
    engine.remove(engine.names(f"network={name}"))
    engine.run("network", "rm", name)


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
