"""The classic law, written anew from its description, to hold the planner against.

    law = Classic(cooldown_sec=20)
    decision = law.window(p95_ms=124.0, replicas=2, ts=1795458155.613)
    decision.action, decision.reason, decision.replicas, decision.low_windows
"""

import dataclasses
import statistics
from collections import deque


@dataclasses.dataclass
class Decision:
    action: str
    reason: str
    replicas: int
    baseline_ms: float
    sigma_ms: float
    low_windows: list


class Classic:
    def __init__(self, min_replicas=2, max_replicas=10, cooldown_sec=20.0, hist_windows=60,
                 warmup_windows=12, low_need_n=3, alpha_up=7.5, beta_down=1.05, idle_hint_ms=0.0):
        self.min, self.max = min_replicas, max_replicas
        self.cooldown_ms = cooldown_sec * 1000
        self.warmup = max(1, warmup_windows)
        self.low_need_n = low_need_n
        self.alpha_up, self.beta_down = alpha_up, beta_down
        self.idle_hint_ms = idle_hint_ms
        self.history = deque(maxlen=hist_windows)
        self.low = deque(maxlen=low_need_n)
        self.acted_ms = None
        self.wanted = None

    def settings(self):
        """The environment in which the planner follows the same law."""
        return {"PLANNER_POLICY": "classic",
                "MIN_REPLICAS": self.min, "MAX_REPLICAS": self.max,
                "COOLDOWN_SEC": self.cooldown_ms / 1000, "HIST_WINDOWS": self.history.maxlen,
                "WARMUP_WINDOWS": self.warmup, "LOW_NEED_N": self.low_need_n,
                "ALPHA_UP": self.alpha_up, "BETA_DOWN": self.beta_down,
                "IDLE_HINT_MS": self.idle_hint_ms}

    def _scatter(self, baseline):
        if len(self.history) < 2:
            return 0.0
        mad = statistics.median(abs(x - baseline) for x in self.history)
        return 1.4826 * mad if mad > 0 else 0.0

    def _judge(self, p95_ms, replicas, baseline, sigma):
        ratio = p95_ms / baseline if baseline > 0 else 0.0
        z = (p95_ms - baseline) / (sigma if sigma > 0 else 1.0)
        if (ratio >= self.alpha_up or z >= 6.0) and replicas < self.max:
            return "scale_up", f"{ratio:.1f}x baseline"
        if all(self.low) and replicas > self.min:
            return "scale_down", f"near baseline for {self.low_need_n}w"
        return "noop", "heuristic"

    def _cooling(self, now_ms):
        if self.acted_ms is None:
            return False
        self.acted_ms = min(self.acted_ms, now_ms)
        return now_ms - self.acted_ms < self.cooldown_ms

    def window(self, p95_ms, replicas, ts):
        """Decide about one window, which closed at ${ts} seconds since 1970."""
        now_ms = round(ts * 1000)
        self.history.append(p95_ms)
        baseline = statistics.median(self.history)
        sigma = self._scatter(baseline)
        warm = len(self.history) >= self.warmup
        self.low.append(warm and baseline > 0
                        and p95_ms <= baseline * self.beta_down + max(5.0, 0.25 * sigma))

        action, reason = "noop", "warming"
        if warm:
            action, reason = self._judge(p95_ms, replicas, baseline, sigma)
        if self._cooling(now_ms) and action != "noop":
            action, reason = "noop", "cooldown"
        if action != "noop":
            self.acted_ms = now_ms
            moved = replicas + (1 if action == "scale_up" else -1)
            self.wanted = min(max(moved, self.min), self.max)
        if not warm and baseline == 0 and self.idle_hint_ms > 0:
            baseline = self.idle_hint_ms
        return Decision(action, reason, replicas if self.wanted is None else self.wanted,
                        baseline, sigma, list(self.low))

    def result(self, wanted):
        """The executor said how many it keeps."""
        self.wanted = wanted
