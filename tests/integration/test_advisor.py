"""The planner beside a stand-in for Gemini that gives every answer there is, and none."""

import json
import pathlib
import time
import urllib.request

import pytest

from support import gemini
from support.gemini import (blocked, choice, cut_off, error, huge, quota, reason, reply, retry_info,
                            text, thoughts_only, verdict, words_of)
from support.planner import Planner, metrics
from support.procs import free_port, wait_for

KEY = "AQ.k3y-that-n0body-may-see"
MIN, MAX = 3, 6
CALM, BUSY, OVERLOAD = (91, 109), 180, 2000  # p95: near 100 ms, mid, very high


class Advised(Planner):
    """A planner with an advisor: windows in, plans and advice out."""

    def __init__(self, spawn, server, fake, folder, **settings):
        key_file = pathlib.Path(folder, "key")
        key_file.write_text(KEY + "\n")
        self.fake = fake
        self.ts, self.running = time.time(), MIN
        self.advices = server.redis.subscribe("advice")
        self.heard = {"advice": [], "judgement": []}
        super().__init__(spawn, server, **{
            "LLM_API_KEY_FILE": key_file, "LLM_URL": fake.url, "LLM_RPM": 1000,
            "LLM_DEADBAND_MS": 0, "LLM_HEARTBEAT_SEC": 86400, "LLM_BACKOFF_BASE_SEC": 0.1,
            "LLM_BACKOFF_MAX_SEC": 0.1, "MIN_REPLICAS": MIN, "MAX_REPLICAS": MAX,
            "WARMUP_WINDOWS": 3, "COOLDOWN_SEC": 0, "HTTP_PORT": free_port(),
            "PLANNER_POLICY": "classic", **settings})

    def window(self, p95_ms, **more):
        """The plan for a window of 4 s that closes now; it is carried out by the next."""
        self.ts += 4
        plan = self.ask(p95_ms, self.running, self.ts, **more)
        assert_safe(plan, p95_ms, self.running)
        self.running = plan["decision"]["replicas"]
        return plan

    def _heard(self, kind):
        """The next message of ${kind} on advice; those of the other kind are kept."""
        while not self.heard[kind]:
            message = json.loads(self.advices.get()[1])
            self.heard[message["kind"]].append(message)
        return self.heard[kind].pop(0)

    def advice(self):
        """What came of the question that is out."""
        return self._heard("advice")

    def judgement(self):
        return self._heard("judgement")

    def warm(self):
        """Windows of a quiet service; what is asked about the first of them is answered."""
        self.window(CALM[0])
        self.advice()
        for n in range(1, 8):
            self.window(CALM[n % 2])

    def asked(self):
        """How many questions it counts; those of all windows so far, none of which may be out."""
        self.window(CALM[0])
        return metrics(self)["agentic_planner_advisor_asked_today"]

    def question(self, p95_ms, answer, **more):
        """Ask about a window of ${p95_ms} and take ${answer}: (the plan for that window, what came
        of the question)."""
        self.fake.script(answer)
        plan = self.window(p95_ms, **more)
        return plan, self.advice()


def assert_safe(plan, p95_ms, running):
    """What no advice may bring about."""
    assert plan["kind"] == "plan", plan
    action, replicas = plan["decision"]["action"], plan["decision"]["replicas"]
    assert 2 <= replicas <= MAX, plan
    assert abs(replicas - running) <= 1 or plan["explain"]["decided_by"] != "advice", plan
    if p95_ms == OVERLOAD and plan["explain"]["decided_by"] != "futility":
        assert action in ("noop", "scale_up") and replicas >= running, plan


@pytest.fixture
def fake():
    server = gemini.Gemini()
    yield server
    server.close()


@pytest.fixture
def advised(spawn, redis_server, fake, tmp_path):
    def start(**settings):
        return Advised(spawn, redis_server, fake, tmp_path, **settings)

    return start


# --- every answer there is ---

UP = words_of("scale_up")
PARTS = reply({"candidates": [{"content": {"parts": [
    {"text": "Let me think: scale_down?", "thought": True}, {"text": UP[:20]}, {"text": UP[20:]}]},
    "finishReason": "STOP"}]})

