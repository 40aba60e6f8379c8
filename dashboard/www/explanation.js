// Shell. One decision, opened: what was done, the chain of gates, the advice, and a copy as JSON.
/** @import {Row} from "../types.js" */
import {byId, el, setText} from "./dom.js";
import {change, rowJson, statusOf} from "./decisions.js";
import {advised, chain, decidedBy, estimates, would} from "./explain.js";
import {age, capital, clock, known, ms, number, words} from "./format.js";
import {outcome} from "./sentence.js";

/** @param {[string, string][]} pairs */
const facts = (pairs) => el("dl", {class: "facts"},
	...pairs.map(([name, value]) =>
		el("div", {}, el("dt", {}, capital(name)), el("dd", {}, value))));

/** @param {ReturnType<typeof chain>[0]["steps"][0]} step */
function gateItem(step) {
	const word = step.pass ? "pass" : "block";
	return el("li", {class: `gate ${word}${step.decided ? " decided" : ""}`,
		"data-gate": step.name},
		el("span", {class: "verdict"}, step.pass ? "✓ pass" : "✕ block"),
		el("span", {class: "text"}, step.text,
			step.decided ? el("strong", {class: "decider"}, "decided") : null),
		el("span", {class: "figures"}, step.figures));
}

/** @param {Row} row */
function gates(row) {
	const stages = chain(row.plan);
	if (!stages.length)
		return el("p", {class: "quiet"}, row.plan ? "This plan says nothing about why."
			: "The executor did this by itself, to keep the count that was wanted.");
	return el("ol", {class: "chain"}, ...stages.map((stage) => el("li", {},
		el("h4", {}, stage.title), el("ul", {}, ...stage.steps.map(gateItem)))));
}

/** @param {Row} row */
function advice(row) {
	const a = advised(row);
	if (!a)
		return el("p", {class: "quiet"}, "No advice was weighed.");
	return el("div", {class: "beside"},
		el("div", {}, el("h5", {}, "The policy alone"), el("p", {}, a.heuristic)),
		el("div", {}, el("h5", {}, `The advisor${a.model ? ` (${a.model})` : ""}`),
			el("p", {}, a.advisor),
			a.reason && el("p", {class: "quiet"}, `“${a.reason}”`)),
		el("p", {class: "quiet"}, [a.then, a.judged, a.cost].filter(Boolean).join(". ")));
}

/** @param {Row} row @returns {[string, string][]} */
function met(row) {
	const r = row.receipt;
	if (!r)
		return [];
	/** @type {[string, string][]} */
	const pairs = [
		["requests meanwhile", number(r.requests)],
		["failed", number(r.failed)],
		["given up", number(r.given_up)],
		["longest gap", ms(r.longest_gap_ms)],
		["slowest", ms(r.slowest_ms)],
	];
	return pairs.concat(known(r.unseen_ms) && r.unseen_ms > 0
		? [["not seen", age(r.unseen_ms / 1000)]] : []);
}

/** @param {Row} row @param {Element} said */
async function copy(row, said) {
	const text = rowJson(row);
	try {
		await navigator.clipboard.writeText(text);
		setText(said, "Copied");
	} catch {
		// Without https browsers have no clipboard to write to: here it is, to be taken by hand.
		const area = el("textarea", {readonly: true, rows: 8,
			"aria-label": "JSON of the decision"});
		area.value = text;
		byId("explain").append(area);
		area.select();
		setText(said, "The browser did not allow it: copy from the box below");
	}
}

/** Fill #explain. @param {Row} row @param {number} now */
export function explain(row, now) {
	const box = byId("explain");
	const said = el("span", {role: "status", class: "quiet"});
	const button = el("button", {type: "button", id: "copy-json"}, "Copy as JSON");
	button.addEventListener("click", () => copy(row, said));
	const {word} = statusOf(row);
	const by = decidedBy(row.plan);
	const numbers = estimates(row.plan);
	const other = would(row.plan);
	box.replaceChildren(
		el("div", {class: "explain-head"},
			el("h3", {}, `${capital(words(row.action))} ${change(row)} at ${clock(row.ts, now)}`),
			el("span", {}, button, " ", said)),
		el("p", {}, el("b", {}, row.reason || "No reason was given"),
			by ? `. Decided by: ${by}.` : ""),
		el("p", {class: "quiet"}, `${capital(word)}${outcome(row) ? `: ${outcome(row)}` : ""}`),
		el("h4", {class: "part"}, "Why"), gates(row),
		...(other.length ? [el("h4", {class: "part"}, "What would have changed it"),
			el("ul", {class: "would"}, ...other.map((text) => el("li", {}, text)))] : []),
		el("h4", {class: "part"}, "Advice"), advice(row),
		...(row.receipt ? [el("h4", {class: "part"}, "What users met"), facts(met(row))] : []),
		...(numbers.length ? [el("h4", {class: "part"}, "Estimates"), facts(numbers)] : []));
}
