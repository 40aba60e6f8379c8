// Shell. What comes from the server: state, history, and events from where these end.
/** @import {Snapshot, History} from "../types.js" */

const HERE = location.origin + location.pathname; // without a password that stands in the address
const FETCH_MS = 10000;
const SILENCE_MS = 8000; // an open connection that says nothing is made anew
const RETRY_MS = [300, 1000, 2000, 3000];

/** @param {string} path @returns {Promise<any>} */
async function getJson(path) {
	const answer = await fetch(new URL(path, HERE), {signal: AbortSignal.timeout(FETCH_MS)});
	if (!answer.ok)
		throw new Error(`${path}: ${answer.status}`);
	return answer.json();
}

/** @param {number} range_sec @returns {Promise<History>} */
export const getHistory = (range_sec) => getJson(`api/history?range=${range_sec}`);

/** @typedef {{
 *   begin: () => Promise<Snapshot | null>,
 *   event: (kind: string, data: any) => void,
 *   heard: () => void,
 *   closed: () => void,
 * }} Listener begin: read everything anew, null: could not */

export class Stream {
	/** @param {string[]} kinds of events @param {Listener} listener */
	constructor(kinds, listener) {
		this.kinds = kinds;
		this.listener = listener;
		/** @type {EventSource | null} */
		this.source = null;
		/** @type {string | null} */
		this.after = null; // id of the event heard last; null: all has to be read anew
		this.failures = 0;
		this.generation = 0;
		/** @type {number | undefined} */
		this.timer = undefined;
	}

	/** Open, or open anew. */
	async start() {
		const mine = ++this.generation;
		this.stop();
		if (this.after === null) {
			const snapshot = await this.listener.begin();
			if (mine !== this.generation)
				return;
			if (!snapshot) {
				this.retry();
				return;
			}
			this.after = snapshot.id;
			this.listener.heard();
		}
		this.open();
	}

	stop() {
		clearTimeout(this.timer);
		this.source?.close();
		this.source = null;
	}

	open() {
		const source = new EventSource(
			new URL(`events?after=${encodeURIComponent(this.after ?? "")}`, HERE));
		this.source = source;
		const heard = () => {
			this.failures = 0;
			this.listener.heard();
			this.watch();
		};
		source.onopen = heard;
		source.onerror = () => {
			if (source === this.source)
				this.retry();
		};
		for (const kind of [...this.kinds, "tick"])
			source.addEventListener(kind, (event) => {
				heard();
				if (event.lastEventId)
					this.after = event.lastEventId;
				this.listener.event(kind, JSON.parse(event.data));
			});
		source.addEventListener("reset", () => {
			this.after = null;
			this.start();
		});
		this.watch();
	}

	/** Make it anew if nothing is heard from now on. */
	watch() {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.retry(), SILENCE_MS);
	}

	/** Make it anew, and read everything anew. */
	startOver() {
		this.after = null;
		this.retry();
	}

	retry() {
		this.stop();
		this.listener.closed();
		const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
		this.timer = setTimeout(() => this.start(), wait);
	}
}

export const getState = () => /** @type {Promise<Snapshot>} */ (getJson("api/state"));
