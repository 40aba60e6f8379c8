// The state in words.
import assert from "node:assert/strict";
import test from "node:test";

import {deed, keyFigures, lastAction, outcome, stateSentence, tabTitle, utilisation}
	from "../../dashboard/www/sentence.js";
import {fromSnapshot} from "../../dashboard/www/state.js";

const calm = {ts: 1000, p95_ms: 131, baseline_ms: 119, objective_ms: 250, arrivals_rps: 114,
	capacity_rps: 186, wanted: 3, running: 3, ready: 3, error_rate: 0};
const model = (point, decided_by = "feed_forward", over = {}) => fromSnapshot({
	target: "app", point: {...calm, ...point},
	plans: [{id: "p", ts: 1000, decision: {action: "noop"}, explain: {decided_by}}], ...over,
});
const says = (point, by, over) => stateSentence(model(point, by, over));

test("holding, with the figures that matter", () => {
	assert.deepEqual(says({}),
		{text: "Holding at 3 replicas: p95 131 ms, 1.1x normal, 61 % of capacity", tone: "good"});
	assert.equal(says({running: 1, wanted: 1, ready: 1}).text.split(":")[0],
		"Holding at 1 replica");
});

test("in motion", () => {
	assert.match(says({wanted: 5}).text, /^Growing from 3 to 5 replicas: /);
	assert.match(says({wanted: 2}).text, /^Shrinking from 3 to 2 replicas: /);
	assert.match(says({ready: 1}).text, /^Growing to 3 replicas, 1 ready: /);
	for (const point of [{wanted: 5}, {wanted: 2}, {ready: 1}])
		assert.equal(says(point).tone, "busy");
});

test("what is bad is said", () => {
	assert.match(says({p95_ms: 400}).text, /over the objective of 250 ms/);
	assert.match(says({error_rate: 0.04}).text, /4 % of answers failed/);
	for (const point of [{p95_ms: 400}, {error_rate: 0.04}])
		assert.equal(says(point).tone, "bad");
	assert.equal(says({arrivals_rps: 180}).tone, "busy");
});

test("why it holds, where that is not the load", () => {
	assert.match(says({}, "warm").text, /^Learning what is normal at 3 replicas/);
	assert.match(says({}, "data_good").text, /^Holding at 3 replicas, measurements cannot be tr/);
	assert.match(says({}, "room_above").text, /^At the limit of 3 replicas, more are needed/);
	assert.match(says({}, "answers").text, /^Holding at 3 replicas, too many answers fail/);
	for (const [by, tone] of [["futility", "bad"], ["settled", "busy"], ["up_cooldown", "busy"],
		["cooled_down", "busy"]]) {
		assert.match(says({}, by).text, /^Holding at 3 replicas, [a-z ]+: p95 131 ms/);
		assert.equal(says({}, by).tone, tone);
	}
});

test("a window that nobody decides on is no holding", () => {
	const bare = {wanted: undefined, objective_ms: undefined, capacity_rps: undefined};
	assert.deepEqual(says({...bare, ts: 1010}),
		{text: "Left at 3 replicas, nobody decides: p95 131 ms, 1.1x normal", tone: "bad"});
	const daemons = [{daemon: "planner", alive: false}];
	assert.equal(says({...bare, ts: 1010}, "", {daemons}).text,
		"Left at 3 replicas, the planner is silent: p95 131 ms, 1.1x normal");
	assert.equal(keyFigures(model({...bare, ts: 1010}))[3].note, "nobody decides");
	assert.match(says(bare, "", {plans: []}).text, /^Left at 3 replicas, nobody decides/);
	assert.match(says(bare).text, /^Holding/, "the plan is on its way");
	assert.match(says({...bare, ts: 1010}, "", {window_sec: 10}).text, /^Holding/);
	assert.match(says({ts: 1010}).text, /^Holding/, "clocks differ, the plan is there");
});

test("what ails the suite itself is said, the worst first", () => {
	const well = {daemon: "planner", alive: true, dependencies: [{name: "redis", up: true}]};
	const poor = {daemon: "executor", alive: true, dependencies: [{name: "docker", up: false}]};
	const gone = {daemon: "watcher", alive: false};
	const refused = {ts: 1, generation: 2, result: {status: "error"}};
	const ails = (over) => says({}, "", over).text.replace(/:.*/, "");
	assert.equal(ails({daemons: [well]}), "Holding at 3 replicas");
	assert.equal(ails({daemons: [well, poor]}),
		"Holding at 3 replicas, the executor lacks docker");
	assert.equal(ails({upstreams_error: refused}),
		"Holding at 3 replicas, nginx refused its configuration");
	assert.equal(ails({daemons: [poor, gone], upstreams_error: refused}),
		"Holding at 3 replicas, the watcher is silent (2 more below)");
	assert.equal(says({}, "", {daemons: [gone]}).tone, "bad");
	assert.equal(ails({daemons: [gone], redis: {up: false}}), "Holding at 3 replicas");
});

