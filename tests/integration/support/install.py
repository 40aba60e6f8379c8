"""`make install` and `make uninstall` into a directory of their own."""

import os
import pathlib
import subprocess

from support.procs import BUILD, ROOT

DAEMONS = ["monitor", "planner", "executor", "watcher", "subscriber", "dashboard"]


def make(*args):
    """make, as typed: none of the settings of a make that runs the tests but BUILD.  Tests beside it
    are about time: it lets them go first."""
    env = {"PATH": os.environ["PATH"], "BUILD": os.environ.get("BUILD", "build")}
    p = subprocess.run(["nice", "make", *args], cwd=ROOT, env=env, capture_output=True, text=True,
                       timeout=900)
    assert p.returncode == 0, p.stdout + p.stderr
    return p.stdout


def files(folder):
    """All files and links below a folder, as paths from it."""
    return {str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*")
            if p.is_symlink() or not p.is_dir()}


def stamps():
    """When each program was built."""
    return {p: p.lstat().st_mtime_ns for p in (BUILD / "bin").iterdir()}
