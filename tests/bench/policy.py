#!/usr/bin/env python3
"""The race of policies: `replay simulate` on made-up traces, and on those in TRACES, at several start-up
times; the table and the pictures go to docs/policy-benchmark.md.

Asserts nothing.  BUILD names the build directory, TRACES a directory of traces (*.csv), SEEDS how
many runs each.  What follows the
heading "What remains" in the document is written by hand and is kept.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "policy-benchmark.md"
PICTURES = ROOT / "docs" / "policy-benchmark"
BY_HAND = "## What remains\n"

KINDS = ("diurnal", "step", "flash", "noisy", "onoff")
STARTUPS = (1, 10, 60)
PICTURE_STARTUP = 10
PEAKS = (10, 20)
LONG_SEC = 3 * 86400  # a trace beyond that runs at the first peak only, and once: it has many days
SEEDS = int(os.environ.get("SEEDS", "3"))
OURS = "adaptive"
COMPARATORS = ("classic", "hpa", "kpa", "aws", "step")
APART = ("oracle",)  # knows what no policy can
FLAT_SEC = 4 * 3600


def replay(*args):
    """Standard output of the replay tool."""
    tool = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "bin" / "replay"
    return subprocess.run([tool, *map(str, args)], check=True, stdout=subprocess.PIPE, text=True).stdout


def simulate(trace, peak, startup, seeds=SEEDS, picture=None):
    policies = [arg for name in (OURS, *COMPARATORS, *APART, f"static:{peak}") for arg in ("--policy", name)]
    svg = ["--svg", picture] if picture else []
    return json.loads(replay("simulate", trace, "--json", "--peak", peak, "--startup", startup, "--seeds", seeds,
                             "--set", "MIN_REPLICAS=1", *policies, *svg))


def span_sec(trace):
    with open(trace) as lines:
        times = [line.split(",")[0] for line in lines]
    return float(times[-1]) - float(times[1])


def is_long(trace):
    return span_sec(trace) > LONG_SEC


class Race:
    """One trace at one peak: what every policy did at each start-up time."""

    def __init__(self, trace, peak):
        self.name, self.trace, self.peak = trace.stem, trace, peak
        self.seeds = 1 if is_long(trace) else SEEDS
        self.picture = PICTURES / f"{self.name}-{peak}.svg"
        self.results = {}

    def run(self, startup):
        picture = self.picture if startup == PICTURE_STARTUP else None
        self.results[startup] = simulate(self.trace, self.peak, startup, self.seeds, picture)

    def median(self, startup, policy):
        return self.of(startup, policy)["median"]

    def of(self, startup, policy):
        return next(p for p in self.results[startup]["policies"] if p["policy"] == policy)

    def ahead(self, startup):
        """Whether no comparator is as good in both and better in one."""
        ours = pair(self.median(startup, OURS))
        theirs = [pair(self.median(startup, name)) for name in COMPARATORS]
        return not any(t[0] <= ours[0] and t[1] <= ours[1] and t != ours for t in theirs)


def pair(measures):
    return measures["psi_w"], measures["cost"]


def cell(policy):
    median, worst = pair(policy["median"]), pair(policy["worst"])
    return f"{100 * median[0]:.2f} % ({100 * worst[0]:.2f}) / {median[1]:.3f} ({worst[1]:.3f})"


def tell_verdicts(races):
    yield ("| trace | peak | start-up | adaptive: psi_w / cost | cheapest comparators that miss no more, or under 5 % "
           "| on the front |\n")
    yield "|---|---|---|---|---|---|\n"
    for race in races:
        for startup in STARTUPS:
            psi_w, cost = pair(race.median(startup, OURS))
            others = {name: pair(race.median(startup, name)) for name in COMPARATORS}
            near = [f"{name} {100 * o[0]:.2f} % / {o[1]:.3f}" for name, o in
                    sorted(others.items(), key=lambda item: item[1][1]) if o[0] <= max(psi_w, 0.05)][:2]
            yield (f"| {race.name} | {race.peak} | {startup} s | {100 * psi_w:.2f} % / {cost:.3f} | "
                   f"{'; '.join(near) or 'none'} | {'yes' if race.ahead(startup) else '**no**'} |\n")


def tell_race(race):
    at = race.results[PICTURE_STARTUP]
    yield (f"\n### {race.name}, peak {race.peak}\n\n{at['span_sec'] / 3600:.4g} h, {at['mean_rps']:.4g} rps on average, "
           f"{at['max_rps']:.4g} at most.\n\n")
    yield "| policy | " + " | ".join(f"start-up {s} s" for s in STARTUPS) + " | changes/h |\n"
    yield "|---" * (len(STARTUPS) + 2) + "|\n"
    for policy in at["policies"]:
        name = policy["policy"]
        cells = " | ".join(cell(race.of(s, name)) for s in STARTUPS)
        yield f"| {name} | {cells} | {policy['median']['adaptations_per_hour']:.1f} |\n"
    yield f"\n![{race.name}]({race.picture.relative_to(DOCUMENT.parent)})\n"


def tell_flat(flat):
    yield "| peak | start-up | psi_w / cost | changes | last change |\n|---|---|---|---|---|\n"
    for (peak, startup), result in sorted(flat.items()):
        ours = next(p for p in result["policies"] if p["policy"] == OURS)
        worst = ours["worst"]
        yield (f"| {peak} | {startup} s | {cell(ours)} | {worst['ups'] + worst['downs']:.0f} | "
               f"{worst['settled_sec']:.0f} s |\n")


INTRODUCTION = """# Policy benchmark

