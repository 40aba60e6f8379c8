// Shell. Actions over the charts: buttons that tell the reason, and open the decision.
/** @import {Row} from "../types.js" */
import {byId, el, setAttribute, setChildren, setText} from "./dom.js";
import {markName, sign} from "./decisions.js";
import {clock} from "./format.js";
import {marksOf} from "./lines.js";
import {deed, outcome} from "./sentence.js";

const SIZE = 24; // pixels; closer ones are one
const TOLD = 3;  // rows of a mark in its tooltip
const LEAVE_MS = 150;

export class Marks {
	/** @param {(row: Row) => void} open */
	constructor(open) {
		this.open = open;
		this.layer = byId("marks");
		this.tip = byId("tooltip");
		/** @type {Map<string, {button: HTMLButtonElement, rows: Row[]}>} */
		this.buttons = new Map();
		/** @type {number | undefined} */
		this.leaving = undefined;
		this.now = 0;
		this.tip.addEventListener("mouseenter", () => clearTimeout(this.leaving));
		this.tip.addEventListener("mouseleave", () => this.hide());
		document.addEventListener("keydown", (event) => {
			if (event.key === "Escape")
				this.hide();
		});
	}

	/** @param {Row[]} rows
	 * @param {{left: number, width: number, position: (ts: number) => number}} area
	 * @param {number} now */
	show(rows, area, now) {
		this.now = now;
		const marks = marksOf(rows, area.position, area.width, SIZE);
		const shown = new Map();
		for (const mark of marks) {
			const entry = this.buttons.get(mark.key) ?? this.make(mark.key);
			const newest = mark.rows[mark.rows.length - 1];
			const names = mark.rows.slice(-TOLD).reverse().map(markName);
			entry.rows = mark.rows;
			entry.button.dataset.action = newest.action;
			entry.button.dataset.id = newest.key;
			setText(entry.button, mark.rows.length > 1 ? String(mark.rows.length) : sign(newest));
			setAttribute(entry.button, "aria-label",
				(mark.rows.length > 1 ? `${mark.rows.length} actions. ` : "") + names.join(". "));
			entry.button.style.left = `${area.left + mark.x}px`;
			shown.set(mark.key, entry);
		}
		this.buttons = shown;
		setChildren(this.layer, [...shown.values()].map((entry) => entry.button));
	}

	/** @param {string} key */
	make(key) {
		const button = el("button", {type: "button", class: "mark"});
		const entry = {button, rows: /** @type {Row[]} */ ([])};
		const tell = () => this.tell(this.buttons.get(key) ?? entry);
		button.addEventListener("mouseenter", tell);
		button.addEventListener("focus", tell);
		button.addEventListener("blur", () => this.hide());
		button.addEventListener("mouseleave", () => {
			clearTimeout(this.leaving);
			this.leaving = setTimeout(() => this.hide(), LEAVE_MS);
		});
		button.addEventListener("click", () => {
			const rows = (this.buttons.get(key) ?? entry).rows;
			this.hide();
			this.open(rows[rows.length - 1]);
		});
		return entry;
	}

	/** @param {{button: HTMLButtonElement, rows: Row[]}} entry */
	tell({button, rows}) {
		clearTimeout(this.leaving);
		const told = rows.slice(-TOLD).reverse().map((row) => el("p", {},
			el("b", {}, `${sign(row)} ${deed(row)}`), ` ${clock(row.ts, this.now)}`, el("br"),
			row.reason, outcome(row) && rows.length === 1
				? el("span", {class: "quiet"}, el("br"), outcome(row)) : null));
		const rest = rows.length - told.length;
		this.tip.replaceChildren(...told, ...(rest > 0 ? [el("p", {}, `and ${rest} before`)] : []));
		this.tip.hidden = false;
		const frame = /** @type {HTMLElement} */ (this.tip.offsetParent ?? document.body);
		const at = button.getBoundingClientRect(), within = frame.getBoundingClientRect();
		const middle = at.left + at.width / 2 - within.left - this.tip.offsetWidth / 2;
		const furthest = within.width - this.tip.offsetWidth - 4;
		this.tip.style.left = `${Math.max(4, Math.min(middle, furthest))}px`;
		this.tip.style.top = `${at.bottom - within.top + 4}px`;
	}

	hide() {
		clearTimeout(this.leaving);
		this.tip.hidden = true;
	}
}
