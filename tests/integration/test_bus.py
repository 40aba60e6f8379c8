"""The message bus (common/bus.h) against a real redis-server, through bus_pump.c."""

import json
import os
import pathlib
import subprocess
import time

import pytest

from support.procs import free_port, wait_for
from support.program import build


@pytest.fixture(scope="session")
def pump_binary(tmp_path_factory):
    return build("bus_pump", tmp_path_factory.mktemp("bus"))


class Pump:
    """A process with a bus; see bus_pump.c for what it obeys and prints."""

    def __init__(self, spawn, path, port, channels, since=0, most=0, user=None, password=None,
                 unrecorded=0):
        env = {"UNRECORDED": unrecorded}
        if user:
            env["USER"] = user
        if password:
            env["PASSWORD"] = password
        self.process = spawn(path, "127.0.0.1", port, since, most, *channels, env=env,
                             stdin=subprocess.PIPE)

    def send(self, line):
        self.process.popen.stdin.write(line.encode() + b"\n")
        self.process.popen.stdin.flush()

    def lines(self, word):
        return [line for line in self.process.lines() if line.split(" ")[0] == word]

    def last(self, word):
        return (self.lines(word) or [""])[-1]

    def await_line(self, start, timeout=15, count=1):
        def found():
            return [x for x in self.process.lines() if x.startswith(start)][count - 1:]
        return wait_for(found, timeout, lambda: f"{count} x {start!r} in:\n"
                        + self.process.stdout()[-3000:] + self.process.stderr())[0]

    def up(self, count=1):
        self.await_line("health up", count=count)
        return self

    def texts(self, channel=None):
        """(replayed, text) of the messages so far."""
        parts = [line.split(" ", 3) for line in self.lines("message")]
        return [(p[2] == "replayed", p[3]) for p in parts if channel in (None, p[1])]

    def numbers(self, channel=None):
        return [json.loads(t).get("n") for _, t in self.texts(channel)]

    def await_numbers(self, expected, channel=None, timeout=20):
        wait_for(lambda: len(self.numbers(channel)) >= len(expected), timeout,
                 lambda: f"{len(expected)} messages, got {len(self.numbers(channel))}: "
                 + self.process.stdout()[-1000:] + self.process.stderr())
        assert self.numbers(channel) == expected

    def quit(self):
        self.send("quit")
        assert self.process.wait(5) == 0, self.process.stderr()


@pytest.fixture
def pump(spawn, pump_binary):
    def start(port, *channels, **options):
        return Pump(spawn, pump_binary, port, channels, **options)
    return start


def message(n, **more):
    return json.dumps({"id": f"id-{n}", "n": n, **more})


class Numbered:
    """Publishes numbered messages through a pump, one at a time, remembering how many."""

    def __init__(self, pump):
        self.pump, self.n = pump, 0

    def __call__(self, count=1):
        for _ in range(count):
            self.pump.send("publish alerts " + message(self.n))
            self.n += 1

    def confirmed(self):
        def empty():
            before = len(self.pump.lines("pending"))
            self.pump.send("pending")
            wait_for(lambda: len(self.pump.lines("pending")) > before, what="pending")
            return self.pump.last("pending") == "pending 0"
        wait_for(empty, 20, "the outbox to be empty")


def test_messages_arrive_live_and_in_the_stream(redis_server, pump):
    listener = pump(redis_server.port, "alerts", "actions").up()
    listener.await_line("live")
    publisher = pump(redis_server.port).up()
    publisher.send('publish alerts {"id":"a","x":1}')
    listener.await_line("message alerts")
    publisher.send('publish actions {"id":"a","x":2}')
    publisher.send('publish results {"id":"b"}')
    listener.await_line("message actions")
    assert listener.lines("message") == ['message alerts new {"id":"a","x":1}',
                                         'message actions new {"id":"a","x":2}']
    assert [t for _, t in redis_server.redis.stream("alerts")] == ['{"id":"a","x":1}']
    assert len(redis_server.redis.stream("results")) == 1
    listener.quit()
    publisher.quit()