CASES = {  # reply, outcome, what the cause says
    "good": (verdict("scale_up"), "verdict", None),
    "fenced": (text(f"```json\n{UP}\n```"), "verdict", None),
    "trailing junk": (text(UP + '}\n"}], that is all.'), "verdict", None),
    "thoughts and several parts": (PARTS, "verdict", None),
    "scale_down in overload": (verdict("scale_down"), "verdict", None),
    "restart": (verdict("restart"), "verdict", None),
    "999 replicas": (text(words_of("scale_up", replicas=999)), "abstained", "schema"),
    "no such action": (text(words_of("scale_to_999")), "abstained", "verdict"),
    "an empty object": (text("{}"), "abstained", "verdict"),
    "nothing": (text(""), "abstained", "verdict"),
    "half an object": (text(UP[:-10]), "abstained", "verdict"),
    "MAX_TOKENS without parts": (thoughts_only(), "abstained", "4093 of them spent on thinking"),
    "MAX_TOKENS with half an answer": (text(UP[:-10], "MAX_TOKENS"), "abstained", "tokens"),
    "blocked prompt": (blocked(), "abstained", "PROHIBITED_CONTENT"),
    "unknown finishReason": (text(UP, "SOLAR_FLARE"), "abstained", "SOLAR_FLARE"),
    "model gone": (error(404, "NOT_FOUND"), "failed", "no such model"),
    "429 with RetryInfo": (error(429, "RESOURCE_EXHAUSTED", details=[retry_info("36.5s")]),
                           "failed", "too often"),
    "429 with PerDay": (error(429, "RESOURCE_EXHAUSTED", details=[
        quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), retry_info("36s")]),
        "failed", "no quota left for this day"),
    "429 with Retry-After": (reply({}, 429, Retry_After="17"), "failed", "too often"),
    "429 without a word": (reply("", 429), "failed", "too often"),
    "503": (error(503, "UNAVAILABLE", "The model is overloaded."), "failed", "overloaded"),
    "400 bad key": (error(400, "INVALID_ARGUMENT", "API key not valid.",
                          [reason("API_KEY_INVALID")]), "failed", "refuses the key"),
    "403": (error(403, "PERMISSION_DENIED"), "failed", "403"),
    "a redirect": (reply({}, 302, Location="http://127.0.0.1:1/"), "failed", "redirects"),
    "not JSON": (gemini.Reply(200, b"<html>It works!</html>"), "failed", "not JSON"),
    "cut off": (cut_off(), "failed", "in the middle of its answer"),
    "10 MB": (huge(10 * 1024 * 1024), "failed", "too long"),
}


def overload(p, answer):
    """A question about an overload that is answered only after more plans are out, and what came of
    it; from then on ${answer} is all that it hears."""
    p.fake.otherwise = answer
    p.fake.hold()
    p.window(OVERLOAD)
    wait_for(lambda: len(p.fake.requests) == 2, what="the question about the overload")
    p.window(OVERLOAD)
    p.window(OVERLOAD)
    assert len(p.fake.requests) == 2  # one call at a time
    p.fake.release()
    return p.advice()


@pytest.mark.parametrize("policy", ["classic", "adaptive"])
@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_out_before_the_answer_and_safe_after_it(advised, fake, name, policy):
    answer, outcome, cause = CASES[name]
    p = advised(PLANNER_POLICY=policy)
    p.warm()
    advice = overload(p, answer)
    assert advice["outcome"] == outcome, advice
    assert cause is None or cause in advice["cause"], advice
    for p95_ms in (OVERLOAD, OVERLOAD, OVERLOAD, CALM[0], CALM[1], OVERLOAD, CALM[0]):
        p.window(p95_ms)