Written by `make bench-policy`; what stands under "What remains" is by hand.

Every policy runs in a closed loop with the same simulated service, `replay simulate`: a load balancer
(least_conn) in front of replicas of {slots} slots, {service_ms:.0f} ms a request ({service}), Poisson arrivals by
the trace's rate, scaled so that its peak needs as many replicas as said.  Windows of {window_sec:.0f} s, as a
monitor would report them.  {seeds} seeds (one for traces of weeks): the median, and in parentheses the
worst of them.  All start with what is needed at first, and may have 1 to twice the peak.  The objective is a p95
of {objective_ms:.0f} ms, twice that of an idle service; it is not told to the adaptive policy, which has one
setting for all: the defaults.

* **psi_w**: share of windows with p95 over the objective.  **cost**: replica-hours over those of who always has
  just what is needed (M/M/n on a 30 s mean of the rate).  Less is better in both; neither alone means anything.
* Comparators have the defaults of their projects: `hpa` (Kubernetes, 15 s), `kpa` (Knative, 2 s), `aws` (target
  tracking), `step` (+-1 by 85 % and 25 % utilisation), `classic` (the predecessor).  `hpa`, `kpa`, `aws` aim at
  70 %.  `oracle` knows the trace and asks a start-up ahead; `static` stays at the peak.
* **On the front**: no comparator is as good in both and better in one.

## Verdicts

"""


def document(races, flat):
    at = races[0].results[PICTURE_STARTUP]
    yield INTRODUCTION.format(slots=at["slots"], service_ms=1000 * at["service_sec"], service=at["service"],
                              window_sec=at["window_sec"], seeds=SEEDS, objective_ms=at["objective_ms"])
    yield from tell_verdicts(races)
    yield "\n## A flat load\n\nThe load is constant.  Once it has settled there is nothing to do; worst of the seeds.\n\n"
    yield from tell_flat(flat)
    yield "\n## Traces\n\nEach cell: psi_w / cost.\n"
    for race in races:
        yield from tell_race(race)
    yield "\n" + BY_HAND + written_by_hand()


def written_by_hand():
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    return text.partition(BY_HAND)[2]


def enter(directory, traces):
    """All races, and the flat trace."""
    made_up = []
    for kind in KINDS:
        path = directory / f"{kind}.csv"
        path.write_text(replay("trace", "--kind", kind))
        made_up.append(path)
    flat = directory / "flat.csv"
    flat.write_text(f"0,100\n{FLAT_SEC},100\n")
    real = sorted(traces.glob("*.csv")) if traces else []
    races = [Race(trace, peak) for trace in made_up + real for peak in PEAKS
             if peak == PEAKS[0] or not is_long(trace)]
    return races, flat


def run_all(races, flat_trace):
    """Longest first, so that the last to end are short."""
    flat = {}

    def run_flat(peak, startup):
        flat[peak, startup] = simulate(flat_trace, peak, startup)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(race.run, startup): f"{race.name}, peak {race.peak}, start-up {startup} s"
                for race in sorted(races, key=lambda race: -span_sec(race.trace)) for startup in STARTUPS}
        jobs |= {pool.submit(run_flat, peak, startup): f"flat, peak {peak}, start-up {startup} s"
                 for peak in PEAKS for startup in STARTUPS}
        for done in concurrent.futures.as_completed(jobs):
            done.result()
            print(jobs[done], file=sys.stderr, flush=True)
    return flat


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    traces = os.environ.get("TRACES")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        races, flat_trace = enter(pathlib.Path(directory), pathlib.Path(traces) if traces else None)
        flat = run_all(races, flat_trace)
        DOCUMENT.write_text("".join(document(races, flat)))


if __name__ == "__main__":
    main()
