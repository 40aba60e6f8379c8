"""The watcher with a real nginx and real replicas: what is ready is in rotation, nothing else is, and
nobody loses a request when replicas come and go."""

import http.client
import json
import pathlib
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request

import pytest

from support.engine import NGINX_IMAGE
from support.procs import ROOT, free_port, wait_for
from support.redis import RedisServer

READY_SEC = 15


class World:
    """A load balancer, a watcher and replicas on a network of their own.

    The watcher runs here as a process; LB and replicas are containers.  Names carry the network's,
    since the engine may be shared.
    """

    def __init__(self, engine, image, network, spawn):
        self.engine, self.image, self.network, self.spawn = engine, image, network, spawn
        self.target = f"app-{network}"
        self.lb = f"lb-{network}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="watcher-", dir="/tmp"))
        self.dir.chmod(0o755)
        self.conf_dir = self.dir / "conf.d"
        self.conf_dir.mkdir(mode=0o755)
        self.nginx_conf = self.dir / "nginx.conf"
        text = (ROOT / "nginx" / "nginx.conf").read_text()
        self.nginx_conf.write_text(text.replace("http://app;", f"http://{self.target};"))
        self.nginx_conf.chmod(0o644)
        self.port, self.status_port, self.http_port = free_port(), free_port(), free_port()
        self.redis = RedisServer()
        self.watcher = None

    def close(self):
        if self.watcher:
            self.watcher.close()
        self.redis.close()
        shutil.rmtree(self.dir)

    # ---- parts ----

    def start_watcher(self, **env):
        self.watcher = self.spawn("watcher", env={
            **self.redis.env, "DOCKER_HOST": self.engine.host, "CONF_DIR": self.conf_dir,
            "TARGET": self.target, "LB_CONTAINER": self.lb,
            "LB_URL": f"http://127.0.0.1:{self.status_port}", "READY_PATH": "/health",
            "RESYNC_SEC": "2", "HTTP_PORT": self.http_port, **env})
        wait_for(lambda: self.file.exists(), what="an upstream file")

    def create_lb(self):
        self.engine.run(
            "create", "--name", self.lb, "--network", self.network, "--init", "--read-only",
            "--user", "101:101", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--tmpfs", "/tmp:mode=1777",
            "--publish", f"127.0.0.1:{self.port}:80", "--publish", f"127.0.0.1:{self.status_port}:8082",
            "--volume", f"{self.nginx_conf}:/etc/nginx/nginx.conf:ro",
            "--volume", f"{self.conf_dir}:/etc/nginx/conf.d:ro",
            NGINX_IMAGE, "nginx", "-g", "daemon off;")

    def start_lb(self):
        if not self.engine.inspect(self.lb):
            self.create_lb()
        self.engine.run("start", self.lb)
        wait_for(lambda: self.generation() is not None, READY_SEC, lambda: self.engine.logs(self.lb))

    def start_replica(self, number=0, *options):
        name = f"{self.target}-dup-{number}" if number else self.target
        self.engine.run("run", "--detach", "--init", "--name", name, "--network", self.network,
                        "--env", "EXTRA_DELAY_MS=5", "--env", "APP_CONCURRENCY=64", *options,
                        self.image, "app")
        return name

    def start_all(self, replicas=1, **env):
        self.start_watcher(**env)
        self.start_lb()
        names = [self.start_replica(i) for i in range(replicas)]
        self.wait_servers(names)
        return names

    # ---- what can be seen ----

    @property
    def file(self):
        return self.conf_dir / f"agentic-{self.target}.conf"

    def get(self, path="/", port=None, timeout=10):
        """(status, body) of one request on a fresh connection."""
        url = f"http://127.0.0.1:{port or self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=timeout) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def generation(self):
        try:
            return int(self.get("/generation", self.status_port, 2)[1])
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def writing(self):
        """Requests that nginx is answering, this one counted."""
        status = self.get("/stub_status", self.status_port)[1]
        return int(status.split("Writing:")[1].split()[0])

    def health(self):
        """What the watcher's /healthz says; None while nothing answers."""
        try:
            return json.loads(self.get("/healthz", self.http_port)[1])
        except (OSError, ValueError):
            return None

    def metric(self, name):
        text = self.get("/metrics", self.http_port)[1]
        return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " "))

    def messages(self):
        """All `upstreams` messages so far."""
        return [json.loads(text) for _, text in self.redis.redis.stream("results")]

    def last(self):
        return (self.messages() or [None])[-1]

    def why(self):
        return f"{self.last()}\n{self.watcher.stderr()[-4000:]}\n{self.file.read_text()}"

    def wait_message(self, condition, timeout=READY_SEC):
        """The first message, from the newest backwards, that ${condition} holds for."""
        def found():
            return next((m for m in reversed(self.messages()) if condition(m)), None)
        return wait_for(found, timeout, self.why)

    def wait_servers(self, names, timeout=READY_SEC):
        """Wait until the newest message says that nginx runs exactly these."""
        def there():
            m = self.last()
            return (m and m["result"]["status"] == "ok"
                    and [s["name"] for s in m["servers"]] == names and m)
        return wait_for(there, timeout, self.why)

    def wait_drained(self, draining, timeout=READY_SEC):
        """Wait until a container that is called TARGET-drain-N now is reported, as what it was."""
        name = draining.replace("-drain-", "-dup-")

        def there():
            m = self.last()
            return m and name in m["drained"] and m
        return wait_for(there, timeout, self.why)


