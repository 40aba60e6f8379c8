"""What a daemon tells the supervisor that started it (sd_notify): a real socket in systemd's place."""

import os
import select
import signal
import socket
import urllib.request
import uuid

import pytest

from support.procs import binary, free_port, wait_for


class Supervisor:
    """A datagram socket at ${address}, "@" for the abstract namespace; .told is all lines so far."""

    def __init__(self, address):
        self.address = str(address)
        self.told = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address.replace("@", "\0", 1))
        self._socket.setblocking(False)

    def hear(self, timeout=0.0):
        """The lines of the next datagram; none when nothing came in time."""
        if not select.select([self._socket], [], [], timeout)[0]:
            return []
        lines = self._socket.recv(65536).decode().split("\n")
        self.told += lines
        return lines

    def hear_all(self):
        while self.hear():
            pass
        return self.told

    def hears(self, line, timeout=10.0):
        """Wait for the next datagram with ${line}."""
        wait_for(lambda: line in self.hear(0.05), timeout, lambda: f"{line} in {self.told}", every=0)

    def environment(self, watchdog_sec=None, pid=None):
        env = {"NOTIFY_SOCKET": self.address}
        if watchdog_sec:
            env["WATCHDOG_USEC"] = int(watchdog_sec * 1e6)
        if pid:
            env["WATCHDOG_PID"] = pid
        return env

    def close(self):
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def supervisor(request, tmp_path):
    there = Supervisor(f"@agentic-test-{uuid.uuid4().hex}" if request.param == "abstract"
                       else tmp_path / "notify")
    yield there
    there.close()


@pytest.fixture
def path_supervisor(tmp_path):
    there = Supervisor(tmp_path / "notify")
    yield there
    there.close()


@pytest.fixture
def planner(spawn, redis_server):
    return lambda env, *args: spawn("planner", *args, env={**redis_server.env, **env})


def test_ready_watchdog_stopping(supervisor, planner):
    p = planner(supervisor.environment(watchdog_sec=0.2))
    supervisor.hears("READY=1")
    assert supervisor.told[0] == "READY=1"
    for _ in range(3):
        supervisor.hears("WATCHDOG=1")

    with p.stopped():
        wait_for(lambda: state(p) == "T")
        supervisor.hear_all()
        assert supervisor.hear(0.5) == []  # five beats long
    supervisor.hears("WATCHDOG=1")

    assert p.terminate() == 0
    told = supervisor.hear_all()
    assert told.count("READY=1") == 1 and told.count("STOPPING=1") == 1
    assert told.index("STOPPING=1") > told.index("WATCHDOG=1")
    assert {line.split("=")[0] for line in told} == {"READY", "STATUS", "WATCHDOG", "STOPPING"}


def state(p):
    with open(f"/proc/{p.pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def test_the_status_says_what_is_down(path_supervisor, planner, redis_server):
    planner(path_supervisor.environment())
    path_supervisor.hears("STATUS=healthy")
    redis_server.kill()
    wait_for(lambda: any(line.startswith("STATUS=redis is down: ") for line in path_supervisor.hear_all()))
    redis_server.start()
    path_supervisor.hears("STATUS=healthy", 20)


def test_a_watchdog_of_another_process_is_not_fed(path_supervisor, planner):
    p = planner(path_supervisor.environment(watchdog_sec=0.02, pid=os.getpid()))
    path_supervisor.hears("STATUS=healthy")
    assert path_supervisor.hear(0.3) == []
    assert p.terminate() == 0
    assert "WATCHDOG=1" not in path_supervisor.hear_all()


@pytest.mark.parametrize("usec", ["0", "many", "-1", "99999999999999999999999", "2000 "])
def test_a_watchdog_without_a_time_is_not_fed(path_supervisor, planner, usec):
    p = planner({**path_supervisor.environment(), "WATCHDOG_USEC": usec})
    path_supervisor.hears("STATUS=healthy")
    assert path_supervisor.hear(0.2) == []
    assert p.terminate() == 0


def test_its_own_watchdog_is_fed(path_supervisor, spawn, redis_server):
    env = {**redis_server.env, **path_supervisor.environment(watchdog_sec=0.02)}
    spawn("/bin/sh", "-c", 'WATCHDOG_PID=$$ exec "$0"', binary("planner"), env=env)
    path_supervisor.hears("WATCHDOG=1")
    path_supervisor.hears("WATCHDOG=1")


@pytest.mark.parametrize("address", ["relative", "@", "/", "vsock:2:9", "/" + "x" * 108])
def test_an_address_that_is_none_is_said_and_does_no_harm(planner, address):
    p = planner({"NOTIFY_SOCKET": address})
    wait_for(lambda: 'msg="redis is up"' in p.stderr(), what=p.stderr)
    assert p.stderr().count("cannot tell the supervisor") == 1
    assert p.terminate() == 0


def test_a_supervisor_that_is_gone_does_no_harm(planner, tmp_path):
    p = planner({"NOTIFY_SOCKET": tmp_path / "nobody", "WATCHDOG_USEC": "20000"})
    wait_for(lambda: 'msg="redis is up"' in p.stderr(), what=p.stderr)
    assert p.stderr().count("cannot tell the supervisor") == 1
    assert p.terminate() == 0


@pytest.mark.parametrize("option", ["--check", "--help"])
def test_what_only_prints_tells_nothing(path_supervisor, planner, option):
    assert planner(path_supervisor.environment(), option).wait() == 0
    assert path_supervisor.hear_all() == []


def test_a_daemon_that_cannot_start_is_never_ready(path_supervisor, spawn, app):
    taken = app()
    p = spawn("planner", env={**path_supervisor.environment(), "HTTP_PORT": taken.http,
                              "REDIS_PORT": free_port()})
    assert p.wait() == 1
    assert path_supervisor.hear_all() == []


def test_what_finishes_its_work_first_says_stopping_at_once(path_supervisor, spawn):
    """The demo app answers what it has before it ends; the watchdog hears of it meanwhile.  It beats
    so seldom that what nobody reads for a while does not fill the socket: ten datagrams do."""
    port = free_port()
    p = spawn("app", env={"PORT": port, "BIND": "127.0.0.1", **path_supervisor.environment(2)})
    path_supervisor.hears("READY=1")
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET /?delay_ms=30000 HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/health").status == 200)
        p.signal(signal.SIGTERM)
        path_supervisor.hears("STOPPING=1")
        path_supervisor.hears("WATCHDOG=1")
        assert p.running()
        p.signal(signal.SIGTERM)
        assert p.wait() == 128 + signal.SIGTERM