def test_messages_without_id_by_publish_only(redis_server, pump):
    listener = pump(redis_server.port, "alerts").up()
    listener.await_line("live")
    for text in ('{"n":1}', '{"n":1}', '{"n":1,"sub":{"id":"x"}}', '{"n":1,"sub":{"id":"x"}}',
                 '{"n":1,"id":7}', '{"n":1,"id":7}'):
        redis_server.redis("PUBLISH", "alerts", text)
    listener.await_numbers([1] * 6)


def test_an_id_is_delivered_once_per_channel(redis_server, pump):
    listener = pump(redis_server.port, "alerts", "results").up()
    listener.await_line("live")
    for n in (1, 2, 1, 2, 3):
        redis_server.redis.publish("alerts", message(n))
    redis_server.redis.publish("results", message(1))
    listener.await_line("message results")
    assert listener.numbers("alerts") == [1, 2, 3]


@pytest.mark.parametrize("since,most,expected", [
    (0, 0, []), (1, 0, list(range(450))), (1, 7, list(range(443, 450))),
    (1, 201, list(range(249, 450))), (1, 450, list(range(450))), (1, 10000, list(range(450)))])
def test_first_reading(redis_server, pump, since, most, expected):
    for n in range(450):
        redis_server.redis.publish("alerts", message(n))
    listener = pump(redis_server.port, "alerts", "actions", since=since, most=most)
    listener.await_line("live")
    assert listener.texts() == [(True, message(n)) for n in expected]
    redis_server.redis.publish("alerts", message(1000))
    listener.await_numbers(expected + [1000])
    assert listener.texts()[-1][0] is False
    assert len(listener.lines("live")) == 1


def test_first_reading_by_time_and_merged(redis_server, pump):
    r = redis_server.redis
    for ms, channel in ((1000, "alerts"), (2000, "actions"), (3000, "alerts"), (3500, "results"),
                        (4000, "alerts"), (5000, "actions")):
        r("XADD", f"agentic:{channel}", f"{ms}-1", "json", message(ms))
    r("XADD", "agentic:alerts", "6000-1", "other", "field")
    r("XADD", "agentic:alerts", "6000-2", "other", "field", "json", message(6000))
    listener = pump(redis_server.port, "alerts", "actions", "results", since=2000)
    listener.await_line("live")
    assert listener.numbers() == [2000, 3000, 3500, 4000, 5000, 6000]


def test_publishing_while_a_long_history_is_read(redis_server, pump):
    """What is published during the reading comes afterwards, once and in order."""
    publisher = pump(redis_server.port).up()
    publisher.send("flood alerts 9000")
    publisher.await_line("flooded")
    publisher.send("flood alerts 20000")
    wait_for(lambda: redis_server.redis("XLEN", "agentic:alerts") > 9500, what="the flood")
    listener = pump(redis_server.port, "alerts", since=1)
    publisher.await_line("flooded 20000")
    wait_for(lambda: (listener.numbers() or [0])[-1] == 19999, 20, "the last message")
    numbers = listener.numbers()
    end = numbers[numbers.index(8999) + 1:]
    assert end == list(range(20000))


