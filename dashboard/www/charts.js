// Shell. The three charts: drawn by uPlot, one cursor over all, zoomed by dragging.
/** @import {Series} from "../types.js" */
/** @import {Line} from "./lines.js" */
import {byId, el, setText, svg} from "./dom.js";
import {CHARTS, timeLabel, top} from "./lines.js";
import {band} from "./series.js";

/** @typedef {{ts: number, action: string}} Event */
/** @typedef {{from: number, to: number}} Span */
/** @typedef {{columns: Series["columns"], from: number, to: number, errors: Span[],
 *  events: Event[]}} Shown */
/** @typedef {{select: (from: number, to: number) => void, cursor: (index: number | null) => void,
 *  pointed: () => void, resized: () => void}} Listener
 *  pointed: the pointer moves the cursor now; resized: what stands over the charts has to move */

const AXIS_WIDTH = 46;
const AXIS_HEIGHT = 24;
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const APART = 5; // pixels between lines
const FONT = "11px system-ui, sans-serif";

/** @type {Map<string, string>} */
const colors = new Map();

/** The custom property's value; looked up once for a theme. @param {string} name */
function color(name) {
	let value = colors.get(name);
	if (value === undefined) {
		value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
		colors.set(name, value);
	}
	return value;
}

/** @param {Line} line @returns {uPlot.Series} */
function seriesOf(line) {
	return {
		label: line.label,
		stroke: () => color(line.color),
		width: line.width,
		dash: line.dash,
		auto: !line.aside,
		fill: line.fill ? () => color(/** @type {string} */ (line.fill)) : undefined,
		paths: line.step ? uPlot.paths.stepped?.({align: 1}) : undefined,
		points: {show: false},
	};
}

/** @param {string} side @param {boolean} [bare] without labels @returns {uPlot.Axis} */
function axis(side, bare) {
	/** @type {uPlot.Axis} */
	const common = {
		stroke: () => color("--quiet"),
		grid: {stroke: () => color("--grid"), width: 1},
		ticks: {show: false},
		font: FONT,
	};
	return side === "x"
		? {...common, size: bare ? 6 : AXIS_HEIGHT, space: 70,
			values: (_u, splits, _i, _space, step) =>
				splits.map((ts) => (bare ? "" : timeLabel(ts, step)))}
		: {...common, size: AXIS_WIDTH, space: 28};
}

/** Shades where answers failed: hatched, so that it does not hang on the colour alone.
 * @param {uPlot} u @param {Span[]} spans */
function drawErrors(u, spans) {
	const {ctx, bbox} = u;
	ctx.save();
	ctx.beginPath();
	ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
	ctx.clip();
	for (const span of spans) {
		const x = u.valToPos(span.from, "x", true);
		const width = Math.max(2, u.valToPos(span.to, "x", true) - x);
		ctx.fillStyle = color("--c-error-soft");
		ctx.fillRect(x, bbox.top, width, bbox.height);
		ctx.save();
		ctx.beginPath();
		ctx.rect(x, bbox.top, width, bbox.height);
		ctx.clip();
		ctx.strokeStyle = color("--c-error");
		ctx.lineWidth = uPlot.pxRatio;
		ctx.beginPath();
		for (let at = x - bbox.height; at < x + width; at += 9 * uPlot.pxRatio) {
			ctx.moveTo(at, bbox.top + bbox.height);
			ctx.lineTo(at + bbox.height, bbox.top);
		}
		ctx.stroke();
		ctx.restore();
	}
	ctx.restore();
}

/** A line down the chart for each action, but for those that would run into each other.
 * @param {uPlot} u @param {Event[]} events */
