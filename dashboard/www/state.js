// Pure. What the page knows: made from a snapshot, carried on by events.  A model is never changed,
// an event makes another one that shares with it what stayed.
/** @import {Model, Snapshot, Point, Daemon, Upstreams} from "../types.js" */

const KEPT = 100; // messages of a kind
const KEPT_ADVICE = 50;

/** @template {{ts?: number}} T @param {T[] | undefined} list @returns {T[]} */
const byTime = (list) => [...(list ?? [])].sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0));

/** @param {Partial<Snapshot>} s @returns {Model} */
export function fromSnapshot(s) {
	return {
		target: s.target ?? "",
		version: s.version ?? "",
		window_sec: s.window_sec ?? 0,
		redis: s.redis ?? {up: true},
		point: s.point ?? null,
		replicas: s.replicas ?? [],
		plans: byTime(s.plans),
		actions: byTime(s.actions),
		results: byTime(s.results),
		receipts: byTime(s.receipts),
		upstreams: s.upstreams ?? null,
		upstreams_error: s.upstreams_error ?? null,
		advice: byTime(s.advice),
		judgements: byTime(s.judgements),
		daemons: s.daemons ?? [],
	};
}

/** @template T @param {T[]} list @param {number} at @param {T} entry @returns {T[]} */
const replaced = (list, at, entry) => list.map((x, i) => (i === at ? entry : x));

/** The entry at the end of the list, or in place of one with its id; the oldest make room.
 * @template {{id?: string}} T @param {T[]} list @param {T} entry @param {number} max
 * @returns {T[]} */
function put(list, entry, max) {
	const at = entry.id === undefined ? -1 : list.findIndex((x) => x.id === entry.id);
	return at < 0 ? [...list, entry].slice(-max) : replaced(list, at, entry);
}

/** @param {Model} m @param {Point} point @returns {Model} */
function putPoint(m, point) {
	const last = m.point;
	if (last && point.ts < last.ts)
		return m;
	const gap = last ? point.ts - last.ts : 0;
	const learned = m.window_sec > 0 || gap <= 0 ? m.window_sec : gap;
	return {...m, point, window_sec: learned};
}

/** @param {Model} m @param {Upstreams} u @returns {Model} */
function putUpstreams(m, u) {
	return u.result?.status === "error"
		? {...m, upstreams_error: u}
		: {...m, upstreams: u, upstreams_error: null};
}

/** @param {Model} m @param {Daemon} d @returns {Model} */
function putDaemon(m, d) {
	const at = m.daemons.findIndex((x) => x.daemon === d.daemon);
	return {...m, daemons: at < 0 ? [...m.daemons, d] : replaced(m.daemons, at, d)};
}

/** @type {{[kind: string]: (m: Model, data: any) => Model}} */
const events = {
	point: putPoint,
	replicas: (m, replicas) => ({...m, replicas}),
	plan: (m, p) => ({
		...m,
		plans: put(m.plans, p, KEPT),
		actions: p.decision?.action === "noop" ? m.actions : put(m.actions, p, KEPT),
	}),
	result: (m, r) => ({...m, results: put(m.results, r, KEPT)}),
	receipt: (m, r) => ({...m, receipts: put(m.receipts, r, KEPT)}),
	upstreams: putUpstreams,
	advice: (m, a) => ({...m, advice: put(m.advice, a, KEPT_ADVICE)}),
	judgement: (m, j) => ({...m, judgements: put(m.judgements, j, KEPT_ADVICE)}),
	daemon: putDaemon,
	redis: (m, redis) => ({...m, redis}),
};

/** The kinds of events that change the model. */
export const KINDS = Object.keys(events);

/** @param {Model} model @param {string} kind @param {any} data @returns {Model} */
export function apply(model, kind, data) {
	return events[kind]?.(model, data) ?? model;
}

/** The plan decided last, or null. @param {Model} m */
export const newestPlan = (m) => m.plans.at(-1) ?? null;
