"""An engine behind nginx/docker-proxy.conf: a real nginx with the very file, and all that reaches the
engine written down.

    docker = Guarded(engine, "app", "lb")
    docker.ask("monitor", "GET", "/v1.41/containers/json?all=1")   # (200, [...])
    docker.send("executor", b"GET /info HTTP/1.1\r\n…")            # (403, b'{"message":…}')
    docker.reached                                                 # ["GET /v1.41/…"]
    docker.host("watcher")                                         # for DOCKER_HOST
"""

import contextlib
import http.client
import json
import pathlib
import select
import shutil
import socket
import tempfile
import uuid

from support.engine import NGINX_IMAGE
from support.procs import ROOT, wait_for
from support.proxies import Proxy

DAEMONS = ("monitor", "watcher", "executor")
CONF = ROOT / "nginx" / "docker-proxy.conf"
V = "/v1.41"  # of the API, as paths begin


def unix_socket(path, timeout=20.0):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(str(path))
    return s


class Recorder(Proxy):
    """Between nginx and the engine: notes each request line.  nginx sends one a connection."""

    def __init__(self, upstream, path):
        self.upstream, self.lines = upstream, []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        super().__init__(listener)

    def serve(self, client):
        engine = self._keep(unix_socket(self.upstream, None))
        try:
            first = client.recv(65536)
            if first:
                self.lines.append(first.split(b"\r\n")[0].decode())
                engine.sendall(first)
                self._relay(client, engine)
        finally:
            self._drop(engine)

    @staticmethod
    def _relay(client, engine):
        while True:
            for ready in select.select([client, engine], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (engine if ready is client else client).sendall(data)


def request(method, path, body=b"", version="HTTP/1.1", **headers):
    """The bytes of a request.  ${headers}: Content_Type="…"; Content_Length as it is, unless given."""
    fields = {"Host": "docker", "Connection": "close"}
    if body:
        fields["Content-Type"] = "application/json"
    fields.update({k.replace("_", "-"): v for k, v in headers.items()})
    if (body or method == "POST") and not {"Content-Length", "Transfer-Encoding"} & set(fields):
        fields["Content-Length"] = len(body)
    lines = [f"{method} {path} {version}"] + [f"{k}: {v}" for k, v in fields.items() if v is not None]
    return "\r\n".join([*lines, "", ""]).encode() + body


def label(value):
    """Of a case in a table, for pytest."""
    return " ".join(str(v) for v in value)[:90] if isinstance(value, tuple) else None


class Guarded:
    """${mounts}: what stands in the line "mount" of the file, which allows none."""

    def __init__(self, engine, target, lb, mounts=None):
        self.engine = engine
        self.name = "docker-proxy-" + uuid.uuid4().hex[:8]
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dp-", dir="/tmp"))
        self.dir.chmod(0o755)
        for daemon in DAEMONS:
            (self.dir / daemon).mkdir()
        self.recorder = Recorder(engine.socket, self.dir / "engine")
        self.conf = self.dir / "docker-proxy.conf"
        self.conf.write_text(self._fit(CONF.read_text(), target, lb, mounts))
        try:
            self._run()
            self.wait_up()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _fit(text, target, lb, mounts):
        edits = [("default app;", f"default {target};"), ("default lb;", f"default {lb};")]
        if mounts:
            edits.append(("(?<mount>(?!))", f"(?<mount>{mounts})"))
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text

    def _run(self):
        """As docker-compose.yml does it."""
        self.engine.run(
            "run", "--detach", "--name", self.name, "--init", "--network", "none", "--read-only",
            "--user", "0:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--tmpfs", "/tmp:mode=1777", "--volume", f"{self.conf}:/etc/nginx/docker-proxy.conf:ro",
            "--volume", f"{self.dir / 'engine'}:/var/run/docker.sock",
            *[x for d in DAEMONS for x in ("--volume", f"{self.dir / d}:/run/docker-proxy/{d}")],
            "--entrypoint", "sh", NGINX_IMAGE, "-c",
            "rm -f /run/docker-proxy/*/docker.sock;"
            " exec nginx -c /etc/nginx/docker-proxy.conf -g 'daemon off;'")

    def wait_up(self):
        def up():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return all(self.ask(d, "GET", "/version")[0] == 200 for d in DAEMONS)
        wait_for(up, 20, self.log)

    def close(self):
        self.engine.remove([self.name])
        self.recorder.close()
        shutil.rmtree(self.dir)

    def socket(self, daemon):
        return self.dir / daemon / "docker.sock"

    def host(self, daemon):
        return f"unix://{self.socket(daemon)}"

    def log(self):
        """What the proxy said, the newest 200 lines."""
        return self.engine.logs(self.name, 200)

    def refused(self):
        """Request lines that it refused, as its log tells them."""
        return [line.split(' "', 1)[1].rstrip('"') for line in self.log().splitlines()
                if ' 403 "' in line]

    @property
    def reached(self):
        """Request lines that reached the engine."""
        return self.recorder.lines

    def send(self, daemon, data, timeout=20.0):
        """Send bytes to the socket of a daemon: status and body of the answer."""
        with unix_socket(self.socket(daemon), timeout) as s:
            with contextlib.suppress(BrokenPipeError):  # refused before all was sent
                s.sendall(data)
            reply = http.client.HTTPResponse(s, method=data.split(b" ", 1)[0].decode())
            reply.begin()
            return reply.status, reply.read()

    def ask(self, daemon, method, path, body=None, **headers):
        """One call; status and decoded body of the answer.  ${body}: bytes, or what is to be JSON."""
        if not isinstance(body, (bytes, type(None))):
            body = compact(body)
        status, data = self.send(daemon, request(method, path, body or b"", **headers))
        try:
            return status, json.loads(data)
        except ValueError:
            return status, data


def compact(value):
    """JSON as the suite writes it: no white space, UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Yard:
    """A template, a load balancer and somebody else's container, which all sleep, and the engine behind
    the proxy."""

    def __init__(self, engine):
        self.engine = engine
        name = uuid.uuid4().hex[:6]
        self.network = f"test-{name}"
        self.names = {"app": f"svc-{name}", "lb": f"lb-{name}", "other": f"other-{name}"}
        engine.run("network", "create", self.network)
        for role, container in self.names.items():
            engine.run("run", "--detach", "--init", "--name", container, "--network", self.network,
                       "--stop-timeout", "1", "--label", f"agentic.target={role == 'app'}".lower(),
                       NGINX_IMAGE, "sleep", "infinity")
        self.inspects = self.inspect()
        self.names |= {r + "_id": self.inspects[self.names[r]]["Id"] for r in ("app", "other")}
        self.docker = Guarded(engine, self.names["app"], self.names["lb"])

    def inspect(self):
        """What the engine says of each container."""
        return {n: self.engine.inspect(n) for r, n in self.names.items() if not r.endswith("_id")}

    def fill(self, value):
        """The table's {app}, {lb} … in a path, or in a body, which comes as bytes."""
        if value is None:
            return None
        text = value if isinstance(value, str) else \
            (value if isinstance(value, bytes) else compact(value)).decode()
        for name, own in self.names.items():
            text = text.replace("{%s}" % name, own)
        return text if isinstance(value, str) else text.encode()

    def replicas(self):
        return self.engine.names(f"name={self.names['app']}-")

    def assert_refused(self, daemon, data, status=403):
        """The proxy answers so, and nothing reaches the engine."""
        reached = len(self.docker.reached)
        got, body = self.docker.send(daemon, data)
        assert self.docker.reached[reached:] == []
        assert got == status if status else 400 <= got < 600, (got, body)
        if got == 403 and body:
            assert json.loads(body)["message"]

    def close(self):
        self.docker.close()
        self.engine.remove(list(self.names.values())[:3] + self.replicas())
        self.engine.run("network", "rm", self.network)

    def assert_untouched(self):
        """All that was asked changed nothing of the three."""
        now = self.inspect()
        for name, before in self.inspects.items():
            for key in ("Id", "Name", "State", "RestartCount", "HostConfig", "Config"):
                assert now[name][key] == before[key], (name, key)