function drawEvents(u, events) {
	const {ctx, bbox} = u;
	ctx.save();
	ctx.strokeStyle = color("--c-mark");
	ctx.lineWidth = uPlot.pxRatio;
	ctx.setLineDash([3 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
	ctx.beginPath();
	let last = -Infinity;
	for (const event of events) {
		const x = Math.round(u.valToPos(event.ts, "x", true)) + 0.5;
		const outside = x < bbox.left || x > bbox.left + bbox.width;
		if (outside || Math.abs(x - last) < APART * uPlot.pxRatio)
			continue;
		last = x;
		ctx.moveTo(x, bbox.top);
		ctx.lineTo(x, bbox.top + bbox.height);
	}
	ctx.stroke();
	ctx.restore();
}

/** @param {Line} line */
function keyEntry(line) {
	const value = el("b", {}, "–");
	const swatch = svg("svg", {viewBox: "0 0 26 8", class: `swatch ${line.color.slice(2)}`,
		"aria-hidden": "true"},
		svg("path", {d: "M0 4h26", "stroke-dasharray": line.dash.join(" "),
			"stroke-width": "2.5"}));
	return {entry: el("li", {}, swatch, ` ${line.label} `, value), value};
}

class Chart {
	/** @param {typeof CHARTS[0]} about @param {Charts} all */
	constructor(about, all) {
		this.about = about;
		this.all = all;
		this.root = byId(about.id);
		this.plot = /** @type {HTMLElement} */ (this.root.querySelector(".plot"));
		this.keys = about.lines.map(keyEntry);
		this.root.querySelector(".key")?.append(...this.keys.map((k) => k.entry));
		this.banded = about.id === "chart-latency";
		this.u = new uPlot(this.options(), [[]], this.plot);
	}

	/** @returns {uPlot.Options} */
	options() {
		const {lines, unit} = this.about;
		const edge = () => ({stroke: "transparent", width: 0, points: {show: false}, auto: false});
		const extra = this.banded ? [edge(), edge()] : [];
		const n = lines.length;
		return {
			width: this.plot.clientWidth || 600,
			height: this.plot.clientHeight || 150,
			legend: {show: false},
			padding: [8, 24, 0, 0], // right: half a label of the time
			series: [{}, ...lines.map(seriesOf), ...extra],
			bands: this.banded
				? [{series: [n + 2, n + 1], fill: () => color("--c-band")}] : [],
			scales: {
				x: {time: true},
				y: {range: (u, _min, max) => [0, top(max, this.aside(u), unit === "count")]},
			},
			axes: [axis("x", unit !== "count"),
				{...axis("y"), incrs: unit === "count" ? COUNTS : undefined}],
			cursor: {
				y: false,
				sync: {key: "time"},
				drag: {x: true, y: false, setScale: false},
				points: {size: 7},
			},
			hooks: {
				drawClear: [(u) => drawErrors(u, this.all.shown.errors)],
				draw: [(u) => drawEvents(u, this.all.shown.events)],
				setSelect: [(u) => this.all.selected(u)],
				setCursor: [(u) => this.all.moved(u.cursor.idx ?? null)],
			},
		};
	}

	/** The highest that the lines aside are now. @param {uPlot} u */
	aside(u) {
		const [lo, hi] = u.series[0].idxs ?? [0, -1];
		let highest = 0;
		this.about.lines.forEach((line, i) => {
			if (line.aside)
				for (let at = lo; at <= hi; at++)
					highest = Math.max(highest, u.data[i + 1]?.[at] ?? 0);
		});
		return highest;
	}

	/** @param {Shown} shown */
	show(shown) {
		const {columns, from, to} = shown;
		const lines = this.about.lines.map((line) => columns[line.column]);
		const {low, high} = this.banded ? band(columns) : {low: [], high: []};
		const data = /** @type {any} */ ([columns.ts, ...lines,
			...(this.banded ? [low, high] : [])]);
		this.u.batch(() => {
			this.u.setData(data, false);
			this.u.setScale("x", {min: from, max: to});
		});
	}

	/** @param {{[column: string]: any}} point */
	showValues(point) {
		this.about.lines.forEach((line, i) =>
			setText(this.keys[i].value, line.show(point[line.column])));
	}

	resize() {
		const width = this.plot.clientWidth, height = this.plot.clientHeight;
		if (width > 0 && (width !== this.u.width || height !== this.u.height))
			this.u.setSize({width, height});
	}
}

export class Charts {
	/** @param {Listener} listener */
	constructor(listener) {
		this.listener = listener;
		/** @type {Shown} */
		this.shown = {columns: {ts: []}, from: 0, to: 1, errors: [], events: []};
		this.charts = CHARTS.map((about) => new Chart(about, this));
		this.index = /** @type {number | null} */ (null);
		const resized = new ResizeObserver(() => {
			this.charts.forEach((c) => c.resize());
			listener.resized();
		});
		for (const c of this.charts) {
			resized.observe(c.plot);
			c.u.over.addEventListener("pointermove", () => listener.pointed());
		}
	}

	/** @param {Shown} shown */
	show(shown) {
		this.shown = shown;
		this.charts.forEach((c) => c.show(shown));
	}

	/** @param {{[column: string]: any}} point */
	showValues(point) {
		this.charts.forEach((c) => c.showValues(point));
	}

	/** The colours are others now. */
	recolor() {
		colors.clear();
		this.charts.forEach((c) => c.u.redraw(false, true));
	}

	/** Put the cursor of all charts on a row; null takes it away. @param {number | null} index */
	setCursor(index) {
		for (const {u} of this.charts) {
			const ts = index === null ? null : u.data[0][index];
			u.setCursor(ts === null || ts === undefined ? {left: -10, top: -10}
				: {left: u.valToPos(ts, "x"), top: u.over.clientHeight / 2}, false);
		}
		this.moved(index);
	}

	/** Where a time is, in pixels from the plot's left, and how wide that is. */
	plotArea() {
		const {u} = this.charts[0];
		return {
			left: u.over.offsetLeft,
			width: u.over.clientWidth,
			position: (/** @type {number} */ ts) => u.valToPos(ts, "x"),
		};
	}

	/** The time at a place of the screen. @param {number} x */
	timeAt(x) {
		const {u} = this.charts[0];
		return u.posToVal(x - u.over.getBoundingClientRect().left, "x");
	}

	/** @param {uPlot} u */
	selected(u) {
		const {left, width} = u.select;
		if (width < 4)
			return;
		const from = u.posToVal(left, "x"), to = u.posToVal(left + width, "x");
		this.charts.forEach((c) => c.u.setSelect({left: 0, top: 0, width: 0, height: 0}, false));
		this.listener.select(from, to);
	}

	/** @param {number | null} index */
	moved(index) {
		if (index === this.index)
			return;
		this.index = index;
		this.listener.cursor(index);
	}
}
