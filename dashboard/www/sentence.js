// Pure. The state of the service, and what was done last, in words.
/** @import {Link, Model, Point, Row, Tone} from "../types.js" */
import {ago, capital, count, known, ms, number, percent, rate, times, words} from "./format.js";
import {newestPlan} from "./state.js";

const ERRORS_BAD = 0.01;
const FULL = 0.9; // of capacity
const LATE_SEC = 5; // so much may a plan come after its window, or
const WINDOWS_LATE = 2.5;

/** @param {Point} p */
export function utilisation(p) {
	if (known(p.arrivals_rps) && known(p.capacity_rps) && p.capacity_rps > 0)
		return p.arrivals_rps / p.capacity_rps;
	return p.utilisation;
}

/** @param {Point} p */
export const ratio = (p) => (known(p.p95_ms) && known(p.baseline_ms) && p.baseline_ms > 0
	? p.p95_ms / p.baseline_ms : undefined);

/** @param {Point} p */
export const isOver = (p) => known(p.objective_ms) && known(p.p95_ms) && p.p95_ms > p.objective_ms;

/** Why it holds, where that is not the load: by the gate that decided.
 * @type {{[gate: string]: [string, Tone]}} */
const HOLDS = {
	data_good: ["measurements cannot be trusted", "bad"],
	answers: ["too many answers fail to judge by the rest", "bad"],
	futility: ["more replicas do not help", "bad"],
	settled: ["the last addition is being judged", "busy"],
	up_cooldown: ["more are needed after the cooldown", "busy"],
	cooled_down: ["the next action waits for the cooldown", "busy"],
};

/** @param {Model} m @param {Point} p @returns {[string, Tone]} */
function motion(m, p) {
	const {wanted, running, ready} = p;
	const by = newestPlan(m)?.explain?.decided_by;
	if (known(wanted) && known(running) && running > wanted)
		return [`Shrinking from ${number(running)} to ${count(wanted, "replica")}`, "busy"];
	if (known(wanted) && known(running) && running < wanted)
		return [`Growing from ${number(running)} to ${count(wanted, "replica")}`, "busy"];
	if (known(wanted) && known(ready) && ready < wanted)
		return [`Growing to ${count(wanted, "replica")}, ${number(ready)} ready`, "busy"];
	const at = known(running) ? ` at ${count(running, "replica")}` : "";
	if (isUndecided(m, p)) {
		const why = isSilent(m, "planner") ? "" : ", nobody decides"; // its silence is told anyhow
		return [`Left${at || " as it is"}${why}`, "bad"];
	}
	if (by === "warm")
		return [`Learning what is normal${at}`, "busy"];
	if (by === "room_above")
		return [`At the limit of ${count(running, "replica")}, more are needed`, "bad"];
	const [why, tone] = HOLDS[by ?? ""] ?? ["", "good"];
	return [`Holding${at}${why && `, ${why}`}`, tone];
}

/** Whether windows come that nobody decides on. @param {Model} m @param {Point} p */
function isUndecided(m, p) {
	const plan = newestPlan(m);
	const late = Math.max(LATE_SEC, WINDOWS_LATE * m.window_sec);
	return !known(p.wanted) && !(plan && p.ts - plan.ts <= late);
}

/** @param {Model} m @param {string} name */
const isSilent = (m, name) => m.daemons.some((d) => d.daemon === name && !d.alive);

/** What ails the suite itself, the worst first. @param {Model} m @returns {string[]} */
function troubles(m) {
	if (m.redis.up === false)
		return []; // which the page says by itself, and of the daemons nobody hears then
	const silent = m.daemons.filter((d) => !d.alive).map((d) => `the ${d.daemon} is silent`);
	const lacks = m.daemons.filter((d) => d.alive).flatMap((d) => (d.dependencies ?? [])
		.filter((x) => !x.up).map((x) => `the ${d.daemon} lacks ${x.name}`));
	return [...silent, ...(m.upstreams_error ? ["nginx refused its configuration"] : []), ...lacks];
}

/** @param {Point} p */
function figures(p) {
	const parts = [];
	if (known(p.p95_ms))
		parts.push(`p95 ${ms(p.p95_ms)}`);
	if (known(ratio(p)))
		parts.push(`${times(ratio(p))} normal`);
	if (known(utilisation(p)))
		parts.push(`${percent(utilisation(p))} of capacity`);
	if (isOver(p))
		parts.push(`over the objective of ${ms(p.objective_ms)}`);
	if (known(p.error_rate) && p.error_rate >= ERRORS_BAD)
		parts.push(`${percent(p.error_rate)} of answers failed`);
	return parts.join(", ");
}

/** @param {Model} m @returns {{text: string, tone: Tone}} */
export function stateSentence(m) {
	const p = m.point;
	if (!p)
		return {text: `Waiting for the first measurement of ${m.target || "the service"}`,
			tone: "unknown"};
	const [moving, tone] = motion(m, p);
	const [trouble, ...more] = troubles(m);
	const ails = trouble ? `, ${trouble}${more.length ? ` (${more.length} more below)` : ""}` : "";
	const rest = figures(p);
	const failing = known(p.error_rate) && p.error_rate >= ERRORS_BAD;
	const full = known(utilisation(p)) && /** @type {number} */ (utilisation(p)) > FULL;
	return {
		text: `${moving}${ails}${rest && `: ${rest}`}`,
		tone: trouble || isOver(p) || failing ? "bad" : tone === "good" && full ? "busy" : tone,
	};
}