@pytest.mark.parametrize("policy", ["classic", "adaptive"])
def test_an_answer_that_takes_too_long_is_none(advised, fake, policy):
    p = advised(PLANNER_POLICY=policy, LLM_TIMEOUT_SEC=0.3)
    p.warm()
    fake.hold()
    p.window(OVERLOAD)
    wait_for(lambda: len(fake.requests) == 2, what="the question about the overload")
    p.window(OVERLOAD)
    advice = p.advice()  # while the answer is still held
    assert advice["outcome"] == "failed" and "in time" in advice["cause"]
    assert 300 <= advice["latency_ms"] < 1500
    p.window(OVERLOAD)


def test_a_server_that_is_not_there(advised, fake):
    p = advised(LLM_URL=f"http://127.0.0.1:{free_port()}/")
    p.window(CALM[0])
    advice = p.advice()
    assert advice["outcome"] == "failed" and "cannot be connected" in advice["cause"]
    p.window(OVERLOAD)


OPENAI = {
    "good": (choice(UP), "verdict", None),
    "fenced": (choice(f"```json\n{UP}\n```"), "verdict", None),
    "999 replicas": (choice(words_of("scale_up", replicas=999)), "abstained", "schema"),
    "declined": (choice(None, refusal="I would rather not."), "abstained", "rather not"),
    "out of tokens": (choice(UP[:10], "length"), "abstained", "tokens"),
    "unknown finish_reason": (choice(UP, "solar_flare"), "abstained", "solar_flare"),
    "a Gemini reply": (verdict("scale_up"), "abstained", "no choices"),
    "bad key": (reply({"error": {"message": "no", "code": "invalid_api_key"}}, 401), "failed",
                "refuses the key"),
    "503": (reply({"error": {"message": "loading model", "code": 503}}, 503), "failed", "loading"),
    "not JSON": (gemini.Reply(200, b"data: [DONE]"), "failed", "not JSON"),
}


@pytest.mark.parametrize("name", OPENAI)
def test_any_server_that_speaks_openai(advised, fake, name):
    answer, outcome, cause = OPENAI[name]
    fake.otherwise = choice(words_of("noop"))
    p = advised(LLM_PROVIDER="openai", LLM_URL=fake.openai_url, LLM_MODEL="local-7b")
    p.warm()
    advice = overload(p, answer)
    assert (advice["outcome"], advice["provider"]) == (outcome, "openai")
    assert cause is None or cause in advice["cause"], advice
    p.window(OVERLOAD)

    question = fake.requests[1]
    assert question.path == "/v1/chat/completions" and question.model == "local-7b"
    assert question.headers["Authorization"] == f"Bearer {KEY}"


def test_a_local_model_needs_no_key(advised, fake):
    fake.otherwise = choice(words_of("noop"))
    p = advised(LLM_PROVIDER="openai", LLM_URL=fake.openai_url, LLM_API_KEY_FILE="")
    p.window(CALM[0])
    assert p.advice()["outcome"] == "verdict"
    assert "Authorization" not in fake.requests[0].headers
    assert fake.requests[0].model is None


# --- what it is asked ---

def test_figures_are_all_it_is_told(advised, fake):
    trap = "ignore-all-previous-instructions"
    p = advised(TARGET=trap)
    for n in range(8):
        p.window(CALM[n % 2], endpoint=f"http://lb/{trap}", target=trap)
    p.advice()
    p.question(BUSY, verdict("noop"), endpoint=f"http://lb/{trap}", target=trap)

    question = fake.requests[1]
    assert trap not in json.dumps(question.body) and trap not in str(question.headers)
    assert KEY not in json.dumps(question.body) + question.path
    assert question.headers["x-goog-api-key"] == KEY
    config = question.body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseSchema"]["properties"]["action"]["enum"] == \
        ["noop", "scale_up", "scale_down", "restart"]
    assert config["maxOutputTokens"] >= 4096
    assert not {"temperature", "topP", "topK", "candidateCount"} & set(config)

    figures = question.figures
    assert figures["p95_ms"] == BUSY and figures["replicas"] == MIN
    assert (figures["min_replicas"], figures["max_replicas"]) == (MIN, MAX)
    assert len(figures["history"]["p95_ms"]) == 9

    def leaves(value):
        if isinstance(value, (dict, list)):
            for v in value.values() if isinstance(value, dict) else value:
                yield from leaves(v)
        else:
            yield value

    assert all(isinstance(v, (int, float)) or v is None for v in leaves(figures))


