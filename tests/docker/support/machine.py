"""What a measurement was made on, in a few words."""

import os
import pathlib
import platform
import re


def _field(path, name):
    found = re.search(rf"^{name}\s*:\s*(.+)$", pathlib.Path(path).read_text(), re.M)
    return found[1] if found else ""


def describe(engine=None):
    """"2 cores of …, 4 GB, Linux 6.1, Docker 20.10.24"."""
    model = _field("/proc/cpuinfo", "model name") or platform.machine()
    memory_gb = int(_field("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20)
    kernel = ".".join(platform.release().split(".")[:2])
    text = f"{os.cpu_count()} cores of {model}, {memory_gb:.0f} GB, Linux {kernel}"
    return f"{text}, Docker {engine.call('GET', '/version')['Version']}" if engine else text
