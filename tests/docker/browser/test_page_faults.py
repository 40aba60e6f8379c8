"""What went away looks gone, comes back by itself, and nothing is missing afterwards."""

import time
import uuid

OUTAGE = r"Failed to load resource|ERR_|EventSource|fetch"


def tell(suite):
    """Something that everybody who looks must have seen; its reason."""
    reason = f"word {uuid.uuid4().hex[:8]}"
    suite.plan("noop", reason=reason)  # which changes nothing
    return reason


def knows(page, reason):
    """Whether the decisions have it."""
    page.find(reason)
    page.wait_text("#decisions", reason)


def looks_stale(page, words):
    """It is said in words that what is shown is old, and the charts have lost their colours."""
    page.wait(lambda: any(words in t for t in page.texts("#stale")), f"{words!r} in #stale")
    color = "return getComputedStyle(document.querySelector('#chart-latency .plot')).filter"
    page.wait(lambda: page.script(color) == "grayscale(1)", "grey charts")


def assert_no_gap(page, suite, since, began):
    """The page has read the history since then (ms of its own clock), and every window since
    ${began} (seconds since 1970) is in there."""
    page.wait(lambda: page.script("""
        return performance.getEntriesByType("resource").some((e) =>
            e.name.includes("/api/history") && e.responseEnd > arguments[0]);""", since),
              "the history to be read")
    history = page.awaited("fetch('api/history?range=900').then((r) => r.json())")
    known = history["data"][history["columns"].index("ts")]
    measured = [m["ts"] for m in suite.messages("alerts") if began <= m["ts"] <= known[-1]]
    assert measured and not set(measured) - set(known)


def test_redis_is_killed_and_comes_back(page, story):
    redis = story.suite.redis
    redis.kill()
    try:
        page.wait_link("redis-down")
        looks_stale(page, "Redis does not answer")
    finally:
        redis.start()
    reason = tell(story.suite)
    page.wait_link("live")
    knows(page, reason)


def test_redis_stands_still_and_goes_on(page, story):
    redis = story.suite.redis
    redis.pause()
    try:
        page.wait_link("redis-down", "stale")
    finally:
        redis.resume()
    page.wait_link("live")


def test_dashboard_is_killed_and_started(page, story):
    page.forgive(OUTAGE)
    since, began = page.script("return performance.now()"), time.time()
    story.suite.kill("dashboard")
    try:
        page.wait_link("lost")
        looks_stale(page, "Connection to the dashboard lost")
        reason = tell(story.suite)
    finally:
        story.suite.start("dashboard")
    page.wait_link("live")
    knows(page, reason)
    assert_no_gap(page, story.suite, since, began)


def test_dashboard_stands_still_and_goes_on(page, story):
    with story.suite.daemons["dashboard"].stopped():
        page.wait_link("lost")
        reason = tell(story.suite)
    page.wait_link("live")
    knows(page, reason)


def test_monitor_stands_still(page, story, axe):
    with story.suite.daemons["monitor"].stopped():
        page.wait_link("stale")
        looks_stale(page, "No measurement since")
        page.assert_accessible(axe)
    page.wait_link("live")
    page.wait(lambda: not page.texts("#stale"), "no more warning")
