"""Replicas, the template and nginx die, by themselves and by somebody's hand."""

import contextlib

import pytest

from support.chaos import Fault, kill_process, nginx_killed, of_this_form
from support.procs import wait_for


def running(rig):
    return [r.name for r in rig.suite.replicas() if r.state == "running"]


def copies(rig):
    """Running replicas that are not the template; there is always one, see Rig."""
    return wait_for(lambda: [n for n in running(rig) if n != rig.suite.target], what=rig.report)


@contextlib.contextmanager
def one_dies(rig, rng):
    kill_process(rig, rng.choice(copies(rig)))
    yield


@contextlib.contextmanager
def template_dies(rig, _):
    kill_process(rig, rig.suite.target)
    yield


@contextlib.contextmanager
def all_copies_die(rig, _):
    for name in copies(rig):
        with contextlib.suppress(AssertionError):  # on its way out, and gone
            kill_process(rig, name)
    yield


@contextlib.contextmanager
def everyone_dies(rig, _):
    with rig.guard.pause():
        for name in running(rig):
            with contextlib.suppress(AssertionError):
                kill_process(rig, name)
        yield


def by_hand(*command):
    @contextlib.contextmanager
    def inject(rig, rng):
        rig.suite.engine.run(*command, rng.choice(copies(rig)), check=False)
        yield
    return inject


@contextlib.contextmanager
def name_taken(rig, _):
    """Somebody's container under a name that the next replica would get."""
    s = rig.suite
    used = {abs(r.number) for r in s.replicas()}
    name = f"{s.target}-dup-{min(set(range(1, 50)) - used)}"
    taken = s.engine.run("create", "--name", name, s.image, "app", check=False).strip()
    try:
        yield
    finally:
        s.engine.remove([taken] if taken else [])


OWN = "those the killed one was answering, where nginx may not repeat them"
ALL = "those that came while nobody ran"
NGINX = "those nginx had when it was killed, and until the engine started it again"

FAULTS = [
    Fault("a replica dies", one_dies, lost=OWN, retried=True),
    Fault("the template dies", template_dies, lost=OWN, retried=True),
    Fault("all replicas but the template die", all_copies_die, lost=OWN, retried=True),
    Fault("all replicas die", everyone_dies, (1, 5), lost=ALL, retried=True),
    Fault("docker kill of a replica", by_hand("kill"), lost=OWN, retried=True, brief=False),
    Fault("docker rm -f of a replica", by_hand("rm", "--force", "--volumes"), lost=OWN,
          retried=True),
    Fault("docker stop of a replica", by_hand("stop", "--time", "5"), lost=OWN, retried=True,
          brief=False),
    Fault("nginx dies", nginx_killed, (1, 5), lost=NGINX, retried=True, brief=False),
    Fault("a stranger has the next replica's name", name_taken, (1, 5)),
]


@pytest.mark.parametrize("fault", of_this_form(FAULTS), ids=lambda f: f.name)
def test_replicas(chaos, fault):
    chaos.run(fault)
