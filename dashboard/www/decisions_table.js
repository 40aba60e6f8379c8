// Shell. The table of decisions: filter, search, and one that is open.
/** @import {Row} from "../types.js" */
import {badge, byId, cell, el, setChildren, setText} from "./dom.js";
import {change, filterRows, FILTERS, shownRows, sign, statusOf} from "./decisions.js";
import {explain} from "./explanation.js";
import {capital, clock, count, words} from "./format.js";
import {outcome} from "./sentence.js";

const FEW = 15;

export class DecisionsTable {
	constructor() {
		this.body = /** @type {HTMLElement} */ (byId("decisions").querySelector("tbody"));
		/** @type {HTMLSelectElement} */
		this.filter = byId("decision-filter");
		/** @type {HTMLInputElement} */
		this.search = byId("decision-search");
		this.more = byId("decision-more");
		this.box = byId("explain");
		/** @type {Map<string, {tr: HTMLTableRowElement, shown: string, row: Row}>} */
		this.kept = new Map();
		/** @type {Row[]} */
		this.rows = [];
		this.now = 0;
		this.limit = FEW;
		this.opened = /** @type {Row | null} */ (null);
		this.openShown = "";
		this.detail = el("tr", {class: "detail"}, el("td", {colspan: 6}, this.box));
		this.filter.append(...FILTERS.map(([value, label]) => el("option", {value}, label)));
		this.filter.addEventListener("change", () => this.changed());
		this.search.addEventListener("input", () => this.changed());
		this.more.addEventListener("click", () => {
			this.limit = Infinity;
			this.draw();
		});
	}

	changed() {
		this.limit = FEW;
		const passes = filterRows(this.rows, this.filter.value, this.search.value);
		if (!passes.some((row) => row.key === this.opened?.key))
			this.opened = null;
		this.draw();
	}

	/** @param {Row[]} rows all, the newest first @param {number} now */
	show(rows, now) {
		this.now = now;
		this.rows = rows;
		this.draw();
	}

	draw() {
		const found = filterRows(this.rows, this.filter.value, this.search.value);
		const {opened} = this;
		const open = opened && (this.rows.find((row) => row.key === opened.key) ?? opened);
		const shown = shownRows(found, this.limit, open);
		this.opened = open;
		const kept = new Map(shown.map((row) => [row.key, this.keep(row)]));
		this.kept = kept;
		/** @type {Element[]} */
		const children = [];
		for (const [key, entry] of kept) {
			children.push(entry.tr);
			if (open && key === open.key)
				children.push(this.detail);
		}
		if (!children.length)
			children.push(el("tr", {}, el("td", {colspan: 6, class: "quiet"}, this.rows.length
				? "Nothing here passes the filter." : "No decision yet.")));
		setChildren(this.body, children);
		this.drawOpen(open);
		this.more.hidden = !found.length || shown.includes(found[found.length - 1]);
		setText(this.more, `Show all ${found.length}`);
		setText(byId("decision-count"), count(found.length, "decision"));
	}

	/** @param {Row | null} row */
	drawOpen(row) {
		this.box.hidden = !row;
		const shown = row ? JSON.stringify(row) : "";
		if (row && shown !== this.openShown)
			explain(row, this.now);
		this.openShown = shown;
	}

	/** The row's element, made anew only where it shows something else. @param {Row} row */
	keep(row) {
		const {word, kind} = statusOf(row);
		const texts = [clock(row.ts, this.now), `${sign(row)} ${capital(words(row.action))}`,
			change(row), row.reason, word, outcome(row)];
		const open = row.key === this.opened?.key;
		const shown = JSON.stringify(texts);
		const old = this.kept.get(row.key);
		if (old?.shown === shown) {
			old.row = row;
			old.tr.querySelector("button")?.setAttribute("aria-expanded", String(open));
			old.tr.classList.toggle("open", open);
			return old;
		}
		const hadFocus = old?.tr.contains(document.activeElement);
		const button = el("button", {type: "button", "aria-expanded": String(open),
			"data-id": row.key,
			"aria-label": `${texts[1]} at ${texts[0]}: why`}, texts[0]);
		button.addEventListener("click", () => this.toggle(this.kept.get(row.key)?.row ?? row));
		const tr = el("tr", {class: `action-${row.action}${open ? " open" : ""}`},
			cell("Time", button), cell("Action", texts[1]), cell("Replicas", texts[2]),
			cell("Reason", texts[3] && el("div", {class: "reason"}, texts[3])),
			cell("Result", badge(word, kind)),
			cell("What came of it", texts[5]));
		if (hadFocus)
			queueMicrotask(() => button.focus({preventScroll: true}));
		return {tr, shown, row};
	}

	/** @param {Row} row */
	toggle(row) {
		this.opened = this.opened?.key === row.key ? null : row;
		this.draw();
	}

	/** Open a row wherever it is, and go there. @param {Row} row */
	open(row) {
		if (!filterRows([row], this.filter.value, this.search.value).length) {
			this.filter.value = row.action === "noop" ? "all" : "actions";
			this.search.value = "";
		}
		const at = filterRows(this.rows, this.filter.value, this.search.value)
			.findIndex((other) => other.key === row.key);
		this.limit = Math.max(this.limit, at + FEW);
		this.opened = row;
		this.draw();
		const button = this.kept.get(row.key)?.tr.querySelector("button");
		button?.focus({preventScroll: true});
		button?.scrollIntoView({block: "start"});
	}
}
