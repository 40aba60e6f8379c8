"""Fixtures of the tests of the page: one browser and one suite at work for all of them."""

import contextlib

import pytest

from support.browser import Browser
from support.engine import command
from support.page import Page
from support.procs import ROOT
from support.story import Story

LAPTOP = (1366, 768)


@pytest.fixture(scope="session")
def shared(engine, suite_image):
    """shared(Story, engine, suite_image): the one of its kind, made when first asked for."""
    made = {}
    with contextlib.ExitStack() as undo:
        def get(kind, *args):
            if kind not in made:
                made[kind] = None
                made[kind] = undo.enter_context(kind(*args))
            assert made[kind], f"no {kind.__name__}: the first test that asked for it says why"
            return made[kind]

        get.close = undo.close
        yield get


@pytest.fixture
def story(request, shared, engine, suite_image):
    """A Story in which the planner has scaled up.  Every test leaves it whole."""
    yield shared(Story, engine, suite_image)
    users = [i for i in request.session.items if "story" in i.fixturenames]
    if request.node is users[-1]:
        shared.close()


@pytest.fixture(scope="session")
def axe():
    """Source text of axe-core."""
    file = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        command([ROOT / "scripts" / "node-modules", "dev"], timeout=300)
    return file.read_text()


@pytest.fixture
def page(story, shared):
    """The Page, live, on a laptop.  In the end the browser must have nothing to complain about."""
    browser = shared(Browser)
    browser.look(*LAPTOP)
    browser.complaints()
    browser.cdp("Storage.clearDataForOrigin", origin=story.url, storageTypes="all")
    there = Page(browser, story.url)
    yield there.open()
    assert there.complain() == []
