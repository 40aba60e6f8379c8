"""Two watchers with one directory, a real nginx and real replicas: one writes, and when it is killed
the other goes on.  nginx's file is whole at every instant."""

import os
import re
import signal
import threading
import time

from support.procs import free_port, wait_for
from support.watched import Load


class Reader:
    """Reads the upstream file all the time; .broken are the texts that were not whole."""

    def __init__(self, file):
        self.file, self.broken, self.reads = file, [], 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(10)

    def _run(self):
        while not self.stopping.wait(0.005):
            try:
                text = self.file.read_text()
            except OSError as e:
                text = repr(e)
            self.reads += 1
            if not re.search(r"(?s)server 1.*;.*\}\s*$", text):
                self.broken.append(text)


def second_watcher(world, http_port=0):
    """Another one with the same settings; it waits."""
    p = world.spawn("watcher", env={
        **world.redis.env, "DOCKER_HOST": world.engine.host, "CONF_DIR": world.conf_dir,
        "TARGET": world.target, "LB_CONTAINER": world.lb,
        "LB_URL": f"http://127.0.0.1:{world.status_port}", "READY_PATH": "/health",
        "RESYNC_SEC": "2", "HTTP_PORT": http_port})
    wait_for(lambda: "another watcher works" in p.stderr(), what=p.stderr)
    return p


def test_one_writes_and_the_other_goes_on_after_kill_9(world):
    names = world.start_all(2)
    second = second_watcher(world)
    with Reader(world.file) as reader, Load(world.port, 2, 1) as load:
        names.append(world.start_replica(2))
        world.wait_servers(names)
        assert "nginx is up" not in second.stderr()
        said = len(world.messages())

        killed = time.monotonic()
        first, world.watcher = world.watcher, second
        first.kill()
        wait_for(lambda: "taking over" in second.stderr(), 5, second.stderr)
        print(f"took over {time.monotonic() - killed:.2f} s after kill -9")
        names.append(world.start_replica(3))
        world.wait_servers(names)
        load.wait_more()
    assert load.failures == []
    assert reader.broken == [] and reader.reads > 50
    generations = [m["generation"] for m in world.messages()]
    assert generations == sorted(generations) and len(generations) > said
    assert second.stderr().count("another watcher works") == 1  # said once


def test_a_watcher_that_waits_is_healthy_and_ends_at_once(world):
    world.start_all(1)
    port = free_port()
    second = second_watcher(world, port)
    wait_for(lambda: '"status":"ok"' in world.get("/healthz", port)[1].replace(" ", ""),
             what=lambda: world.get("/healthz", port)[1])
    assert second.terminate() == 0


def test_a_stopped_watcher_keeps_its_place(world):
    names = world.start_all(1)
    second = second_watcher(world)
    world.watcher.signal(signal.SIGSTOP)
    try:
        time.sleep(1.5)  # three looks of the other's
        assert "taking over" not in second.stderr()
    finally:
        world.watcher.signal(signal.SIGCONT)
    names.append(world.start_replica(1))
    world.wait_servers(names)


def test_a_lock_that_was_removed_is_made_anew(world):
    world.start_all(1)
    lock = world.conf_dir / "agentic-upstreams.lock"
    os.unlink(lock)
    wait_for(lock.exists, 5, "another lock")
    second_watcher(world)