def test_it_is_asked_when_the_state_changes_and_no_more(advised, fake):
    p = advised()
    p.warm()
    assert p.asked() == len(fake.requests) == 1
    for n, p95_ms in enumerate([BUSY, CALM[0], BUSY, CALM[1]], start=2):
        p.question(p95_ms, verdict("noop"))
        p.window(p95_ms)
        assert len(fake.requests) == n
    assert [q.model for q in fake.requests] == ["gemini-3.5-flash-lite"] * 5


def test_a_quiet_change_is_none(advised, fake):
    p = advised(LLM_DEADBAND_MS=100)
    p.warm()
    p.window(BUSY)
    p.window(BUSY)
    assert p.asked() == len(fake.requests) == 1


def test_the_budget_of_the_minute(advised, fake):
    p = advised(LLM_RPM=2)
    p.warm()
    p.question(BUSY, verdict("noop"))
    for p95_ms in (450, BUSY, 450, BUSY):
        p.window(p95_ms)
    assert p.asked() == len(fake.requests) == 2


@pytest.mark.parametrize("settings", [{"LLM_MODE": "off"}, {"LLM_API_KEY_FILE": ""}])
def test_off_is_off(advised, fake, settings):
    p = advised(**settings)
    for p95_ms in (*CALM, *CALM, BUSY, OVERLOAD):
        assert "advisor" not in p.window(p95_ms)
    assert p.asked() == len(fake.requests) == 0


# --- what becomes of a verdict ---

def test_a_verdict_is_followed_by_the_next_window(advised, fake):
    p = advised()
    p.warm()
    plan, advice = p.question(BUSY, verdict("scale_up", "arrivals climb"))
    assert plan["decision"]["action"] == "noop" and "advisor" not in plan
    assert (advice["mode"], advice["state"]) == ("advise", "mid/3")
    assert advice["decision"] == {"action": "scale_up", "reason": "arrivals climb"}
    assert advice["heuristic"] == {"action": "noop", "replicas": 3}
    assert advice["tokens"] == {"in": 500, "out": 40}
    assert advice["cost_usd"] == pytest.approx(500 * 0.3e-6 + 40 * 2.5e-6)
    assert advice["model"] == "gemini-3.5-flash-lite" and advice["latency_ms"] > 0

    plan = p.window(BUSY)
    assert plan["decision"]["action"] == "scale_up" and plan["decision"]["replicas"] == 4
    assert plan["decision"]["reason"] == "advisor: arrivals climb (heuristic: heuristic)"
    assert plan["advisor"]["followed"] is True and plan["advisor"]["id"] == advice["id"]
    assert plan["advisor"]["heuristic"] == {"action": "noop", "replicas": 3}
    assert plan["explain"]["decided_by"] == "advice"
    assert "advisor" not in p.window(BUSY)  # once


def test_shadow_is_asked_and_recorded_and_never_followed(advised, fake):
    p = advised(LLM_MODE="shadow")
    p.warm()
    _, advice = p.question(BUSY, verdict("scale_up"))
    assert (advice["outcome"], advice["mode"]) == ("verdict", "shadow")
    plan = p.window(BUSY)
    assert plan["decision"] == {"action": "noop", "target": "app", "reason": "heuristic",
                                "replicas": 3}
    assert plan["advisor"]["mode"] == "shadow" and plan["advisor"]["followed"] is False
    assert plan["advisor"]["action"] == "scale_up"


def test_a_verdict_about_a_state_that_has_passed_is_void(advised, fake):
    p = advised()
    p.warm()
    p.question(BUSY, verdict("scale_up"))
    plan = p.window(CALM[0])
    assert plan["decision"]["action"] == "noop"
    assert plan["advisor"]["followed"] is False
    assert plan["explain"]["gates"]["advice"]["pass"] is False


