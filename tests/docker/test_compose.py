"""The whole compose file: it comes up healthy and locked down, follows load up and down without
losing a request, and goes without a trace."""

import contextlib
import json
import pathlib
import re
import subprocess

import pytest

from support import documents
from support.compose import Compose, path_with_docker
from support.engine import SUITE_IMAGE
from support.procs import ROOT as SOURCES
from support.procs import wait_for

# Each daemon's uid.
DAEMONS = {"monitor": "10011", "planner": "10012", "executor": "10013", "watcher": "10014",
           "subscriber": "10015", "dashboard": "10016"}
SERVICES = {*DAEMONS, "redis", "app", "lb", "keys", "docker-proxy"}
ROOT = {"keys", "docker-proxy"}  # keys ends, docker-proxy has no capability
WRITES = {"watcher": {"upstreams"}, "monitor": {"telemetry"}, "redis": {"redis-data"},
          "keys": {"keys"}}


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


def processes(engine, container, file):
    """What stands in a file of /proc for each process in a container; one that ended meanwhile, of
    a health check, is left out."""
    found = []
    for pid in engine.run("top", container, "-eo", "pid").split()[1:]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(pathlib.Path("/proc", pid, file).read_bytes())
    assert found, container
    return found


def status(text):
    """/proc/PID/status as a dictionary of lists of words."""
    lines = text.decode().splitlines()
    return {name: rest.split() for name, rest in (line.split(":", 1) for line in lines)}


def writable(found, project):
    """Volumes of the project that a container may write to."""
    return {m["Name"].removeprefix(project + "_") for m in found["Mounts"]
            if m["Type"] == "volume" and m["RW"] and m["Name"].startswith(project + "_")}


def passwords(suite):
    """Of all users of Redis, by name."""
    return {name: suite.secret(name, uid) for name, uid in {**DAEMONS, "health": "redis"}.items()}


def test_every_service_is_locked_down(engine, suite):
    services = suite.services()
    assert set(services) == SERVICES
    for name, container in services.items():
        found = engine.inspect(container)
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        added = [c.removeprefix("CAP_") for c in host["CapAdd"] or []]
        assert added == (["CHOWN"] if name == "keys" else []), name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert not any("unconfined" in o for o in host["SecurityOpt"]), name
        assert not host["Privileged"] and not host["PidMode"] and host["IpcMode"] != "host", name
        assert host["NetworkMode"] != "host", name
        assert host["Init"] and host["Memory"] and host["PidsLimit"], name
        user = found["Config"]["User"].split(":")[0]
        assert user == DAEMONS.get(name, user), name
        assert (user in ("0", "root")) == (name in ROOT), name
        if name != "docker-proxy":
            assert writable(found, suite.project) == WRITES.get(name, set())


def test_no_process_has_a_privilege(engine, suite):
    running = {s: c for s, c in suite.services().items() if s != "keys"}
    running.update({name: name for name in replicas(engine)})
    assert len(running) >= len(SERVICES)  # MIN_REPLICAS is 2
    for name, container in running.items():
        for found in map(status, processes(engine, container, "status")):
            for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(found[field][0], 16) == 0, (name, field)
            assert found["NoNewPrivs"] == ["1"] and found["Seccomp"] == ["2"], name
            assert ("0" in found["Uid"]) == (name == "docker-proxy"), name
            assert name not in DAEMONS or found["Uid"] == [DAEMONS[name]] * 4, name
        for text in processes(engine, container, "mountinfo"):
            mounts = [line.split() for line in text.decode().splitlines()]
            assert [m[5].split(",")[0] for m in mounts if m[4] == "/"] == ["ro"], name


def test_docker_socket_is_only_in_its_proxy(engine, suite):
    socket = pathlib.Path(engine.socket)
    holders = {}
    for name, container in suite.services().items():
        found = engine.inspect(container)
        near = [m["Destination"] for m in found["Mounts"]
                if pathlib.Path(m["Source"]) in (socket, *socket.parents)]
        if near:
            holders[name] = found["HostConfig"]["NetworkMode"]
    assert holders == {"docker-proxy": "none"}


def test_redis_is_out_of_reach_of_users_requests(engine, suite):
    services = suite.services()

    def networks(container):
        return set(engine.inspect(container)["NetworkSettings"]["Networks"])

    for name in (services["lb"], services["app"], *replicas(engine)):
        assert not networks(name) & networks(services["redis"])