/** @type {{[action: string]: string}} */
const DONE = {scale_up: "Scaled up", scale_down: "Scaled down", restart: "Restarted"};
/** @type {{[action: string]: string}} */
const WANTED = {scale_up: "Scaling up", scale_down: "Scaling down", restart: "Restarting"};

/** What a row of the table of decisions says was done. @param {Row} row */
export function deed(row) {
	const status = row.result?.result?.status;
	const to = known(row.replicas) && row.action !== "restart"
		? ` to ${count(row.replicas, "replica")}` : "";
	if (status === "error")
		return `Failed to ${words(row.action)}${to}`;
	if (status === "skipped")
		return `Refused to ${words(row.action)}${to}`;
	if (row.unanswered)
		return `Wanted to ${words(row.action)}${to}, no answer known`;
	const verb = (status ? DONE : WANTED)[row.action] ?? capital(words(row.action));
	return verb + to;
}

/** What became of it, "" while that is not known. @param {Row} row */
export function outcome(row) {
	const parts = [];
	if (row.result?.result?.message)
		parts.push(row.result.result.message);
	if (known(row.result?.duration_ms))
		parts.push(`took ${ms(row.result?.duration_ms)}`);
	const r = row.receipt;
	if (r)
		parts.push(`${count(r.requests, "request")} meanwhile`,
			`${r.failed ? number(r.failed) : "none"} failed`);
	return parts.join(", ");
}

/** @param {Row | undefined} row the newest that was no noop @param {number} now */
export function lastAction(row, now) {
	if (!row)
		return {title: "No action yet",
			reason: "Nothing had to be done since the dashboard can look back."};
	const {status, message} = row.result?.result ?? {};
	const undone = (status === "error" || status === "skipped") && message;
	return {title: `${deed(row)}, ${ago(row.ts, now)}`,
		reason: [undone, row.reason].filter(Boolean).join("; it was wanted for: ")};
}

/** For the tab, which is seen where the page is not. @param {Model} m @param {Link} link */
export function tabTitle(m, link) {
	const p = m.point;
	const sign = link.state !== "live" ? "✕ " : stateSentence(m).tone === "bad" ? "! " : "";
	const head = p ? `${count(p.running, "replica")}, ${ms(p.p95_ms)}` : "…";
	return `${sign}${head} · ${m.target || "Agentic Autoscaler"}`;
}

const UNMEASURED = "not measured yet";

/** @param {Model} m @param {Point} p */
function whyNoRequests(m, p) {
	if (!m.point)
		return UNMEASURED;
	if (!known(p.arrivals_rps))
		return "nginx does not tell";
	return p.arrivals_rps > 0 ? "none was answered" : "no requests now";
}

/** @param {Model} m @param {Point} p */
function whyNoCapacity(m, p) {
	if (!m.point)
		return UNMEASURED;
	if (newestPlan(m)?.explain?.policy === "classic")
		return "not known by this policy";
	if (isUndecided(m, p))
		return "nobody decides";
	return known(p.arrivals_rps) ? "capacity not known yet" : "nginx does not tell";
}

/** The key figures: [name, value, what it is compared with, tone].
 * @param {Model} m @returns {{name: string, value: string, note: string, tone: Tone}[]} */
export function keyFigures(m) {
	const p = m.point ?? {ts: 0};
	const used = utilisation(p);
	const failing = known(p.error_rate) && p.error_rate >= ERRORS_BAD;
	const unknown = whyNoCapacity(m, p);
	return [
		{name: "p95 of probes", value: ms(p.p95_ms), tone: isOver(p) ? "bad" : "good",
			note: known(p.objective_ms) ? `objective ${ms(p.objective_ms)}`
				: known(p.baseline_ms) ? `normal ${ms(p.baseline_ms)}`
				: m.point ? "what is normal is not known" : UNMEASURED},
		{name: "p95 of requests", value: ms(p.requests_p95_ms), tone: "good",
			note: known(p.requests_p95_ms) ? "what users wait" : whyNoRequests(m, p)},
		{name: "Arrivals", value: rate(p.arrivals_rps), tone: "good",
			note: known(p.capacity_rps) ? `of ${rate(p.capacity_rps)} carried`
				: known(p.arrivals_rps) ? unknown : m.point ? "nginx does not tell" : UNMEASURED},
		{name: "Capacity used", value: percent(used),
			tone: known(used) && used > 1 ? "bad" : known(used) && used > FULL ? "busy" : "good",
			note: !known(used) ? unknown
				: used <= 1 ? `${percent(1 - used)} to spare` : "more than is carried"},
		{name: "Replicas ready", value: number(p.ready ?? p.running),
			tone: known(p.ready) && known(p.wanted) && p.ready < p.wanted ? "busy" : "good",
			note: known(p.wanted) ? `of ${number(p.wanted)} wanted` : "in rotation"},
		{name: "Failed answers", value: percent(p.error_rate), tone: failing ? "bad" : "good",
			note: failing ? "users see errors" : "5xx and failed probes"},
	];
}
