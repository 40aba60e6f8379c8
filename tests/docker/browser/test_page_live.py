"""The page follows what happens, and says why."""

import json
import re


def test_what_is_measured_arrives(page):
    seen = set()

    def moved():
        seen.add(page.text("#state"))
        return len(seen) >= 3

    page.wait(moved, "three different states in words, as windows come")
    assert page.link() == "live"
    assert all("replica" in s and "ms" in s for s in seen), seen


def test_state_and_last_action_are_seen_without_scrolling(page, story):
    page.wait(lambda: story.scaled_up()["decision"]["reason"] in page.text("#last-action"),
              "the last action's reason")
    for css in ("#state", "#last-action"):
        box = page.script("const b = document.querySelector(arguments[0]).getBoundingClientRect();"
                          "return [b.top, b.bottom, scrollY, innerHeight]", css)
        assert 0 <= box[0] < box[1] <= box[3] == 768 and box[2] == 0, (css, box)


def test_a_scale_up_is_a_mark_with_its_reason(page, story):
    reason = story.scaled_up()["decision"]["reason"]
    page.wait(lambda: any(reason in name for name in page.marks("scale_up")),
              f"a mark that says {reason!r}, not only {page.marks('scale_up')}")


def test_a_plan_appears_while_the_page_is_open(page, story):
    before = page.marks("scale_up")
    count = len(story.suite.in_rotation()) + 1
    reason = "a sudden crowd at the gates"
    plan = story.suite.plan("scale_up", count, reason=reason)
    page.wait(lambda: any(reason in m for m in page.marks("scale_up")), f"a mark beside {before}")
    page.wait_text("#last-action", reason)
    assert story.suite.result(plan)["result"]["status"] == "ok"

    def states():
        return page.texts("#replicas td[data-label=State]")

    page.wait(lambda: len(states()) == count and all("ready" in s for s in states()),
              lambda: f"{count} replicas, all ready, not {states()}")


def test_replicas_are_listed_with_what_they_carry(page, story):
    names = {r.name for r in story.suite.replicas()}

    def rows():
        return page.texts("#replicas tbody tr")

    page.wait(lambda: {r.split()[0] for r in rows()} == names, f"rows of {names}")
    page.wait(lambda: all(re.search(r"ready\s+[\d.]+:8080\s+[\d.]+/s\s+\d+ ms\s+\d+ %\s+\d+ \w+", r)
                          for r in rows()),
              lambda: f"state, address, requests, p95, share and age in {rows()}")


def test_upstreams_and_daemons_are_shown(page, story):
    generation = story.suite.lb.generation()
    page.wait_text("#upstreams", rf"\b{generation}\b")
    for name in ("monitor", "planner", "executor", "watcher"):
        page.wait_text("#daemons", name)
    page.wait_text("#advisor", r"(?i)\boff\b|no key|not asked")


def test_a_plan_opens_its_explanation_and_is_copied(page, story):
    plan = story.scaled_up()
    page.allow_clipboard()
    text = page.explained(plan["id"])
    assert plan["decision"]["reason"] in text
    shown = page.script("return Object.fromEntries([...document.querySelectorAll('#explain .gate')]"
                        ".map((g) => [g.dataset.gate, g.classList.contains('pass')]))")
    assert shown == {name: gate["pass"] for name, gate in plan["explain"]["gates"].items()}
    assert page.script("return document.querySelector('#explain .decided').dataset.gate") \
        == plan["explain"]["decided_by"]
    for other in plan["explain"]["would"]:
        assert other["text"].lower() in text.lower()
    page.one("#copy-json").click()
    copied = page.wait(page.clipboard, "something copied")
    assert json.loads(copied)["plan"] == plan


def test_decisions_are_filtered_and_searched(page, story):
    def actions():
        return set(page.texts("#decisions td[data-label=Action]"))

    page.find("", "all")
    page.wait(lambda: any("Noop" in a for a in actions()), "noops")
    page.find("", "scale_up")
    page.wait(lambda: len(actions()) == 1 and "Scale up" in actions().pop(), "only those of a kind")
    page.find(story.scaled_up()["id"])
    page.wait(lambda: len(page.all("#decisions button[aria-expanded]")) == 1, "the one of this id")
    page.find("nothing says this")
    page.wait(lambda: not page.all("#decisions button[aria-expanded]"), "no decision")
