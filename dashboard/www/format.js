// Pure. Figures as people read them.  What is not known is a dash.

export const UNKNOWN = "–";

/** @param {unknown} v @returns {v is number} */
export const known = (v) => typeof v === "number" && Number.isFinite(v);

/** @param {unknown} v @param {number} [digits] */
export function number(v, digits = 0) {
	if (!known(v))
		return UNKNOWN;
	const text = v.toLocaleString("en-GB", {
		minimumFractionDigits: digits, maximumFractionDigits: digits,
	});
	return text === "-0" ? "0" : text;
}

/** Three digits that count. @param {unknown} v */
export function short(v) {
	if (!known(v))
		return UNKNOWN;
	const size = Math.abs(v);
	return number(v, Number.isInteger(v) || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** @param {unknown} v milliseconds */
export function ms(v) {
	if (!known(v))
		return UNKNOWN;
	if (v >= 60000)
		return age(v / 1000);
	if (v >= 1000)
		return `${number(v / 1000, v < 10000 ? 2 : 1)} s`;
	return `${number(v, v < 10 && v > 0 ? 1 : 0)} ms`;
}

/** @param {unknown} v a second */
export const rate = (v) => (known(v) ? `${number(v, v < 10 && v > 0 ? 1 : 0)}/s` : UNKNOWN);

/** @param {unknown} share 0 to 1 */
export function percent(share) {
	if (!known(share))
		return UNKNOWN;
	const v = share * 100;
	return `${number(v, v > 0 && v < 1 ? 1 : 0)} %`;
}

/** @param {unknown} v a ratio */
export const times = (v) => (known(v) ? `${number(v, v < 10 ? 1 : 0)}x` : UNKNOWN);

/** @param {unknown} v dollars */
export const dollars = (v) => (known(v) ? `$${number(v, v < 0.995 && v > 0 ? 4 : 2)}` : UNKNOWN);

/** How long, in at most two units. @param {unknown} sec */
export function age(sec) {
	if (!known(sec))
		return UNKNOWN;
	const s = Math.max(0, Math.round(sec));
	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min${s < 600 && s % 60 ? ` ${s % 60} s` : ""}`;
	const minutes = Math.floor(s / 60) % 60;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h${minutes ? ` ${minutes} min` : ""}`;
	const hours = Math.floor(s / 3600) % 24;
	return `${Math.floor(s / 86400)} d${hours ? ` ${hours} h` : ""}`;
}

/** How long, in one unit. @param {unknown} sec */
export const roughly = (sec) => age(sec).split(" ").slice(0, 2).join(" ");

/** @param {number | undefined} ts @param {number} now */
export function ago(ts, now) {
	if (!known(ts))
		return "at a time unknown";
	return now - ts < 2 ? "just now" : `${age(now - ts)} ago`;
}

/** Time of day where the reader is, before it the day where that is not the day of ${now}.
 * @param {unknown} ts seconds since 1970 @param {number} [now] */
export function clock(ts, now) {
	if (!known(ts))
		return UNKNOWN;
	const at = new Date(ts * 1000), time = at.toLocaleTimeString("en-GB");
	const day = at.toLocaleDateString("en-GB", {day: "numeric", month: "short"});
	const today = known(now) && at.toDateString() === new Date(now * 1000).toDateString();
	return known(now) && !today ? `${day} ${time}` : time;
}

/** @param {unknown} n @param {string} noun */
export const count = (n, noun) => `${number(n)} ${noun}${n === 1 ? "" : "s"}`;

/** "scale_up" as "scale up". @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

/** But for "p95" and the like. @param {string} text */
export const capital = (text) =>
	(/^p\d/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1));
