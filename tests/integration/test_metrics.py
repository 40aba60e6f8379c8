"""/metrics of every daemon, and what is built on it: docs/metrics.md, the rules of deploy/prometheus
and the dashboard of deploy/grafana."""

import contextlib
import json
import math
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from support.metrics import parse
from support.nginx import LoadBalancer
from support.planner import Planner, metrics
from support.procs import ROOT, Process, binary, free_port, wait_for
from support.redis import RedisServer

DAEMONS = ["monitor", "planner", "executor", "watcher", "subscriber", "dashboard"]
EVERY = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
         "process_start_time_seconds", "agentic_build_info", "agentic_dependency_up"}
TARGET = "shop-of-wonders"  # as a user may name a container: it must not become a label
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "agentic.rules.yml"
RULE_TESTS = sorted((ROOT / "tests" / "prometheus").glob("*.test.yml"))
BOARD = ROOT / "deploy" / "grafana" / "agentic-autoscaler.json"
NAME = re.compile(r"(?<![:\w])(?:agentic|process)_[a-z0-9_]+\b")


def read(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
        assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return reply.read().decode()


def promtool(*args, stdin=None):
    """What it printed; the assertion fails where it has an objection."""
    p = subprocess.run(["promtool", *map(str, args)], input=stdin, capture_output=True, text=True,
                       timeout=60)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout + p.stderr


class Suite:
    """All daemons, the app and nginx; no Docker Engine, which none needs to serve its figures."""

    def __init__(self, stack, directory):
        self.stack = stack
        self.ports = {name: free_port() for name in [*DAEMONS, "app"]}
        self.redis = RedisServer()
        stack.callback(self.redis.close)
        app_port = free_port()
        self.start("app", PORT=app_port, BIND="127.0.0.1", EXTRA_DELAY_MS=5)
        self.lb = LoadBalancer([app_port])
        stack.callback(self.lb.close)
        self.lb.start()
        self.start("planner", WARMUP_WINDOWS=2)
        self.start("executor")
        self.start("watcher", CONF_DIR=directory, LB_URL=self.lb.status_url)
        self.start("subscriber")
        self.start("dashboard", DASHBOARD_PORT=free_port())
        self.start("monitor", SAMPLE_INTERVAL=0.3, PROBE_REQUESTS=5, TIMEOUT_S=1, **self.lb.env)

    def start(self, name, **env):
        of_all = {**self.redis.env, "DOCKER_HOST": "unix:///nonexistent/docker.sock",
                  "TARGET": TARGET, "HTTP_PORT": self.ports[name]}
        p = Process([binary(name)], env={**of_all, **env})
        self.stack.callback(p.close)
        wait_for(lambda: 'msg="started"' in p.stderr(), what=p.stderr)

    def text(self, name):
        return read(self.ports[name])

    def families(self, name):
        return parse(self.text(name))


def requests_by_class(suite):
    samples = suite.families("monitor")["agentic_monitor_requests_total"].samples
    return {dict(pairs)["code"]: n for (_, pairs), n in samples.items() if n > 0}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """A suite in which windows are measured and decided about, and which has had users' requests."""
    with contextlib.ExitStack() as stack:
        s = Suite(stack, tmp_path_factory.mktemp("conf.d"))
        wait_for(lambda: "agentic_watcher_servers" in s.text("watcher"), what="the watcher")
        wait_for(lambda: s.families("planner")["agentic_planner_windows_total"]
                 .value(objective="met") >= 2, what=lambda: s.text("planner"))
        for _ in range(7):
            urllib.request.urlopen(s.lb.url, timeout=5).close()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(s.lb.url + "?delay_ms=x", timeout=5)
        wait_for(lambda: requests_by_class(s) == {"2xx": 7, "4xx": 1},
                 what=lambda: s.text("monitor"))
        yield s


@pytest.fixture(scope="module")
def served(suite):
    """What each serves, by name: {"monitor": {"agentic_…": Family}}."""
    return {name: suite.families(name) for name in [*DAEMONS, "app"]}


@pytest.fixture(scope="module")
def known(served):
    """Every family that some daemon serves, by name."""
    return {name: family for families in served.values() for name, family in families.items()}


# ---- /metrics ----

@pytest.mark.parametrize("name", [*DAEMONS, "app"])
def test_prometheus_finds_nothing_to_object_to(suite, name):
    assert promtool("check", "metrics", stdin=suite.text(name)) == ""


def test_promtool_would_object():
    with pytest.raises(AssertionError):
        promtool("check", "metrics", stdin="# HELP x_total X\n# TYPE x_total gauge\nx_total 1\n")


@pytest.mark.parametrize("name", [*DAEMONS, "app"])
def test_what_every_daemon_serves(served, name):
    families = served[name]
    lacking = EVERY - set(families) - ({"agentic_dependency_up"} if name == "app" else set())
    assert not lacking
    version = (ROOT / "VERSION").read_text().strip()
    assert families["agentic_build_info"].samples == {
        ("agentic_build_info", (("version", version),)): 1}
    own = set(families) - EVERY
    assert own and all(n.startswith(f"agentic_{name}_") for n in own)
    for family in families.values():
        assert family.samples and family.help
        assert family.name.endswith("_total") == (family.type == "counter"), family.name


def test_nothing_that_a_user_names_is_a_label(suite):
    for name in [*DAEMONS, "app"]:
        text = suite.text(name)
        assert TARGET not in text and "127.0.0.1" not in text, text


def test_histograms_agree_with_what_they_are_of(suite):
    monitor = suite.families("monitor")
    probes = monitor["agentic_monitor_probes_total"]
    ended = probes.value(result="ok") + probes.value(result="failed")
    assert monitor["agentic_monitor_probe_duration_seconds"].value("_count") == ended > 10

    requests = monitor["agentic_monitor_request_duration_seconds"]
    assert requests.value("_count") == 8
    assert 7 * 0.004 <= requests.value("_sum") < 7 * 10  # nginx cuts off to whole milliseconds

    app = suite.families("app")
    assert (app["agentic_app_request_duration_seconds"].value("_count")
            == app["agentic_app_requests_total"].value() >= ended + 7)

    planner = suite.families("planner")
    answered = planner["agentic_planner_alerts_total"].value()
    for name in ("alert_delay", "decision_duration"):
        assert planner[f"agentic_planner_{name}_seconds"].value("_count") == answered
    windows = planner["agentic_planner_windows_total"]
    assert 2 <= windows.value(objective="met") + windows.value(objective="missed") <= answered


def test_buckets_grow_and_end_on_the_count(known):
    histograms = [f for f in known.values() if f.type == "histogram"]
    assert len(histograms) >= 8
    for f in histograms:
        ends, counts = zip(*f.buckets())
        assert list(ends) == sorted(set(ends)) and math.isinf(ends[-1])
        assert list(counts) == sorted(counts) and counts[-1] == f.value("_count"), f.name


def test_the_last_alert_has_a_time(suite):
    def heard():
        family = suite.families("planner")["agentic_planner_last_alert_timestamp_seconds"]
        return family.value()

    first = heard()
    started = suite.families("planner")["process_start_time_seconds"].value()
    assert first > started
    wait_for(lambda: heard() > first, what="another alert")


def test_a_missed_objective_counts(redis_server, spawn):
    p = Planner(spawn, redis_server, TARGET_P95_MS=100, HTTP_PORT=free_port())
    p.ask(90)
    p.ask(110)
    wait_for(lambda: metrics(p)['agentic_planner_windows_total{objective="missed"}'] == 1)
    assert metrics(p)['agentic_planner_windows_total{objective="met"}'] == 1
    assert metrics(p)["agentic_planner_objective_seconds"] == 0.1


# ---- docs/metrics.md ----

def documented():
    """{(daemon, metric): (type, labels)}, daemon "all" for what every daemon serves."""
    found, daemon = {}, None
    for line in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        if line.startswith("## "):
            daemon = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| `"):
            continue
        assert len(cells) == 4 and len(cells[3]) > 5, line
        found[daemon, cells[0].strip("`")] = cells[1], set(re.findall(r"`(\w+)`", cells[2]))
    return found


def test_every_metric_stands_in_the_document_and_no_other(served):
    actual = {("all" if name in EVERY else daemon, name): (family.type, family.labels)
              for daemon, families in served.items() for name, family in families.items()}
    assert documented() == actual


# ---- deploy/prometheus ----

def rules():
    """[(kind, name, text of the rule), …] of the file of rules."""
    parts = re.split(r"^ *- (record|alert): (\S+)\n", RULES.read_text(), flags=re.M)
    return list(zip(parts[1::3], parts[2::3], parts[3::3]))


def alerts():
    return {name: text for kind, name, text in rules() if kind == "alert"}


def base(name, known):
    """The family that a series belongs to."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return stem if stem in known and known[stem].type == "histogram" else name


def test_prometheus_takes_configuration_and_rules():
    assert "SUCCESS" in promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert "SUCCESS" in promtool("check", "rules", RULES)


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.name)
def test_rules_fire_when_they_should(file):
    assert "SUCCESS" in promtool("test", "rules", file)


def test_every_alert_fires_in_the_tests_of_the_rules():
    text = "".join(file.read_text() for file in RULE_TESTS)
    for name in alerts():
        cases = re.findall(rf"alertname: {name}\n *exp_alerts:(.*)\n", text)
        assert any(case != " []" for case in cases), f"{name} never fires in the tests"
        assert " []" in cases, f"{name} always fires in the tests"


def test_every_alert_says_what_to_do():
    headings = re.findall(r"^#+ (\S+)$", (ROOT / "docs" / "operations.md").read_text(), re.M)
    for name, text in alerts().items():
        assert re.search(r"^ *severity: (critical|warning)$", text, re.M), name
        assert re.search(r"^ *summary: ", text, re.M), name
        assert f"runbook: docs/operations.md#{name.lower()}\n" in text, name
        assert name in headings, f"docs/operations.md has no heading {name}"


def test_rules_are_about_metrics_that_are_served(known):
    made = {name for kind, name, _ in rules() if kind == "record"}
    for _, rule, text in rules():
        for name in NAME.findall(text):
            assert base(name, known) in known, f"{rule}: {name}"
        assert set(re.findall(r"\bservice:\w+:\w+", text)) <= made, rule


def test_the_ports_are_the_same_everywhere():
    config = (PROMETHEUS / "prometheus.yml").read_text()
    scraped = dict(re.findall(r'targets: \["127\.0\.0\.1:(\d+)"\]\n *labels: \{daemon: (\w+)', config))
    assert sorted(scraped.values()) == sorted(DAEMONS)
    published = re.findall(r'^  (\w+):\n.*\n +ports: \["127\.0\.0\.1:(\d+):9100"\]',
                           (PROMETHEUS / "compose.yml").read_text(), re.M)
    assert {port: name for name, port in published} == scraped
    told = re.findall(r"^\| (\w+) \| (\d+) \|$", (PROMETHEUS / "README.md").read_text(), re.M)
    assert {port: name for name, port in told} == scraped


def test_compose_publishes_these_ports():
    v2 = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    compose = ["docker", "compose"] if v2.returncode == 0 else ["docker-compose"]
    merged = subprocess.run(
        [*compose, "-f", ROOT / "docker-compose.yml", "-f", PROMETHEUS / "compose.yml", "config"],
        capture_output=True, text=True, timeout=60, check=True).stdout
    assert re.findall(r"HTTP_BIND: (\S+)", merged) == 6 * ["0.0.0.0"]
    for port in range(9461, 9467):
        assert re.search(rf"\b{port}\b", merged), port
    assert re.findall(r"\b9467\b", merged) == []


class Prometheus:
    """One that scrapes ${suite} by deploy/prometheus, each second and by its ports."""

    def __init__(self, suite, directory, spawn):
        text = (PROMETHEUS / "prometheus.yml").read_text().replace("interval: 15s", "interval: 1s")
        for port, name in re.findall(r"127\.0\.0\.1:(\d+).*\n.*daemon: (\w+)", text):
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{suite.ports[name]}")
        (directory / "prometheus.yml").write_text(text)
        (directory / RULES.name).write_text(RULES.read_text())
        self.port = free_port()
        self.process = spawn("/usr/bin/prometheus", f"--config.file={directory}/prometheus.yml",
                             f"--storage.tsdb.path={directory}/data",
                             f"--web.listen-address=127.0.0.1:{self.port}")

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            return json.load(reply)["data"]

    def query(self, expr):
        """{labels that tell the series apart: value}; {} while it starts."""
        try:
            found = self.get("query", query=expr)["result"]
        except OSError:
            return {}
        return {tuple(sorted(r["metric"].items())): float(r["value"][1]) for r in found}

    def rules(self):
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]


def test_a_prometheus_reads_them_all(suite, spawn, tmp_path):
    p = Prometheus(suite, tmp_path, spawn)
    wait_for(lambda: list(p.query('up{job="agentic",service="app"}').values()) == 6 * [1], 30,
             what=p.process.stderr)
    wait_for(lambda: p.query(filled("max(agentic_planner_p95_seconds)")), 30)
    wait_for(lambda: all(r["health"] == "ok" for r in p.rules()), 30, what=p.rules)
    assert {r["name"] for r in p.rules()} == {name for _, name, _ in rules()}
    for expr in board_expressions():
        p.get("query", query=filled(expr))  # 400 for one that cannot be evaluated

    # There is no Docker Engine.
    wait_for(lambda: {dict(labels)["daemon"]
                      for labels in p.query('ALERTS{alertname="AgenticDockerDown"}')}
             == {"monitor", "executor", "watcher"}, 30, what=p.rules)


# ---- deploy/grafana ----

def expressions(node):
    """Every query in the dashboard."""
    if isinstance(node, list):
        for item in node:
            yield from expressions(item)
    elif isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        for item in node.values():
            yield from expressions(item)


def board_expressions():
    return list(expressions(json.loads(BOARD.read_text())))


def filled(expr):
    """With the variables that Grafana fills in."""
    return expr.replace("$__rate_interval", "5m").replace("$service", "app")


def test_the_dashboard_asks_for_what_is_served(known, tmp_path):
    found = board_expressions()
    assert len(found) > 20
    for expr in found:
        names = NAME.findall(expr)
        assert names or "up{" in expr, expr
        for name in names:
            assert base(name, known) in known, expr

    lines = ["groups:", "- name: dashboard", "  rules:"]
    for n, expr in enumerate(found):
        assert "$" not in filled(expr), expr
        lines += [f"  - record: panel_{n}", f"    expr: {json.dumps(filled(expr))}"]
    file = tmp_path / "panels.yml"
    file.write_text("\n".join(lines) + "\n")
    assert f"{len(found)} rules found" in promtool("check", "rules", file)


def test_the_dashboard_can_be_imported():
    board = json.loads(BOARD.read_text())
    assert board["id"] is None and board["title"] and board["uid"]
    assert [v["name"] for v in board["templating"]["list"]] == ["datasource", "service"]
    panels = board["panels"]
    assert len({p["id"] for p in panels}) == len(panels)
    taken = set()
    for p in panels:
        assert p["title"], p["id"]
        if p["type"] != "row":
            assert p["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, p["title"]
            assert p["targets"] and p["description"], p["title"]
        at = p["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, p["title"]
        taken |= cells
