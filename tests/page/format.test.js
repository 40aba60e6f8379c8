// Figures as people read them.
import assert from "node:assert/strict";
import test from "node:test";

import {age, ago, capital, clock, count, dollars, ms, number, percent, rate, roughly, short, times,
	words}
	from "../../dashboard/www/format.js";

/** @param {(v: any) => string} show @param {[any, string][]} pairs */
function table(show, pairs) {
	for (const [value, text] of pairs)
		assert.equal(show(value), text);
}

test("what is not known is a dash", () => {
	for (const show of [number, short, ms, rate, percent, times, dollars, age, roughly, clock])
		for (const value of [undefined, null, NaN, Infinity, "3"])
			assert.equal(show(value), "–");
});

test("numbers have no more digits than count", () => {
	table(number, [[0, "0"], [-0.2, "0"], [1234.5, "1,235"]]);
	table(short, [[3, "3"], [3.14159, "3.14"], [31.4159, "31.4"], [314.159, "314"]]);
	table(times, [[1.08, "1.1x"], [12.3, "12x"]]);
});

test("latencies have the unit that fits", () => {
	table(ms, [[0, "0 ms"], [8.44, "8.4 ms"], [131.4, "131 ms"], [1234, "1.23 s"],
		[30000, "30.0 s"],
		[90000, "1 min 30 s"]]);
});

test("rates, shares and money", () => {
	table(rate, [[0, "0/s"], [1.25, "1.3/s"], [148.2, "148/s"]]);
	table(percent, [[0, "0 %"], [0.004, "0.4 %"], [0.612, "61 %"], [1.4, "140 %"]]);
	table(dollars, [[0, "$0.00"], [0.0123, "$0.0123"], [3.5, "$3.50"]]);
});

test("lengths of time have at most two units", () => {
	table(age, [[-3, "0 s"], [59.4, "59 s"], [60, "1 min"], [95, "1 min 35 s"], [1195, "19 min"],
		[7500, "2 h 5 min"], [7200, "2 h"], [93600, "1 d 2 h"]]);
	table(roughly, [[95, "1 min"], [93600, "1 d"]]);
	assert.equal(ago(100, 101), "just now");
	assert.equal(ago(100, 195), "1 min 35 s ago");
	assert.equal(ago(undefined, 195), "at a time unknown");
});

test("a time of another day has its day", () => {
	const noon = new Date(2026, 10, 29, 12, 0, 5).getTime() / 1000;
	assert.equal(clock(noon), "12:00:05");
	assert.equal(clock(noon, noon + 3600), "12:00:05");
	assert.equal(clock(noon, noon + 86400), "29 Nov 12:00:05");
	assert.equal(clock(noon, noon + 365 * 86400), "29 Nov 12:00:05");
});

test("words", () => {
	assert.equal(count(1, "replica"), "1 replica");
	assert.equal(count(3, "replica"), "3 replicas");
	assert.equal(capital(words("scale_up")), "Scale up");
});
