"""A headless Chromium with a profile of its own, driven through chromedriver.

    with Browser() as browser:
        browser.look(360, 800, scheme="dark")
        browser.driver.get("http://127.0.0.1:8090/")
        assert browser.complaints() == []

Only this machine is asked for anything: there is no proxy, nothing is fetched, reported or updated.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from support.procs import wait_for

CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
ANSWER_SEC = 60  # of the driver to any command, and of a page to load: the machine may be busy
END_SEC = 10
# A container came or went: Chromium then ends what it has under way, on the loopback interface too.
DROPPED = "ERR_NETWORK_CHANGED"
# What the page says when that took one of its files: it loads itself anew.
LOADS_ANEW = "not all of the page came"
FLAGS = ("headless=new", "no-sandbox",  # the tests are root, for which Chromium has no sandbox
         "host-resolver-rules=MAP * ^NOTFOUND, EXCLUDE 127.0.0.1", "no-proxy-server",
         "disable-background-networking", "disable-component-update",
         "disable-sync", "disable-quic", "no-first-run", "disable-gpu", "disable-dev-shm-usage",
         "disable-breakpad", "hide-scrollbars", "force-color-profile=srgb")


class Browser:
    """.driver: the WebDriver of Selenium."""

    def __init__(self):
        # Home, profile and temporary files; also the mark by which its processes are known.
        self.dir = tempfile.mkdtemp(prefix="agentic-browser-")
        self.driver = None
        self.heard = []  # of its log, and not told yet
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        options.ignore_local_proxy_environment_variables()
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*FLAGS, f"user-data-dir={self.dir}/profile"):
            options.add_argument("--" + flag)
        env = {"PATH": os.environ["PATH"], "HOME": self.dir, "TMPDIR": self.dir, "LANG": "C.UTF-8"}
        self.driver = webdriver.Chrome(service=Service(CHROMEDRIVER, env=env), options=options)
        self.driver.set_page_load_timeout(ANSWER_SEC)
        self.driver.set_script_timeout(ANSWER_SEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End it, whatever state it is in, and remove what it wrote."""
        if self.driver is not None:
            with contextlib.suppress(WebDriverException, OSError):
                self.driver.quit()
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not self.processes(), END_SEC, "the browser to end", every=0.1)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.processes(), END_SEC, "the killed browser to be gone", every=0.1)
        shutil.rmtree(self.dir, ignore_errors=True)

    def processes(self):
        """Pids of the driver and the browser."""
        found, mark = [], self.dir.encode()
        for proc in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (proc / "environ").read_bytes() + (proc / "cmdline").read_bytes():
                    found.append(int(proc.name))
        return found

    def cdp(self, method, **params):
        return self.driver.execute_cdp_cmd(method, params)

    def look(self, width, height, scheme="light", motion="no-preference", scale=1):
        """The screen and the wishes of who looks at it, from now on."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=scale, mobile=False)
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme},
                           {"name": "prefers-reduced-motion", "value": motion}])

    def load(self, url):
        """Whether all of the page came, as far as it is loaded at once."""
        try:
            self.driver.get(url)
        except WebDriverException as e:
            if DROPPED not in str(e):
                raise
            return False
        said = self.driver.get_log("browser")
        self.heard += said
        return not any(DROPPED in e["message"] for e in said)

    def complaints(self):
        """What the browser has complained about since last asked: errors, warnings, refusals by the
        content security policy.  Not that a container came or went, after which the page goes on by
        itself."""
        said, self.heard = self.heard + self.driver.get_log("browser"), []
        known = [DROPPED, LOADS_ANEW] if any(DROPPED in e["message"] for e in said) else []
        return [f"{e['level']} {e['source']}: {e['message']}" for e in said
                if e["level"] in ("SEVERE", "WARNING") and not any(k in e["message"] for k in known)]
