// Shell. The head of the page and its smaller panels.
/** @import {Model, Row, Link} from "../types.js" */
import {badge, byId, cell, el, keyed, setAttribute, setChildren, setText} from "./dom.js";
import {count, number, percent} from "./format.js";
import {warning} from "./freshness.js";
import {keyFigures, lastAction, stateSentence, tabTitle} from "./sentence.js";
import {advisorOf, daemonRows, replicaCounts, replicaRows, upstreamsOf} from "./tables.js";

/** @typedef {ReturnType<typeof replicaRows>[0]} ReplicaRow */
/** @typedef {ReturnType<typeof daemonRows>[0]} DaemonRow */
/** @typedef {ReturnType<typeof keyFigures>[0]} Figure */

/** @param {number | null} share */
function shareBar(share) {
	if (share === null)
		return "–";
	const bar = el("span", {class: "bar", "aria-hidden": "true"}, el("span"));
	/** @type {HTMLElement} */ (bar.firstChild).style.width = `${Math.round(share * 100)}%`;
	return el("span", {class: "share"}, bar, percent(share));
}

/** @param {ReplicaRow} r */
const replicaRow = (r) => el("tr", {"data-replica": r.name},
	cell("Name", el("b", {}, r.name)),
	cell("State", badge(r.state, r.kind)),
	cell("Address", r.address),
	cell("Rate", r.rps, r.errors && el("span", {class: "bad-text"}, r.errors)),
	cell("p95", r.p95),
	cell("Share", shareBar(r.share)),
	cell("Age", r.age));

/** @param {DaemonRow} d */
const daemonRow = (d) => el("tr", {"data-daemon": d.name},
	cell("Daemon", el("b", {}, d.name), el("span", {class: "quiet"}, ` ${d.version}`)),
	cell("Health", badge(d.word, d.kind)),
	cell("Up for", d.uptime),
	cell("Note", d.note));

/** @param {Figure} f */
const figure = (f) => el("div", {class: `figure ${f.tone}`},
	el("dt", {}, f.name), el("dd", {}, f.value, el("span", {class: "note"}, f.note)));

const replicaTable = keyed((/** @type {ReplicaRow} */ r) => r.name, replicaRow);
const daemonTable = keyed((/** @type {DaemonRow} */ d) => d.name, daemonRow);
const serverList = keyed((/** @type {string[]} */ s) => s.join(" "),
	([name, address]) => el("li", {}, el("b", {}, name), ` ${address}`));
const figureList = keyed((/** @type {Figure} */ f) => f.name, figure);

/** @param {string} id @param {Element[]} rows @param {string} none */
function fill(id, rows, none) {
	const body = byId(id).querySelector("tbody");
	if (body)
		setChildren(body, rows.length
			? rows : [el("tr", {}, el("td", {colspan: 7, class: "quiet"}, none))]);
}

/** @param {Model} m @param {Row[]} rows @param {number} now */
export function showHead(m, rows, now) {
	const {text, tone} = stateSentence(m);
	const last = lastAction(rows.find((row) => row.action !== "noop"), now);
	setText(byId("target"), m.target);
	setText(byId("state"), text);
	setAttribute(byId("hero"), "data-tone", tone);
	const box = byId("last-action");
	setText(/** @type {Element} */ (box.firstElementChild), last.title);
	setText(/** @type {Element} */ (box.lastElementChild), last.reason);
	setChildren(byId("figures"), figureList(keyFigures(m)));
}

/** @param {Link} link @param {Model | null} model */
export function showLink(link, model) {
	const element = byId("link");
	setAttribute(element, "data-state", link.state);
	setAttribute(document.documentElement, "data-link", link.state);
	setText(element, link.text);
	const text = warning(link, model);
	byId("stale").hidden = !text;
	setText(byId("stale"), text);
	if (model && document.title !== tabTitle(model, link))
		document.title = tabTitle(model, link);
}

/** @param {Model} m @param {number} now */
function showAdvisor(m, now) {
	const {head, kind, facts, score} = advisorOf(m, now);
	const box = byId("advisor");
	const counts = /** @type {const} */ (["agreed", "helpful", "neutral", "harmful"]);
	const total = counts.reduce((sum, name) => sum + (score?.[name] ?? 0), 0);
	const shown = JSON.stringify([head, kind, facts, score]);
	if (box.dataset.shown === shown)
		return;
	box.dataset.shown = shown;
	box.replaceChildren(el("p", {class: `state-line ${kind}`}, head), el("dl", {class: "facts"},
		...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
	if (!total && facts.length)
		box.append(el("p", {class: "quiet"}, "No verdict judged yet."));
	if (score && total)
		box.append(el("p", {class: "quiet"}, `Of ${count(total, "verdict")} judged:`),
			el("ul", {class: "score"}, ...counts.map((name) => el("li", {class: name},
				el("b", {}, number(score[name] ?? 0)), ` ${name}`))));
}

/** @param {Model} m @param {number} now */
function showUpstreams(m, now) {
	const {head, kind, error, servers} = upstreamsOf(m, now);
	const [said, refused, list] = /** @type {HTMLElement[]} */ ([...byId("upstreams").children]);
	setText(said, head);
	setAttribute(said, "class", `state-line ${kind}`);
	setText(refused, error);
	refused.hidden = !error;
	setChildren(list, serverList(servers));
	list.hidden = !servers.length;
}

/** @param {Model} m @param {number} now */
export function showPanels(m, now) {
	setText(byId("replica-count"), replicaCounts(m.replicas));
	fill("replicas", replicaTable(replicaRows(m.replicas, now)), "No replica is known yet.");
	fill("daemons", daemonTable(daemonRows(m.daemons, now)), "No daemon was heard yet.");
	showAdvisor(m, now);
	showUpstreams(m, now);
	setText(byId("version"), m.version);
}
