"""The compose file as a project of its own on the engine of the tests."""

import json
import os
import shutil
import subprocess
import urllib.request

from support.engine import SUITE_IMAGE, command
from support.procs import free_port, wait_for

# As docker-compose.yml, with times in which a test can see a rise and a fall.
QUICK = {
    "SAMPLE_INTERVAL": "0.5",
    "PROBE_REQUESTS": "10",
    "DOWN_HOLD_SEC": "6",
    "MIN_REPLICAS": "2",
    "MAX_REPLICAS": "4",
}


# A `docker` that knows `docker compose` where the machine has docker-compose only.
SHIM = """#!/bin/sh
if [ "${1:-}" = compose ] && ! %(docker)s compose version >/dev/null 2>&1; then
	shift
	exec docker-compose "$@"
fi
exec %(docker)s "$@"
"""


def path_with_docker(folder):
    """A PATH on which `docker compose` is there, as the documents write it; ${folder} is made."""
    folder.mkdir()
    shim = folder / "docker"
    shim.write_text(SHIM % {"docker": shutil.which("docker")})
    shim.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def _version():
    """The words of the compose command: v2 where it is, else docker-compose."""
    v2 = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ["docker", "compose"] if v2.returncode == 0 else ["docker-compose"]


class Compose:
    def __init__(self, engine, project):
        self.engine = engine
        self.project = project
        self.command = _version()
        lb, dashboard = free_port(), free_port()
        self.url = f"http://127.0.0.1:{lb}/"
        self.dashboard = f"http://127.0.0.1:{dashboard}/"
        self.env = dict(engine.env, **QUICK, COMPOSE_PROJECT_NAME=project, SUITE_IMAGE=SUITE_IMAGE,
                        DOCKER_SOCK=engine.socket, LB_PORT=str(lb),
                        DASHBOARD_HOST_PORT=str(dashboard))

    def run(self, *args, timeout=60):
        return command([*self.command, *args], timeout, self.env)

    def services(self):
        """Service name -> id of its container, running or not; replicas are not among them."""
        found = [self.engine.inspect(i) for i in self.run("ps", "--all", "--quiet").split()]
        return {c["Config"]["Labels"]["com.docker.compose.service"]: c["Id"] for c in found
                if c and "agentic.replica-of" not in c["Config"]["Labels"]}

    def unwell(self):
        """Services that are not running and healthy, with what they are; one that runs only once
        should have ended well."""
        states = {s: self.engine.inspect(i)["State"] for s, i in self.services().items()}
        found = {s: (st["Status"], st["Health"]["Status"] if "Health" in st else st["ExitCode"])
                 for s, st in states.items()}
        return {s: f for s, f in found.items() if f not in (("running", "healthy"), ("exited", 0))}

    def up(self):
        try:
            self.run("up", "--detach", timeout=150)
            wait_for(lambda: not self.unwell(), 60, self.report, every=0.5)
        except (AssertionError, subprocess.TimeoutExpired) as e:
            raise AssertionError(f"{e}\n{self.report()}") from None

    def down(self):
        """As `make down` does it."""
        command(["scripts/down"], 150, self.env)

    def left(self):
        """What is still there of the project: containers, networks, volumes."""
        label = f"label=com.docker.compose.project={self.project}"
        replicas = self.engine.names("label=agentic.replica-of=app")
        networks = self.engine.run("network", "ls", "--quiet", "--filter", label).split()
        volumes = self.engine.run("volume", "ls", "--quiet", "--filter", label).split()
        return self.engine.names(label) + replicas + networks + volumes

    def report(self):
        """The ends of all logs, for error messages."""
        return "\n".join(f"--- {s}: {self.unwell().get(s, 'well')}\n{self.engine.logs(i, 25)}"
                         for s, i in self.services().items())

    def get(self, url, timeout=10):
        with urllib.request.urlopen(url, timeout=timeout) as reply:
            return reply.read()

    def container(self, service):
        """Name of a service's container."""
        labels = [f"label=com.docker.compose.{k}={v}"
                  for k, v in (("project", self.project), ("service", service))]
        return self.engine.names(*labels)[0]

    def in_redis(self, uid, *command):
        """What a command prints that runs in the container of Redis, as ${uid}."""
        return self.engine.run("exec", "--user", uid, self.container("redis"), *command)

    def secret(self, user, uid):
        """The password of a user of Redis, which ${uid} can read."""
        return self.in_redis(uid, "cat", f"/run/keys/{user}").strip()

    def redis(self, user, uid, *command):
        """What redis-cli prints for one command of a user of Redis."""
        script = '{ printf "AUTH $0 "; cat "/run/keys/$0"; echo "$@"; } | redis-cli --raw'
        return self.in_redis(uid, "sh", "-c", script, user, *command)

    def messages(self, channel):
        """What was published on ${channel}, oldest first."""
        lines = self.redis("subscriber", "10015", "xrange", f"agentic:{channel}", "-", "+").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def served_by(self, requests=12):
        """Short ids of the containers that answered so many requests through the load balancer."""
        return {json.loads(self.get(self.url))["host"] for _ in range(requests)}
