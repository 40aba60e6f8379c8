"""dockerd ends and starts again under the service: with live-restore, cleanly and by kill -9 (its
containers go on meanwhile), and without, cleanly (it stops them, and starts them again).

Not without live-restore and by kill -9: Docker 20.10 stops what it finds running then as if by hand,
the template and nginx too, and so does not start them again.

Needs an engine of its own, which gets its images from that of the other tests.  A published port is a
process of dockerd's (docker-proxy) and gone with it, live-restore or not; so where the service must
not miss a request its clients are in the network of the load balancer, where nginx itself listens.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import subprocess
import zlib

import pytest

from support.chaos import SLOW_MS, TIMEOUT_SEC, Chaos, Fault, Rig
from support.engine import NGINX_IMAGE, Engine, command
from support.faults import enter_network_of
from support.load import Load
from support.procs import BUILD, ROOT, wait_for

POOL = "base=10.214.0.0/16,size=24"  # beside that of any other engine
START_SEC = 120
LIVE_RESTORE = ("--live-restore",)


class OwnEngine(Engine):
    """A private engine whose dockerd can be restarted."""

    def __init__(self):
        self.data = BUILD / "docker-data-chaos"
        self.directory = pathlib.Path(f"/run/agentic-chaos-{zlib.crc32(bytes(self.data)):08x}")
        super().__init__(f"unix://{self.directory}/sock")

    def manage(self, verb, *options):
        command([ROOT / "scripts" / "engine", verb, self.directory, self.data, *options], START_SEC,
                dict(os.environ, PRIVATE_POOL=POOL))

    def kill(self):
        """kill -9 of dockerd, with which its containerd ends.  Their pid files go too: until somebody
        buries the dead, the next dockerd would take them for alive."""
        files = self.data / "dockerd.pid", self.directory / "exec" / "containerd" / "containerd.pid"
        pids = [int(f.read_text()) for f in files]
        os.kill(pids[0], signal.SIGKILL)
        for pid, file in zip(pids, files):
            wait_for(lambda pid=pid: not lives(pid), what=f"the end of {pid}")
            file.unlink()

    def take_images(self, other, *names):
        missing = [n for n in names if image_id(other, n) != image_id(self, n)]
        if missing:
            save = subprocess.Popen(["docker", "save", *missing], env=other.env,
                                    stdout=subprocess.PIPE)
            subprocess.run(["docker", "load", "--quiet"], env=self.env, stdin=save.stdout, check=True,
                           stdout=subprocess.DEVNULL, timeout=START_SEC)
            assert save.wait(START_SEC) == 0


def lives(pid):
    """Whether it is there, and not just for its parent to ask how it ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def image_id(engine, name):
    return engine.run("image", "inspect", "--format", "{{.Id}}", name, check=False).strip()


@pytest.fixture(scope="module")
def own_engine(engine, suite_image):
    own = OwnEngine()
    try:
        own.manage("start")
        own.remove_everything()  # of a run that was killed
        own.take_images(engine, NGINX_IMAGE, suite_image)
        yield own
        own.remove_everything()
        own.run("image", "prune", "--force")
    finally:
        own.manage("stop")


class InnerLoad(Load):
    """Clients in the network of a process."""

    def __init__(self, pid, *args, **options):
        super().__init__(*args, **options)
        self.pid = pid

    def __enter__(self):
        def start():  # a child starts in the network of the thread that makes it
            enter_network_of(self.pid)
            return super(InnerLoad, self).__enter__()
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            return thread.submit(start).result()


class InnerRig(Rig):
    def make_load(self):
        lb = self.suite.engine.inspect(self.suite.lb.name)["State"]["Pid"]
        return InnerLoad(lb, 80, self.suite.record, slow_ms=SLOW_MS, timeout=TIMEOUT_SEC)


# A dockerd that is killed while it starts a container may leave one that runs and has no network, or
# the address of another.  That it is never ready is all that shows, and there are 30 s for it all.
FOUND_OUT = {"executor": {"READY_TIMEOUT_SEC": 15}}


@pytest.fixture
def inner(own_engine, suite_image, chaos_share_sec):
    """With live-restore."""
    own_engine.manage("restart", *LIVE_RESTORE)
    shared = Chaos(lambda: InnerRig(own_engine, suite_image, FOUND_OUT), chaos_share_sec)
    yield shared
    shared.close()


@pytest.fixture
def outer(own_engine, suite_image, chaos_share_sec):
    """Without."""
    own_engine.manage("restart")
    shared = Chaos(lambda: Rig(own_engine, suite_image), chaos_share_sec)
    yield shared
    shared.close()


@contextlib.contextmanager
def restarted(rig, _):
    with rig.rollbacks():
        rig.suite.engine.manage("restart", *LIVE_RESTORE)
        yield


@contextlib.contextmanager
def killed(rig, _):
    with rig.rollbacks():
        rig.suite.engine.kill()
        yield
    rig.suite.engine.manage("restart", *LIVE_RESTORE)


@contextlib.contextmanager
def stopped_with_all(rig, _):
    with rig.guard.pause():
        rig.suite.engine.manage("restart")
        yield
        rig.lag_sec = rig.recover()


ALL = "those that came while dockerd, and with it nginx, did not run"

LIVE = [
    Fault("dockerd restarts, live-restore", restarted),
    Fault("dockerd killed, live-restore", killed, (2, 10)),
]
PLAIN = [
    Fault("dockerd restarts, no live-restore", stopped_with_all, lost=ALL, retried=True),
]


@pytest.mark.parametrize("fault", LIVE, ids=lambda f: f.name)
def test_live_restore(inner, fault):
    inner.run(fault)


@pytest.mark.parametrize("fault", PLAIN, ids=lambda f: f.name)
def test_no_live_restore(outer, fault):
    outer.run(fault)
