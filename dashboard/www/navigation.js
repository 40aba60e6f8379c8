// Shell. Moving through time: ranges, zoom and pan by buttons, keys and wheel.
/** @import {View} from "../types.js" */
import {byId, setAttribute} from "./dom.js";
import {CHARTS} from "./lines.js";
import {isFirst, isLive, live, pan, RANGES, zoom} from "./range.js";

const ZOOM = 2;
const PAN = 0.25;

/** @typedef {{
 *   view: () => View, setView: (view: View) => void, now: () => number,
 *   cursorTime: () => number | null, moveCursor: (by: number) => void,
 *   edgeCursor: (last: boolean) => void, clearCursor: () => void,
 *   timeAt: (clientX: number) => number,
 * }} Page */

/** @param {Page} page */
export function startNavigation(page) {
	const middle = () => {
		const v = page.view();
		return page.cursorTime() ?? (v.end ?? page.now()) - v.span_sec / 2;
	};
	const zoomBy = (/** @type {number} */ factor, at = middle()) =>
		page.setView(zoom(page.view(), factor, at, page.now()));
	const panBy = (/** @type {number} */ share) =>
		page.setView(pan(page.view(), share, page.now()));
	const reset = () => {
		page.clearCursor();
		page.setView(live(page.view().range_sec));
	};
	startButtons(page, {zoomBy, panBy, reset});
	for (const {id} of CHARTS) {
		const chart = byId(id);
		chart.addEventListener("keydown", (event) => {
			if (event.target === chart && !event.ctrlKey && !event.metaKey && !event.altKey &&
			    press(event, page, {zoomBy, panBy, reset}))
				event.preventDefault();
		});
		chart.addEventListener("wheel", (event) => {
			if (event.ctrlKey)
				zoomBy(event.deltaY < 0 ? ZOOM : 1 / ZOOM, page.timeAt(event.clientX));
			else if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
				panBy(Math.sign(event.deltaX) * 0.05);
			else
				return;
			event.preventDefault();
		}, {passive: false});
		chart.addEventListener("dblclick", reset);
	}
}

/** @typedef {{zoomBy: (factor: number) => void, panBy: (share: number) => void,
 *  reset: () => void}} Moves */

/** @param {KeyboardEvent} event @param {Page} page @param {Moves} moves @returns {boolean} */
function press(event, page, {zoomBy, panBy, reset}) {
	/** @type {{[key: string]: () => void}} */
	const keys = {
		ArrowLeft: () => (event.shiftKey ? panBy(-PAN) : page.moveCursor(-1)),
		ArrowRight: () => (event.shiftKey ? panBy(PAN) : page.moveCursor(1)),
		PageUp: () => page.moveCursor(-10),
		PageDown: () => page.moveCursor(10),
		"+": () => zoomBy(ZOOM),
		"=": () => zoomBy(ZOOM),
		"-": () => zoomBy(1 / ZOOM),
		Home: () => page.edgeCursor(false),
		End: () => page.edgeCursor(true),
		Escape: reset,
	};
	keys[event.key]?.();
	return event.key in keys;
}

/** @param {Page} page @param {Moves} moves */
function startButtons(page, {zoomBy, panBy, reset}) {
	for (const button of byId("range").querySelectorAll("button"))
		button.addEventListener("click", () => {
			const range = Number(button.dataset.range);
			if (RANGES.includes(range))
				page.setView(live(range));
		});
	/** @type {[string, () => void][]} */
	const buttons = [
		["zoom-in", () => zoomBy(ZOOM)],
		["zoom-out", () => zoomBy(1 / ZOOM)],
		["pan-back", () => panBy(-PAN)],
		["pan-on", () => panBy(PAN)],
		["zoom-reset", reset],
	];
	for (const [id, act] of buttons)
		byId(id).addEventListener("click", act);
}

/** Show by the buttons what the charts show. @param {View} view @param {number} now */
export function showNavigation(view, now) {
	for (const button of byId("range").querySelectorAll("button"))
		setAttribute(button, "aria-pressed",
			String(Number(button.dataset.range) === view.range_sec));
	/** @type {HTMLButtonElement} */ (byId("zoom-reset")).disabled = isLive(view);
	/** @type {HTMLButtonElement} */ (byId("zoom-out")).disabled = view.span_sec >= view.range_sec;
	/** @type {HTMLButtonElement} */ (byId("pan-back")).disabled = isFirst(view, now);
	/** @type {HTMLButtonElement} */ (byId("pan-on")).disabled = view.end === null;
}
