// The smaller panels.
import assert from "node:assert/strict";
import test from "node:test";

import {fromSnapshot} from "../../dashboard/www/state.js";
import {advisorOf, daemonRows, replicaCounts, replicaRows, scorecard,
	upstreamsOf} from "../../dashboard/www/tables.js";

test("replicas: those in rotation first, by name as people count", () => {
	const rows = replicaRows([
		{name: "app-drain-3", state: "draining"},
		{name: "app-dup-10", state: "ready"},
		{name: "app-dup-2", state: "ready", address: "10.0.0.3:8080", rps: 44, p95_ms: 131,
			share: 0.5,
			error_rate: 0.02, created_ts: 400},
		{name: "app-dup-4", state: "starting"},
	], 1000);
	assert.deepEqual(rows.map((r) => r.name),
		["app-dup-2", "app-dup-10", "app-dup-4", "app-drain-3"]);
	assert.deepEqual(rows[0], {name: "app-dup-2", state: "ready", kind: "good",
		address: "10.0.0.3:8080",
		rps: "44/s", p95: "131 ms", share: 0.5, errors: "2 % failed", age: "10 min"});
	assert.deepEqual([rows[1].address, rows[1].share, rows[1].age, rows[1].errors],
		["–", null, "–", ""]);
});

test("replicas are counted by their state", () => {
	assert.equal(replicaCounts([]), "");
	assert.equal(replicaCounts(["draining", "ready", "odd", "ready"].map((state) => ({state}))),
		"2 ready, 1 draining, 1 odd");
});

test("upstreams: generation, servers, and the last refusal", () => {
	assert.match(upstreamsOf(fromSnapshot({}), 0).head, /has not said yet/);
	const m = fromSnapshot({
		upstreams: {ts: 1, generation: 17, result: {status: "ok"},
			servers: [{name: "app-dup-1", address: "b"}, {name: "app", address: "a"}]},
		upstreams_error: {ts: 90, generation: 17, result: {status: "error", message: "[emerg] no"}},
	});
	const u = upstreamsOf(m, 100);
	assert.match(u.head, /^Generation 17, 2 servers, since /);
	assert.deepEqual(u.servers, [["app", "a"], ["app-dup-1", "b"]]);
	assert.equal(u.error, "nginx refused 10 s ago: [emerg] no");
	assert.equal(upstreamsOf(fromSnapshot({upstreams: {...m.upstreams, servers: []}}), 1).kind,
		"bad");
});

test("daemons: well, degraded, silent", () => {
	const redis = {name: "redis", up: true};
	const rows = daemonRows([
		{daemon: "monitor", alive: true, status: "ok", uptime_sec: 4000, version: "1",
			dependencies: [redis]},
		{daemon: "executor", alive: true, status: "degraded",
			dependencies: [redis, {name: "docker", up: false, detail: "refused"}]},
		{daemon: "watcher", alive: false, heard_ts: 88},
		{daemon: "planner", alive: false},
	], 100);
	assert.deepEqual(rows.map((r) => [r.name, r.word, r.note]), [
		["monitor", "well", "reaches redis"],
		["executor", "degraded", "docker is down: refused"],
		["watcher", "silent", "last heard 12 s ago"],
		["planner", "silent", "never heard"],
	]);
	assert.deepEqual(rows.map((r) => r.uptime), ["1 h", "–", "–", "–"]);
});

test("the uptime of a daemon goes on between its beats", () => {
	const beat = {daemon: "monitor", alive: true, uptime_sec: 50, heard_ts: 1000};
	assert.deepEqual([1000, 1075, 999].map((now) => daemonRows([beat], now)[0].uptime),
		["50 s", "2 min", "50 s"]);
});

const withAdvisor = (advisor, record) => fromSnapshot({
	daemons: [{daemon: "planner", alive: true, advisor}],
	plans: [{ts: 1, decision: {action: "noop"}, explain: {record}},
		{ts: 2, decision: {action: "noop"}}],
});
const fact = (of, name) => of.facts.find(([n]) => n === name)?.[1];

test("advisor: off, unknown, at work", () => {
	assert.match(advisorOf(fromSnapshot({}), 0).head, /has not said yet/);
	assert.equal(advisorOf(withAdvisor({mode: "off"}), 0).head, "Off: the policy decides alone.");
	const a = advisorOf(withAdvisor({mode: "advise", provider: "gemini", model: "flash",
		asked_today: 37,
		day_budget: 1000, minute_left: 4.9}, {verdicts: 4, agreed: 3, cost_usd: 0.0123}), 0);
	assert.match(a.head, /^Advises/);
	assert.equal(fact(a, "Model"), "flash (gemini)");
	assert.equal(fact(a, "Budget left"), "963 of 1,000 today");
	assert.equal(fact(a, "This minute"), "4 left");
	assert.equal(fact(a, "Circuit"), "closed");
	assert.equal(fact(a, "Cost so far"), "$0.0123");
	assert.equal(a.score.agreed, 3);
});

test("advisor: what it said last, or why it did not", () => {
	const said = (...advice) => fact(advisorOf({...withAdvisor({mode: "shadow"}), advice}, 100),
		"Asked last");
	assert.equal(said(), "not asked yet");
	const verdict = {ts: 40, outcome: "verdict", decision: {action: "scale_up", reason: "both"}};
	assert.equal(said({ts: 1, outcome: "failed"}, verdict), "1 min ago, scale up: both");
	assert.equal(said({ts: 90, outcome: "failed", cause: "HTTP 429"}),
		"10 s ago, failed: HTTP 429");
	assert.equal(said({ts: 90, outcome: "abstained"}), "10 s ago, abstained");
});

test("advisor: its circuit, and a demotion", () => {
	const circuit = (over) => {
		const a = advisorOf(withAdvisor({mode: "shadow", ...over}), 100);
		return [fact(a, "Circuit"), a.kind];
	};
	assert.deepEqual(circuit({retry_ts: 130}), ["open, asks again in 30 s", "busy"]);
	assert.deepEqual(circuit({retry_ts: 90, failures: 2}), ["closed, 2 failures in a row", "busy"]);
	assert.equal(circuit({hopeless: true})[1], "bad");
	const demoted = advisorOf(withAdvisor({mode: "advise"}, {demoted: true}), 0);
	assert.deepEqual([demoted.head, demoted.kind],
		["Ignored: it did harm three times in a row.", "bad"]);
	assert.equal(scorecard(fromSnapshot({})), null);
});
