// Pure. How far what the page shows can be trusted.
/** @import {Link, Model} from "../types.js" */
import {clock, known} from "./format.js";

const SILENCE_SEC = 4.5; // the server says something every 2 s
const RETRY_SEC = 1;     // a connection that is made again so soon was not lost
const WINDOWS_LATE = 2.5;
const LATE_SEC = 5;

/** The warning over what is shown, "" where there is none. @param {Link} link
 * @param {Model | null} model */
export function warning(link, model) {
	if (link.state === "live" || link.state === "connecting")
		return "";
	const end = link.text.endsWith("?") ? "" : ".";
	return `${link.text}${end}${model?.point ? " What is shown here is old." : ""}`;
}

/** The words stay the same while the state does, since they are read out.
 * @param {{model: Model | null, now: number, heard_ago: number, closed_ago: number | null}} of
 *  now: of the server; heard_ago, closed_ago: seconds since it was heard, since the connection
 *  closed (null: it is open). @returns {Link} */
export function linkOf({model, now, heard_ago, closed_ago}) {
	const silent = heard_ago > SILENCE_SEC;
	if (!model)
		return silent
			? {state: "lost", text: "No connection to the dashboard, trying again"}
			: {state: "connecting", text: "Connecting"};
	if (silent || (closed_ago !== null && closed_ago > RETRY_SEC))
		return {state: "lost", text: "Connection to the dashboard lost, trying again"};
	const {redis, point, window_sec} = model;
	if (redis.up === false) {
		const since = known(redis.since_ts) ? ` since ${clock(redis.since_ts, now)}` : "";
		return {state: "redis-down", text: `Redis does not answer${since}, nothing new arrives`};
	}
	if (!point)
		return {state: "stale", text: "No measurement yet: is the monitor running?"};
	if (now - point.ts > Math.max(LATE_SEC, WINDOWS_LATE * window_sec))
		return {state: "stale",
			text: `No measurement since ${clock(point.ts, now)}: is the monitor running?`};
	return {state: "live", text: "Live"};
}
