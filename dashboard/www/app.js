// Reads /api/state once the event stream is open, then follows the stream.  Events that came in
// between wait; those that the state has already (by its number) are dropped.
"use strict";

const WINDOWS_MAX = 240;
const ACTIONS_SHOWN = 30;
const HERE = location.origin + location.pathname; // without a password that stands in the address
const $ = (id) => document.getElementById(id);

let state = null;
let waiting = [];
let loads = 0;

const number = (v, digits = 0) => (Number.isFinite(v) ? v.toFixed(digits) : "–");
const ms = (v) => (Number.isFinite(v) ? number(v, v < 10 ? 1 : 0) + " ms" : "–");
const clock = (ts) => new Date(ts * 1000).toLocaleTimeString();

function line(polyline, values, max, height) {
	const step = 720 / (WINDOWS_MAX - 1);
	const first = WINDOWS_MAX - values.length;
	const points = values
		.map((v, i) => [v, (first + i) * step])
		.filter(([v]) => Number.isFinite(v))
		.map(([v, x]) => `${x.toFixed(1)},${(height - 2 - (v / max) * (height - 4)).toFixed(1)}`);
	polyline.setAttribute("points", points.join(" "));
}

function drawCharts() {
	const w = state.windows;
	const p95 = w.map((x) => x.p95_ms);
	const baseline = w.map((x) => x.baseline_ms);
	const top = Math.max(1, ...p95, ...baseline.filter(Number.isFinite)) * 1.1;
	line($("latency").querySelector(".p95"), p95, top, 160);
	line($("latency").querySelector(".baseline"), baseline, top, 160);
	$("scale").textContent = w.length ? `0 to ${ms(top)}` : "";

	const replicas = w.map((x) => x.replicas);
	line($("count").querySelector(".replicas"), replicas, Math.max(2, ...replicas) * 1.1, 60);
}

function drawFigures() {
	const w = state.windows.at(-1) ?? {};
	const known = state.windows.findLast((x) => Number.isFinite(x.baseline_ms)) ?? {};
	const rotation = state.upstreams?.servers?.length ?? w.ready;
	$("target").textContent = state.target;
	$("p95").textContent = ms(w.p95_ms);
	$("baseline").textContent = ms(known.baseline_ms);
	$("success").textContent = Number.isFinite(w.success_rate)
		? number(w.success_rate * 100, 1) + " %" : "–";
	$("replicas").textContent = number(w.replicas);
	$("ready").textContent = rotation >= 0 ? number(rotation) : "–";
	if (state.upstreams)
		$("servers").textContent = "In rotation: "
			+ (state.upstreams.servers ?? []).map((s) => s.name).join(", ");
}

const met = (receipt) => !receipt ? ""
	: ` · ${receipt.requests} requests, ${receipt.failed} failed`;

function row(action, result, receipt) {
	const wanted = action.decision?.replicas ?? result?.wanted;
	const outcome = result?.result ?? {};
	const tr = document.createElement("tr");
	for (const text of [clock(action.ts), action.decision.action.replace("_", " "),
		Number.isFinite(wanted) ? `→ ${wanted}` : "", action.decision.reason])
		tr.insertCell().textContent = text;
	const cell = tr.insertCell();
	cell.textContent = result ? `${outcome.status}: ${outcome.message ?? ""}${met(receipt)}` : "…";
	if (outcome.status === "ok" || outcome.status === "error")
		cell.className = outcome.status;
	return tr;
}

// A result without a plan here (a repair, or a plan long gone) is an action of its own.
function drawActions() {
	const results = new Map(state.results.map((r) => [r.id, r]));
	const receipts = new Map(state.receipts.map((r) => [r.plan, r]));
	const planned = new Set(state.actions.map((a) => a.id));
	const alone = state.results.filter((r) => !planned.has(r.id)).map((r) => ({
		id: r.id, ts: r.ts, decision: {action: r.action, reason: r.reason},
	}));
	const rows = [...state.actions, ...alone].sort((a, b) => b.ts - a.ts).slice(0, ACTIONS_SHOWN)
		.map((a) => row(a, results.get(a.id), receipts.get(a.id)));
	if (rows.length)
		$("actions").replaceChildren(...rows);
}

function draw() {
	drawCharts();
	drawFigures();
	drawActions();
}

function push(list, entry, max) {
	list.push(entry);
	if (list.length > max)
		list.shift();
}

const take = {
	window(w) {
		const last = state.windows.at(-1);
		if (last && last.ts === w.ts && last.id === w.id)
			state.windows[state.windows.length - 1] = w; // now with its baseline
		else
			push(state.windows, w, WINDOWS_MAX);
	},
	plan(p) {
		if (p.decision.action !== "noop")
			push(state.actions, p, 100);
	},
	result(r) { push(state.results, r, 100); },
	receipt(r) { push(state.receipts, r, 100); },
	upstreams(u) { state.upstreams = u; },
};

function apply(event) {
	if (Number(event.lastEventId) > state.seq)
		take[event.type](JSON.parse(event.data));
}

async function load() {
	const mine = ++loads;
	state = null;
	waiting = [];
	const answer = await fetch(new URL("api/state", HERE));
	const fresh = await answer.json();
	if (mine !== loads)
		return; // a later one is on its way
	state = fresh;
	waiting.forEach(apply);
	waiting = [];
	draw();
}

function follow() {
	const events = new EventSource(new URL("events", HERE));
	const reload = () => load().then(
		() => { $("link").textContent = "live"; },
		() => { $("link").textContent = "no answer"; setTimeout(reload, 2000); });
	events.onopen = reload;
	events.onerror = () => {
		$("link").textContent = "reconnecting";
		if (events.readyState === EventSource.CLOSED)
			setTimeout(follow, 3000);
	};
	events.addEventListener("reset", reload);
	for (const kind of Object.keys(take))
		events.addEventListener(kind, (event) => {
			if (!state) {
				waiting.push(event);
				return;
			}
			apply(event);
			draw();
		});
}

follow();
