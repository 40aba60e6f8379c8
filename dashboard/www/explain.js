// Pure. A plan's "explain" as a chain of gates that a person can follow.
/** @import {Row, Gate, Plan} from "../types.js" */
import {age, capital, count, dollars, known, ms, number, percent, rate, short, times, words}
	from "./format.js";

/** @typedef {(v: unknown) => string} Show */
/** @type {Show} */
const windows = (v) => `${number(v)} window${v === 1 ? "" : "s"}`;
/** @type {Show} */
const sigmas = (v) => `${short(v)} sigma`;

/** What each gate asks: its stage; the words where it holds and where it does not; how its figures
 * are read.  Gates of both policies.
 * @type {{[gate: string]: [string, string, string, Show]}} */
const GATES = {
	bounds: ["trust", "within MIN_REPLICAS and MAX_REPLICAS", "count outside the bounds", number],
	data_good: ["trust", "measurements can be trusted", "measurements cannot be trusted", short],
	answers: ["trust", "enough answers succeed", "too many answers fail", percent],
	warm: ["trust", "what is normal has been learnt", "still learning what is normal", windows],
	objective: ["need", "p95 within the objective", "p95 over the objective", times],
	burst: ["need", "arrivals jumped", "no jump of arrivals", sigmas],
	feed_forward: ["need", "arrivals need more replicas", "the replicas carry the arrivals", short],
	latency_guard: ["need", "slow for long enough to add", "not slow for long enough", short],
	ratio_high: ["need", "p95 far over the baseline", "p95 near the baseline", times],
	z_high: ["need", "p95 far outside its usual spread", "p95 inside its usual spread", sigmas],
	settled: ["add", "the last addition is judged", "the last addition is being judged", times],
	futility: ["add", "additions helped so far", "additions did not help", short],
	pending: ["add", "nothing is on its way", "replicas are on their way", short],
	up_cooldown: ["add", "no cooldown after an addition", "cooling down after an addition", age],
	cooled_down: ["add", "no cooldown after an action", "cooling down after an action", age],
	room_above: ["add", "below MAX_REPLICAS", "at MAX_REPLICAS", short],
	near: ["remove", "p95 near what is normal", "p95 not near what is normal", ms],
	all_near: ["remove", "the last windows were quiet", "not all last windows were quiet", short],
	survivors: ["remove", "fewer would carry the load", "fewer would not carry the load", short],
	down_hold: ["remove", "quiet for the whole hold", "not quiet for the whole hold yet", age],
	down_cooldown: ["remove", "no cooldown before a removal", "cooling down before a removal", age],
	flap_budget: ["remove", "few reversals so far", "too many reversals, holding longer", short],
	room_below: ["remove", "above MIN_REPLICAS", "at MIN_REPLICAS", short],
};

const STAGES = [
	["trust", "Can it judge?"],
	["need", "Are more needed?"],
	["add", "May it add?"],
	["remove", "May it remove?"],
	["other", "Also looked at"],
];

/** The numbers of a gate in words, "" where it has none. @param {Gate} g @param {Show} show */
function figures(g, show) {
	if (!known(g.value))
		return "";
	return known(g.bound) ? `${show(g.value)} against ${show(g.bound)}` : show(g.value);
}

/** @typedef {{name: string, pass: boolean, decided: boolean, text: string,
 *  figures: string}} Step */

/** @param {string} name @param {Gate} gate @param {string} [decided_by] @returns {Step} */
function step(name, gate, decided_by) {
	const known_gate = GATES[name];
	const [, yes, no, show] = known_gate ?? ["", words(name), `not ${words(name)}`, short];
	return {
		name,
		pass: gate.pass === true,
		decided: name === decided_by,
		text: capital(gate.pass ? yes : no),
		figures: figures(gate, show),
	};
}

/** The gates in stages, empty stages left out. @param {Plan | null} plan
 * @returns {{title: string, steps: Step[]}[]} */
export function chain(plan) {
	const gates = Object.entries(plan?.explain?.gates ?? {});
	const by = plan?.explain?.decided_by;
	return STAGES.map(([stage, title]) => ({
		title,
		steps: gates.filter(([name]) => (GATES[name]?.[0] ?? "other") === stage)
			.map(([name, gate]) => step(name, gate, by)),
	})).filter((s) => s.steps.length);
}

/** The gate that decided, in words. @param {Plan | null} plan */
export function decidedBy(plan) {
	const by = plan?.explain?.decided_by;
	if (!by)
		return "";
	const gate = plan?.explain?.gates?.[by];
	if (!gate)
		return words(by);
	const s = step(by, gate, by);
	return s.figures ? `${s.text} (${s.figures})` : s.text;
}

/** @type {{[suffix: string]: Show}} */
const UNITS = {_ms: ms, _rps: rate, _sec: age};

/** @type {{[name: string]: string}} */
const NAMES = {
	wanted_raw: "needed",
	keep: "enough to keep",
	good_rps: "known to be carried",
	arrivals_upper_rps: "arrivals at most",
	service_ms: "service time",
	startup_sec: "start of a replica",
	sigma_ms: "usual spread",
	requests_p95_ms: "p95 of requests",
};

/** Names and values of the estimates. @param {Plan | null} plan @returns {[string, string][]} */
export function estimates(plan) {
	return Object.entries(plan?.explain?.estimates ?? {}).map(([name, value]) => {
		const suffix = Object.keys(UNITS).find((s) => name.endsWith(s)) ?? "";
		const show = name === "utilisation" ? percent : UNITS[suffix] ?? short;
		return [NAMES[name] ?? words(suffix ? name.slice(0, -suffix.length) : name), show(value)];
	});
}

/** What would have changed the decision. @param {Plan | null} plan */
export const would = (plan) =>
	(plan?.explain?.would ?? []).flatMap((w) => w.text ?? []).map(capital);

/** @param {string | undefined} action @param {number} [replicas] */
const verdict = (action, replicas) =>
	`${capital(words(action ?? "–"))}${known(replicas) ? `, ${count(replicas, "replica")}` : ""}`;

/** The advisor's verdict beside the heuristic's, or null without advice.
 * @param {Row} row */
export function advised(row) {
	const a = row.plan?.advisor;
	if (!a)
		return null;
	const then = a.followed ? "Followed: the decision is the advisor's"
		: a.mode === "shadow" ? "Not followed: shadow mode records only" : "Not followed";
	return {
		heuristic: verdict(a.heuristic?.action, a.heuristic?.replicas),
		advisor: verdict(a.action),
		reason: a.reason ?? "",
		model: a.model ?? "",
		then,
		cost: known(row.advice?.cost_usd)
			? `${dollars(row.advice?.cost_usd)}, ${ms(row.advice?.latency_ms)}` : "",
		judged: row.judgement
			? `${capital(row.judgement.judgement)}: ${row.judgement.reason ?? ""}`
			: "Not judged yet",
	};
}
