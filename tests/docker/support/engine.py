"""A Docker Engine for tests, driven through the docker command.

    engine = Engine("unix:///run/x/sock")
    engine.run("run", "--detach", "--name", "app", "agentic-autoscaler", "app")
    engine.inspect("app")["State"]["Running"]
"""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import zlib

from support.procs import BUILD, ROOT

SUITE_IMAGE = "agentic-autoscaler"
REDIS_IMAGE = os.environ.get("REDIS_IMAGE", "redis:8")
NGINX_IMAGE = os.environ.get("NGINX_IMAGE", "nginx:1.30")


def command(args, timeout, env=None, check=True):
    """Run a program; its standard output as text.  AssertionError with all it said on failure."""
    p = subprocess.run([str(a) for a in args], env=env, cwd=ROOT, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=timeout)
    if check and p.returncode != 0:
        raise AssertionError(f"{args} exited {p.returncode}\n{p.stdout[-8000:]}\n{p.stderr[-8000:]}")
    return p.stdout


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket of the file system."""

    def __init__(self, path, timeout=60.0):
        super().__init__("docker", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """${shared}: others may be at work on it."""

    def __init__(self, host, shared=True):
        self.host, self.shared = host, shared
        self.socket = host.removeprefix("unix://")
        self.env = dict(os.environ, DOCKER_HOST=host, DOCKER_BUILDKIT="0",
                        COMPOSE_DOCKER_CLI_BUILD="0")

    def run(self, *args, timeout=60, check=True):
        """`docker ARGS`; its standard output."""
        return command(["docker", *args], timeout, self.env, check)

    def call(self, method, path, body=None):
        """One call of the engine's API, without the cost of a docker command; the decoded answer,
        None where it is empty.  AssertionError for an answer that is no success."""
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, json.dumps(body) if body else None,
                               {"Content-Type": "application/json"})
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        assert reply.status < 300, (method, path, reply.status, data)
        return json.loads(data) if data else None

    def script(self, name, *args, timeout=600):
        """Run scripts/NAME against this engine."""
        return command([ROOT / "scripts" / name, *args], timeout, self.env)

    def inspect(self, name):
        """What the engine knows of a container; None when there is none of that name."""
        text = self.run("container", "inspect", name, check=False)
        found = json.loads(text) if text.strip() else []
        return found[0] if found else None

    def names(self, *filters):
        """Names of the containers, running or not, that match all of ${filters} ("label=a=b")."""
        args = [x for f in filters for x in ("--filter", f)]
        return sorted(self.run("ps", "--all", "--format", "{{.Names}}", *args).split())

    def address(self, name):
        """Address of a container on its first network."""
        networks = self.inspect(name)["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"]

    def logs(self, name, lines=60):
        """The end of a container's log, for error messages."""
        p = subprocess.run(["docker", "logs", "--tail", str(lines), name], env=self.env,
                           capture_output=True, text=True, timeout=30)
        return p.stdout + p.stderr

    def remove(self, names):
        """Remove containers with their anonymous volumes; fine when they are gone."""
        if names:
            self.run("rm", "--force", "--volumes", *names, check=False)

    def remove_everything(self):
        """Containers, networks and volumes; images stay."""
        self.remove(self.run("ps", "--all", "--quiet").split())
        networks = self.run("network", "ls", "--quiet", "--filter", "type=custom").split()
        if networks:
            self.run("network", "rm", *networks, check=False)
        volumes = self.run("volume", "ls", "--quiet").split()
        if volumes:
            self.run("volume", "rm", "--force", *volumes, check=False)


@contextlib.contextmanager
def private_engine():
    """An engine with the base images: a private one that keeps nothing but images (in
    $BUILD/docker-data), or the one AGENTIC_TEST_DOCKER_HOST names."""
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
        private = Engine(f"unix://{run}/sock", shared=False)
        try:
            private.remove_everything()  # of a run that was killed
            private.script("images")
            yield private
        finally:
            private.remove_everything()
            private.run("image", "prune", "--force", "--filter", "until=168h")
    finally:
        command([script, "stop", run, data], timeout=90)


def build_suite_image(engine):
    """Build the image of the suite's programs from the tree as it is now; its name."""
    engine.run("build", "--quiet", "--network", "host", "--tag", SUITE_IMAGE, ".", timeout=400)
    return SUITE_IMAGE