@pytest.fixture
def world(engine, suite_image, network, spawn):
    w = World(engine, suite_image, network, spawn)
    try:
        yield w
        assert w.watcher.terminate() == 0, w.watcher.stderr()
    finally:
        w.close()


class Load:
    """Clients that never retry: some keep their connection, some make a new one for every request."""

    def __init__(self, port, keepalive=4, fresh=2, path="/"):
        self.port, self.path = port, path
        self.ok, self.failures = 0, []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(i < keepalive,))
                        for i in range(keepalive + fresh)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for t in self.threads:
            t.join(30)

    def _run(self, keep):
        connection, used = None, 0
        while not self.stopping.is_set():
            if connection is None:
                connection, used = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10), 0
            failure, closing = None, not keep
            try:
                connection.request("GET", self.path, headers={} if keep else {"Connection": "close"})
                reply = connection.getresponse()
                reply.read()
                closing = closing or reply.will_close
                used += 1
                if reply.status != 200:
                    failure = f"status {reply.status}"
            except (OSError, http.client.HTTPException) as e:
                failure, closing = f"{e!r} as request {used + 1} of its connection", True
            with self.lock:
                if failure:
                    self.failures.append(failure)
                else:
                    self.ok += 1
            if closing:
                connection.close()
                connection = None
            self.stopping.wait(0.002)
        if connection is not None:
            connection.close()

    def wait_more(self, n=20):
        """Wait until another ${n} requests were answered."""
        target = self.ok + n
        wait_for(lambda: self.ok >= target, 20,
                 lambda: f"{self.ok} answered, failed: {self.failures[:5]}")


# ---- start ----

def test_nginx_starts_before_any_replica_and_serves_the_first_one(world):
    world.start_watcher()
    assert "server 127.0.0.1:9 down;" in world.file.read_text()
    world.start_lb()
    assert world.get()[0] == 502
    assert world.messages() == []

    name = world.start_replica()
    m = world.wait_servers([name])
    assert world.get()[0] == 200
    assert m["kind"] == "upstreams" and m["target"] == world.target and m["drained"] == []
    assert m["generation"] == world.generation() == 1
    assert m["servers"][0]["address"] == world.engine.address(name) + ":8080"
    assert m["servers"][0]["id"] == world.engine.inspect(name)["Id"]
    assert world.metric("agentic_watcher_servers") == 1
    assert world.metric("agentic_watcher_generation") == 1
    assert world.health()["status"] == "ok"


def test_a_load_balancer_that_comes_last_starts_with_the_list(world):
    world.create_lb()
    world.start_watcher()
    names = [world.start_replica(), world.start_replica(1)]
    wait_for(lambda: all(n in world.file.read_text() for n in names), READY_SEC, world.why)
    world.start_lb()
    assert world.get()[0] == 200
    world.wait_servers(names)
    assert world.metric("agentic_watcher_reloads_total") == 0


# ---- change ----

def test_a_replica_gets_requests_only_once_it_answers(world):
    world.start_all()
    # It runs, but nobody listens on the port.
    world.start_replica(1, "--env", "PORT=8099")
    name = world.start_replica(2)
    m = world.wait_servers([world.target, name])
    assert f"{world.target}-dup-1" not in world.file.read_text()
    world.engine.remove([f"{world.target}-dup-1"])
    with Load(world.port, 0, 2) as load:
        load.wait_more()
    assert load.failures == []
    assert world.last()["generation"] == m["generation"]


