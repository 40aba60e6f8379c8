"""The lease (common/lease.h) against a real redis-server, through lease_pump.c: of several processes
never two act at once, and when the one that acts is gone another soon does."""

import time

import pytest

from support.procs import wait_for
from support.program import build

TTL_SEC, MARGIN_SEC = 8.0, 1.0
TAKEOVER_SEC = 10.0
KEY = "agentic:lease:executor:app"


def now():
    """The clock of the acts."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.fixture(scope="session")
def pump_binary(tmp_path_factory):
    return build("lease_pump", tmp_path_factory.mktemp("lease"))


class Pump:
    """A process with a lease; see lease_pump.c for what it prints."""

    def __init__(self, spawn, path, port, env):
        self.process = spawn(path, "127.0.0.1", port, "executor:app", env=env)

    def acts(self):
        """(time, token) of all acts so far."""
        parts = [line.split(" ") for line in self.process.lines()]
        return [(int(p[1]) / 1000, int(p[2])) for p in parts if p[0] == "act"]

    def last_act(self):
        return (self.acts() or [(0, 0)])[-1]

    def news(self):
        return [line for line in self.process.lines() if line.startswith("news ")]

    def wait_act(self, since=0.0, timeout=TAKEOVER_SEC):
        """The first act after ${since}, as (time, token)."""
        def found():
            return next((a for a in self.acts() if a[0] > since), None)
        return wait_for(found, timeout, lambda: f"an act after {since}; {self.news()}")

    def wait_news(self, part):
        wait_for(lambda: part in (self.news() or [""])[-1], what=lambda: f"{part}: {self.news()}")


@pytest.fixture
def pump(spawn, pump_binary):
    """pump(port): another process that wants the lease.  In the end it is checked that no two ever
    acted at the same time."""
    pumps = []

    def start(port, **env):
        pumps.append(Pump(spawn, pump_binary, port, env))
        return pumps[-1]

    yield start
    assert_one_at_a_time(pumps)


def assert_one_at_a_time(pumps):
    """From the first to the last act of a pump under one token nobody else acts."""
    spans = {}
    for n, p in enumerate(pumps):
        for when, token in p.acts():
            first, _ = spans.get((n, token), (when, when))
            spans[n, token] = (first, when)
    ordered = sorted(spans.items(), key=lambda item: item[1])
    for (who, (_, end)), (other, (begin, _)) in zip(ordered, ordered[1:]):
        assert begin >= end or who[0] == other[0], ordered


@pytest.fixture
def two(redis_server_factory, pump):
    """(server, the one that acts, the one that waits)"""
    server = redis_server_factory(appendonly=True)
    first = pump(server.port)
    first.wait_act()
    second = pump(server.port)
    second.wait_news("another process holds the lease")
    return server, first, second


def test_one_takes_it_and_keeps_it_and_the_other_follows_when_it_is_killed(two):
    server, first, second = two
    begun = first.acts()[0][0]
    assert first.acts()[0][1] == 1 and server.redis("GET", KEY + ":token") == "1"
    assert 0 < server.redis("PTTL", KEY) <= TTL_SEC * 1000
    wait_for(lambda: now() > begun + TTL_SEC + 1, TTL_SEC + 2)
    times = [t for t, _ in first.acts()]
    assert max(b - a for a, b in zip(times, times[1:])) < 0.5  # renewed without a gap
    assert second.acts() == []

    killed = now()
    first.process.kill()
    when, token = second.wait_act(killed)
    assert token == 2
    assert when - killed < TAKEOVER_SEC
    print(f"took over {when - killed:.2f} s after kill -9")


def test_a_clean_stop_hands_over_at_once(two):
    _, first, second = two
    ended = now()
    assert first.process.terminate() == 0
    when, token = second.wait_act(ended, 3)
    assert token == 2
    print(f"handed over in {when - ended:.2f} s")
    assert when - ended < 1.5


def test_the_last_one_leaves_it_free_for_the_next(two, pump):
    server, first, second = two
    assert second.process.terminate() == 0
    assert first.process.terminate() == 0
    begun = now()
    when, token = pump(server.port).wait_act(begun)
    assert token == 2 and when - begun < 1.5


def test_who_was_stopped_past_the_end_does_not_act(two):
    _, first, second = two
    with first.process.stopped():
        since = now()
        when, token = second.wait_act(since)
        assert token == 2 and when - since < TAKEOVER_SEC
    resumed = now()
    first.wait_news("another process holds the lease")
    second.wait_act(now(), 1)
    assert first.last_act()[0] < since < resumed


def test_who_was_stopped_while_nobody_waited_begins_anew(redis_server, pump):
    only = pump(redis_server.port)
    only.wait_act()
    with only.process.stopped():
        since = now()
        wait_for(lambda: redis_server.redis("EXISTS", KEY) == 0, TTL_SEC + 1, "the end of the lease")
    when, token = only.wait_act(since)
    assert token == 2
    # Not on the strength of what it had: first it asked.
    assert [t for t, k in only.acts() if t > since and k == 1] == [] and when > since + TTL_SEC / 2


def test_redis_restarts_with_its_data(two):
    server, first, second = two
    server.kill()
    gone = now()
    server.start()
    when, token = first.wait_act(gone)
    assert token == 1 and second.acts() == []
    assert [t for t, _ in first.acts() if gone < t < when] == []


def test_redis_restarts_empty(redis_server, pump):
    first = pump(redis_server.port)
    first.wait_act()
    second = pump(redis_server.port)
    second.wait_news("another process holds the lease")
    redis_server.restart()
    since = now()
    wait_for(lambda: max(first.last_act()[0], second.last_act()[0]) > since, TAKEOVER_SEC + 5,
             lambda: f"anybody to act: {first.news()} {second.news()}")


def test_nobody_acts_while_redis_is_away(two):
    server, first, second = two
    server.kill()
    gone = now()
    first.wait_news("news 0 0 0")
    wait_for(lambda: now() > gone + 3, 4)
    assert max(first.last_act()[0], second.last_act()[0]) < gone + 0.2
    server.start()
    first.wait_act(gone)


def test_a_redis_that_stands_still_is_believed_until_the_margin_and_no_longer(two):
    server, first, second = two
    server.pause()
    try:
        paused = now()
        first.wait_news("the lease could not be renewed in time")
        wait_for(lambda: now() > paused + TTL_SEC + 1, TTL_SEC + 2)
        last = first.last_act()[0] - paused
        # The last renewal was at most one interval before.
        assert TTL_SEC - MARGIN_SEC - 2.5 < last < TTL_SEC - MARGIN_SEC + 0.1
        assert second.acts() == []
    finally:
        server.resume()
    since = now()
    wait_for(lambda: max(first.last_act()[0], second.last_act()[0]) > since, TAKEOVER_SEC,
             lambda: f"anybody to act: {first.news()} {second.news()}")


def test_a_clock_set_back_does_not_keep_a_dead_one_in_office(two):
    server, first, second = two
    killed = now()
    first.process.kill()
    server.redis("PEXPIRE", KEY, 3600 * 1000)
    second.wait_act(killed, TAKEOVER_SEC)


def test_a_clock_set_forward_puts_nobody_beside_the_one_that_acts(two):
    server, first, second = two
    for _ in range(3):  # it ends before its time, and either may be quicker
        server.redis("DEL", KEY)
        since = now()
        wait_for(lambda: max(first.last_act()[0], second.last_act()[0]) > since + 1, TAKEOVER_SEC)


def test_says_why_it_does_not_hold(redis_server_factory, pump):
    server = redis_server_factory(acl=["user default on nopass ~* &* +@all -eval"])
    refused = pump(server.port)
    refused.wait_news("NOPERM")
    assert refused.acts() == []