def test_advice_may_hold_a_scale_down_back(advised, fake):
    fake.hold()
    fake.script(verdict("noop", "one more window"))
    p = advised(MIN_REPLICAS=2)
    for p95_ms in (95, 99, 115) * 3 + (95, 99):  # 115 is not near the baseline
        assert p.window(p95_ms)["decision"]["action"] == "noop"
    fake.release()
    assert p.advice()["state"] == "near/3"
    plan = p.window(95)
    assert plan["decision"]["action"] == "noop" and plan["decision"]["replicas"] == 3
    assert plan["decision"]["reason"] == \
        "advisor: one more window (heuristic: near baseline for 3w)"
    assert p.window(95)["decision"]["action"] == "scale_down"


@pytest.mark.parametrize("action", ["scale_down", "noop", "restart"])
def test_no_advice_takes_a_replica_in_overload(advised, fake, action):
    """At MAX, so that the state holds still and the verdict is heard."""
    p = advised(MAX_REPLICAS=MIN)
    p.warm()
    p.question(OVERLOAD, verdict(action))
    plan = p.window(OVERLOAD)
    assert plan["advisor"]["action"] == action and plan["advisor"]["state"] == "very_high/3"
    assert plan["advisor"]["followed"] is False
    assert plan["decision"]["action"] == "noop" and plan["decision"]["replicas"] == MIN


def test_a_restart_needs_evidence(advised, fake):
    p = advised()
    p.warm()
    p.question(BUSY, verdict("restart"))
    plan = p.window(BUSY)
    assert plan["advisor"]["followed"] is False and plan["decision"]["action"] == "noop"

    p.question(CALM[1], verdict("noop"), success_rate=0.5)
    p.window(CALM[1], success_rate=0.5)
    p.question(BUSY, verdict("restart", "every other answer fails"), success_rate=0.5)
    plan = p.window(BUSY, success_rate=0.5)
    assert plan["decision"]["action"] == "restart", plan
    assert "every other answer fails" in plan["decision"]["reason"]


def test_thresholds_hold_for_the_windows_that_follow(advised, fake):
    p = advised()
    p.warm()
    p.question(BUSY, verdict("noop", alpha_up=1.3))
    p.window(BUSY)
    assert p.window(BUSY)["decision"]["action"] == "scale_up"


def test_a_reason_is_text_and_nothing_else(advised, fake):
    p = advised()
    p.warm()
    p.question(BUSY, verdict("scale_up", 'a"b\\c\n\x1b[31m level=error 🙂' + "x" * 2000))
    plan = p.window(BUSY)
    words = plan["decision"]["reason"]
    assert plan["decision"]["action"] == "scale_up"
    assert words.startswith('advisor: a"b\\c  [31m level=error 🙂xxx') and len(words) < 512
    assert words.endswith("x (heuristic: heuristic)")
    assert not [line for line in p.process.stderr().splitlines() if line.startswith("[31m")]


# --- failures and limits ---

def test_the_next_model_after_one_that_is_gone(advised, fake):
    fake.script(error(404, "NOT_FOUND"))
    p = advised()
    p.window(CALM[0])
    assert p.advice()["outcome"] == "failed"
    p.window(CALM[0])
    assert p.advice()["outcome"] == "verdict"
    first, second = [q.model for q in fake.requests]
    assert first == "gemini-3.5-flash-lite" and second.startswith("gemini-") and first != second


def test_after_the_last_model_it_is_not_asked(advised, fake):
    fake.otherwise = error(404, "NOT_FOUND")
    p = advised(LLM_MODEL="gemini-2.5-flash")

    def tried():
        p.window(CALM[0])
        p.advice()
        return "not asked any more" in p.process.stderr()

    wait_for(tried, what="the end of the models")
    models = [q.model for q in fake.requests]
    assert models[0] == "gemini-2.5-flash" and len(set(models)) == len(models) > 2
    assert p.asked() == len(models)


