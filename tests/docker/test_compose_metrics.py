"""docker-compose.yml with deploy/prometheus/compose.yml beside it."""

import re

from support.compose import Compose
from support.metrics import parse
from support.procs import ROOT, free_port, wait_for

BESIDE = ROOT / "deploy" / "prometheus" / "compose.yml"


def test_each_daemon_can_be_scraped_from_this_machine(engine, suite_image, tmp_path):
    ports = {}
    text = BESIDE.read_text()
    for name, port in re.findall(r"^  (\w+):\n.*\n.*127\.0\.0\.1:(\d+):9100", text, re.M):
        ports[name] = free_port()
        text = text.replace(f":{port}:", f":{ports[name]}:")
    assert len(ports) == 6
    beside = tmp_path / "compose.yml"
    beside.write_text(text)

    project = Compose(engine, "agenticmetrics")
    project.env["COMPOSE_FILE"] = ":".join(
        str(ROOT / name) for name in ("docker-compose.yml", "docker-compose.override.yml", beside))

    def read(name):
        return parse(project.get(f"http://127.0.0.1:{ports[name]}/metrics").decode())

    try:
        project.up()
        for name in ports:
            up = read(name)["agentic_dependency_up"]
            assert set(up.samples.values()) == {1}, (name, up.samples)
        assert read("watcher")["agentic_watcher_servers"].value() >= 1
        wait_for(lambda: read("planner")["agentic_planner_alerts_total"].value() > 0, 20)
    finally:
        project.down()
    assert project.left() == []
