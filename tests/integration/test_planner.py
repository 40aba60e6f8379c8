"""The planner as a process over a real Redis, held against an oracle of the classic law."""

import json
import random
import re

import pytest

from support.classic import Classic
from support.planner import START, Planner, alert, metrics
from support.procs import free_port, wait_for

BATCH = 100  # alerts in flight: fewer than the bus holds back for a slow Redis


@pytest.fixture
def planner(spawn, redis_server):
    def start(**settings):
        return Planner(spawn, redis_server, **{"PLANNER_POLICY": "classic", **settings})

    return start


def result(wanted=None, status="ok", target="app", **more):
    """What the executor reports."""
    result.count += 1
    message = {"ts": START, "id": f"result-{result.count}", "action": "scale_up", "target": target, "reason": "",
               "result": {"status": status, "message": ""}, "duration_ms": 1, **more}
    if wanted is not None:
        message["wanted"] = wanted
    return message


result.count = 0


# --- decision for decision ---

class Service:
    """Windows that look for trouble: regimes, ties, zeros, and values exactly on the thresholds of
    the law that decides about them."""

    def __init__(self, seed, law):
        self.rng, self.law = random.Random(seed), law
        self.ts_ms = round(START * 1000)
        self.level, self.left = 120.0, 0

    def _p95(self):
        rng, law = self.rng, self.law
        if not self.left:
            self.level = rng.choice([0.0, 2.0, 4.0, 100.0, 120.0, 120.0, 120.0, 900.0])
            self.left = rng.randrange(1, 40)
        self.left -= 1
        middle = sorted(law.history)[len(law.history) // 2] if law.history else self.level
        return rng.choice([
            lambda: self.level,
            lambda: self.level,
            lambda: abs(rng.gauss(self.level, 0.4)),
            lambda: abs(rng.gauss(self.level, self.level / 4)),
            lambda: round(self.level * rng.choice([0.5, 1, 1.05, 2, 3]), 1),
            lambda: middle * law.alpha_up,
            lambda: middle * law.beta_down + 5.0,
            lambda: middle + 6.0,
            lambda: self.level * rng.uniform(1, 20) if rng.random() < 0.2 else self.level,
        ])()

    def window(self):
        """(p95_ms, replicas, ts) of the next window."""
        rng, law = self.rng, self.law
        self.ts_ms += rng.choice([0, 1, 3000, 4000, 4000, 4000, 4001, 5000, 20000])
        if rng.random() < 0.005:
            self.ts_ms -= 3600 * 1000
        replicas = law.wanted if law.wanted is not None and rng.random() < 0.8 \
            else rng.randrange(law.min - 1, law.max + 2)
        return self._p95(), replicas, self.ts_ms / 1000


def assert_same(plan, decision, window):
    context = f"{window} -> {decision}"
    assert plan["kind"] == "plan", context
    assert plan["decision"]["action"] == decision.action, context
    assert plan["decision"]["reason"] == decision.reason, context
    assert plan["decision"]["replicas"] == decision.replicas, context
    assert plan["telemetry"]["low_windows"] == decision.low_windows, context
    assert plan["telemetry"]["replicas"] == window[1], context
    assert plan["telemetry"]["baseline_ms"] == pytest.approx(decision.baseline_ms, abs=6e-4)
    assert plan["telemetry"]["sigma_ms"] == pytest.approx(decision.sigma_ms, abs=6e-4)


UP, DOWN = "#x baseline", "near baseline for #w"
LAWS = [  # with the reasons that must have come up
    ({"cooldown_sec": 20.0}, {"warming", UP, DOWN, "heuristic", "cooldown"}),
    ({"cooldown_sec": 0.0}, {"warming", UP, DOWN, "heuristic"}),
    ({"cooldown_sec": 20.0, "hist_windows": 7, "warmup_windows": 7, "low_need_n": 16},
     {"warming", UP, DOWN, "heuristic", "cooldown"}),
    ({"cooldown_sec": 4.0, "min_replicas": 1, "max_replicas": 4, "hist_windows": 15,
      "warmup_windows": 2, "low_need_n": 1, "alpha_up": 1.25, "beta_down": 1.3,
      "idle_hint_ms": 80.0}, {"warming", UP, DOWN, "heuristic", "cooldown"}),
    ({"cooldown_sec": 0.0, "min_replicas": 3, "max_replicas": 3, "hist_windows": 1440,
      "warmup_windows": 40}, {"warming", UP, DOWN, "heuristic"}),
    ({"cooldown_sec": 0.0, "hist_windows": 1, "warmup_windows": 0, "beta_down": 0.1,
      "alpha_up": 1.0}, {UP, DOWN, "heuristic"}),
]


@pytest.mark.parametrize("parameters,reasons", LAWS)
def test_decides_like_the_classic_law(planner, parameters, reasons):
    services = {f"app-{n}": Service(f"{n} {parameters}", Classic(**parameters)) for n in range(3)}
    p = planner(**services["app-0"].law.settings())
    pick = random.Random(0)
    seen = set()
    for _ in range(20):
        asked = []
        for _ in range(BATCH):
            target, service = pick.choice(list(services.items()))
            window = service.window()
            p.publish(alert(*window, target=target))
            asked.append((target, window, service.law.window(*window)))
        for target, window, decision in asked:
            plan = p.plan()
            assert plan["decision"]["target"] == plan["container"] == target
            assert_same(plan, decision, window)
            seen.add(re.sub(r"[\d.]+", "#", decision.reason))
    assert seen == reasons


def test_a_kill_changes_no_decision(planner):
    service = Service(1, Classic(cooldown_sec=20.0))
    p = planner(**service.law.settings())
    for n in range(400):
        if n % 40 == 39:
            assert p.process.kill() == -9
            p.start()
        if n % 7 == 6:
            wanted = service.rng.randrange(1, 12)
            p.next_millisecond()
            p.publish(result(wanted), "results")
            p.next_millisecond()
            service.law.result(wanted)
        window = service.window()
        decision = service.law.window(*window)
        assert_same(p.ask(*window), decision, window)


# --- memory ---

def test_what_is_read_back_is_not_answered(planner, redis_server):
    for n in range(30):
        redis_server.redis.publish("alerts", json.dumps(alert(100, 2, START + 4 * n)))
    redis_server.redis.publish("alerts", "nonsense")
    p = planner()
    plan = p.ask(900, 2, START + 200)
    assert plan["decision"] == {"action": "scale_up", "target": "app", "reason": "9.0x baseline",
                                "replicas": 3}
    plans = [json.loads(text) for _, text in redis_server.redis.stream("actions")]
    assert [x for x in plans if x.get("container") not in ("is-it-live", "last-of-it")] == [plan]
    assert "nonsense" not in p.process.stderr()


def test_memory_outlives_redis(planner, redis_server):
    p = planner()
    for n in range(15):
        p.ask(100, 2, START + 4 * n)
    redis_server.restart()  # without persistence: the streams are gone
    p.actions = p.redis.subscribe("actions")
    wait_for(p.answers, what="an answer after Redis came back")
    p.drain()
    assert p.ask(900, 2, START + 100)["decision"]["reason"] == "9.0x baseline"


def test_results_set_the_count_wanted(planner):
    p = planner()

    def wanted_after(message):
        p.publish(message, "results")
        return p.ask(100, 4)["decision"]["replicas"]

    assert p.ask(100, 4)["decision"]["replicas"] == 4
    assert wanted_after(result(7, replicas_after=5)) == 7
    assert wanted_after(result(replicas_after=6)) == 6
    assert wanted_after(result(9, status="noop", replicas_after=5)) == 9
    assert wanted_after(result(8, status="skipped", replicas_after=3)) == 3
    assert wanted_after(result(8, status="error", replicas_after=2)) == 2
    assert wanted_after(result(8, status="error")) == 2
    assert wanted_after(result()) == 2
    assert wanted_after(result(9, target="nobody")) == 2
    assert wanted_after({"kind": "upstreams", "target": "app", "generation": 3, "servers": [],
                         "drained": [], "result": {"status": "ok", "message": ""},
                         "ts": START}) == 2
    assert wanted_after("{]") == 2
    assert p.process.stderr().count("message ignored") == 1


def test_what_was_learned_outlives_the_alerts(planner, redis_server):
    """Of what it was learned from nothing is left but what a plan estimated then."""
    redis_server.redis.publish("alerts", json.dumps(alert(120)))
    redis_server.redis.publish("actions", json.dumps(
        {"kind": "plan", "id": "long-ago", "container": "app", "ts": START,
         "decision": {"action": "noop", "replicas": 2},
         "explain": {"estimates": {"capacity_rps": 66.5, "startup_sec": 1.5}}}))
    p = planner(PLANNER_POLICY="adaptive")
    estimates = p.ask(120, ts=START + 4, traffic={"rps": 20, "in_flight": 2})["explain"]["estimates"]
    assert estimates["capacity_rps"] == 66.5
    assert estimates["startup_sec"] == 1.5


# --- messages ---

def test_a_plan_says_what_and_why(planner):
    p = planner(WARMUP_WINDOWS=2, TARGET="web")
    p.ask(100, 3, target="web")
    plan = p.ask(101, 3, target="web", ts=START + 4)
    assert re.fullmatch("[0-9a-f]{32}", plan["id"])
    assert plan["container"] == "web"
    assert plan["ts"] > START
    assert plan["telemetry"].pop("alert") == f"alert-{alert.count}"
    assert plan["telemetry"].pop("heard_ts") == pytest.approx(plan["ts"], abs=1)
    assert plan["telemetry"] == {"p95_ms": 101, "baseline_ms": 100.5, "sigma_ms": 0.741,
                                 "replicas": 3, "window_sec": 4, "low_windows": [False, True]}
    assert plan["explain"]["policy"] == "classic"
    assert plan["explain"]["decided_by"] == "all_near"
    assert plan["explain"]["estimates"]["baseline_ms"] == 100.5
    assert plan["explain"]["gates"]["warm"] == {"pass": True, "value": 2, "bound": 2}
    assert plan["explain"]["gates"]["near"] == {"pass": True, "value": 101, "bound": 110.525}
    assert plan["explain"]["would"] == [
        {"action": "scale_down", "quantity": "p95_ms", "at_most": 121, "windows": 3,
         "text": "would scale down if p95 <= 121 ms for this window and 2 more"}]


def test_the_predecessors_alerts_are_understood(planner):
    """No id, target, ts and newer fields: the configured target, the wall clock."""
    p = planner(WARMUP_WINDOWS=1, TARGET="web", COOLDOWN_SEC=2)
    bare = {"kind": "latency_metrics", "endpoint": "http://lb/", "window_sec": 4.0,
            "requests": 20, "success_rate": 1.0, "avg_ms": 10.0, "p95_ms": 10.0, "replicas": 5}

    def reason():
        p.publish(bare)
        plan = p.plan()
        assert plan["container"] == "web"
        return plan["decision"]["reason"]

    assert reason() == "near baseline for 3w"
    assert reason() == "cooldown"
    wait_for(lambda: reason() == "near baseline for 3w", timeout=5, what="the cooldown to end")


MALFORMED = [
    ("{", "not JSON"), ("[]", "not an object"), ("", "not JSON"), ("{}", "kind"),
    ('{"kind":"weather"}', "kind"),
    ('{"kind":"latency_metrics"}', "p95_ms"),
    ('{"kind":"latency_metrics","p95_ms":"3"}', "p95_ms"),
    ('{"kind":"latency_metrics","p95_ms":1e999}', "JSON"),
    ('{"kind":"latency_metrics","p95_ms":-1}', "p95_ms"),
    ('{"kind":"latency_metrics","p95_ms":1,"replicas":1.5}', "replicas"),
    ('{"kind":"latency_metrics","p95_ms":1,"target":"a b"}', "target"),
    (b'{"kind":"latency_metrics","p95_ms":1,"ts":-5}', "ts"),
    (b"\xff\xfe\x01 level=error", "not JSON"),
    ("[" * 5000, "not JSON"),
    ('{"kind":"latency_metrics","p95_ms":1,"x":"' + "y" * 70000 + '"}', "longer"),
]


def test_nonsense_is_answered_with_an_error(planner):
    p = planner(HTTP_PORT=free_port())
    for _ in range(2):
        for text, cause in MALFORMED:
            p.publish(text)
            error = p.plan()
            assert error["kind"] == "error"
            assert cause in error["error"], error
            assert len(error["raw"].encode()) <= 600 and re.fullmatch("[0-9a-f]{32}", error["id"])
    assert p.ask(100)["kind"] == "plan"

    log = [line for line in p.process.stderr().splitlines() if "message ignored" in line]
    causes = [re.search(r'error=("[^"]*"|\S+)', line).group(1) for line in log]
    assert len(causes) == len(set(causes)) >= 8
    assert all(len(line) < 1200 for line in log)
    assert metrics(p)["agentic_planner_malformed_total"] == 2 * len(MALFORMED)


def test_there_is_an_end_to_targets(planner):
    p = planner()
    answers = [p.ask(100, target=f"t{n}") for n in range(70)]
    refused = [a for a in answers if a["kind"] == "error"]
    assert 7 <= len(refused) <= 9  # the probes of this test's own are targets too
    assert "targets" in refused[0]["error"]
    assert p.ask(100, target="t0")["kind"] == "plan"
    assert p.ask(100)["kind"] == "plan"  # for the planner's own target a place is kept


# --- as a daemon ---

def test_metrics_count_what_it_did(planner):
    p = planner(HTTP_PORT=free_port(), WARMUP_WINDOWS=1)
    before = metrics(p)
    p.ask(100, 2)
    p.ask(100, 2, START + 4)
    p.ask(900, 2, START + 8)
    p.ask(500, 2, START + 12, target="other")
    after = metrics(p)
    assert after["agentic_planner_alerts_total"] - before["agentic_planner_alerts_total"] == 4
    assert after['agentic_planner_plans_total{action="scale_up"}'] == 1
    assert after["agentic_planner_p95_seconds"] == 0.9
    assert after["agentic_planner_baseline_seconds"] == 0.1
    assert after["agentic_planner_wanted_replicas"] == 3
    assert not [name for name in after if "other" in name]


def test_only_actions_are_logged(planner):
    p = planner(WARMUP_WINDOWS=1)
    p.ask(100, 2)
    p.ask(100, 2, START + 4)
    p.ask(900, 2, START + 8)
    plans = [line for line in p.process.stderr().splitlines() if " action=" in line]
    assert len(plans) == 1
    assert " action=scale_up " in plans[0] and 'reason="9.0x baseline"' in plans[0]


def test_stops_cleanly(planner):
    p = planner()
    assert p.process.terminate(timeout=2) == 0


def test_bad_settings_are_named(spawn):
    bad = spawn("planner", env={"MIN_REPLICAS": "0", "ALPHA_UP": "x", "PLANNER_POLICY": "best"})
    assert bad.wait() == 2
    for word in ("MIN_REPLICAS=0", "ALPHA_UP=x", "PLANNER_POLICY=best", "classic"):
        assert word in bad.stderr()
    crossed = spawn("planner", "--check", env={"MIN_REPLICAS": "5", "MAX_REPLICAS": "4",
                                               "HIST_WINDOWS": "5"})
    assert crossed.wait() == 2
    assert "MAX_REPLICAS=4" in crossed.stderr() and "WARMUP_WINDOWS=12" in crossed.stderr()
    assert spawn("planner", "--check").wait() == 0
