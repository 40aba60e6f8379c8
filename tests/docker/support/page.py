"""The dashboard's page in a browser, as who looks at it finds it.

    page = Page(browser, "http://127.0.0.1:8090/").open()
    assert "replicas" in page.text("#state")
"""

import re

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from support.procs import BUILD, wait_for

SEE_SEC = 20  # what is to be seen at once or within 5 s; the machine may be busy

# What sticks out to the right, other than inside a box that scrolls by itself.
STICKS_OUT = """
const holds = (e) => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX);
const scrolls = (e) => e && e !== document.body && (holds(e) || scrolls(e.parentElement));
return [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.height && box.right > innerWidth + 0.5 && !scrolls(e.parentElement);
}).map((e) => `${e.tagName} #${e.id} .${e.className} ${e.getBoundingClientRect().right}`);
"""

RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
    (found) => done(found.violations.map((v) => `${v.id}: ${v.help}\\n` + v.nodes.map((n) =>
        `    ${n.target}\\n    ${n.html.slice(0, 200)}\\n    ${n.failureSummary}`).join("\\n"))),
    (error) => done(["axe failed: " + error]));
"""


class Page:
    """.browser and its .driver; ${url}: of the dashboard."""

    def __init__(self, browser, url):
        self.browser, self.driver, self.url = browser, browser.driver, url
        self.forgiven = []

    # ---- what is shown ----

    def open(self, link="live"):
        """Load it anew, all of it, and wait until its connection is in this state."""
        self.wait(lambda: self.browser.load(self.url), "a page that nothing is missing of")
        self.wait_link(link)
        return self

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        """The first of them; it must be there."""
        return self.wait(lambda: self.all(css), f"{css} on the page")[0]

    def text(self, css):
        """The text of the first, "" where there is none."""
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def texts(self, css):
        """Of all of them that are shown."""
        return self.script("return [...document.querySelectorAll(arguments[0])]"
                           ".filter((e) => e.checkVisibility()).map((e) => e.innerText)", css)

    def link(self):
        return self.script("return document.querySelector('#link')?.dataset.state")

    def wait(self, condition, what, timeout=SEE_SEC):
        """Wait for condition(), in which elements may be replaced while they are looked at."""
        def held():
            try:
                return condition()
            except StaleElementReferenceException:
                return None
        return wait_for(held, timeout,
                        lambda: f"{what() if callable(what) else what}\n{self.report()}", every=0.1)

    def wait_link(self, *states):
        return self.wait(lambda: self.link() in states, f"the connection to be {states}")

    def wait_text(self, css, pattern):
        return self.wait(lambda: re.search(pattern, self.text(css)), f"{pattern!r} in {css}")

    def marks(self, action):
        """Accessible names of the markers of an action."""
        return [m.accessible_name for m in self.all(f".mark[data-action={action}]")]

    def decision(self, plan):
        """The button that opens the plan of this id, in the table of decisions, when it is there."""
        return self.one(f"#decisions button[data-id='{plan}']")

    def find(self, words, kind="all"):
        """Show only decisions of a kind that have these words."""
        Select(self.one("#decision-filter")).select_by_value(kind)
        search = self.one("#decision-search")
        search.clear()
        search.send_keys(words)

    def explained(self, plan):
        """Open a plan's explanation, if it is not; its text."""
        button = self.decision(plan)
        if button.get_attribute("aria-expanded") != "true":
            button.click()
        self.wait(lambda: self.decision(plan).get_attribute("aria-expanded") == "true", "an open plan")
        return self.text("#explain")

    def report(self):
        """Everything that explains a failure."""
        picture = BUILD / "browser-failure.png"
        self.driver.save_screenshot(str(picture))
        return (f"picture: {picture}\nlink {self.link()}\nstate: {self.text('#state')}\n"
                f"last action: {self.text('#last-action')}\n{self.complain()}")

    # ---- by hand ----

    def script(self, text, *args):
        return self.driver.execute_script(text, *args)

    def awaited(self, expression):
        """The value of a promise."""
        return self.driver.execute_async_script(
            f"const done = arguments[0]; {expression}.then(done, (e) => done('failed: ' + e));")

    def focused(self):
        return self.driver.switch_to.active_element

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, css, most=150):
        """Press Tab until an element that matches has the focus; it.  What has it is always seen
        to have it."""
        for _ in range(most):
            self.press(Keys.TAB)
            there = self.script("""
                const e = document.activeElement, s = getComputedStyle(e);
                return [e.matches(arguments[0]), e === document.body, s.outlineStyle !== "none"
                    || s.boxShadow !== "none", e.outerHTML.slice(0, 200)];""", css)
            assert there[1] or there[2], f"the focus cannot be seen: {there[3]}"
            if there[0]:
                return self.focused()
        raise AssertionError(f"{css} is out of the keyboard's reach\n{self.report()}")

    def allow_clipboard(self):
        """Let tests read what the page put on the clipboard, from now on."""
        self.browser.cdp("Browser.grantPermissions",
                         permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def clipboard(self):
        return self.awaited("navigator.clipboard.readText()")

    # ---- what must hold ----

    def assert_fits(self):
        """Nothing sticks out of the screen to the side."""
        def outside():
            width, screen = self.script("return [document.documentElement.scrollWidth, innerWidth]")
            return self.script(STICKS_OUT) or ([] if width <= screen else [f"{width} px of {screen}"])

        # What follows the window's size does so a frame later.
        self.wait(lambda: not outside(), lambda: f"nothing sticks out: {outside()}")

    def assert_accessible(self, axe):
        """axe-core, of which this is the source text, finds nothing to object to."""
        self.script(axe)
        found = self.driver.execute_async_script(RUN_AXE)
        assert not found, "\n".join(found)

    def forgive(self, pattern):
        """Complaints that match are this test's own doing."""
        self.forgiven.append(pattern)

    def complain(self):
        """What the browser complained about since last asked, the forgiven left out."""
        return [c for c in self.browser.complaints() if not any(re.search(p, c) for p in self.forgiven)]
