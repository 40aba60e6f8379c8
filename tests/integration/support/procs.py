"""Processes, free ports and conditions with a deadline.

    port = free_port()
    p = Process([binary("monitor")], env={"REDIS_PORT": str(port)})
    wait_for(lambda: "msg=started" in p.stderr(), what="monitor to start")
    assert p.terminate() == 0
"""

import contextlib
import itertools
import os
import pathlib
import random
import shlex
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()


def binary(name):
    """Path of the built program ${name}: $BUILD/bin/name (BUILD defaults to "build")."""
    return str(BUILD / "bin" / name)


def _ports():
    """All that tests may take, in an order that differs between runs.  Each worker of pytest-xdist
    has its own, for a port is taken only a moment after it was given out."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(20000 + worker % workers, 32000, workers)
    return itertools.cycle(random.sample(own, len(own)))


_PORTS = _ports()


def free_port(kind=socket.SOCK_STREAM):
    """A port on 127.0.0.1 that nobody listens on; none twice, until all have had their turn.

    Below the range from which the kernel takes the ports of outgoing connections: else a client
    that retries while its server is down could take the server's port, or connect to itself.
    """
    for port in _PORTS:
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for(condition, timeout=10.0, what="condition", every=0.02):
    """Call condition() until it returns something true, and return that; AssertionError after
    ${timeout} seconds.  ${what} names it in the error; it may be a callable that returns text."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {timeout} s: {text}")
        time.sleep(every)


def pss_kb(pid, kind="Pss"):
    """Memory of a process, its share of what it shares counted; "Pss_Anon": without programs and
    libraries, of which the share depends on who else runs."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(kind + ":"))


class Process:
    """A child process whose standard output and error go to files, to be read at any time.

    ${env} is all the environment it gets beside PATH, HOME, sanitizer options and LLVM_PROFILE_FILE.
    AGENTIC_TEST_WRAPPER is a command to run the built programs under, such as valgrind -q.
    """

    KEPT = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
            "LLVM_PROFILE_FILE")
    WRAPPER = shlex.split(os.environ.get("AGENTIC_TEST_WRAPPER", ""))

    def __init__(self, args, env=None, cwd=None, stdin=subprocess.DEVNULL, stdout=None):
        """${stdout}: a file descriptor to use in place of the file."""
        self.args = [str(a) for a in args]
        if pathlib.Path(self.args[0]).is_relative_to(BUILD):
            self.args = self.WRAPPER + self.args
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        full = {k: os.environ[k] for k in self.KEPT if k in os.environ}
        full.update({k: str(v) for k, v in (env or {}).items()})
        self.popen = subprocess.Popen(
            self.args, env=full, cwd=cwd, stdin=stdin,
            stdout=self._out if stdout is None else stdout, stderr=self._err)

    @property
    def pid(self):
        return self.popen.pid

    @staticmethod
    def _read(file):
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), size, 0).decode("utf-8", "replace")

    def stdout(self):
        """All it has printed so far."""
        return self._read(self._out)

    def stderr(self):
        return self._read(self._err)

    def lines(self):
        """The complete lines of standard output so far."""
        return self.stdout().split("\n")[:-1]

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            self.popen.send_signal(number)

    @contextlib.contextmanager
    def stopped(self):
        """SIGSTOP, and SIGCONT in the end."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def wait(self, timeout=10.0):
        """The exit status; AssertionError with its standard error after ${timeout} seconds."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.args[0]} still runs after {timeout} s:\n{self.stderr()}") from None

    def terminate(self, timeout=5.0):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        return self.popen.wait(10)

    def close(self):
        """Make sure that it is gone, whatever state it is in."""
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(3)
            except subprocess.TimeoutExpired:
                self.kill()
        self._out.close()
        self._err.close()
