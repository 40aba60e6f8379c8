// What the server sends (docs/openapi.json, docs/protocol.md) and what the page makes of it.  For
// tsc alone.  Figures that are not known are missing.
/// <reference types="uplot" />

export interface Point {
	ts: number;
	p95_ms?: number;
	requests_p95_ms?: number;
	baseline_ms?: number;
	sigma_ms?: number;
	objective_ms?: number;
	arrivals_rps?: number;
	capacity_rps?: number;
	utilisation?: number;
	wanted?: number;
	running?: number;
	ready?: number;
	error_rate?: number;
}

export interface Replica {
	name: string;
	state: string;
	address?: string;
	rps?: number;
	p95_ms?: number;
	share?: number;
	error_rate?: number;
	created_ts?: number;
}

export interface Gate {
	pass: boolean;
	value?: number;
	bound?: number;
}

export interface ScoreRecord {
	verdicts?: number;
	agreed?: number;
	helpful?: number;
	harmful?: number;
	neutral?: number;
	cost_usd?: number;
	demoted?: boolean;
}

export interface Explain {
	policy?: string;
	decided_by?: string;
	estimates?: { [name: string]: number };
	gates?: { [name: string]: Gate };
	would?: { action?: string; text?: string }[];
	record?: ScoreRecord;
}

export interface Decision {
	action: string;
	reason?: string;
	replicas?: number;
}

export interface Plan {
	id?: string;
	ts: number;
	decision: Decision;
	telemetry?: { replicas?: number; p95_ms?: number; baseline_ms?: number };
	explain?: Explain;
	advisor?: {
		id?: string;
		mode?: string;
		model?: string;
		state?: string;
		action?: string;
		reason?: string;
		followed?: boolean;
		heuristic?: { action: string; replicas?: number };
	};
}

export interface Result {
	id?: string;
	ts: number;
	action: string;
	reason?: string;
	result: { status: string; message?: string };
	replicas_before?: number;
	replicas_after?: number;
	wanted?: number;
	duration_ms?: number;
}

export interface Receipt {
	id?: string;
	ts: number;
	plan: string;
	requests: number;
	failed: number;
	given_up?: number;
	longest_gap_ms?: number;
	slowest_ms?: number;
	unseen_ms?: number;
}

export interface Upstreams {
	id?: string;
	ts: number;
	generation: number;
	result: { status: string; message?: string };
	servers?: { name: string; address: string }[];
	drained?: string[];
}

export interface Advice {
	id?: string;
	ts: number;
	mode?: string;
	provider?: string;
	model?: string;
	outcome?: string;
	cause?: string;
	decision?: { action?: string; reason?: string };
	heuristic?: { action: string; replicas?: number };
	latency_ms?: number;
	cost_usd?: number;
	retry_ts?: number;
}

export interface Judgement {
	id?: string;
	ts: number;
	advice: string;
	judgement: string;
	reason?: string;
}

export interface Redis {
	up: boolean;
	since_ts?: number;
	detail?: string;
}

export interface AdvisorStatus {
	mode?: string;
	provider?: string;
	model?: string;
	asked_today?: number;
	day_budget?: number;
	minute_left?: number;
	retry_ts?: number;
	hopeless?: boolean;
	failures?: number;
}

export interface Daemon {
	daemon: string;
	alive: boolean;
	heard_ts?: number;
	version?: string;
	uptime_sec?: number;
	status?: string;
	dependencies?: { name: string; up: boolean; since_ts?: number; detail?: string }[];
	advisor?: AdvisorStatus;
}

/** What the page knows, but for the series. */
export interface Model {
	target: string;
	version: string;
	window_sec: number;
	redis: Redis;
	point: Point | null;
	replicas: Replica[];
	plans: Plan[];
	actions: Plan[];
	results: Result[];
	receipts: Receipt[];
	upstreams: Upstreams | null;
	upstreams_error: Upstreams | null;
	advice: Advice[];
	judgements: Judgement[];
	daemons: Daemon[];
}

/** GET /api/state */
export interface Snapshot extends Partial<Model> {
	id: string;
	now: number;
}

/** GET /api/history */
export interface History {
	id: string;
	from: number;
	to: number;
	step_sec: number;
	columns: string[];
	data: (number | null)[][];
}

/** Columns by name, oldest first, all of one length. */
export interface Series {
	step_sec: number;
	range_sec: number;
	columns: { [name: string]: (number | null)[] };
}

/** What part of time the charts show: span_sec up to end, or up to now while end is null. */
export interface View {
	range_sec: number;
	span_sec: number;
	end: number | null;
}

/** A line of the table of decisions: a plan with what became of it, or a result without a plan. */
export interface Row {
	key: string;
	ts: number;
	action: string;
	reason: string;
	replicas?: number;
	before?: number;
	plan: Plan | null;
	result: Result | null;
	/** Nothing became of it, and nothing will. */
	unanswered: boolean;
	receipt: Receipt | null;
	advice: Advice | null;
	judgement: Judgement | null;
}

/** The page's state of mind: good, in motion, bad, or not known. */
export type Tone = "good" | "busy" | "bad" | "unknown";

export interface Link {
	state: "connecting" | "live" | "stale" | "lost" | "redis-down";
	text: string;
}
