"""What can be done to processes, clocks and file systems, each as a context: inside it the fault
holds, after it it is undone."""

import contextlib
import ctypes
import ctypes.util
import os
import pathlib
import signal
import struct
import subprocess

from support.procs import BUILD

MOUNT = "/bin/mount", "/bin/umount"


@contextlib.contextmanager
def stopped(pid):
    """The process stands still (SIGSTOP) and goes on (SIGCONT)."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Clock:
    """The wall clock of the processes that are started with .env, to be set while they run."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        library = BUILD / "stepped_clock.so"
        source = pathlib.Path(__file__).with_name("stepped_clock.c")
        if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source],
                           check=True, timeout=60)
        self.file = directory / "clock"
        self.set(0)
        self.env = {"LD_PRELOAD": library, "CLOCK_FILE": self.file}

    def set(self, offset_sec):
        """So many seconds ahead of the real one."""
        with open(self.file, "r+b" if self.file.exists() else "xb", buffering=0) as f:
            f.write(struct.pack("=q", offset_sec))

    @contextlib.contextmanager
    def stepped(self, offset_sec):
        self.set(offset_sec)
        try:
            yield
        finally:
            self.set(0)


class SmallDisk:
    """A file system of its own on a directory, so that it can fill up or become read-only: root
    writes where only the mode forbids it."""

    SIZE = "256k"

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        subprocess.run([MOUNT[0], "-t", "tmpfs", "-o", f"size={self.SIZE},mode=0755", "tmpfs",
                        self.directory], check=True, timeout=10)

    def close(self):
        subprocess.run([MOUNT[1], "-l", self.directory], check=True, timeout=10)

    def _remount(self, how):
        subprocess.run([MOUNT[0], "-o", f"remount,{how}", self.directory], check=True, timeout=10)

    @contextlib.contextmanager
    def read_only(self):
        self._remount("ro")
        try:
            yield
        finally:
            self._remount("rw")

    @contextlib.contextmanager
    def full(self):
        """Not a byte is left."""
        ballast = self.directory / "ballast"
        try:
            with open(ballast, "wb", buffering=0) as f, contextlib.suppress(OSError):
                while f.write(b"x" * 4096):
                    pass
            yield
        finally:
            ballast.unlink()


def enter_network_of(pid):
    """This thread's new sockets belong to the network of that process."""
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    with open(f"/proc/{pid}/ns/net", "rb") as f:
        if libc.setns(f.fileno(), 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")
