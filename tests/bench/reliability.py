#!/usr/bin/env python3
"""The table of docs/reliability.md, from what the last `make soak` and `make chaos` left in BUILD
(soak.json, chaos.json).  Only what stands between the two markers there is replaced."""

import argparse
import json
import os
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- tests/bench/reliability.py -->\n", "<!-- end -->\n"
HEAD = ("| fault | tries | requests | lost | longest stall, ms | recovery, median s | worst s |\n"
        "|---|---|---|---|---|---|---|\n")


def read(name):
    file = pathlib.Path(os.environ.get("BUILD", "build")).resolve() / name
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        sys.exit(f"{file} is not there: run `make soak` and `make chaos` first.")


def row(fault, tries, requests, lost, stall_ms, recovery_sec):
    """${recovery_sec}: one for each try, or none where nothing has to recover."""
    times = ("–", "–")
    if recovery_sec:
        times = (f"{statistics.median(recovery_sec):.1f}", f"{max(recovery_sec):.1f}")
    return f"| {fault} | {tries:,} | {requests:,} | {lost} | {stall_ms:.0f} | {times[0]} | {times[1]} |\n"


def soak_row(soak):
    load = soak["load"]
    lost = len(load["failed"]) + load["unanswered"]
    return row(f"none: {soak['cycles']:,} cycles of replicas up and down, {soak['started']:,} started",
               soak["plans"], load["sent"], lost, load["longest_stall_ms"], [])


def chaos_rows(chaos):
    for name, f in chaos["faults"].items():
        lost = f"{f['lost']} ({f['whose']})" if f["lost"] else 0
        yield row(name, f["tries"], f["requests"], lost, f["stall_ms"], f["recovery_sec"])


def table(soak, chaos):
    machines = {run["machine"] for run in (soak, chaos)}
    machines = sorted(m for m in machines if not any(m != n and n.startswith(m) for n in machines))
    return (HEAD + soak_row(soak) + "".join(chaos_rows(chaos)) + "\n"
            + f"On {'; '.join(machines)}. Seeds: soak {soak['seed']}, chaos {chaos['seed']}.\n")


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{DOCUMENT} has not both markers, {BEGIN.strip()} and {END.strip()}.")
    DOCUMENT.write_text(before + BEGIN + table(read("soak.json"), read("chaos.json")) + END + after)


if __name__ == "__main__":
    main()
