"""The whole compose file: it comes up healthy and locked down, follows load up and down without
losing a request, and goes without a trace."""

import json

import pytest

from support.compose import Compose
from support.procs import wait_for

SEES_DOCKER = {"executor", "monitor", "watcher"}


@pytest.fixture(scope="module")
def suite(engine, suite_image):
    """The project, up and healthy."""
    project = Compose(engine, "agentictest")
    try:
        project.up()
        yield project
    finally:
        project.down()


def replicas(engine):
    """Names of the replicas that are there, the template left out."""
    return engine.names("label=agentic.replica-of=app")


def test_every_service_is_locked_down(engine, suite):
    services = suite.services()
    assert set(services) == {"redis", "app", "lb", "monitor", "planner", "executor", "watcher",
                             "subscriber", "dashboard"}
    for name, container in services.items():
        found = engine.inspect(container)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"] and not host["CapAdd"], name
        assert any("no-new-privileges" in o for o in host["SecurityOpt"]), name
        assert host["Init"] and host["Memory"] and host["PidsLimit"], name
        sees = any(m["Destination"] == "/var/run/docker.sock" for m in found["Mounts"])
        assert sees == (name in SEES_DOCKER), name
        root = found["Config"]["User"] in ("0", "0:0", "root", "")
        assert not root or name in SEES_DOCKER, name


def test_only_load_balancer_and_dashboard_are_published_and_only_here(engine, suite):
    published = {}
    for name, container in suite.services().items():
        ports = engine.inspect(container)["NetworkSettings"]["Ports"]
        bound = [b["HostIp"] for bindings in ports.values() for b in bindings or []]
        if bound:
            published[name] = set(bound)
    assert published == {"lb": {"127.0.0.1"}, "dashboard": {"127.0.0.1"}}


def test_dashboard_shows_what_is_measured(suite):
    def latency():
        return json.loads(suite.get(suite.dashboard + "api/state"))

    assert wait_for(latency, 20, "state on the dashboard")


def test_follows_load_up_and_down_and_loses_no_request(engine, suite, spawn):
    wait_for(lambda: len(suite.served_by()) == 2, 40, suite.report, every=0.5)  # MIN_REPLICAS
    before = set(replicas(engine))

    # One replica serves 66 requests a second.
    load = spawn("load", "--url", suite.url, "--timeout", "30",
                 "--phase", "8@20", "--phase", "40@160", "--phase", "30@20")

    def newcomer():
        """A replica that was not there before and that answers through the load balancer."""
        found = [engine.inspect(n) for n in set(replicas(engine)) - before]
        return {f["Id"][:12] for f in found if f} & suite.served_by(6)

    wait_for(newcomer, 40, suite.report, every=0.5)
    assert load.running()
    assert len(replicas(engine)) >= 2

    assert load.wait(90) == 0, load.stdout() + load.stderr() + suite.report()
    wait_for(lambda: len(replicas(engine)) + 1 == 2, 40, suite.report, every=0.5)
    assert not suite.unwell()
    restarts = {s: engine.inspect(i)["RestartCount"] for s, i in suite.services().items()}
    assert set(restarts.values()) == {0}, restarts


def test_real_traffic_was_measured_and_counted_on(suite):
    """After the test above: the load is in the alerts, by replica, and the reason in the plans."""
    alerts = [m for m in suite.messages("alerts") if m.get("traffic")]
    surge = [m["traffic"] for m in alerts if m["traffic"]["rps"] > 120]
    assert surge
    assert all(m["rps"] < 200 for m in surge)  # probes are not in it
    assert {"app", "app-dup-1"} <= {r.get("name") for m in surge for r in m.get("replicas", [])}

    ups = [m for m in suite.messages("actions") if m["decision"]["action"] == "scale_up"]
    assert {m["explain"]["decided_by"] for m in ups} <= {"bounds", "feed_forward", "latency_guard"}
    known = [m["explain"]["estimates"].get("capacity_rps") for m in suite.messages("actions")][-1]
    assert known is None or 40 < known < 80


def test_down_leaves_nothing(suite):
    suite.down()
    assert suite.left() == []
