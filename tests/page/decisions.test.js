// The table of decisions.
import assert from "node:assert/strict";
import test from "node:test";

import {change, filterRows, FILTERS, markName, rowJson, rowsOf, shownRows, sign, statusOf}
	from "../../dashboard/www/decisions.js";
import {fromSnapshot} from "../../dashboard/www/state.js";

const up = {id: "p1", ts: 10, decision: {action: "scale_up", reason: "8.3x baseline", replicas: 4},
	telemetry: {replicas: 2}, explain: {decided_by: "feed_forward"},
	advisor: {id: "a1", action: "scale_up", reason: "both rise"}};
const noop = {id: "p2", ts: 12, decision: {action: "noop", reason: "quiet", replicas: 4}};
const snapshot = {
	plans: [up, noop],
	actions: [up],
	results: [
		{id: "p1", ts: 11, action: "scale_up", result: {status: "ok", message: "started app-dup-3"},
			replicas_before: 2, replicas_after: 4},
		{id: "r9", ts: 14, action: "scale_up", reason: "app-dup-2 died", result: {status: "error"},
			wanted: 4},
	],
	receipts: [{id: "c1", ts: 13, plan: "p1", requests: 612, failed: 0}],
	advice: [{id: "a1", ts: 9, cost_usd: 0.1}],
	judgements: [{id: "j1", ts: 20, advice: "a1", judgement: "agreed"}],
};
const rows = rowsOf(fromSnapshot(snapshot), 20);
const keys = (filter, search = "") => filterRows(rows, filter, search).map((r) => r.key);

test("plans stand with all that became of them, the newest first", () => {
	assert.deepEqual(rows.map((r) => r.key), ["r9", "p2", "p1"]);
	const joined = rows[2];
	assert.equal(joined.result.result.message, "started app-dup-3");
	assert.equal(joined.receipt.requests, 612);
	assert.equal(joined.advice.cost_usd, 0.1);
	assert.equal(joined.judgement.judgement, "agreed");
});

test("a repair has no plan, and is a row all the same", () => {
	assert.equal(rows[0].plan, null);
	assert.equal(rows[0].reason, "app-dup-2 died");
	assert.equal(rows[0].replicas, 4);
});

test("messages without an id are rows of their own", () => {
	const bare = rowsOf(fromSnapshot({
		plans: [{ts: 1, decision: {action: "noop"}}, {ts: 2, decision: {action: "noop"}}],
		results: [{ts: 3, action: "restart", result: {status: "ok"}}],
	}), 3);
	assert.equal(new Set(bare.map((r) => r.key)).size, 3);
});

test("filters", () => {
	assert.deepEqual(keys("actions"), ["r9", "p1"]);
	assert.deepEqual(keys("all"), ["r9", "p2", "p1"]);
	assert.deepEqual(keys("noop"), ["p2"]);
	assert.deepEqual(keys("scale_down"), []);
	assert.deepEqual(keys("failed"), ["r9"]);
	assert.deepEqual(keys("advised"), ["p1"]);
	for (const [value] of FILTERS)
		assert.ok(keys(value).length <= 3);
});

test("search finds every word, in reason, id, result, gate and advice", () => {
	for (const text of ["8.3x", "P1", "dup-3", "feed_forward", "both rise", "scale up 4",
		"ok baseline"])
		assert.deepEqual(keys("all", text).includes("p1"), true, text);
	assert.deepEqual(keys("all", "died"), ["r9"]);
	assert.deepEqual(keys("actions", "quiet"), []);
	assert.deepEqual(keys("all", "baseline nowhere"), []);
});

test("how a row is shown", () => {
	assert.equal(change(rows[2]), "2 → 4");
	assert.equal(change(rows[1]), "4");
	assert.equal(change({...rows[1], replicas: undefined}), "");
	assert.deepEqual(statusOf(rows[2]), {word: "done", kind: "good"});
	assert.deepEqual(statusOf(rows[0]), {word: "failed", kind: "bad"});
	assert.deepEqual(statusOf(rows[1]), {word: "nothing to do", kind: "quiet"});
	assert.deepEqual(statusOf({...rows[2], result: null}), {word: "waiting", kind: "busy"});
	assert.equal(sign(rows[2]), "▲");
	assert.equal(markName(rows[2]), "Scaled up to 4 replicas: 8.3x baseline");
});

test("the copy has the messages as they came, and no others", () => {
	assert.deepEqual(JSON.parse(rowJson(rows[2])), {plan: up, result: snapshot.results[0],
		receipt: snapshot.receipts[0], advice: snapshot.advice[0],
			judgement: snapshot.judgements[0]});
	assert.deepEqual(Object.keys(JSON.parse(rowJson(rows[1]))), ["plan"]);
});

test("a plan that nobody answers is not waited for", () => {
	const of = (now) => rowsOf(fromSnapshot({plans: [up, noop]}), now);
	assert.deepEqual(statusOf(of(100)[1]), {word: "waiting", kind: "busy"});
	assert.deepEqual(of(1000).map(statusOf).map((s) => s.word), ["nothing to do", "no answer"]);
	assert.equal(markName(of(1000)[1]),
		"Wanted to scale up to 4 replicas, no answer known: 8.3x baseline");
	assert.deepEqual(filterRows(of(1000), "failed", "").map((r) => r.key), ["p1"]);
});

test("the decision that is being read stays, however many come", () => {
	const list = ["e", "d", "c", "b", "a"].map((key) => ({key}));
	const of = (limit, open) => shownRows(list, limit, open).map((r) => r.key).join("");
	assert.equal(of(2, null), "ed");
	assert.equal(of(2, {key: "d"}), "ed");
	assert.equal(of(2, {key: "b"}), "edcb");
	assert.equal(of(2, {key: "gone"}), "edgone");
	assert.equal(of(Infinity, {key: "a"}), "edcba");
});
