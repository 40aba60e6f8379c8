"""A watcher at work: a real nginx and real replicas to watch, and clients to notice mistakes."""

import http.client
import json
import pathlib
import shutil
import tempfile
import threading
import urllib.error
import urllib.request

from support.balancer import READY_SEC, Balancer
from support.procs import free_port, wait_for
from support.redis import RedisServer


class World:
    """A load balancer, a watcher and replicas on a network of their own.

    The watcher runs here as a process; LB and replicas are containers.  Names carry the network's,
    since the engine may be shared.
    """

    def __init__(self, engine, image, network, spawn):
        self.engine, self.image, self.network, self.spawn = engine, image, network, spawn
        self.target = f"app-{network}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="watcher-", dir="/tmp"))
        self.dir.chmod(0o755)
        lb = Balancer(engine, f"lb-{network}", network, self.dir)
        self.lb, self.conf_dir, self.nginx_conf = lb.name, lb.conf_dir, lb.nginx_conf
        self.port, self.status_port, self.http_port = lb.port, lb.status_port, free_port()
        self.create_lb, self.start_lb, self.generation = lb.create, lb.start, lb.generation
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
        return self.conf_dir / "agentic-upstreams.conf"

    def get(self, path="/", port=None, timeout=10):
        """(status, body) of one request on a fresh connection."""
        url = f"http://127.0.0.1:{port or self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=timeout) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

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
