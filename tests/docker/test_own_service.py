"""docs/your-service.md, word by word: a service of another compose project is scaled, and left as
it was."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.request

import pytest

from support.compose import QUICK, path_with_docker
from support.documents import block, commands, read, section
from support.procs import ROOT, free_port, wait_for

DOCUMENT = read("docs/your-service.md")
NEEDED = ("docker-compose.yml", "docker-compose.override.yml", "deploy", "nginx")

# The image that the document calls shop-web: any service would do; this one tells who answers.
SHOP = """FROM agentic-autoscaler
ENV PORT=8000 EXTRA_DELAY_MS=120 APP_CONCURRENCY=8
CMD ["app"]
"""

class Shop:
    """Somebody's project and a clone of ours, in two folders."""

    def __init__(self, engine, folder):
        self.engine = engine
        self.theirs, self.ours = folder / "shop", folder / "agentic-autoscaler"
        self.theirs.mkdir()
        self.ours.mkdir()
        for name in NEEDED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.ours / name)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        # The environment counts before .env: what nobody else has, and the tests' engine.
        self.env = {**engine.env, **{n: v for n, v in QUICK.items() if "REPLICAS" not in n},
                    "PATH": path_with_docker(folder / "bin"), "DOCKER_SOCK": engine.socket,
                    "LB_PORT": str(self.port), "LB_CONTAINER": "shop-lb",
                    "DASHBOARD_HOST_PORT": str(free_port())}

    def shell(self, folder, line):
        p = subprocess.run(["sh", "-ec", line], cwd=folder, env=self.env, capture_output=True,
                           text=True, timeout=120, stdin=subprocess.DEVNULL)
        assert p.returncode == 0, f"{line}\n{p.stdout}\n{p.stderr}\n{self.report()}"

    def replicas(self):
        return self.engine.names("label=agentic.replica-of=web")

    def served_by(self, requests=12):
        """Short ids of the containers that answered; None while there is no answer."""
        try:
            hosts = set()
            for _ in range(requests):
                with urllib.request.urlopen(self.url, timeout=10) as reply:
                    hosts.add(json.loads(reply.read())["host"])
            return hosts
        except OSError:
            return None

    def report(self):
        return "\n".join(f"--- {n}\n{self.engine.logs(n, 12)}" for n in self.engine.names())

    def close(self):
        """Whatever a test left."""
        self.engine.remove(self.engine.names("label=agentic.replica-of=web"))
        for folder in (self.ours, self.theirs):
            subprocess.run(["sh", "-c", "docker compose down -v -t 1"], cwd=folder, env=self.env,
                           capture_output=True, timeout=120, check=False)


@pytest.fixture
def shop(engine, suite_image, tmp_path):
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "Dockerfile").write_text(SHOP)
    engine.run("build", "--quiet", "--tag", "shop-web", tmp_path / "image")
    there = Shop(engine, tmp_path)
    try:
        yield there
    finally:
        there.close()


def test_the_documented_lines_scale_the_service_of_another_project(engine, shop, spawn):
    compose_file = pathlib.Path(shop.theirs, "docker-compose.yml")
    before, after = block(DOCUMENT, "before"), block(DOCUMENT, "after")
    compose_file.write_text(before.replace("8000:8000", f"127.0.0.1:{free_port()}:8000"))
    shop.shell(shop.theirs, "docker compose up -d")

    # Theirs, with what is changed; then ours.
    changed = (set(after.splitlines()) ^ set(before.splitlines())) - {"# before", "# after"}
    assert len(changed) == 3
    compose_file.write_text(after)
    for line in commands(section(DOCUMENT, "Three lines of yours")):
        shop.shell(shop.theirs, line)
    settings = block(DOCUMENT, ".env")
    ours = commands(section(DOCUMENT, "Five settings of ours"))
    assert len(changed) + len(settings.splitlines()) - 1 + len(ours) == 10
    pathlib.Path(shop.ours, ".env").write_text(settings)
    for line in ours:
        if line.startswith("docker build"):  # done: the image is the session's
            assert line.endswith(" -t agentic-autoscaler .")
            continue
        shop.shell(shop.ours, line)

    # It is held to MIN_REPLICAS, and all take part.
    wait_for(lambda: len(shop.served_by() or ()) == 2, 60, shop.report, every=0.3)
    assert shop.replicas() == ["web-dup-1"]
    template = engine.inspect("web")["Id"]

    # One replica serves 66 requests a second.
    load = spawn("load", "--url", shop.url, "--timeout", "30", "--phase", "40@160")
    wait_for(lambda: len(shop.replicas()) >= 2 and len(shop.served_by(24) or ()) >= 3, 40, shop.report,
             every=0.3)
    assert load.wait(90) == 0, load.stdout() + load.stderr()

    for line in commands(section(DOCUMENT, "Away with it")):
        shop.shell(shop.ours, line)
    assert shop.replicas() == []
    assert engine.names("label=com.docker.compose.project=agentic-autoscaler") == []
    assert engine.inspect("web")["Id"] == template and engine.inspect("web")["State"]["Running"]


def test_a_name_that_is_none_is_refused(tmp_path):
    """TARGET and LB_CONTAINER go into the Docker proxy's configuration: nothing but a name does."""
    text = (ROOT / "docker-compose.yml").read_text()
    script = re.search(r"- \|\n(        for name in.*?)        rm -f", text, re.S)[1]
    original, conf = ROOT / "nginx" / "docker-proxy.conf", tmp_path / "docker-proxy.conf"
    script = script.replace("$$", "$").replace("/etc/nginx/docker-proxy.conf", str(original))
    script = script.replace("/tmp/docker-proxy.conf", str(conf))

    def fit(target, lb="lb"):
        env = {"PATH": os.environ["PATH"], "TARGET": target, "LB_CONTAINER": lb}
        return subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=False)

    for bad in ("", "-x", "a b", "a;b", "a/b", "a&b", "a\n b", "a\\", '"', "$lb", "é"):
        for p in (fit(bad), fit("app", bad)):
            assert p.returncode == 1 and "is no name of a container" in p.stderr, bad
            assert not conf.exists(), bad
    assert fit("my-app.v2_x", "front-1").returncode == 0
    changed = set(conf.read_text().splitlines()) ^ set(original.read_text().splitlines())
    assert {line.strip() for line in changed} == {
        "default app;", "default my-app.v2_x;", "default lb;", "default front-1;"}