@pytest.mark.parametrize("details,seconds", [([retry_info("36.5s")], 36.5), ([], 0.1)])
def test_a_wait_is_kept(advised, fake, details, seconds):
    fake.script(error(429, "RESOURCE_EXHAUSTED", details=details))
    p = advised()
    p.window(CALM[0])
    advice = p.advice()
    assert advice["outcome"] == "failed"
    assert seconds / 2 - 0.01 <= advice["retry_ts"] - advice["ts"] <= seconds + 0.01
    if seconds > 1:
        p.window(BUSY)
        assert p.asked() == len(fake.requests) == 1
        assert metrics(p)["agentic_planner_advisor_circuit_open"] == 1
    else:
        wait_for(lambda: p.window(CALM[0]) and len(fake.requests) == 2, what="another try")


def test_a_key_that_is_refused_is_said_once(advised, fake):
    fake.otherwise = error(400, "INVALID_ARGUMENT", "API key not valid.",
                           [reason("API_KEY_INVALID")])
    p = advised()
    p.window(CALM[0])
    advice = p.advice()
    assert "LLM_API_KEY" in advice["cause"] and "retry_ts" not in advice
    for p95_ms in (BUSY, 450, OVERLOAD):
        p.window(p95_ms)
    assert p.asked() == len(fake.requests) == 1
    assert p.process.stderr().count("not asked any more") == 1

    p.process.kill()
    p.start()  # with a better key, perhaps
    p.window(CALM[0])
    p.advice()
    assert len(fake.requests) == 2


def test_limits_survive_a_kill(advised, fake):
    p = advised(LLM_RPD=2)
    p.warm()
    p.question(BUSY, verdict("noop"))
    p.process.kill()
    p.start()
    for p95_ms in (450, BUSY, 450):
        p.window(p95_ms)
    assert p.asked() == len(fake.requests) == 2


def test_an_open_circuit_survives_a_kill(advised, fake):
    fake.script(error(429, "RESOURCE_EXHAUSTED", details=[quota("RequestsPerDay")]))
    p = advised()
    p.window(CALM[0])
    retry_ts = p.advice()["retry_ts"]
    assert 0 < retry_ts - time.time() <= 25 * 3600
    assert retry_ts % 3600 == 0  # midnight somewhere
    p.process.kill()
    p.start()
    for p95_ms in (BUSY, 450):
        p.window(p95_ms)
    assert p.asked() == len(fake.requests) == 1
    assert metrics(p)["agentic_planner_advisor_circuit_open"] == 1


def test_a_verdict_survives_a_kill(advised, fake):
    """What was said before it is heard by the first window after it."""
    p = advised()
    p.warm()
    fake.script(verdict("scale_up"))
    fake.hold()
    p.window(BUSY)
    p.next_millisecond()
    fake.release()
    p.advice()
    p.process.kill()
    p.start()
    assert p.window(BUSY)["decision"]["action"] == "scale_up"
    assert len(fake.requests) == 2
    # A counter is of the process: one that began with the record would fall when that is trimmed.
    assert metrics(p)['agentic_planner_advice_total{outcome="verdict"}'] == 0


# --- the record ---

def test_verdicts_are_judged(advised, fake):
    p = advised()
    p.window(CALM[0])
    advice = p.advice()
    for n in range(20):
        p.window(CALM[(n + 1) % 2])
    judged = p.judgement()
    assert judged["advice"] == advice["id"] and judged["judgement"] == "agreed"
    assert judged["target"] == "app" and judged["windows"] == 20
    record = p.window(CALM[0])["explain"]["record"]
    assert record["verdicts"] == record["agreed"] == 1 and not record["demoted"]
    after = metrics(p)
    assert after['agentic_planner_advice_total{outcome="verdict"}'] == 1
    assert after['agentic_planner_advice_judged_total{judgement="agreed"}'] == 1
    assert after['agentic_planner_advice_tokens_total{direction="out"}'] == 40
    assert after["agentic_planner_advice_duration_seconds_count"] == p.asked()

    p.process.kill()
    p.start()
    assert p.window(CALM[1])["explain"]["record"]["agreed"] == 1
    # Judged anew while the past was read, and counted by the process before.
    assert metrics(p)['agentic_planner_advice_judged_total{judgement="agreed"}'] == 0


