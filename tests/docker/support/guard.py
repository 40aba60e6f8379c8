"""What must hold at every instant, whatever is broken: the bounds, and the last good upstream file.

    with suite.guard() as guard:
        …
    assert guard.broken == []
"""

import collections
import http.client
import json
import re
import threading
import time
import urllib.parse

from support.engine import UnixConnection

SAMPLE_SEC = 0.05
EVENTS_SEC = 3600.0


class Guard:
    """Two threads.  One follows Docker's events, so that it misses no instant: at no time do more
    than MAX_REPLICAS run, those on their way out (their name says drain) left out, nor fewer than
    ${least} once so many did.  The other reads the upstream file: once it named a server it always
    does, and its generation never falls.

    .broken: texts, in order, each cause once.  .peak, .low: the most and the fewest that ran.
    .started, .removed: replicas so far.
    .may_roll_back: set it while nginx refuses a file, or cannot be asked: the last one comes back.
    pause(): nothing is checked inside `with guard.pause():`, while the test itself breaks the file.
    """

    def __init__(self, suite, least=1, check_file=True):
        self.suite, self.least, self.check_file = suite, least, check_file
        self.broken, self.peak, self.low = [], 0, None
        self.may_roll_back = False
        self.started, self.removed = 0, 0
        self._names, self._running = {}, set()  # by container id
        self._volumes = collections.defaultdict(set)  # by container id, strangers' too
        self._known = set()  # ids of all containers of the service that were ever started
        self._paused = 0
        self._over = threading.Event()
        self._connection = None
        self._threads = [threading.Thread(target=run, daemon=True)
                         for run in (self._follow, self._read)]

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            connection.sock.shutdown(2)
        for t in self._threads:
            t.join(10)

    def pause(self):
        return _Pause(self)

    def _broke(self, text):
        if not self._paused and text not in self.broken:
            self.broken.append(text)

    # ---- bounds ----

    def _serving(self):
        target = self.suite.target
        return [self._names[i] for i in self._running
                if self._names[i] == target or self._names[i].startswith(target + "-dup-")]

    def _check(self):
        names = self._serving()
        n, most = len(names), self.suite.bounds[1]
        self.peak = max(self.peak, n)
        if self.low is not None or n >= self.least:
            self.low = n if self.low is None else min(self.low, n)
        if n > most:
            self._broke(f"{n} replicas run, MAX_REPLICAS is {most}: {sorted(names)}")
        if self.low is not None and n < self.least:
            self._broke(f"{n} replicas run, there must be {self.least}: {sorted(names)}")

    def _ours(self, name):
        return name == self.suite.target or name.startswith(self.suite.target + "-")

    def volumes_left(self):
        """Volumes of replicas that are gone."""
        text = self.suite.engine.run("volume", "ls", "--quiet")
        gone = self._known - set(self._names)
        return sorted(set(text.split()) & {v for c in gone for v in self._volumes[c]})

    def _event(self, event):
        if event["Type"] == "volume":
            if event["Action"] == "mount":
                self._volumes[event["Actor"]["Attributes"]["container"]].add(event["Actor"]["ID"])
            return
        attributes = event["Actor"]["Attributes"]
        name, container = attributes.get("name", "").lstrip("/"), event["Actor"]["ID"]
        if not self._ours(name):
            return
        self._names[container] = name
        if event["Action"] == "start":
            self._running.add(container)
            self._known.add(container)
            self.started += 1
        elif event["Action"] in ("die", "destroy"):
            self._running.discard(container)
        if event["Action"] == "destroy":
            del self._names[container]
            self.removed += 1
        self._check()

    def _list(self):
        found = self.suite.engine.call("GET", "/containers/json?all=1")
        mine = [(c["Id"], c["Names"][0].lstrip("/"), c["State"]) for c in found
                if self._ours(c["Names"][0].lstrip("/"))]
        self._names = {i: name for i, name, _ in mine}
        self._running = {i for i, _, state in mine if state == "running"}
        self._check()

    def _events(self):
        """Follow the events until the engine goes away."""
        kinds = json.dumps({"type": ["container", "volume"],
                            "event": ["start", "die", "rename", "destroy", "mount"]})
        self._connection = UnixConnection(self.suite.engine.socket, EVENTS_SEC)
        self._connection.request("GET", "/events?filters=" + urllib.parse.quote(kinds))
        reply = self._connection.getresponse()
        self._list()
        for line in iter(reply.readline, b""):
            if self._over.is_set():
                return
            self._event(json.loads(line))

    def _follow(self):
        while not self._over.is_set():
            try:
                self._events()
            except (OSError, http.client.HTTPException, ValueError, AssertionError):
                self._over.wait(0.1)  # the engine is away: the list says what happened meanwhile

    # ---- the upstream file ----

    @staticmethod
    def servers(file):
        """Names of the servers in an upstream file; none where there is none."""
        try:
            return re.findall(r"^\s*server \S+:\d+[^#\n]*; # (\S+)$", file.read_text(), re.M)
        except (FileNotFoundError, NotADirectoryError):
            return []

    @staticmethod
    def generation(file):
        try:
            found = re.search(r'^\s*default "(\d+)";', file.read_text(), re.M)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return int(found[1]) if found else None

    def _read(self):
        newest = -1
        while self.check_file and not self._over.is_set():
            now, names = self.generation(self.suite.file), self.servers(self.suite.file)
            if newest >= 0 and not names:
                self._broke(f"the upstream file names no server after generation {newest}")
            if now is not None and names:
                if now < newest and not self.may_roll_back:
                    self._broke(f"the upstream file went from generation {newest} to {now}")
                newest = now
            self._over.wait(SAMPLE_SEC)


class _Pause:
    def __init__(self, guard):
        self.guard = guard

    def __enter__(self):
        self.guard._paused += 1

    def __exit__(self, *_):
        time.sleep(2 * SAMPLE_SEC)  # what the file's reader is at belongs to the pause
        self.guard._paused -= 1
