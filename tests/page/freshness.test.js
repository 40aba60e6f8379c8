// How far what is shown can be trusted.
import assert from "node:assert/strict";
import test from "node:test";

import {linkOf, warning} from "../../dashboard/www/freshness.js";
import {fromSnapshot} from "../../dashboard/www/state.js";

const fresh = fromSnapshot({window_sec: 2, point: {ts: 1000}});
const link = (over) => linkOf({model: fresh, now: 1001, heard_ago: 0.5, closed_ago: null, ...over});

test("live while windows come", () => {
	assert.equal(link({}).state, "live");
	assert.equal(link({now: 1005}).state, "live");
});

test("at the start it connects, and says when that does not come to be", () => {
	assert.equal(link({model: null}).state, "connecting");
	assert.equal(link({model: null, heard_ago: 5}).state, "lost");
});

test("silence and a closed connection are told within 5 s, a quick return is not", () => {
	assert.equal(link({heard_ago: 4.6}).state, "lost");
	assert.equal(link({closed_ago: 0.4}).state, "live");
	assert.equal(link({closed_ago: 1.1}).state, "lost");
});

test("windows that stay away are told, by their length", () => {
	assert.equal(link({now: 1005.1}).state, "stale");
	const slow = fromSnapshot({window_sec: 10, point: {ts: 1000}});
	assert.equal(link({model: slow, now: 1024}).state, "live");
	assert.equal(link({model: slow, now: 1026}).state, "stale");
	assert.equal(link({model: fromSnapshot({})}).state, "stale");
});

test("that Redis is down wins over windows, that the connection is lost over Redis", () => {
	const down = {...fresh, redis: {up: false, since_ts: 1000, detail: ""}};
	assert.equal(link({model: down, now: 2000}).state, "redis-down");
	assert.match(link({model: down}).text, /^Redis does not answer since \d\d:\d\d:\d\d/);
	assert.equal(link({model: down, heard_ago: 9}).state, "lost");
});

test("the words stay while the state does: they are read out", () => {
	for (const over of [{heard_ago: 6}, {now: 1010}])
		assert.equal(link(over).text, link({...over, now: 1020}).text);
});

test("what is shown is called old only where something is shown", () => {
	const said = (over) => warning(link(over), "model" in over ? over.model : fresh);
	assert.equal(said({}), "");
	assert.equal(said({model: null}), "");
	assert.match(said({now: 1010}), /^No measurement since .*\? What is shown here is old\.$/);
	assert.match(said({heard_ago: 9}), /again\. What is shown here is old\.$/);
	assert.match(said({model: fromSnapshot({})}), /running\?$/);
	assert.match(said({model: null, heard_ago: 9}), /again\.$/);
});
