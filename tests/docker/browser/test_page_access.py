"""Everybody can use the page: by keyboard, in the dark, on a phone, with a screen reader, unmoved."""

import json
import re

import pytest
from selenium.webdriver.common.keys import Keys


@pytest.mark.parametrize("scheme, width", [("light", 1366), ("dark", 1366), ("dark", 360)])
def test_axe_finds_nothing(page, story, axe, scheme, width):
    page.browser.look(width, 768, scheme)
    page.assert_accessible(axe)
    page.explained(story.scaled_up()["id"])
    page.assert_accessible(axe)


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_sticks_out(page, story, width):
    page.browser.look(width, 800)
    page.wait(lambda: page.script("return innerWidth") == width, "the width")
    page.assert_fits()
    page.explained(story.scaled_up()["id"])
    page.assert_fits()


def brightness(page):
    """Of what is behind the page, 0 to 255."""
    return page.script("""
        const rgb = (e) => getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
        const of = [document.body, document.documentElement].map(rgb).find((c) => c[3] !== 0);
        return (of[0] + of[1] + of[2]) / 3;""")


def theme(page):
    return page.script("return document.documentElement.dataset.theme")


def test_theme_follows_the_wish_until_it_is_chosen(page):
    assert theme(page) == "auto"
    page.wait(lambda: brightness(page) > 200, "a light page")
    page.browser.look(1366, 768, "dark")
    page.wait(lambda: brightness(page) < 60, "a dark page")

    seen = {}
    for _ in range(3):
        page.one("#theme").click()
        seen[theme(page)] = brightness(page)
    assert set(seen) == {"auto", "light", "dark"}
    assert seen["light"] > 200 > 60 > max(seen["dark"], seen["auto"]), seen

    while theme(page) != "light":
        page.one("#theme").click()
    page.open()
    assert theme(page) == "light" and brightness(page) > 200  # chosen once and for all


def test_nothing_moves_for_who_wishes_so(page):
    page.browser.look(1366, 768, motion="reduce")
    page.open()
    moving = """
        const some = (list) => list.split(",").some((t) => parseFloat(t) > 0.01);
        return [document.body, ...document.querySelectorAll("body *")].filter((e) => {
            const s = getComputedStyle(e);
            return some(s.transitionDuration)
                || (s.animationName !== "none" && some(s.animationDuration));
        }).map((e) => e.outerHTML.slice(0, 100));"""
    assert page.script(moving) == []
    assert page.script("return getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_everything_is_done_by_keyboard(page, story):
    plan = story.scaled_up()
    page.allow_clipboard()

    page.tab_to("#range [data-range]")
    hour = page.tab_to("#range [data-range='3600']")
    page.press(Keys.ENTER)
    page.wait(lambda: hour.get_attribute("aria-pressed") == "true", "the range chosen")

    told = {""}
    for chart in ("#chart-latency", "#chart-load", "#chart-replicas"):
        page.tab_to(chart)
        page.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
        page.wait(lambda: page.text("#readout") not in told, f"the cursor in {chart} to say something")
        told.add(page.text("#readout"))
        page.wait(lambda: page.text("#announce") and page.text("#announce").split()[-1]
                  == page.text("#readout").split()[-1], "the same for a screen reader")

    page.tab_to("#decision-filter")
    page.tab_to("#decision-search")
    page.press(plan["id"])
    page.tab_to(f"#decisions button[data-id='{plan['id']}']")
    page.press(Keys.ENTER)
    page.wait(lambda: plan["decision"]["reason"] in page.text("#explain"), "an explanation")
    page.tab_to("#copy-json")
    page.press(Keys.ENTER)
    copied = page.wait(page.clipboard, "something copied")
    assert json.loads(copied)["plan"]["id"] == plan["id"]


def test_marks_tell_and_open_by_keyboard(page, story):
    reason = story.scaled_up()["decision"]["reason"]
    page.wait(lambda: any(reason in m for m in page.marks("scale_up")), "a mark")
    mark = page.tab_to(f".mark[aria-label*={json.dumps(reason, ensure_ascii=False)}]")
    page.wait_text("#tooltip", re.escape(reason))
    opened = mark.get_attribute("data-id")
    page.press(Keys.ENTER)
    page.wait(lambda: page.focused().get_attribute("data-id") == opened
              and page.focused().get_attribute("aria-expanded") == "true", "the decision of the mark")


def test_charts_and_marks_have_names(page):
    for css in ("#chart-latency", "#chart-load", "#chart-replicas", ".mark"):
        for element in page.all(css):
            assert len(element.accessible_name) > 10, css
