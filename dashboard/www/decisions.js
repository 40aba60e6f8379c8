// Pure. The table of decisions: plans joined with what became of them.
/** @import {Model, Plan, Result, Row} from "../types.js" */
import {deed, outcome} from "./sentence.js";
import {known, number, words} from "./format.js";

/** What can be shown of them: [value, label]. */
export const FILTERS = [
	["actions", "All but noops"],
	["scale_up", "Scale up"],
	["scale_down", "Scale down"],
	["restart", "Restart"],
	["failed", "Failed or refused"],
	["advised", "With advice"],
	["noop", "Noops"],
	["all", "Everything"],
];

/** @template T @param {T[]} list @param {(entry: T) => string | undefined} key
 * @returns {Map<string, T>} */
function byKey(list, key) {
	const map = new Map();
	for (const entry of list) {
		const k = key(entry);
		if (k !== undefined)
			map.set(k, entry);
	}
	return map;
}

const ANSWER_SEC = 120; // within this time a plan is answered, or not any more

/** @param {Plan | null} plan @param {Result | null} result @param {number} now
 * @returns {Omit<Row, "receipt" | "advice" | "judgement">} */
function base(plan, result, now) {
	const from = plan ?? result;
	const action = plan?.decision?.action ?? result?.action ?? "noop";
	const ts = from?.ts ?? 0;
	return {
		key: from?.id ?? `${ts} ${action}`,
		ts,
		action,
		reason: plan?.decision?.reason ?? result?.reason ?? "",
		replicas: plan?.decision?.replicas ?? result?.wanted ?? result?.replicas_after,
		before: result?.replicas_before ?? plan?.telemetry?.replicas,
		plan,
		result,
		unanswered: action !== "noop" && !result && now - ts > ANSWER_SEC,
	};
}

/** All of them, the newest first.  A result without a plan here (a repair, or a plan long gone) is
 * a row of its own. @param {Model} m @param {number} now @returns {Row[]} */
export function rowsOf(m, now) {
	const results = byKey(m.results, (r) => r.id);
	const receipts = byKey(m.receipts, (r) => r.plan);
	const advice = byKey(m.advice, (a) => a.id);
	const judgements = byKey(m.judgements, (j) => j.advice);
	/** @type {Map<string, Plan>} */
	const plans = byKey([...m.plans, ...m.actions], (p) => p.id ?? `${p.ts} ${p.decision.action}`);
	const bare = [...plans.values()]
		.map((p) => base(p, results.get(p.id ?? "") ?? null, now));
	for (const r of m.results)
		if (r.id === undefined || !plans.has(r.id))
			bare.push(base(null, r, now));
	return bare.sort((a, b) => b.ts - a.ts).map((row) => {
		const advisor = row.plan?.advisor?.id ?? "";
		return {
			...row,
			receipt: receipts.get(row.key) ?? null,
			advice: advice.get(advisor) ?? null,
			judgement: judgements.get(advisor) ?? null,
		};
	});
}

/** @param {Row} row */
const hasFailed = (row) => row.unanswered ||
	["error", "skipped"].includes(row.result?.result?.status ?? "");

/** @param {Row} row @param {string} filter a value of FILTERS */
function passes(row, filter) {
	switch (filter) {
	case "all": return true;
	case "actions": return row.action !== "noop";
	case "failed": return hasFailed(row);
	case "advised": return !!row.plan?.advisor;
	default: return row.action === filter;
	}
}

/** @param {Row} row */
const textOf = (row) => [
	row.key, words(row.action), row.action, row.reason, deed(row), outcome(row),
	row.result?.result?.status, row.plan?.explain?.decided_by, row.plan?.advisor?.reason,
].join(" ").toLowerCase();

/** Those that pass, and have every word of the search. @param {Row[]} rows @param {string} filter
 * @param {string} search */
export function filterRows(rows, filter, search) {
	const parts = search.toLowerCase().split(/\s+/).filter(Boolean);
	return rows.filter((row) => passes(row, filter) &&
		(!parts.length || parts.every((part) => textOf(row).includes(part))));
}

/** Those of them that are shown: the newest ${limit}, and the open one with those before it.  One
 * that is gone, or passes no more, stays at the end while it is being read.
 * @param {Row[]} found @param {number} limit @param {Row | null} open @returns {Row[]} */
export function shownRows(found, limit, open) {
	const at = open ? found.findIndex((row) => row.key === open.key) : -1;
	const shown = found.slice(0, Math.max(limit, at + 1));
	return open && at < 0 ? [...shown, open] : shown;
}

/** What shows how it went: a word and a class. @param {Row} row */
export function statusOf(row) {
	const status = row.result?.result?.status;
	if (row.action === "noop")
		return {word: "nothing to do", kind: "quiet"};
	if (!status)
		return row.unanswered ? {word: "no answer", kind: "bad"} : {word: "waiting", kind: "busy"};
	return {
		word: {ok: "done", noop: "nothing to do", skipped: "refused", error: "failed"}[status]
			?? status,
		kind: {ok: "good", noop: "quiet", skipped: "busy", error: "bad"}[status] ?? "quiet",
	};
}

/** "2 → 4", or the count alone. @param {Row} row */
export function change(row) {
	if (!known(row.replicas))
		return "";
	return known(row.before) && row.before !== row.replicas
		? `${number(row.before)} → ${number(row.replicas)}` : number(row.replicas);
}

/** What is copied: all the messages as they came. @param {Row} row */
export function rowJson(row) {
	const {plan, result, receipt, advice, judgement} = row;
	const there = Object.entries({plan, result, receipt, advice, judgement}).filter(([, v]) => v);
	return JSON.stringify(Object.fromEntries(there), null, 2);
}

/** @type {{[action: string]: string}} */
const SIGNS = {scale_up: "▲", scale_down: "▼", restart: "↻"};

/** @param {Row} row */
export const sign = (row) => SIGNS[row.action] ?? "•";

/** Accessible name of a row's mark. @param {Row} row */
export const markName = (row) => `${deed(row)}: ${row.reason || "no reason was given"}`;
