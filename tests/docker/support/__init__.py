"""What the Docker tests stand on: the engine here, and all of tests/integration/support (processes,
ports, deadlines, Redis) under the same name: `from support.procs import wait_for`."""

import pathlib

__path__.append(str(pathlib.Path(__file__).resolve().parents[2] / "integration" / "support"))