def test_without_a_path_the_health_check_or_a_connection_decides(world):
    names = world.start_all(READY_PATH="")
    often = ("--health-interval", "300ms", "--health-retries", "1")
    healthy = world.start_replica(1, "--health-cmd", "true", *often)
    sick = world.start_replica(2, "--health-cmd", "false", *often)
    world.start_replica(3, "--env", "PORT=8099")
    world.wait_servers(names + [healthy])
    wait_for(lambda: world.engine.inspect(sick)["State"]["Health"]["Status"] == "unhealthy",
             what="a sick replica")
    last = world.start_replica(4)
    world.wait_servers(names + [healthy, last])


def test_a_renamed_replica_is_drained_before_it_is_reported(world):
    names = world.start_all(3)
    draining = f"{world.target}-drain-2"
    ident = world.engine.inspect(names[2])["Id"]
    answers = []

    def slow_request():
        answers.append((world.get("/?delay_ms=2500")[0], time.monotonic()))

    slow = [threading.Thread(target=slow_request) for _ in range(6)]  # two for each replica
    for t in slow:
        t.start()
    wait_for(lambda: world.writing() > 6, what="six requests to be under way")
    world.engine.run("rename", names[2], draining)

    left = world.wait_servers(names[:2])
    assert left["drained"] == [] and answers == []
    m = world.wait_drained(draining)
    drained_at = time.monotonic()
    for t in slow:
        t.join(10)
    assert [status for status, _ in answers] == [200] * 6
    assert drained_at >= max(at for _, at in answers) - 0.1
    assert m["drained"] == [names[2]] and m["drained_ids"] == [ident]
    assert m["generation"] == left["generation"]

    # The same container can come back and leave once more.
    world.engine.run("rename", draining, names[2])
    assert world.wait_servers(names)["drained"] == []
    world.engine.run("rename", names[2], draining)
    world.wait_drained(draining)


def test_a_reload_closes_no_idle_connection(world):
    """A client whose connection is idle at a reload may still use it: keepalive_min_timeout."""
    names = world.start_all(2)
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read()
    used = connection.sock
    world.engine.run("rename", names[1], f"{world.target}-drain-1")
    world.wait_servers(names[:1])
    connection.request("GET", "/")
    reply = connection.getresponse()
    assert connection.sock is used or reply.will_close
    assert reply.status == 200 and reply.read()
    assert reply.getheader("Connection") == "close"  # the old worker said so, and ends
    world.wait_drained(f"{world.target}-drain-1")
    connection.close()


def test_no_request_is_lost_while_replicas_come_and_go(world):
    # Nothing is repeated: a request to a replica that was killed is lost, and shows.
    conf = world.nginx_conf.read_text()
    assert "proxy_next_upstream error timeout;" in conf
    world.nginx_conf.write_text(conf.replace("proxy_next_upstream error timeout;",
                                             "proxy_next_upstream off;"))
    names = world.start_all(3)
    drain = f"{world.target}-drain-2"
    # The slow ones are still being answered by old workers when the new ones are confirmed.
    with Load(world.port) as load, Load(world.port, path="/?delay_ms=700") as slow:
        for _ in range(20):
            world.engine.run("rename", names[2], drain)
            world.wait_servers(names[:2])
            world.wait_drained(drain)
            world.engine.run("kill", "--signal", "KILL", drain)
            world.engine.run("rename", drain, names[2])
            world.engine.run("start", names[2])
            world.wait_servers(names)
            load.wait_more()
            slow.wait_more(1)
    assert load.failures == [] and slow.failures == []
    assert load.ok > 1000 and slow.ok > 100


def test_a_killed_replica_is_dropped_at_once(world):
    names = world.start_all(3)
    with Load(world.port) as load:
        load.wait_more()
        before = time.monotonic()
        world.engine.run("kill", "--signal", "KILL", names[1])
        world.wait_servers([names[0], names[2]])
        took = time.monotonic() - before
        load.wait_more()
    assert load.failures == []  # requests that may be repeated went on to others
    assert took < 3, f"dropped and confirmed after {took:.3f} s"

    world.engine.run("start", names[1])
    world.wait_servers(names)


def test_a_paused_replica_is_dropped(world):
    names = world.start_all(2)
    world.engine.run("pause", names[1])
    try:
        world.wait_servers(names[:1])
    finally:
        world.engine.run("unpause", names[1])
    world.wait_servers(names)


def test_the_last_list_stays_when_nothing_is_ready(world):
    names = world.start_all(2)
    text = world.file.read_text()
    world.engine.run("kill", *names)
    # They die one after the other, so that the list may have become shorter once.
    m = world.wait_message(lambda m: m["result"]["status"] == "error")
    assert "no replica is ready" in m["result"]["message"]
    assert m["servers"] != [] and " max_fails=0; # " in world.file.read_text()
    assert not world.health()["dependencies"]["nginx"]["up"]
    world.engine.run("start", *names)
    world.wait_servers(names)
    assert world.file.read_text().splitlines()[:6] == text.splitlines()[:6]
    assert world.get()[0] == 200


