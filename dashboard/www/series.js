// Pure. The time series: columns that came from the server's history, carried on by live points.
/** @import {Series, History, Point} from "../types.js" */
import {known} from "./format.js";

export const COLUMNS = [
	"ts", "p95_ms", "requests_p95_ms", "baseline_ms", "sigma_ms", "objective_ms", "arrivals_rps",
	"capacity_rps", "utilisation", "wanted", "running", "ready", "error_rate",
];

const ROWS_MAX = 6000;
const LOOK_BACK = 16; // rows in which a point that comes again is sought
const HIGHEST = new Set(["p95_ms", "requests_p95_ms", "objective_ms", "error_rate"]);
const ERRORS_FROM = 0.01; // of the answers

/** @param {number} range_sec @returns {Series} */
export function emptySeries(range_sec) {
	return {step_sec: 0, range_sec, columns: Object.fromEntries(COLUMNS.map((c) => [c, []]))};
}

/** @param {History} history @param {number} range_sec @returns {Series} */
export function fromHistory(history, range_sec) {
	const series = emptySeries(range_sec);
	const n = history.data[history.columns.indexOf("ts")]?.length ?? 0;
	for (const name of COLUMNS) {
		const at = history.columns.indexOf(name);
		series.columns[name] = at < 0 ? Array(n).fill(null) : [...history.data[at]];
	}
	series.step_sec = history.step_sec;
	return series;
}

/** @param {Series} s @param {number} row @param {Point} point @param {boolean} merge */
function write(s, row, point, merge) {
	for (const name of COLUMNS.slice(1)) {
		const column = s.columns[name];
		const fresh = /** @type {any} */ (point)[name];
		const old = column[row];
		if (!known(fresh))
			column[row] = merge ? (old ?? null) : null;
		else
			column[row] = merge && known(old) && HIGHEST.has(name) ? Math.max(old, fresh) : fresh;
	}
}

/** Carry on by a point, in place: as a row of its own, or in its bucket where the series has
 * buckets.  A point that comes again stands in place of the first.
 * @param {Series} s @param {Point} point */
export function addPoint(s, point) {
	const ts = s.columns.ts;
	const x = s.step_sec > 0 ? Math.floor(point.ts / s.step_sec) * s.step_sec : point.ts;
	const n = ts.length;
	const last = n ? /** @type {number} */ (ts[n - 1]) : -Infinity;
	if (x > last) {
		ts.push(x);
		write(s, n, point, false);
		trim(s, point.ts - s.range_sec);
	} else if (s.step_sec > 0) {
		if (point.ts >= last - s.step_sec)
			write(s, n - 1, point, true);
	} else {
		const at = ts.lastIndexOf(x);
		if (at >= 0 && at >= n - LOOK_BACK)
			write(s, at, point, false);
	}
}

/** Forget what is older, and what is too much. @param {Series} s @param {number} from */
function trim(s, from) {
	const ts = /** @type {number[]} */ (s.columns.ts);
	let old = 0;
	while (old < ts.length && ts[old] < from)
		old++;
	old = Math.max(old - 1, ts.length - ROWS_MAX);
	if (old > 0)
		for (const name of COLUMNS)
			s.columns[name].splice(0, old);
}

/** The rows, with a row of nulls where time passed without a window, so that no line goes over it.
 * @param {Series} s @param {number} window_sec */
export function withGaps(s, window_sec) {
	const ts = /** @type {number[]} */ (s.columns.ts);
	const limit = Math.max(5, 3 * Math.max(window_sec, s.step_sec));
	/** @type {number[]} */
	const holes = [];
	for (let i = ts.length - 1; i > 0; i--)
		if (ts[i] - ts[i - 1] > limit)
			holes.push(i);
	if (!holes.length)
		return s.columns;
	/** @type {Series["columns"]} */
	const columns = {};
	for (const name of COLUMNS) {
		const column = [...s.columns[name]];
		for (const i of holes)
			column.splice(i, 0, name === "ts" ? ts[i - 1] + limit / 2 : null);
		columns[name] = column;
	}
	return columns;
}

/** Baseline less and plus its sigma, for the band. @param {Series["columns"]} c */
export function band(c) {
	const edge = (/** @type {number} */ sign) => c.baseline_ms.map((b, i) => {
		const sigma = c.sigma_ms[i];
		return known(b) && known(sigma) ? Math.max(0, b + sign * sigma) : null;
	});
	return {low: edge(-1), high: edge(1)};
}

/** Spans of time in which answers failed, with the worst share.  Those that are as near as
 * ${near_sec} to each other are one: there they could not be told apart.
 * @param {Series["columns"]} c @param {number} width_sec of a row @param {number} [near_sec]
 * @returns {{from: number, to: number, worst: number}[]} */
export function errorSpans(c, width_sec, near_sec = 0) {
	const spans = [];
	/** @type {{from: number, to: number, worst: number} | null} */
	let open = null, last = -1; // row that is in it
	for (let i = 0; i < c.ts.length; i++) {
		const share = c.error_rate[i];
		const ts = /** @type {number} */ (c.ts[i]);
		if (!known(share) || share < ERRORS_FROM)
			continue;
		if (!open || (last < i - 1 && ts - width_sec - open.to > near_sec))
			spans.push(open = {from: ts - width_sec, to: ts, worst: share});
		last = i;
		open.to = ts;
		open.worst = Math.max(open.worst, share);
	}
	return spans;
}

/** Row that is nearest to a time, or -1. @param {(number | null)[]} ts @param {number} at */
export function nearest(ts, at) {
	let lo = 0, hi = ts.length - 1;
	while (lo < hi) {
		const mid = (lo + hi) >> 1;
		if (/** @type {number} */ (ts[mid]) < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	const before = /** @type {number} */ (ts[lo - 1]), after = /** @type {number} */ (ts[lo]);
	return lo > 0 && at - before <= after - at ? lo - 1 : hi;
}

/** A row as a point. @param {Series["columns"]} c @param {number} i @returns {Point} */
export function pointAt(c, i) {
	return /** @type {any} */ (Object.fromEntries(
		COLUMNS.map((name) => [name, c[name][i] ?? undefined])));
}
