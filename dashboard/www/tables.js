// Pure. What the smaller panels show, cell by cell.
/** @import {Model, Replica, Daemon, AdvisorStatus, ScoreRecord} from "../types.js" */
import {
	age, ago, capital, clock, count, dollars, known, ms, number, percent, rate, roughly, UNKNOWN,
	words,
} from "./format.js";

/** @type {{[state: string]: string}} */
const KIND = {ready: "good", starting: "busy", draining: "busy", down: "bad"};
const RANK = ["ready", "starting", "draining", "down"];

/** "app-dup-2" before "app-dup-10". @param {string} a @param {string} b */
const byName = (a, b) => a.localeCompare(b, "en", {numeric: true});

/** Those in rotation first. @param {Replica[]} replicas @param {number} now */
export function replicaRows(replicas, now) {
	return [...replicas]
		.sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state) || byName(a.name, b.name))
		.map((r) => ({
			name: r.name,
			state: r.state,
			kind: KIND[r.state] ?? "quiet",
			address: r.address ?? UNKNOWN,
			rps: rate(r.rps),
			p95: ms(r.p95_ms),
			share: known(r.share) ? r.share : null,
			errors: known(r.error_rate) && r.error_rate > 0
				? `${percent(r.error_rate)} failed` : "",
			age: known(r.created_ts) ? roughly(now - r.created_ts) : UNKNOWN,
		}));
}

/** "3 ready, 1 starting". @param {Replica[]} replicas */
export function replicaCounts(replicas) {
	const states = [...new Set([...RANK, ...replicas.map((r) => r.state)])];
	return states.map((state) => [replicas.filter((r) => r.state === state).length, state])
		.filter(([n]) => n).map(([n, state]) => `${number(n)} ${state}`).join(", ");
}

/** @param {Model} m @param {number} now
 * @returns {{head: string, kind: string, error: string, servers: string[][]}} */
export function upstreamsOf(m, now) {
	const u = m.upstreams, e = m.upstreams_error;
	const error = e ? `nginx refused ${ago(e.ts, now)}: ${e.result.message || "it did not say why"}`
		: "";
	if (!u)
		return {head: "The watcher has not said yet what nginx sends to.", kind: "quiet", error,
			servers: []};
	const n = u.servers?.length ?? 0, since = clock(u.ts, now);
	return {
		head: `Generation ${number(u.generation)}, ${count(n, "server")}, since ${since}`,
		kind: n ? "good" : "bad",
		error,
		servers: (u.servers ?? []).map((s) => [s.name, s.address])
			.sort((a, b) => byName(a[0], b[0])),
	};
}

/** @param {Daemon} d */
function daemonState(d) {
	if (!d.alive)
		return ["silent", "bad"];
	return d.status === "degraded" ? ["degraded", "busy"] : ["well", "good"];
}

/** A daemon is told of when it changes, and its uptime goes on meanwhile.
 * @param {Daemon} d @param {number} now */
function uptime(d, now) {
	const {uptime_sec, heard_ts} = d;
	if (!d.alive || !known(uptime_sec))
		return UNKNOWN;
	return roughly(uptime_sec + (known(heard_ts) ? Math.max(0, now - heard_ts) : 0));
}

/** @param {Daemon[]} daemons @param {number} now */
export function daemonRows(daemons, now) {
	return daemons.map((d) => {
		const [word, kind] = daemonState(d);
		const down = (d.dependencies ?? []).filter((x) => !x.up)
			.map((x) => `${x.name} is down${x.detail ? `: ${x.detail}` : ""}`);
		const up = (d.dependencies ?? []).filter((x) => x.up).map((x) => x.name);
		const heard = !d.alive && known(d.heard_ts) ? `last heard ${ago(d.heard_ts, now)}` : "";
		const well = up.length ? `reaches ${up.join(", ")}` : "";
		return {
			name: d.daemon,
			word,
			kind,
			note: !d.alive ? heard || "never heard" : down.join("; ") || well,
			uptime: uptime(d, now),
			version: d.version ?? "",
		};
	});
}

/** @param {AdvisorStatus} a @param {number} now */
function circuit(a, now) {
	if (a.hopeless)
		return ["open: the provider refuses for good, see the planner's log", "bad"];
	if (known(a.retry_ts) && a.retry_ts > now)
		return [`open, asks again in ${age(a.retry_ts - now)}`, "busy"];
	return a.failures ? [`closed, ${count(a.failures, "failure")} in a row`, "busy"]
		: ["closed", "good"];
}

/** The scorecard, as the planner keeps it (in its newest plan that has one). @param {Model} m
 * @returns {ScoreRecord | null} */
export function scorecard(m) {
	for (let i = m.plans.length - 1; i >= 0; i--)
		if (m.plans[i].explain?.record)
			return m.plans[i].explain?.record ?? null;
	return null;
}

/** What came of the question asked last, and why that is no verdict. @param {Model} m
 * @param {number} now */
export function lastAdvice(m, now) {
	const a = m.advice.at(-1);
	if (!a)
		return "not asked yet";
	const said = a.outcome === "verdict"
		? [words(a.decision?.action ?? "verdict"), a.decision?.reason]
		: [a.outcome ?? UNKNOWN, a.cause];
	return `${ago(a.ts, now)}, ${said.filter(Boolean).join(": ")}`;
}

/** @param {Model} m @param {number} now
 * @returns {{head: string, kind: string, facts: string[][], score: ScoreRecord | null}} */
export function advisorOf(m, now) {
	const a = m.daemons.find((d) => d.daemon === "planner")?.advisor;
	const score = scorecard(m);
	if (!a)
		return {head: "The planner has not said yet whether it asks anyone.", kind: "quiet",
			facts: [], score};
	if (!a.mode || a.mode === "off")
		return {head: "Off: the policy decides alone.", kind: "quiet", facts: [], score};
	const [word, kind] = circuit(a, now);
	const left = known(a.day_budget) && known(a.asked_today)
		? `${number(Math.max(0, a.day_budget - a.asked_today))} of ${number(a.day_budget)} today`
		: UNKNOWN;
	const head = {
		advise: "Advises inside what the policy holds to be safe.",
		shadow: "Shadow: it is recorded, and never followed.",
	}[a.mode] ?? capital(a.mode);
	return {
		head: score?.demoted ? "Ignored: it did harm three times in a row." : head,
		kind: score?.demoted ? "bad" : kind,
		facts: [
			["Model", [a.model, a.provider && `(${a.provider})`].filter(Boolean).join(" ")
				|| UNKNOWN],
			["Budget left", left],
			["This minute",
				known(a.minute_left) ? `${number(Math.floor(a.minute_left))} left` : UNKNOWN],
			["Circuit", word],
			["Cost so far", dollars(score?.cost_usd)],
			["Asked last", lastAdvice(m, now)],
		],
		score,
	};
}
