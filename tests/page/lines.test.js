// What the charts show.
import assert from "node:assert/strict";
import test from "node:test";

import {CHARTS, marksOf, spoken, timeLabel, top} from "../../dashboard/www/lines.js";
import {COLUMNS} from "../../dashboard/www/series.js";

test("every line has a column, and looks unlike the others of its chart without colour too", () => {
	for (const {lines} of CHARTS) {
		for (const line of lines)
			assert.ok(COLUMNS.includes(line.column), line.column);
		assert.equal(new Set(lines.map((l) => l.dash.join())).size, lines.length);
		assert.equal(new Set(lines.map((l) => l.color)).size, lines.length);
	}
});

test("the scale holds the data, and what is aside only where it is near", () => {
	assert.ok(top(100, 250, false) > 250);
	assert.ok(top(100, 2000, false) < 200);
	assert.equal(top(null, 0, false), 1);
	assert.ok(top(null, 250, false) > 250);
	assert.equal(top(1, 0, true), 2);
	assert.equal(top(10, 0, true), 11);
});

test("a row is spoken", () => {
	assert.equal(spoken({p95_ms: 131, arrivals_rps: 148.2, ready: 3, error_rate: 0.04}),
		"p95 probes 131 ms, arrivals 148/s, ready 3, 4 % of answers failed");
	assert.equal(spoken({}), "nothing was measured");
	assert.match(timeLabel(1795458155, 300), /^\d\d:\d\d$/);
	assert.match(timeLabel(1795458155, 10), /^\d\d:\d\d:\d\d$/);
});

test("marks that would cover each other are one, outside there are none", () => {
	const rows = [30, 10, 15, 90, 200, -5].map((ts) => ({ts, key: `k${ts}`}));
	const marks = marksOf(rows, (ts) => ts, 100, 10);
	assert.deepEqual(marks.map((m) => [m.key, m.x, m.rows.map((r) => r.ts)]),
		[["k10", 10, [10, 15]], ["k30", 30, [30]], ["k90", 90, [90]]]);
});
