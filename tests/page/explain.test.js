// Why a decision fell as it did.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import test from "node:test";

import {advised, chain, decidedBy, estimates, would} from "../../dashboard/www/explain.js";

const plan = {
	ts: 1, decision: {action: "scale_up"},
	explain: {
		policy: "adaptive", decided_by: "feed_forward",
		estimates: {p95_ms: 140.2, arrivals_rps: 148.2, utilisation: 0.61, startup_sec: 4,
			wanted_raw: 4},
		gates: {
			data_good: {pass: true},
			feed_forward: {pass: true, value: 4, bound: 2},
			up_cooldown: {pass: false, value: 12, bound: 0},
			down_hold: {pass: false, value: 40, bound: 60},
			of_another_policy: {pass: false, value: 1},
		},
		would: [{action: "noop", text: "would do nothing if arrivals <= 101/s"}, {action: "x"}],
	},
};
const step = (name) => chain(plan).flatMap((s) => s.steps).find((s) => s.name === name);

test("gates stand in stages, those of a policy not known here at the end", () => {
	assert.deepEqual(chain(plan).map((s) => s.title),
		["Can it judge?", "Are more needed?", "May it add?", "May it remove?", "Also looked at"]);
	assert.equal(step("of_another_policy").text, "Not of another policy");
});

test("each says whether it passed, with its numbers, and one that it decided", () => {
	assert.deepEqual(step("feed_forward"), {name: "feed_forward", pass: true, decided: true,
		text: "Arrivals need more replicas", figures: "4 against 2"});
	assert.deepEqual([step("up_cooldown").pass, step("up_cooldown").figures],
		[false, "12 s against 0 s"]);
	assert.equal(step("down_hold").text, "Not quiet for the whole hold yet");
	assert.equal(step("data_good").figures, "");
	assert.equal(chain(plan).flatMap((s) => s.steps).filter((s) => s.decided).length, 1);
	assert.equal(decidedBy(plan), "Arrivals need more replicas (4 against 2)");
});

test("every gate that a policy tells has words here", () => {
	for (const policy of ["adaptive", "classic"]) {
		const source = readFileSync(new URL(`../../planner/policy_${policy}.c`, import.meta.url),
			"utf8");
		const names = [...source.matchAll(/policy_gate\(\w+, "(\w+)"/g)].map((m) => m[1]);
		assert.ok(names.length > 5);
		const gates = Object.fromEntries(names.map((name) => [name, {pass: true}]));
		const stages = chain({ts: 1, decision: {action: "noop"}, explain: {gates}});
		assert.ok(!stages.some((s) => s.title === "Also looked at"), policy);
	}
});

test("a plan that explains nothing", () => {
	for (const bare of [null, {ts: 1, decision: {action: "noop"}}]) {
		assert.deepEqual([chain(bare), estimates(bare), would(bare)], [[], [], []]);
		assert.equal(decidedBy(bare), "");
	}
	assert.equal(decidedBy({ts: 1, decision: {action: "noop"}, explain: {decided_by: "z_high"}}),
		"z high");
});

test("estimates in their units, and what would have changed it", () => {
	assert.deepEqual(estimates(plan), [["p95", "140 ms"], ["arrivals", "148/s"],
		["utilisation", "61 %"],
		["start of a replica", "4 s"], ["needed", "4"]]);
	assert.deepEqual(would(plan), ["Would do nothing if arrivals <= 101/s"]);
});

const row = (advisor, over) => ({plan: {...plan, advisor}, advice: null, judgement: null, ...over});

test("the advisor's verdict beside the heuristic's", () => {
	assert.equal(advised(row(undefined)), null);
	const a = advised(row({action: "scale_up", mode: "advise", followed: true, model: "m",
		reason: "both rise",
		heuristic: {action: "noop", replicas: 2}},
	{advice: {cost_usd: 0.0002, latency_ms: 812},
		judgement: {judgement: "helpful", reason: "p95 fell"}}));
	assert.deepEqual(a, {heuristic: "Noop, 2 replicas", advisor: "Scale up", reason: "both rise",
		model: "m",
		then: "Followed: the decision is the advisor's", cost: "$0.0002, 812 ms",
			judged: "Helpful: p95 fell"});
	const b = advised(row({action: "noop", mode: "shadow", followed: false,
		heuristic: {action: "noop", replicas: 1}}));
	assert.equal(b.heuristic, "Noop, 1 replica");
	assert.equal(b.then, "Not followed: shadow mode records only");
	assert.equal(b.judged, "Not judged yet");
});
