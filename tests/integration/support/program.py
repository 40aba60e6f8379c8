"""Small C programs of the tests, linked with the suite's objects."""

import os
import shlex
import subprocess

from .procs import BUILD, ROOT


def build(name, directory):
    """Path of tests/integration/NAME.c, built in ${directory} with the compiler and flags of `make`."""
    out = directory / name
    flags = shlex.split(subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "hiredis", "libcjson", "libuv"], text=True))
    subprocess.run(
        [os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-g", f"-I{ROOT}",
         *shlex.split(os.environ.get("CFLAGS", "")), "-o", out,
         ROOT / "tests/integration" / f"{name}.c", BUILD / "obj/libsuite.a", *flags, "-lm"],
        check=True)
    return str(out)
