// Which part of time is shown.
import assert from "node:assert/strict";
import test from "node:test";

import {bounds, isFirst, isLive, live, pan, patience, ringFor, show, zoom}
	from "../../dashboard/www/range.js";

const NOW = 10000;

test("a range goes on with time", () => {
	const v = live(900);
	assert.ok(isLive(v));
	assert.deepEqual(bounds(v, NOW), [9100, 10000]);
	assert.deepEqual(bounds(v, NOW + 5), [9105, 10005]);
});

test("what is dragged over is shown and stays", () => {
	const v = show(live(900), 9200, 9300, NOW);
	assert.ok(!isLive(v));
	assert.deepEqual(bounds(v, NOW), [9200, 9300]);
	assert.deepEqual(bounds(v, NOW + 50), [9200, 9300]);
});

test("what reaches up to now follows it", () => {
	const v = show(live(900), 9900, 10000, NOW);
	assert.deepEqual(bounds(v, NOW + 5), [9905, 10005]);
});

test("no closer than ten seconds, no wider than the range", () => {
	assert.equal(show(live(900), 9500, 9501, NOW).span_sec, 10);
	const wide = zoom(live(900), 0.5, 9500, NOW);
	assert.ok(isLive(wide));
});

test("zoom keeps its time in its place", () => {
	const v = zoom(live(900), 2, 9400, NOW);
	const [from, to] = bounds(v, NOW);
	assert.equal(v.span_sec, 450);
	assert.ok(Math.abs((9400 - from) / (to - from) - 300 / 900) < 1e-9);
	assert.deepEqual(bounds(zoom(v, 0.5, 9400, NOW), NOW), [9100, 10000]);
});

test("pan goes as far back as is known, and back to now", () => {
	let v = show(live(900), 9500, 9600, NOW);
	v = pan(v, 0.5, NOW);
	assert.deepEqual(bounds(v, NOW), [9550, 9650]);
	v = pan(v, -20, NOW);
	assert.deepEqual(bounds(v, NOW), [7550, 7650]);
	assert.ok(!isFirst(v, NOW));
	assert.deepEqual(bounds(show(v, 7560, 7580, NOW), NOW), [7560, 7580], "and zooms there");
	v = pan(v, -5000, NOW);
	assert.deepEqual(bounds(v, NOW), [NOW - 86400, NOW - 86300]);
	assert.ok(isFirst(v, NOW));
	v = pan(v, 5000, NOW);
	assert.equal(v.end, null);
	assert.ok(isFirst(live(86400), NOW));
	assert.equal(pan(live(900), -0.25, NOW).span_sec, 900);
});

test("the finest ring that reaches back is asked for", () => {
	assert.equal(ringFor(live(21600), NOW * 9), 21600);
	assert.equal(ringFor(show(live(86400), 89900, 89990, 90000), 90000), 900);
	assert.equal(ringFor(show(live(86400), 80000, 80100, 90000), 90000), 21600);
	assert.equal(ringFor({range_sec: 86400, span_sec: 100, end: 0}, 1e6), 86400);
});

test("charts are drawn anew about as often as a pixel takes, at least every 5 s", () => {
	assert.equal(patience(live(900)), 0.9);
	assert.equal(patience(live(86400)), 5);
	assert.equal(patience({range_sec: 900, span_sec: 10, end: null}), 0.01);
});
