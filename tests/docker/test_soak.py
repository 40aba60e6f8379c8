"""Zero drop: 200 cycles up and down (SOAK_CYCLES) under load, and not one request notices."""

import pytest

from support.soak import CYCLES, SEED, Soak

STALL_MAX_MS = 1000
# The allocator's, and what fills up to a maximum; of each message heard, its id is kept for an hour.
SLACK_KB, SLACK_KB_A_MESSAGE = 1024, 160 / 1024
# Beside its name: idle connections to Docker, to nginx and to replicas that it may keep.
DAEMONS = {"watcher": 16, "executor": 16, "monitor": 16, "planner": 0, "subscriber": 0,
           "dashboard": 0}


@pytest.fixture(scope="module")
def seen(engine, suite_image):
    """What was seen in the one soak that all tests here are about."""
    print(f"SOAK_SEED={SEED}")
    found = Soak(engine, suite_image).run()
    load = found["load"]
    print(f"{found['cycles']} cycles in {found['seconds']} s: {found['started']} replicas started, "
          f"{load['sent']} requests, longest stall {load['longest_stall_ms']} ms "
          f"({load['latest_ms']} ms sent late)\nbefore {found['before']}\nafter  {found['after']}")
    return found


def test_replicas_came_and_went(seen):
    assert seen["cycles"] >= CYCLES and seen["started"] >= CYCLES
    assert seen["answered"] == seen["plans"]
    assert seen["errors"] == [] and seen["ended"] == [] and seen["broken"] == []


def test_no_request_failed(seen):
    load = seen["load"]
    assert set(load["by_kind"]) == {"keepalive", "fresh", "slow"}
    assert load["sent"] > 10 * seen["cycles"] and load["unanswered"] == 0
    assert load["failed"] == [], f"SOAK_SEED={seen['seed']}"


def test_each_request_was_served_once(seen):
    assert seen["load"]["doubled"] == [] and seen["load"]["unserved"] == []


def test_no_change_made_a_request_wait(seen):
    assert seen["load"]["longest_stall_ms"] < STALL_MAX_MS, seen["load"]["slowest"]


def test_every_change_has_its_receipt(seen):
    receipts = seen["receipts"]
    assert receipts["results"] >= CYCLES
    assert receipts["without"] == [] and receipts["receipts"] == receipts["results"]
    assert receipts["failed"] == []
    assert receipts["longest_gap_ms"] < STALL_MAX_MS


def test_nothing_is_left_behind(seen):
    before, after = seen["before"], seen["after"]
    for what in ("containers", "networks", "endpoints", "nginx_workers"):
        assert after[what] == before[what], what
    assert seen["volumes_left"] == []


@pytest.mark.parametrize("daemon", DAEMONS)
def test_no_daemon_grew(seen, daemon):
    before, after = seen["before"][daemon], seen["after"][daemon]
    assert after["fds"] <= before["fds"] + DAEMONS[daemon]
    slack_kb = SLACK_KB + SLACK_KB_A_MESSAGE * seen["messages"]
    assert after["memory_kb"] <= before["memory_kb"] + slack_kb
