"""How replicas leave, with a real nginx: out of rotation first, reported as drained once no worker
knows them any more, and nobody loses a request."""

import http.client
import threading
import time

from support.procs import wait_for
from support.watched import READY_SEC, Load


def test_a_renamed_replica_is_drained_before_it_is_reported(world):
    names = world.start_all(3)
    draining = f"{world.target}-drain-2"
    ident = world.engine.inspect(names[2])["Id"]
    answers = []

    def slow_request():
        answers.append((world.get("/?delay_ms=2500")[0], time.monotonic()))

    slow = [threading.Thread(target=slow_request) for _ in range(6)]  # two for each replica
    for t in slow:
        t.start()
    wait_for(lambda: world.writing() > 6, what="six requests to be under way")
    world.engine.run("rename", names[2], draining)

    left = world.wait_servers(names[:2])
    assert left["drained"] == [] and answers == []
    m = world.wait_drained(draining)
    drained_at = time.monotonic()
    for t in slow:
        t.join(10)
    assert [status for status, _ in answers] == [200] * 6
    assert drained_at >= max(at for _, at in answers) - 0.1
    assert m["drained"] == [names[2]] and m["drained_ids"] == [ident]
    assert m["generation"] == left["generation"]

    # The same container can come back and leave once more.
    world.engine.run("rename", draining, names[2])
    assert world.wait_servers(names)["drained"] == []
    world.engine.run("rename", names[2], draining)
    world.wait_drained(draining)


def test_a_reload_closes_no_idle_connection(world):
    """A client whose connection is idle at a reload may still use it: keepalive_min_timeout."""
    names = world.start_all(2)
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().read()
    used = connection.sock
    world.engine.run("rename", names[1], f"{world.target}-drain-1")
    world.wait_servers(names[:1])
    connection.request("GET", "/")
    reply = connection.getresponse()
    assert connection.sock is used or reply.will_close
    assert reply.status == 200 and reply.read()
    assert reply.getheader("Connection") == "close"  # the old worker said so, and ends
    world.wait_drained(f"{world.target}-drain-1")
    connection.close()


def test_no_request_is_lost_while_replicas_come_and_go(world):
    # Nothing is repeated: a request to a replica that was killed is lost, and shows.
    conf = world.nginx_conf.read_text()
    assert "proxy_next_upstream error timeout;" in conf
    world.nginx_conf.write_text(conf.replace("proxy_next_upstream error timeout;",
                                             "proxy_next_upstream off;"))
    names = world.start_all(3)
    drain = f"{world.target}-drain-2"
    # The slow ones are still being answered by old workers when the new ones are confirmed.
    with Load(world.port) as load, Load(world.port, path="/?delay_ms=700") as slow:
        for _ in range(20):
            world.engine.run("rename", names[2], drain)
            world.wait_servers(names[:2])
            world.wait_drained(drain)
            world.engine.run("kill", "--signal", "KILL", drain)
            world.engine.run("rename", drain, names[2])
            world.engine.run("start", names[2])
            world.wait_servers(names)
            load.wait_more()
            slow.wait_more(1)
    assert load.failures == [] and slow.failures == []
    assert load.ok > 1000 and slow.ok > 100


def test_a_killed_replica_is_dropped_at_once(world):
    names = world.start_all(3)
    with Load(world.port) as load:
        load.wait_more()
        before = time.monotonic()
        world.engine.run("kill", "--signal", "KILL", names[1])
        world.wait_servers([names[0], names[2]])
        took = time.monotonic() - before
        load.wait_more()
    assert load.failures == []  # requests that may be repeated went on to others
    assert took < 3, f"dropped and confirmed after {took:.3f} s"

    world.engine.run("start", names[1])
    world.wait_servers(names)


def test_a_paused_replica_is_dropped(world):
    names = world.start_all(2)
    world.engine.run("pause", names[1])
    try:
        world.wait_servers(names[:1])
    finally:
        world.engine.run("unpause", names[1])
    world.wait_servers(names)


def test_the_last_list_stays_when_nothing_is_ready(world):
    names = world.start_all(2)
    text = world.file.read_text()
    world.engine.run("kill", *names)
    # They die one after the other, so that the list may have become shorter once.
    m = world.wait_message(lambda m: m["result"]["status"] == "error")
    assert "no replica is ready" in m["result"]["message"]
    assert m["servers"] != [] and " max_fails=0; # " in world.file.read_text()
    assert not world.health()["dependencies"]["nginx"]["up"]
    world.engine.run("start", *names)
    world.wait_servers(names)
    assert world.file.read_text().splitlines()[:6] == text.splitlines()[:6]
    assert world.get()[0] == 200


def test_a_killed_watcher_takes_up_where_it_stood(world):
    names = world.start_all(3)
    running, reloads = world.generation(), world.engine.run("top", world.lb, "-eo", "pid,args")
    world.watcher.kill()
    seen = len(world.messages())
    with Load(world.port, 2, 1) as load:
        world.start_watcher()
        wait_for(lambda: len(world.messages()) > seen, READY_SEC, world.why)
        assert world.wait_servers(names)["generation"] == running
        load.wait_more()
    assert load.failures == []
    assert len(world.messages()) == seen + 1
    assert world.metric("agentic_watcher_reloads_total") == 0
    assert world.engine.run("top", world.lb, "-eo", "pid,args") == reloads  # the same workers

    # What changes while it is away is made up for.
    world.watcher.kill()
    draining = f"{world.target}-drain-1"
    world.engine.run("rename", names[1], draining)
    world.start_watcher()
    assert world.wait_drained(draining)["generation"] == running + 1
    world.wait_servers([names[0], names[2]])

    # So is a drain that was reported by the one before.
    world.watcher.kill()
    seen = len(world.messages())
    world.start_watcher()
    wait_for(lambda: len(world.messages()) > seen and names[1] in world.last()["drained"],
             READY_SEC, world.why)


def test_a_restarted_nginx_is_given_what_changed_meanwhile(world):
    names = world.start_all(2)
    world.engine.run("kill", world.lb)
    world.engine.run("rename", names[1], f"{world.target}-drain-1")
    wait_for(lambda: names[1] not in world.file.read_text(), READY_SEC, world.why)
    world.engine.run("start", world.lb)
    world.wait_drained(f"{world.target}-drain-1")
    world.wait_servers(names[:1])
    assert world.get()[0] == 200
