#!/usr/bin/env python3
"""What nginx's access log costs the monitor: its CPU time at a steady rate of lines.

A sender in C (access_sender.c) takes nginx's place, one datagram a line.  Refused are the lines for which
the queue of the socket had no room: it holds net.unix.max_dgram_qlen of them, 10 by the kernel's default
and 512 in docker-compose.yml and under systemd.  Prints a table, asserts nothing.  BUILD names the build
directory, as for the tests.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from support.procs import ROOT, Process, binary, wait_for  # noqa: E402
from support.redis import RedisServer  # noqa: E402

RATES = (100, 2000, 20000)
QUEUE = pathlib.Path("/proc/sys/net/unix/max_dgram_qlen")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def build_sender(directory):
    sender = directory / "access_sender"
    subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-o", sender,
                    ROOT / "tests/bench/access_sender.c"], check=True)
    return sender


def measure(pid, sender, socket, rate, seconds):
    before = cpu_seconds(pid)
    text = subprocess.run([sender, socket, str(rate), str(seconds)], check=True,
                          capture_output=True, text=True).stdout
    taken, refused = map(int, text.split())
    cpu = (cpu_seconds(pid) - before) / seconds * 100
    print(f"{rate:12} {taken:10} {refused:10} {cpu:8.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10, help="length of each measurement")
    seconds = parser.parse_args().seconds

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        sender, socket = build_sender(directory), directory / "access.sock"
        server = RedisServer()
        monitor = Process([binary("monitor")], env={
            **server.env, "ACCESS_LOG_SOCKET": socket, "PROBE_REQUESTS": 1,
            "TARGET_URL": "http://127.0.0.1:1/", "LB_URL": "http://127.0.0.1:1",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock"})
        try:
            wait_for(socket.exists, what=monitor.stderr)
            print(f"access log, a queue of {QUEUE.read_text().strip()}\n"
                  "     lines/s      taken    refused    CPU %")
            for rate in RATES:
                measure(monitor.pid, sender, socket, rate, seconds)
        finally:
            monitor.close()
            server.close()


if __name__ == "__main__":
    main()
