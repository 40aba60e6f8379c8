"""What can happen to the upstream file: it is deleted, or somebody else's mistake stands in its place
or beside it; its directory is read-only, or full."""

import contextlib

import pytest

from support.chaos import RECOVER_SEC, Fault, nginx_killed, of_this_form
from support.procs import wait_for

BROKEN = "upstream nonsense {\n\tserver here\n"


@contextlib.contextmanager
def mistake(rig):
    """Inside it the file is not the watcher's, which makes it so again."""
    good = rig.suite.in_rotation()
    with rig.guard.pause():
        yield
        wait_for(lambda: rig.suite.in_rotation() and "nonsense" not in rig.suite.file.read_text(),
                 RECOVER_SEC, lambda: f"the file was {good}\n{rig.report()}")


def deleted(rig):
    rig.suite.file.unlink()


def overwritten(rig):
    rig.suite.file.write_text(BROKEN)


def emptied(rig):
    rig.suite.file.write_text("")


def damaged(how, also=None):
    @contextlib.contextmanager
    def inject(rig, rng):
        with mistake(rig):
            how(rig)
            with also(rig, rng) if also else contextlib.nullcontext():
                yield
    return inject


@contextlib.contextmanager
def stranger(rig, _):
    """Another file of the same directory that nginx refuses."""
    other = rig.suite.conf_dir / "agentic-other.conf"
    with rig.rollbacks():
        other.write_text(BROKEN)
        try:
            yield
        finally:
            other.unlink()


NGINX = "those nginx had when it was killed, and until the engine started it again"

FAULTS = [
    Fault("upstream file deleted", damaged(deleted), (1, 10), brief=False),
    Fault("upstream file deleted, no plan", damaged(deleted), (1, 10), quiet=True),
    Fault("upstream file overwritten, no plan", damaged(overwritten), (1, 10), quiet=True),
    Fault("upstream file emptied, no plan", damaged(emptied), (1, 10), quiet=True, brief=False),
    Fault("upstream file broken, nginx killed", damaged(overwritten, nginx_killed), (1, 10),
          lost=NGINX, retried=True),
    Fault("a broken file beside the upstream file", stranger, (2, 10)),
    Fault("upstream directory read-only", lambda rig, _: rig.disk.read_only(), (2, 15)),
    Fault("upstream file system full", lambda rig, _: rig.disk.full(), (2, 15)),
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_files(chaos, fault):
    chaos.run(fault)
