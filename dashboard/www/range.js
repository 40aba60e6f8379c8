// Pure. Which part of time the charts show.
/** @import {View} from "../types.js" */

export const RANGES = [900, 3600, 21600, 86400];
const SPAN_MIN = 10;
const REACH = Math.max(...RANGES);

/** @param {number} range_sec @returns {View} */
export const live = (range_sec) => ({range_sec, span_sec: range_sec, end: null});

/** @param {View} v */
export const isLive = (v) => v.end === null && v.span_sec === v.range_sec;

/** Whether there is something earlier to show. @param {View} v @param {number} now */
export const isFirst = (v, now) => bounds(v, now)[0] <= now - REACH;

/** @param {View} v @param {number} now @returns {[number, number]} */
export function bounds(v, now) {
	const end = v.end ?? now;
	return [end - v.span_sec, end];
}

const PIXELS = 1000;
const NEAR = 4; // pixels

/** What is nearer to each other than this is drawn as one, in seconds. @param {View} v */
export const nearness = (v) => NEAR * v.span_sec / PIXELS;

const REDRAW_MAX_SEC = 5;

/** How long charts may stay as they are: about a pixel. @param {View} v */
export const patience = (v) => Math.min(REDRAW_MAX_SEC, v.span_sec / PIXELS);

/** The part from a time to another, no wider than the range, and no further back than that or what
 * is shown already.  What reaches up to now goes on with it.
 * @param {View} v @param {number} from @param {number} to @param {number} now
 * @param {number} [reach] seconds @returns {View} */
export function show(v, from, to, now, reach = Math.max(v.range_sec, now - bounds(v, now)[0])) {
	const span = Math.min(v.range_sec, Math.max(SPAN_MIN, to - from));
	const middle = (from + to) / 2;
	const end = Math.max(now - reach + span, middle + span / 2);
	return {range_sec: v.range_sec, span_sec: span, end: end >= now - span / 100 ? null : end};
}

/** Closer by a factor over 1, about a time. @param {View} v @param {number} factor
 * @param {number} at @param {number} now @returns {View} */
export function zoom(v, factor, at, now) {
	const [from, to] = bounds(v, now);
	return show(v, at - (at - from) / factor, at + (to - at) / factor, now);
}

/** Later by a share of what is shown, below 0 earlier, as far back as is known.
 * @param {View} v @param {number} share @param {number} now @returns {View} */
export function pan(v, share, now) {
	const [from, to] = bounds(v, now);
	const by = share * v.span_sec;
	return show(v, from + by, to + by, now, REACH);
}

/** The shortest range, as the server keeps them, that reaches back to what is shown.
 * @param {View} v @param {number} now */
export function ringFor(v, now) {
	const back = now - bounds(v, now)[0];
	return RANGES.find((range) => range >= back - 1) ?? RANGES[RANGES.length - 1];
}