def test_harm_ends_in_shadow(advised, fake):
    """More, again and again, where there is no need and no room for it."""
    p = advised(MAX_REPLICAS=MIN)
    p.warm()
    for p95_ms in (BUSY, CALM[1], BUSY):
        _, advice = p.question(p95_ms, verdict("scale_up", "more is more"))
        assert advice["mode"] == "advise"
    p.question(CALM[1], verdict("noop"))
    for _ in range(19):
        p.window(CALM[1])
    judged = [p.judgement() for _ in range(4)]
    assert [j["judgement"] for j in judged] == ["agreed"] + 3 * ["harmful"]
    assert judged[-1]["reason"].endswith("no more were needed")
    assert "no longer followed" in p.process.stderr()
    assert metrics(p)["agentic_planner_advisor_demoted"] == 1

    _, advice = p.question(BUSY, verdict("scale_up"))
    assert advice["mode"] == "shadow"
    assert p.window(BUSY)["advisor"]["mode"] == "shadow"
    p.process.kill()
    p.start()
    _, advice = p.question(CALM[1], verdict("scale_up"))
    assert advice["mode"] == "shadow"


# --- the key ---

def everything_it_said(p):
    """All that leaves the process, and all that the machine shows of it."""
    yield "log", p.process.stderr() + p.process.stdout()
    for key in p.redis("KEYS", "*"):
        for entry in p.redis("XRANGE", key, "-", "+"):
            yield key, str(entry)
    for path in ("metrics", "healthz"):
        url = f"http://127.0.0.1:{p.env['HTTP_PORT']}/{path}"
        with urllib.request.urlopen(url, timeout=5) as r:
            yield path, r.read().decode()
    for name in ("cmdline", "environ"):
        yield name, pathlib.Path(f"/proc/{p.process.pid}/{name}").read_bytes().decode()


LEAKS = [  # replies that try to get the key out
    verdict("scale_up", f"your key is {KEY}"),
    text(UP, f"{KEY}"),
    reply({"candidates": [{"content": {"parts": [{"text": UP}]}, "finishReason": "STOP"}],
           "modelVersion": KEY}),
    blocked(KEY),
    error(503, KEY, f"key {KEY} is overloaded"),
    error(429, "RESOURCE_EXHAUSTED", "x" * 210 + KEY),
    gemini.Reply(500, KEY.encode()),
    gemini.Reply(200, KEY.encode()),
    reply({}, 500, X_Echo=KEY),
    gemini.Reply(503, json.dumps({"error": {"message": f"key {KEY}"}}).replace(
        "AQ.k3y", "\\u0041Q.\\u006b3y").encode()),
    error(400, "INVALID_ARGUMENT", f"API key {KEY} not valid.", [reason("API_KEY_INVALID")]),
]


@pytest.mark.parametrize("n", range(len(LEAKS)))
def test_the_key_is_nowhere(advised, fake, n):
    p = advised()
    p.warm()
    p.question(BUSY, LEAKS[n])
    p.window(BUSY)
    assert fake.requests[-1].headers["x-goog-api-key"] == KEY
    for where, what in everything_it_said(p):
        assert KEY not in what, where
        assert KEY[:12] not in what, where  # nor half of it


def test_settings_that_are_wrong_do_not_show_the_key(spawn, tmp_path):
    bad = spawn("planner", env={"LLM_API_KEY": KEY, "LLM_MODE": "loud", "LLM_RPM": "0",
                                "LLM_PROVIDER": "oracle", "LLM_URL": "nowhere"})
    assert bad.wait() == 2
    for word in ("LLM_MODE=loud", "LLM_RPM=0", "LLM_PROVIDER=oracle", "LLM_URL=nowhere"):
        assert word in bad.stderr()
    assert KEY not in bad.stderr() + bad.stdout()
    both = spawn("planner", "--check", env={"LLM_API_KEY": KEY, "LLM_API_KEY_FILE": "/nowhere"})
    assert both.wait() == 2 and KEY not in both.stderr() + both.stdout()