# ---- trouble ----

def test_a_file_that_nginx_refuses_is_rolled_back(world):
    names = world.start_all(1)
    good, running = world.file.read_text(), world.generation()
    conf = world.nginx_conf.read_text()
    world.nginx_conf.write_text("nonsense on;\n" + conf)
    more = world.start_replica(1)

    m = world.wait_message(lambda m: m["result"]["status"] == "error")
    assert 'unknown directive "nonsense"' in m["result"]["message"]
    assert [s["name"] for s in m["servers"]] == names and m["generation"] == running
    wait_for(lambda: world.file.read_text() == good, what=world.why)
    assert world.generation() == running
    assert world.get()[0] == 200

    # Said once, however often it is tried again.
    tried = world.metric("agentic_watcher_refused_total")
    wait_for(lambda: world.metric("agentic_watcher_refused_total") >= tried + 2, READY_SEC,
             "more attempts")
    assert [n for n in world.messages() if n["result"]["status"] == "error"] == [m]

    world.nginx_conf.write_text(conf)
    world.wait_servers(names + [more])


def test_a_killed_watcher_takes_up_where_it_stood(world):
    names = world.start_all(3)
    running, reloads = world.generation(), world.engine.run("top", world.lb, "-eo", "pid,args")
    world.watcher.kill()
    seen = len(world.messages())
    with Load(world.port, 2, 1) as load:
        world.start_watcher()
        wait_for(lambda: len(world.messages()) > seen, READY_SEC, world.why)
        assert world.wait_servers(names)["generation"] == running
        load.wait_more()
    assert load.failures == []
    assert len(world.messages()) == seen + 1
    assert world.metric("agentic_watcher_reloads_total") == 0
    assert world.engine.run("top", world.lb, "-eo", "pid,args") == reloads  # the same workers

    # What changes while it is away is made up for.
    world.watcher.kill()
    draining = f"{world.target}-drain-1"
    world.engine.run("rename", names[1], draining)
    world.start_watcher()
    assert world.wait_drained(draining)["generation"] == running + 1
    world.wait_servers([names[0], names[2]])

    # So is a drain that was reported by the one before.
    world.watcher.kill()
    seen = len(world.messages())
    world.start_watcher()
    wait_for(lambda: len(world.messages()) > seen and names[1] in world.last()["drained"],
             READY_SEC, world.why)


def test_a_restarted_nginx_is_given_what_changed_meanwhile(world):
    names = world.start_all(2)
    world.engine.run("kill", world.lb)
    world.engine.run("rename", names[1], f"{world.target}-drain-1")
    wait_for(lambda: names[1] not in world.file.read_text(), READY_SEC, world.why)
    world.engine.run("start", world.lb)
    world.wait_drained(f"{world.target}-drain-1")
    world.wait_servers(names[:1])
    assert world.get()[0] == 200


def test_a_list_that_others_changed_is_put_right(world):
    names = world.start_all(1)
    running = world.generation()
    # nginx was reloaded with another file: the next resync finds it out.
    good = world.file.read_text()
    world.file.write_text(good.replace(f'"{running}"', '"4711"'))
    world.engine.run("exec", world.lb, "nginx", "-s", "reload")
    wait_for(lambda: world.generation() == 4711, what="the other file to be loaded")
    wait_for(lambda: world.generation() == running, READY_SEC, world.why)
    world.wait_servers(names)


def test_events_of_a_burst_make_few_reloads(world):
    names = world.start_all(1)
    before = world.metric("agentic_watcher_reloads_total")
    threads = [threading.Thread(target=world.start_replica, args=(i,)) for i in range(1, 6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    world.wait_servers(names + [f"{world.target}-dup-{i}" for i in range(1, 6)], 30)
    assert world.metric("agentic_watcher_reloads_total") - before <= 5


def test_it_waits_for_docker_and_redis(world):
    """Away at the start, both are waited for; SIGTERM ends it in time all the same."""
    world.redis.kill()
    world.start_watcher(DOCKER_HOST=f"unix://{world.dir}/nobody.sock")

    def both_down():
        parts = (world.health() or {"dependencies": {}})["dependencies"]
        return all(name in parts and parts[name]["detail"] and not parts[name]["up"]
                   for name in ("docker", "redis"))

    wait_for(both_down, what=lambda: str(world.health()))
    started = time.monotonic()
    assert world.watcher.terminate() == 0
    assert time.monotonic() - started < 2.5
