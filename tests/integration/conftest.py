"""Fixtures of the integration tests.  Nothing here outlives its test."""

import pytest

from support.procs import Process, binary
from support.redis import RedisServer


@pytest.fixture
def redis_server_factory():
    """Call it with the arguments of RedisServer; each server ends with the test."""
    servers = []

    def make(**options):
        servers.append(RedisServer(**options))
        return servers[-1]

    yield make
    for s in servers:
        s.close()


@pytest.fixture
def redis_server(redis_server_factory):
    """A private, empty redis-server: .port, .redis (client), .env, .kill(), .start(), .restart()."""
    return redis_server_factory()


@pytest.fixture
def spawn():
    """spawn("monitor", "--check", env={…}): start a built program (a name with a slash: that file)
    as a Process; it ends with the test at the latest."""
    processes = []

    def start(name, *args, **options):
        path = name if "/" in str(name) else binary(name)
        processes.append(Process([path, *args], **options))
        return processes[-1]

    yield start
    for p in reversed(processes):
        p.close()
