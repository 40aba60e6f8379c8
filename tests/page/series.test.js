// The time series: history carried on by live points.
import assert from "node:assert/strict";
import test from "node:test";

import {addPoint, band, COLUMNS, emptySeries, errorSpans, fromHistory, nearest, pointAt, withGaps}
	from "../../dashboard/www/series.js";

/** @param {number} step @param {number[]} ts @param {(number | null)[]} p95 */
const history = (step, ts, p95) => fromHistory({
	id: "a-1", from: 0, to: 0, step_sec: step, columns: ["ts", "p95_ms"], data: [ts, p95],
}, 900);

test("a history without some columns has them empty", () => {
	const s = history(0, [1, 2], [100, 101]);
	assert.deepEqual(s.columns.p95_ms, [100, 101]);
	assert.deepEqual(s.columns.wanted, [null, null]);
	for (const name of COLUMNS)
		assert.equal(s.columns[name].length, 2);
	const none = fromHistory({id: "", from: 0, to: 0, step_sec: 0, columns: [], data: []}, 900);
	assert.deepEqual(none.columns.ts, []);
});

test("a point is a row, and one that comes again replaces it", () => {
	const s = history(0, [1, 2], [100, 101]);
	addPoint(s, {ts: 3, p95_ms: 102});
	addPoint(s, {ts: 3, p95_ms: 102, wanted: 2});
	addPoint(s, {ts: 2, p95_ms: 99});
	addPoint(s, {ts: 2.5, p95_ms: 1});
	assert.deepEqual(s.columns.ts, [1, 2, 3]);
	assert.deepEqual(s.columns.p95_ms, [100, 99, 102]);
	assert.deepEqual(s.columns.wanted, [null, null, 2]);
});

test("in buckets latencies are the highest and counts the last", () => {
	const s = history(10, [0, 10], [100, 100]);
	addPoint(s, {ts: 12, p95_ms: 300, ready: 2, arrivals_rps: 5});
	addPoint(s, {ts: 14, p95_ms: 120, ready: 3, arrivals_rps: 7});
	addPoint(s, {ts: 16, ready: 1});
	assert.deepEqual(s.columns.ts, [0, 10]);
	assert.deepEqual([s.columns.p95_ms[1], s.columns.ready[1], s.columns.arrivals_rps[1]],
		[300, 1, 7]);
	addPoint(s, {ts: 21, p95_ms: 90});
	assert.deepEqual(s.columns.ts, [0, 10, 20]);
	assert.equal(s.columns.p95_ms[2], 90);
	addPoint(s, {ts: 3, p95_ms: 999});
	assert.deepEqual(s.columns.p95_ms, [100, 300, 90]);
});

test("what is older than the range is forgotten, but for one row that leads in", () => {
	const s = emptySeries(100);
	for (let ts = 0; ts <= 300; ts += 10)
		addPoint(s, {ts, p95_ms: ts});
	assert.equal(s.columns.ts[0], 190);
	assert.equal(s.columns.ts.at(-1), 300);
	assert.equal(s.columns.p95_ms.length, s.columns.ts.length);
});

test("a series is bounded, however dense its points", () => {
	const s = emptySeries(86400);
	for (let i = 0; i < 6100; i++)
		addPoint(s, {ts: i / 10});
	assert.equal(s.columns.ts.length, 6000);
});

test("where time passed without windows no line goes over it", () => {
	const s = history(0, [0, 2, 4, 60, 62], [1, 1, 1, 1, 1]);
	const c = withGaps(s, 2);
	assert.deepEqual(c.ts, [0, 2, 4, 7, 60, 62]);
	assert.deepEqual(c.p95_ms, [1, 1, 1, null, 1, 1]);
	assert.equal(withGaps(history(0, [0, 2, 4], [1, 1, 1]), 2).ts.length, 3);
	assert.equal(withGaps(history(60, [0, 60, 120], [1, 1, 1]), 2).ts.length, 3);
});

test("the band is the baseline with its spread, never below 0", () => {
	const s = emptySeries(900);
	addPoint(s, {ts: 1, baseline_ms: 100, sigma_ms: 5});
	addPoint(s, {ts: 2, baseline_ms: 3, sigma_ms: 5});
	addPoint(s, {ts: 3, baseline_ms: 100});
	assert.deepEqual(band(s.columns), {low: [95, 0, null], high: [105, 8, null]});
});

test("windows with failures that follow each other are one span", () => {
	const s = emptySeries(900);
	[0, 0.02, 0.3, 0.009, undefined, 0.05].forEach((error_rate, i) =>
		addPoint(s, {ts: 2 * i, error_rate}));
	assert.deepEqual(errorSpans(s.columns, 2),
		[{from: 0, to: 4, worst: 0.3}, {from: 8, to: 10, worst: 0.05}]);
	assert.equal(errorSpans(s.columns, 2, 3.9).length, 2);
	assert.deepEqual(errorSpans(s.columns, 2, 4), [{from: 0, to: 10, worst: 0.3}]);
	assert.equal(errorSpans(s.columns, 1.9).length, 2, "rows that follow each other are one");
});

test("the nearest row", () => {
	assert.equal(nearest([], 5), -1);
	assert.deepEqual([-9, 0, 4, 6, 99].map((at) => nearest([0, 10, 20], at)), [0, 0, 0, 1, 2]);
});

test("a row as a point leaves out what is not known", () => {
	const s = history(0, [7], [100]);
	assert.equal(pointAt(s.columns, 0).p95_ms, 100);
	assert.equal(pointAt(s.columns, 0).wanted, undefined);
});