@pytest.mark.parametrize("appendonly", [True, False])
def test_kill_and_restart_of_redis(redis_server_factory, pump, appendonly):
    """Nothing lost, nothing twice; all that was confirmed is heard, all the rest is sent again."""
    server = redis_server_factory(appendonly=appendonly)
    listener = pump(server.port, "alerts").up()
    listener.await_line("live")
    publisher = pump(server.port).up()
    publish = Numbered(publisher)
    publish(50)
    listener.await_numbers(list(range(50)))
    for round_ in range(2):
        publish(10)
        server.kill()
        for p in (listener, publisher):
            p.await_line("health down", count=round_ + 1)
        publish(30)
        server.start()
        publish(10)
        publish.confirmed()
        if appendonly:
            listener.await_numbers(list(range(publish.n)))
            continue
        # What was confirmed just before the kill, and not yet read by the listener, is gone with
        # the data; what came after is there, and nothing is there twice.
        wait_for(lambda: (listener.numbers() or [0])[-1] == publish.n - 1, 20, "the last number")
        numbers = listener.numbers()
        assert len(set(numbers)) == len(numbers)
        assert numbers[-40:] == list(range(publish.n - 40, publish.n))
    assert len(listener.lines("live")) == 1


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
def test_connections_killed_while_publishing(redis_server, pump, kind):
    listener = pump(redis_server.port, "alerts").up()
    listener.await_line("live")
    publisher = pump(redis_server.port).up()
    publish = Numbered(publisher)
    for _ in range(4):
        publish(100)
        killed = redis_server.redis("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        assert killed > 0
        publish(100)
        publish.confirmed()
        listener.await_numbers(list(range(publish.n)))


def test_flood_with_the_subscription_killed(redis_server, pump):
    """More messages between two commits than a reading has pages."""
    listener = pump(redis_server.port, "alerts").up()
    listener.await_line("live")
    publisher = pump(redis_server.port).up()
    publisher.send("flood alerts 8000")
    wait_for(lambda: len(listener.lines("message")) > 2000, what="messages")
    assert redis_server.redis("CLIENT", "KILL", "TYPE", "pubsub") == 1
    listener.await_numbers(list(range(8000)))


def test_the_position_is_carried_forward(redis_server, pump):
    """After a commit, a new reading begins at the position, not at the start."""
    listener = pump(redis_server.port, "alerts").up()
    listener.await_line("live")
    redis_server.redis.publish("alerts", message(0))
    newest = redis_server.redis.stream("alerts")[-1][0]
    watching = redis_server.redis._connect()
    watching.call("MONITOR")

    def until(part):
        end = time.monotonic() + 20
        while part not in watching.reply(max(0.01, end - time.monotonic())):
            pass

    until('"PING" "mark-')
    redis_server.redis.publish("alerts", message(1))  # comes behind the PONG
    listener.await_numbers([0, 1])
    assert redis_server.redis("CLIENT", "KILL", "TYPE", "pubsub") == 1
    until(f'"XRANGE" "agentic:alerts" "({newest}"')
    watching.close()
    redis_server.redis.publish("alerts", message(2))
    listener.await_numbers([0, 1, 2])


def test_outbox_waits_while_redis_is_down(redis_server, pump):
    publisher = pump(redis_server.port).up()
    redis_server.kill()
    publisher.await_line("health down")
    for n in range(300):
        publisher.send("publish alerts " + message(n))
    publisher.await_line("published", count=300)
    assert publisher.lines("published") == ["published 0"] * 256 + ["published 1"] * 44
    publisher.send("pending")
    publisher.await_line("pending 256")
    redis_server.start()
    publisher.up(2)
    wait_for(lambda: len(redis_server.redis.stream("alerts")) == 256, what="the outbox")
    assert [json.loads(t)["n"] for _, t in redis_server.redis.stream("alerts")] == \
        list(range(44, 300))


def announced(pump, line):
    """Whether it was sent."""
    before = len(pump.lines("announced"))
    pump.send(f"announce {line}")
    wait_for(lambda: len(pump.lines("announced")) > before, what="announced")
    return pump.last("announced") == "announced 1"


@pytest.mark.parametrize("recorded", [["alerts"], []])
def test_announcements_are_heard_and_leave_nothing(redis_server, pump, recorded):
    """As often as they come, for nothing repeats them; and whatever lies where a stream would."""
    redis_server.redis("SET", "agentic:beats", "no stream")
    listener = pump(redis_server.port, *recorded, "beats", since=1, unrecorded=1).up()
    listener.await_line("live")
    speaker = pump(redis_server.port).up()
    for _ in range(2):
        assert announced(speaker, "beats " + message(1))
    listener.await_numbers([1, 1])
    if recorded:
        speaker.send("publish alerts " + message(2))
        listener.await_numbers([1, 1, 2])
    assert redis_server.redis("GET", "agentic:beats") == "no stream"
    listener.quit()
    speaker.quit()


def test_announcements_do_not_wait_for_redis(redis_server, pump):
    listener = pump(redis_server.port, "beats", unrecorded=1).up()
    speaker = pump(redis_server.port).up()
    redis_server.kill()
    for p in (listener, speaker):
        p.await_line("health down")
    assert not announced(speaker, "beats " + message(1))
    speaker.send("pending")
    speaker.await_line("pending 0")
    redis_server.start()
    for p in (listener, speaker):
        p.up(2)
    assert announced(speaker, "beats " + message(2))
    listener.await_numbers([2])


def test_announcements_on_their_way_are_bounded(redis_server, pump):
    """To a Redis that takes them and answers nothing."""
    speaker = pump(redis_server.port).up()
    redis_server.pause()
    assert [announced(speaker, "beats {}") for _ in range(20)] == [True] * 16 + [False] * 4
    redis_server.resume()
    wait_for(lambda: announced(speaker, "beats {}"), what="an answer")


def test_refused_announcement_is_told_and_does_no_harm(redis_server_factory, pump):
    server = redis_server_factory(acl=[
        "user default on nopass ~* &* +@all",
        f"user agentic on >secret ~agentic:* &alerts {RIGHTS}"])
    p = pump(server.port, "alerts", user="agentic", password="secret").up()
    p.await_line("live")
    assert announced(p, "beats {}")
    assert "NOPERM" in p.await_line("unannounced")
    p.send("publish alerts " + message(1))
    p.await_numbers([1])
    assert p.lines("health") == ["health up "]


def test_redis_comes_after_the_listener(redis_server_factory, pump):
    server = redis_server_factory(appendonly=True)
    server.redis.publish("alerts", message(1))
    server.kill()
    listener = pump(server.port, "alerts", since=1)
    assert "onnection refused" in listener.await_line("health down")
    assert listener.lines("live") == []
    server.start()
    listener.up()
    listener.await_line("live")
    assert listener.texts() == [(True, message(1))]


def test_silent_redis_is_noticed(redis_server, pump):
    """A server that accepts and says nothing (here: stopped) is down within the time limits."""
    redis_server.pause()
    listener = pump(redis_server.port, "alerts")
    assert "no answer within 2 s" in listener.await_line("health down")
    redis_server.resume()
    listener.up()


def test_silence_on_standing_connections_is_noticed(redis_server, pump):
    listener = pump(redis_server.port, "alerts").up()
    redis_server.pause()
    assert "no answer to PING" in listener.await_line("health down", timeout=25)
    redis_server.resume()
    listener.up(2)


def test_unknown_host(pump_binary, spawn):
    p = spawn(pump_binary, "no-such-host.invalid", "6379", "0", "0", "alerts",
              stdin=subprocess.PIPE)
    wait_for(lambda: "health down no-such-host.invalid:6379: " in p.stdout(), 30,
             "the resolver's error")
    p.popen.stdin.close()
    assert p.wait(5) == 0


def test_wrong_password(redis_server_factory, pump):
    server = redis_server_factory(password="right-secret")
    wrong = pump(server.port, "alerts", password="wrong-secret")
    assert "WRONGPASS" in wrong.await_line("health down")
    none = pump(server.port)
    assert "NOAUTH" in none.await_line("health down")
    right = pump(server.port, "alerts", password="right-secret").up()
    for p in (wrong, none, right):
        assert "secret" not in p.process.stdout() + p.process.stderr()
    wrong.send("publish alerts {}")
    server.redis("CONFIG", "SET", "requirepass", "wrong-secret")
    wrong.up()


RIGHTS = "+ping +auth +multi +exec +xadd +publish +subscribe +xrange +xrevrange"


def test_username_and_the_rights_it_needs(redis_server_factory, pump):
    """A user with no right but those in docs/protocol.md can do everything."""
    server = redis_server_factory(acl=[
        "user default on nopass ~* &* +@all",
        f"user agentic on >secret ~agentic:* &alerts &actions &results {RIGHTS}"])
    p = pump(server.port, "alerts", user="agentic", password="secret").up()
    p.await_line("live")
    p.send("publish alerts " + message(1))
    p.await_numbers([1])
    wrong = pump(server.port, user="nobody", password="secret")
    assert "WRONGPASS" in wrong.await_line("health down")


@pytest.mark.parametrize("missing", ["xadd", "publish", "subscribe", "xrange", "xrevrange"])
def test_missing_right_is_told_and_waited_for(redis_server_factory, pump, missing):
    server = redis_server_factory(acl=[
        "user default on nopass ~* &* +@all",
        f"user agentic on >secret ~agentic:* &alerts {RIGHTS} -{missing}"])
    p = pump(server.port, "alerts", since=1, user="agentic", password="secret")
    p.send("publish alerts " + message(1))
    told = p.await_line("health down")
    assert "NOPERM" in told and missing in told
    server.redis("ACL", "SETUSER", "agentic", f"+{missing}")
    p.await_line("live")
    p.await_numbers([1])
    wait_for(lambda: p.last("health") == "health up ", what="health up")
    if missing != "xadd" and missing != "publish":  # noticed before it was ever up
        assert len(p.lines("health")) == 2


def test_a_stream_that_is_none(redis_server, pump):
    redis_server.redis("SET", "agentic:alerts", "x")
    p = pump(redis_server.port, "alerts")
    assert "WRONGTYPE" in p.await_line("health down")
    redis_server.redis("DEL", "agentic:alerts")
    p.await_line("live")
    wait_for(lambda: p.last("health") == "health up ", what="health up")


def test_long_messages(redis_server, pump):
    listener = pump(redis_server.port, "alerts").up()
    listener.await_line("live")
    redis_server.redis("PUBLISH", "alerts", "x" * 65537)
    redis_server.redis("PUBLISH", "alerts", "x" * (1 << 21))
    redis_server.redis("PUBLISH", "alerts", message(1))
    listener.await_numbers([1])
    assert listener.lines("long") == ["long alerts 65537"]


def test_quit_at_any_time(redis_server, pump):
    """bus_close leaves nothing open, whatever state the bus is in."""
    pump(free_port(), "alerts").quit()
    pump(redis_server.port, "alerts").quit()
    up = pump(redis_server.port, "alerts").up()
    up.send("publish alerts {}")
    up.quit()
    stopped = pump(redis_server.port, "alerts").up()
    redis_server.pause()
    stopped.send("publish alerts {}")
    stopped.quit()


def test_throughput(redis_server, pump):
    """Tens of thousands a second; the limit is generous, to hold on a loaded machine too."""
    listener = pump(redis_server.port, "alerts").up()
    listener.await_line("live")
    listener.send("count")
    publisher = pump(redis_server.port).up()
    began = time.monotonic()
    publisher.send("flood alerts 50000")
    publisher.await_line("flooded 50000", timeout=50)

    def counted():
        listener.send("count")
        return listener.last("count") == "count 50000"
    wait_for(counted, 20, "50000 messages", every=0.1)
    print(f"{50000 / (time.monotonic() - began):.0f} messages a second")
    status = pathlib.Path(f"/proc/{listener.process.pid}/status").read_text()
    kib = int(status.split("RssAnon:")[1].split()[0])
    assert kib < (150000 if "sanitize" in os.environ.get("CFLAGS", "") else 20000)
