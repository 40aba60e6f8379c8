// Wiring. The page: what comes from the stream goes into the model, the model onto the page.
/** @import {Model, Row, View, Link} from "../types.js" */
import {Charts} from "./charts.js";
import {byId, setText} from "./dom.js";
import {rowsOf} from "./decisions.js";
import {DecisionsTable} from "./decisions_table.js";
import {clock} from "./format.js";
import {linkOf} from "./freshness.js";
import {spoken} from "./lines.js";
import {Marks} from "./marks.js";
import {showNavigation, startNavigation} from "./navigation.js";
import {showHead, showLink, showPanels} from "./panels.js";
import {bounds, live, nearness, patience, RANGES, ringFor, show} from "./range.js";
import {addPoint, emptySeries, errorSpans, fromHistory, nearest, pointAt, withGaps}
	from "./series.js";
import {apply, fromSnapshot, KINDS} from "./state.js";
import {getHistory, getState, Stream} from "./stream.js";
import {startTheme} from "./theme.js";

const RECENT = 64;      // live points kept until the history that is under way has come
const SECOND_MS = 1000;
const LOOK_MS = 250;
const SPEAK_MS = 300;

/** @type {Model | null} */
let model = null;
let series = emptySeries(RANGES[0]);
/** @type {View} */
let view = live(RANGES[0]);
/** @type {import("../types.js").Point[]} */
let recent = [];
let columns = series.columns;
/** @type {Row[]} */
let rows = [];
let offset_sec = 0; // of the server's clock
let heard_ms = performance.now();
/** @type {number | null} */
let closed_ms = null;
let dirty = false;
let drawn_sec = -Infinity; // when the charts were
/** @type {Model | null} */
let told = null; // the model that the rows are of
let asked = 0;
let asked_sec = 0; // the range of the history asked for last
/** @type {number | null} */
let cursor = null; // row
/** @type {number | null} */
let held = null; // time on which keys have put the cursor
/** @type {number | undefined} */
let speaking;

const now = () => Date.now() / 1000 + offset_sec;

const charts = new Charts({
	select: (from, to) => setView(show(view, from, to, now())),
	cursor: (index) => {
		cursor = index;
		showValues();
	},
	pointed: () => {
		held = null;
	},
	resized: () => {
		drawn_sec = -Infinity;
		changed();
	},
});
const table = new DecisionsTable();
const marks = new Marks((row) => table.open(row));

// --- drawing: at most once a frame, and never while nobody looks ---

function changed() {
	if (dirty)
		return;
	dirty = true;
	requestAnimationFrame(() => {
		dirty = false;
		draw();
	});
}

function draw() {
	if (document.hidden || !model)
		return;
	if (told !== model) {
		told = model;
		rows = rowsOf(model, now());
		table.show(rows, now());
	}
	showHead(model, rows, now());
	showPanels(model, now());
	keepUp();
	if (Math.abs(now() - drawn_sec) >= patience(view))
		drawCharts();
	else
		showValues();
}

function drawCharts() {
	drawn_sec = now();
	const [from, to] = bounds(view, drawn_sec);
	const window_sec = series.step_sec || model?.window_sec || 1;
	const events = rows.filter((row) => row.action !== "noop");
	columns = withGaps(series, model?.window_sec ?? 0);
	const errors = errorSpans(columns, window_sec, nearness(view));
	charts.show({columns, from, to, events, errors});
	if (held !== null)
		charts.setCursor(nearest(columns.ts, held));
	marks.show(events, charts.plotArea(), drawn_sec);
	showNavigation(view, drawn_sec);
	showValues();
}

function showValues() {
	const last = columns.ts.length - 1;
	const at = cursor === null ? last : Math.min(cursor, last);
	const newest = model?.point ?? {ts: NaN}; // which the charts may not have been drawn with yet
	const point = cursor === null || at < 0 ? newest : pointAt(columns, at);
	charts.showValues(point);
	setText(byId("readout"), cursor === null ? "" : `${clock(point.ts)}  ${spoken(point)}`);
}

// --- the cursor, by keys ---

function speak() {
	clearTimeout(speaking);
	speaking = setTimeout(() => {
		if (cursor !== null)
			setText(byId("announce"),
				`${clock(columns.ts[cursor])}: ${spoken(pointAt(columns, cursor))}`);
	}, SPEAK_MS);
}

/** @param {number} index */
function putCursor(index) {
	const [from, to] = bounds(view, now());
	const first = nearest(columns.ts, from), last = nearest(columns.ts, to);
	if (last < 0)
		return;
	const at = Math.max(first, Math.min(last, index));
	held = columns.ts[at];
	charts.setCursor(at);
	speak();
}

function clearCursor() {
	held = null;
	charts.setCursor(null);
}

// --- time ---

/** Read the history that what is shown needs; the series stays as it is until that has come. */
async function loadHistory() {
	const mine = ++asked;
	const range_sec = asked_sec = ringFor(view, now());
	const fresh = fromHistory(await getHistory(range_sec), range_sec);
	if (mine !== asked)
		return;
	for (const point of recent)
		addPoint(fresh, point);
	series = fresh;
	drawn_sec = -Infinity;
	changed();
}

/** What is shown needs another range than what was read: it was chosen, or time went on. */
function keepUp() {
	if (model && ringFor(view, now()) !== asked_sec)
		loadHistory().catch(() => stream.startOver());
}

/** @param {View} next */
function setView(next) {
	view = next;
	keepUp();
	drawCharts();
}

startNavigation({
	view: () => view,
	setView,
	now,
	cursorTime: () => (cursor === null ? null : columns.ts[cursor]),
	moveCursor: (by) => putCursor((cursor ?? columns.ts.length - (by < 0 ? 0 : 1)) + by),
	edgeCursor: (last) => putCursor(last ? Infinity : -Infinity),
	clearCursor,
	timeAt: (x) => charts.timeAt(x),
});

// --- what comes ---

/** @returns {Link} */
const link = () => linkOf({
	model,
	now: now(),
	heard_ago: (performance.now() - heard_ms) / 1000,
	closed_ago: closed_ms === null ? null : (performance.now() - closed_ms) / 1000,
});

const stream = new Stream(KINDS, {
	begin: async () => {
		try {
			const snapshot = await getState();
			model = fromSnapshot(snapshot);
			offset_sec = snapshot.now - Date.now() / 1000;
			recent = [];
			await loadHistory();
			changed();
			return snapshot;
		} catch {
			return null;
		}
	},
	event: (kind, data) => {
		if (kind === "tick") {
			offset_sec = data.now - Date.now() / 1000;
		} else if (model) {
			model = apply(model, kind, data);
			if (kind === "point") {
				recent = [...recent, data].slice(-RECENT);
				addPoint(series, data);
			}
		}
		changed();
	},
	heard: () => {
		heard_ms = performance.now();
		closed_ms = null;
	},
	closed: () => {
		closed_ms ??= performance.now();
	},
});

startTheme(() => charts.recolor());
document.addEventListener("visibilitychange", changed);
setInterval(() => showLink(link(), model), LOOK_MS);
setInterval(changed, SECOND_MS);
stream.start();