def test_secrets_are_only_in_files_of_their_readers(engine, suite):
    services = suite.services()
    secrets = passwords(suite)
    assert len(set(secrets.values())) == len(secrets)
    assert all(len(s) == 64 for s in secrets.values())

    for name in (*DAEMONS, "redis"):
        readable = engine.run("exec", services[name], "sh", "-c",
                              "for f in /run/keys/*; do if [ -r $f ]; then echo $f; fi; done")
        own = ["health", "users.acl"] if name == "redis" else [name]
        assert readable.split() == [f"/run/keys/{f}" for f in own]

    def places():
        """What is told about the containers, or by them."""
        for name, container in services.items():
            yield name, engine.run("inspect", container).encode()
            yield name, engine.logs(container, 100000).encode()
            for file in ("environ", "cmdline") if name != "keys" else ():
                for text in processes(engine, container, file):
                    yield name, text
        yield "image", engine.run("history", "--no-trunc", SUITE_IMAGE).encode()
        yield "users.acl", suite.in_redis("redis", "cat", "/run/keys/users.acl").encode()

    for place, text in places():
        assert not [s for s in secrets.values() if s.encode() in text], place
    engine.run("run", "--rm", "--network", "none", SUITE_IMAGE, "test", "!", "-e", "/run/keys")


def test_redis_holds_everybody_to_its_own(suite, engine):
    for user, command in (("dashboard", "publish actions x"), ("monitor", "publish actions x"),
                          ("dashboard", "xadd agentic:actions * json x")):
        assert "NOPERM" in suite.redis(user, DAEMONS[user], command)
    assert "NOAUTH" in suite.in_redis("redis", "redis-cli", "ping")
    for name, container in suite.services().items():
        log = engine.logs(container, 100000)
        assert not any(word in log for word in ("NOPERM", "NOAUTH", "WRONGPASS")), name


def test_second_up_keeps_the_passwords(suite):
    before = suite.services(), passwords(suite)
    suite.up()
    assert before == (suite.services(), passwords(suite))


def test_only_load_balancer_and_dashboard_are_published_and_only_here(engine, suite):
    published = {}
    for name, container in suite.services().items():
        ports = engine.inspect(container)["NetworkSettings"]["Ports"]
        bound = [b["HostIp"] for bindings in ports.values() for b in bindings or []]
        if bound:
            published[name] = set(bound)
    assert published == {"lb": {"127.0.0.1"}, "dashboard": {"127.0.0.1"}}


def test_dashboard_shows_what_is_measured(suite):
    def point():
        return json.loads(suite.get(suite.dashboard + "api/state"))["point"]

    assert wait_for(point, 20, "a window on the dashboard")["p95_ms"] > 0


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
    # Where the surge did not show what a replica carries, it holds on to them for longer.
    wait_for(lambda: len(replicas(engine)) + 1 == 2, 150, suite.report, every=0.5)
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


def test_commands_of_the_documents(suite, tmp_path):
    """As typed, with the ports that this suite has, and less load."""
    places = {"http://127.0.0.1:8081/": suite.url, "--phase 30@160": "--phase 2@20"}
    env = dict(suite.env, PATH=path_with_docker(tmp_path / "bin"),
               COMPOSE_FILE=f"{SOURCES}/docker-compose.yml:{SOURCES}/docker-compose.override.yml")
    (tmp_path / "telemetry.jsonl").touch()
    lines = list(dict.fromkeys(c for _, c in documents.all_commands() if documents.of_compose(c)))
    assert len(lines) > 12
    for line in lines:
        for known, place in places.items():
            line = line.replace(known, place)
        p = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=120, check=False)
        ended = 124 if " timeout " in line else 0
        assert p.returncode == ended, f"{line}\n{p.stdout}\n{p.stderr}\n{suite.report()}"
        assert not re.search("NOPERM|NOAUTH|WRONGPASS|^ERR", p.stdout, re.M), f"{line}\n{p.stdout}"
        if line.endswith("telemetry.jsonl") and ended:
            assert (tmp_path / "telemetry.jsonl").read_text().startswith('{"channel"')
    # The plan by hand was carried out, and all went on.
    def restarted():
        return [m for m in suite.messages("results") if m.get("action") == "restart"
                and m.get("result", {}).get("status") == "ok"]

    wait_for(restarted, 60, suite.report, every=0.5)
    wait_for(lambda: not suite.unwell(), 60, suite.report, every=0.5)


def test_down_leaves_nothing(suite):
    suite.down()
    assert suite.left() == []
