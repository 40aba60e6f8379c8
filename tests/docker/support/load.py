"""Clients that find every mistake: an open loop of requests with ids, in a process of its own
(clients.py).

    with Load(port, record, keepalive=40, fresh=20, slow=3) as load:
        …
    v = load.verdict()
    assert v["failed"] == [] and v["doubled"] == [] and v["longest_stall_ms"] < 1000
"""

import collections
import json
import pathlib
import random
import signal
import sys

from support.procs import Process, wait_for

CLIENTS = pathlib.Path(__file__).with_name("clients.py")

# One that ended.  due: when it had to be sent (since 1970).  late_ms: so much later it was, by the
# client's own fault.  took_ms: from due to the end.  stall_ms: of that, beyond the delay it asked
# for.  outcome: "ok", "status 502", "refused", "reset", "closed", "timeout", "garbled".
Request = collections.namedtuple("Request", "id kind due late_ms took_ms stall_ms outcome reused")


class Load:
    """${keepalive}, ${fresh}, ${slow}: requests a second on kept connections, on one of their own
    each, and such that take ${slow_ms} (on either).  The times between them are random (${seed}).
    ${record}: the file to which the replicas write the id of everything they are asked."""

    def __init__(self, port, record, keepalive=40, fresh=20, slow=3, slow_ms=2000, timeout=15,
                 seed=None):
        self.record = record
        self.seed = random.randrange(1 << 30) if seed is None else seed
        # ids of several loads on the same record must differ
        self.options = {"port": port, "keepalive": keepalive, "fresh": fresh, "slow": slow,
                        "slow_ms": slow_ms, "timeout": timeout, "seed": self.seed,
                        "prefix": f"{random.randrange(1 << 40):x}"}
        self._process, self._read, self._requests, self._sent = None, 0, [], None

    def __enter__(self):
        self._process = Process([sys.executable, CLIENTS, json.dumps(self.options)])
        self.wait_more(5)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Send no more and await what is under way."""
        if self._process is None or self._sent is not None:
            return
        self._process.signal(signal.SIGTERM)
        status = self._process.wait(self.options["timeout"] + 10)
        self.requests()
        assert status == 0, self._process.stderr()
        self._process.close()

    def requests(self):
        """All that ended so far, in the order of their ends."""
        lines = self._process.lines() if self._sent is None else []
        for line in lines[self._read:]:
            fields = json.loads(line)
            if isinstance(fields, dict):
                self._sent = fields["sent"]
            else:
                self._requests.append(Request(*fields))
        self._read = len(lines)
        return self._requests

    def failed(self, since=0.0, until=float("inf")):
        """Those that failed and were under way at some time between."""
        return [r for r in self.requests() if r.outcome != "ok"
                and r.due <= until and r.due + r.took_ms / 1000 >= since]

    def longest_stall_ms(self, since=0.0, until=float("inf")):
        """The longest stall of those that were under way at some time between."""
        return max((r.stall_ms for r in self.requests()
                    if r.due <= until and r.due + r.took_ms / 1000 >= since), default=0.0)

    def wait_more(self, n=20, timeout=20):
        """Wait until another ${n} requests were answered."""
        def answered():
            return sum(r.outcome == "ok" for r in self.requests())
        target = answered() + n
        wait_for(lambda: answered() >= target or not self._process.running(), timeout,
                 lambda: f"{answered()} answered, failed: {self.failed()[-5:]}")
        assert self._process.running(), self._process.stderr()

    def served(self):
        """How often each id of this load was asked of a replica: Counter.  Replicas write it down
        when a request arrives, in a file that outlives them."""
        prefix = self.options["prefix"] + "-"
        text = self.record.read_text() if self.record.exists() else ""
        return collections.Counter(line.split()[0] for line in text.splitlines()
                                   if line.startswith(prefix))

    def verdict(self):
        """After stop(): counts, and Requests that failed, were doubled (asked of replicas more than
        once), or answered by nobody."""
        requests, served = self.requests(), self.served()
        assert self._sent is not None, "the load still runs"
        slowest = max(requests, key=lambda r: r.stall_ms, default=None)
        return {
            "sent": self._sent,
            "unanswered": self._sent - len(requests),
            "by_kind": dict(collections.Counter(r.kind for r in requests)),
            "failed": [r for r in requests if r.outcome != "ok"],
            "doubled": [r for r in requests if served[r.id] > 1],
            "unserved": [r for r in requests if r.outcome == "ok" and served[r.id] == 0],
            "longest_stall_ms": slowest.stall_ms if slowest else 0.0,
            "slowest": slowest,
            "latest_ms": max((r.late_ms for r in requests), default=0.0),
            "seed": self.seed,
        }
