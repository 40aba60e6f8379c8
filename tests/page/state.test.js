// What the page knows: from a snapshot, carried on by events.
import assert from "node:assert/strict";
import test from "node:test";

import {apply, fromSnapshot, KINDS, newestPlan} from "../../dashboard/www/state.js";

const plan = (id, action, ts) => ({id, ts, decision: {action, replicas: 2}});

test("an empty snapshot is a whole model", () => {
	const m = fromSnapshot({});
	assert.equal(m.point, null);
	assert.deepEqual([m.plans, m.actions, m.results, m.replicas, m.daemons], [[], [], [], [], []]);
	assert.equal(m.redis.up, true);
	assert.equal(newestPlan(m), null);
});

test("messages are kept by time, whatever their order in the snapshot", () => {
	const m = fromSnapshot({plans: [plan("b", "noop", 2), plan("a", "noop", 1)]});
	assert.deepEqual(m.plans.map((p) => p.id), ["a", "b"]);
	assert.equal(newestPlan(m).id, "b");
});

test("an event makes another model and leaves the old as it was", () => {
	const m = fromSnapshot({});
	const next = apply(m, "plan", plan("a", "scale_up", 1));
	assert.equal(m.plans.length, 0);
	assert.deepEqual(next.plans.map((p) => p.id), ["a"]);
	assert.deepEqual(next.actions.map((p) => p.id), ["a"]);
	assert.equal(next.replicas, m.replicas);
});

test("a noop is a plan and no action", () => {
	const m = apply(fromSnapshot({}), "plan", plan("a", "noop", 1));
	assert.equal(m.plans.length, 1);
	assert.equal(m.actions.length, 0);
});

test("a message that comes again stands in the place of the first", () => {
	let m = apply(fromSnapshot({}), "result", {id: "a", ts: 1, result: {status: "skipped"}});
	m = apply(m, "result", {id: "b", ts: 2, result: {status: "ok"}});
	m = apply(m, "result", {id: "a", ts: 1, result: {status: "ok"}});
	assert.deepEqual(m.results.map((r) => [r.id, r.result.status]), [["a", "ok"], ["b", "ok"]]);
});

test("of each kind the newest are kept, and no more", () => {
	let m = fromSnapshot({});
	for (let i = 0; i < 150; i++) {
		m = apply(m, "plan", plan(`p${i}`, "scale_up", i));
		m = apply(m, "advice", {id: `a${i}`, ts: i});
	}
	assert.deepEqual([m.plans.length, m.actions.length, m.advice.length], [100, 100, 50]);
	assert.equal(m.plans[0].id, "p50");
	assert.equal(m.advice[49].id, "a149");
});

test("a refusal of nginx stays until it is well again, and the servers with it", () => {
	const good = {id: "u1", ts: 1, generation: 3, result: {status: "ok"}, servers: [{name: "app"}]};
	const bad = {id: "u2", ts: 2, generation: 3, result: {status: "error", message: "emerg"}};
	let m = apply(apply(fromSnapshot({}), "upstreams", good), "upstreams", bad);
	assert.equal(m.upstreams, good);
	assert.equal(m.upstreams_error, bad);
	m = apply(m, "upstreams", {...good, id: "u3", generation: 4});
	assert.equal(m.upstreams.generation, 4);
	assert.equal(m.upstreams_error, null);
});

test("a daemon stands once, and points go forward only", () => {
	let m = fromSnapshot({daemons: [{daemon: "planner", alive: true},
		{daemon: "monitor", alive: true}]});
	m = apply(m, "daemon", {daemon: "planner", alive: false});
	m = apply(m, "daemon", {daemon: "watcher", alive: true});
	assert.deepEqual(m.daemons.map((d) => [d.daemon, d.alive]),
		[["planner", false], ["monitor", true], ["watcher", true]]);
	m = apply(apply(m, "point", {ts: 10}), "point", {ts: 8});
	assert.equal(m.point.ts, 10);
	m = apply(m, "point", {ts: 10, wanted: 3});
	assert.equal(m.point.wanted, 3);
	assert.equal(apply(m, "point", {ts: 12}).window_sec, 2);
});

test("replicas and Redis are what was said last; what is unknown changes nothing", () => {
	const m = fromSnapshot({});
	assert.equal(apply(m, "redis", {up: false}).redis.up, false);
	assert.deepEqual(apply(m, "replicas", [{name: "app"}]).replicas, [{name: "app"}]);
	assert.equal(apply(m, "something", {}), m);
	for (const kind of ["point", "plan", "result", "receipt", "upstreams", "advice", "judgement",
		"daemon", "redis", "replicas"])
		assert.ok(KINDS.includes(kind), kind);
});
