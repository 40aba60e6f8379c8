// Pure. What the charts show: which lines, of which columns, how drawn, how read.
import {ms, number, percent, rate} from "./format.js";

/** A line: its column; its label; the custom property that has its colour; dashes; how it is read.
 * @typedef {{column: string, label: string, color: string, dash: number[], width: number,
 *  show: (v: unknown) => string, step?: boolean, fill?: string, aside?: boolean}} Line
 *  aside: far away it does not stretch the scale */

/** @type {Line[]} */
const LATENCY = [
	{column: "p95_ms", label: "p95 probes", color: "--c-blue", dash: [], width: 2, show: ms},
	{column: "requests_p95_ms", label: "p95 requests", color: "--c-orange", dash: [7, 3], width: 2,
		show: ms},
	{column: "baseline_ms", label: "normal ± spread", color: "--c-green", dash: [2, 3], width: 2,
		show: ms},
	{column: "objective_ms", label: "objective", color: "--c-red", dash: [12, 4, 2, 4], width: 1.5,
		show: ms, aside: true},
];

/** @type {Line[]} */
const LOAD = [
	{column: "arrivals_rps", label: "arrivals", color: "--c-blue", dash: [], width: 2, show: rate,
		fill: "--c-blue-soft"},
	{column: "capacity_rps", label: "capacity", color: "--c-green", dash: [7, 3], width: 2,
		show: rate, aside: true},
];

/** @type {Line[]} */
const REPLICAS = [
	{column: "ready", label: "ready", color: "--c-blue", dash: [], width: 2, show: number,
		step: true, fill: "--c-blue-soft"},
	{column: "running", label: "running", color: "--c-orange", dash: [7, 3], width: 2, show: number,
		step: true},
	{column: "wanted", label: "wanted", color: "--c-red", dash: [2, 3], width: 2, show: number,
		step: true},
];

/** The charts, from above: id, title, unit, lines. */
export const CHARTS = [
	{id: "chart-latency", title: "Latency", unit: "ms", lines: LATENCY},
	{id: "chart-load", title: "Load", unit: "requests/s", lines: LOAD},
	{id: "chart-replicas", title: "Replicas", unit: "count", lines: REPLICAS},
];

const AWAY = 4;

/** The scale's upper end: all of ${max}, and what is aside unless it is far away.
 * @param {number | null | undefined} max @param {number} aside highest of the lines aside, or 0
 * @param {boolean} whole counts */
export function top(max, aside, whole) {
	const data = max ?? 0;
	const high = aside > 0 && (data <= 0 || aside <= AWAY * data) ? Math.max(data, aside) : data;
	if (whole)
		return Math.max(2, Math.ceil(high * 1.1));
	return high > 0 ? high * 1.12 : 1;
}

/** All values of a row, as a sentence. @param {{[column: string]: any}} point */
export function spoken(point) {
	const parts = CHARTS.flatMap((chart) => chart.lines)
		.filter((line) => typeof point[line.column] === "number")
		.map((line) => `${line.label} ${line.show(point[line.column])}`);
	if (point.error_rate >= 0.01)
		parts.push(`${percent(point.error_rate)} of answers failed`);
	return parts.join(", ") || "nothing was measured";
}

/** Label of a time on the axis. @param {number} ts @param {number} step between labels, seconds */
export function timeLabel(ts, step) {
	const text = new Date(ts * 1000).toLocaleTimeString("en-GB");
	return step < 60 ? text : text.slice(0, 5);
}

/** @template {{ts: number, key: string}} T
 * @typedef {{key: string, x: number, rows: T[]}} Mark */

/** Actions as marks: those that would cover each other are one, whose last row is the newest.
 * @template {{ts: number, key: string}} T @param {T[]} rows
 * @param {(ts: number) => number} position in pixels
 * @param {number} width @param {number} apart @returns {Mark<T>[]} */
export function marksOf(rows, position, width, apart) {
	/** @type {Mark<T>[]} */
	const marks = [];
	for (const row of [...rows].sort((a, b) => a.ts - b.ts)) {
		const x = position(row.ts), last = marks.at(-1);
		if (x < 0 || x > width)
			continue;
		if (last && x - last.x < apart)
			last.rows.push(row);
		else
			marks.push({key: row.key, x, rows: [row]});
	}
	return marks;
}
