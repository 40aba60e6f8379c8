"""Fixtures of the integration tests.  Nothing here outlives its test."""

import pytest

from support.nginx import LoadBalancer
from support.procs import Process, binary, free_port, wait_for
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


@pytest.fixture
def app(spawn):
    """app(**env): a running demo app with .port, and .http, the port of its /healthz and /metrics."""
    def start(**env):
        port, http_port = free_port(), free_port()
        p = spawn("app", env={"PORT": port, "BIND": "127.0.0.1", "HTTP_PORT": http_port, **env})
        wait_for(lambda: 'msg="started"' in p.stderr(), what=p.stderr)
        p.port, p.http = port, http_port
        return p
    return start


@pytest.fixture
def dashboard(spawn, redis_server):
    """dashboard(**env): a running dashboard, which has found Redis, with .port."""
    def start(**env):
        port = free_port()
        p = spawn("dashboard", env={**redis_server.env, "DASHBOARD_PORT": port, **env})
        wait_for(lambda: 'msg="redis is up"' in p.stderr(), what=p.stderr)
        p.port = port
        return p
    return start


@pytest.fixture
def balancer():
    """balancer(*ports): a running load balancer before these replicas."""
    made = []

    def make(*replicas):
        made.append(LoadBalancer(replicas))
        made[-1].start()
        return made[-1]

    yield make
    for lb in made:
        lb.close()


@pytest.fixture
def load(spawn):
    """load(lb, 100, 5): a hundred requests a second for five seconds."""
    def start(lb, rps, seconds, *options):
        return spawn("load", "--url", lb.url, "--phase", f"{seconds}@{rps}", *options)
    return start