test("unknown figures are left out", () => {
	const plans = [{ts: 1, decision: {action: "noop"}}];
	const m = fromSnapshot({target: "app", point: {ts: 1, p95_ms: 131}, plans});
	assert.equal(stateSentence(m).text, "Holding: p95 131 ms");
	assert.equal(stateSentence(fromSnapshot({point: {ts: 1}, plans})).text, "Holding");
	assert.equal(stateSentence(fromSnapshot({point: {ts: 1}})).text,
		"Left as it is, nobody decides");
	assert.equal(stateSentence(fromSnapshot({target: "app"})).text,
		"Waiting for the first measurement of app");
	assert.equal(utilisation({ts: 1, utilisation: 0.5}), 0.5);
	assert.equal(utilisation({ts: 1}), undefined);
});

const row = (over) => ({
	key: "p", ts: 1000, action: "scale_up", reason: "8.3x baseline", replicas: 4, before: 2,
		plan: null,
	result: {ts: 1, action: "scale_up", result: {status: "ok", message: "started app-dup-3"},
		duration_ms: 412},
	receipt: null, advice: null, judgement: null, ...over,
});

test("what was done last, and what became of it", () => {
	assert.deepEqual(lastAction(row({}), 1190),
		{title: "Scaled up to 4 replicas, 3 min 10 s ago", reason: "8.3x baseline"});
	assert.equal(lastAction(undefined, 0).title, "No action yet");
	const refused = {result: {status: "skipped", message: "too old"}};
	assert.deepEqual(lastAction(row({result: refused}), 1190), {
		title: "Refused to scale up to 4 replicas, 3 min 10 s ago",
		reason: "too old; it was wanted for: 8.3x baseline"});
	assert.equal(lastAction(row({result: refused, reason: ""}), 1190).reason, "too old");
	assert.equal(deed(row({result: null})), "Scaling up to 4 replicas");
	assert.equal(deed(row({action: "restart"})), "Restarted");
	const failed = (status) => row({result: {result: {status}}, replicas: undefined});
	assert.equal(deed(failed("error")), "Failed to scale up");
	assert.equal(deed(failed("skipped")), "Refused to scale up");
	assert.equal(outcome(row({})), "started app-dup-3, took 412 ms");
	assert.equal(outcome(row({result: null, receipt: {requests: 612, failed: 0}})),
		"612 requests meanwhile, none failed");
	assert.equal(outcome(row({result: null})), "");
});

test("key figures and the tab", () => {
	const [probes, , , used, ready, errors] = keyFigures(model({ready: 2, error_rate: 0.02}));
	assert.deepEqual([probes.value, probes.note], ["131 ms", "objective 250 ms"]);
	assert.deepEqual([used.value, used.note, used.tone], ["61 %", "39 % to spare", "good"]);
	assert.deepEqual([ready.value, ready.note, ready.tone], ["2", "of 3 wanted", "busy"]);
	assert.equal(errors.tone, "bad");
	assert.equal(keyFigures(model({arrivals_rps: 300}))[3].tone, "bad");
	const none = keyFigures(fromSnapshot({}));
	assert.deepEqual(new Set(none.map((f) => f.value)), new Set(["–"]));
	assert.deepEqual(none.slice(0, 4).map((f) => f.note), Array(4).fill("not measured yet"));
	const live = {state: "live", text: ""};
	assert.equal(tabTitle(model({}), live), "3 replicas, 131 ms · app");
	assert.equal(tabTitle(model({p95_ms: 400}), live), "! 3 replicas, 400 ms · app");
	assert.equal(tabTitle(model({}), {state: "stale", text: ""}), "✕ 3 replicas, 131 ms · app");
	assert.equal(tabTitle(fromSnapshot({target: "app"}), live), "… · app");
});

test("a figure that is not known says why", () => {
	const unknown = {arrivals_rps: undefined};
	const notes = (point, policy) => keyFigures(model({requests_p95_ms: undefined,
		capacity_rps: undefined, ...point}, "", {plans: [{ts: 1000, decision: {action: "noop"},
		explain: {policy}}]})).slice(1, 4).map((f) => f.note);
	assert.deepEqual(notes({arrivals_rps: 0}),
		["no requests now", "capacity not known yet", "capacity not known yet"]);
	assert.equal(notes({})[0], "none was answered");
	assert.deepEqual(notes(unknown), Array(3).fill("nginx does not tell"));
	assert.deepEqual(notes({}, "classic").slice(1), Array(2).fill("not known by this policy"));
	assert.equal(notes(unknown, "classic")[1], "nginx does not tell");
});
