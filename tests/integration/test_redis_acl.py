"""The users of Redis that deploy/redis makes, on a real Redis: each may do what its daemon does and
nothing else, and every daemon gets along as its user."""

import hashlib
import json
import re
import subprocess
import urllib.request

import pytest

from support.planner import alert
from support.procs import ROOT, free_port, wait_for
from support.redis import Redis, RedisError, Subscription

REFUSED = re.compile("^NOPERM|ACL failure in script|user executing the script can't")  # 7.2, 7.0
MAKE_USERS = ROOT / "deploy" / "redis" / "make-users"
CHANNELS = {"alerts", "actions", "results", "advice"}
HEARS = {"monitor": {"results"}, "planner": CHANNELS, "executor": {"actions", "results"},
         "watcher": set(), "subscriber": CHANNELS, "dashboard": CHANNELS}
SAYS = {"monitor": {"alerts", "results"}, "planner": {"actions", "advice"}, "executor": {"results"},
        "watcher": {"results"}, "subscriber": set(), "dashboard": set()}
BEATS = {"monitor", "planner", "executor", "watcher"}  # on heartbeats, which has no stream
USERS = sorted(HEARS)

# What a user can always do: log in, and out.
FREE = {"auth", "hello", "quit", "reset"}
HEARING, SAYING = {"subscribe", "xrange", "xrevrange"}, {"publish", "xadd", "multi", "exec"}
LEASING = {"eval", "get", "set", "incr", "pttl"}
DANGEROUS = [
    ("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("CONFIG", "SET", "maxmemory", "1"),
    ("KEYS", "*"), ("SCAN", "0"), ("DBSIZE",), ("SHUTDOWN", "NOSAVE"),
    ("ACL", "LIST"), ("ACL", "SETUSER", "x", "on"), ("CLIENT", "LIST"), ("CLIENT", "KILL", "ID", "1"),
    ("MONITOR",), ("INFO",), ("REPLICAOF", "127.0.0.1", "1"), ("SAVE",), ("BGREWRITEAOF",),
    ("SCRIPT", "FLUSH"), ("FUNCTION", "LIST"), ("EVAL", "return redis.call('KEYS', '*')", "0"),
    ("DEL", "agentic:actions"), ("XTRIM", "agentic:actions", "MAXLEN", "0"),
    ("XDEL", "agentic:actions", "1-1"), ("RENAME", "agentic:alerts", "x"), ("SET", "x", "1"),
    ("GET", "agentic:actions"), ("EXPIRE", "agentic:actions", "1"), ("DUMP", "agentic:actions"),
    ("PSUBSCRIBE", "*"), ("PUBSUB", "CHANNELS"), ("SUBSCRIBE", "elsewhere"), ("PUBLISH", "elsewhere", "x"),
    ("XADD", "agentic:elsewhere", "*", "json", "x"), ("XADD", "elsewhere", "*", "json", "x"),
    ("XREAD", "STREAMS", "agentic:actions", "0"), ("XRANGE", "agentic:elsewhere", "-", "+"),
]


def make_users(directory, *args):
    return subprocess.run([MAKE_USERS, directory, *args], capture_output=True, text=True, timeout=20)


def password(keys, user):
    return (keys / user).read_text().strip()


class Guarded:
    """A Redis with the ACL file that make-users made, and one more user, who may do anything."""

    def __init__(self, redis_server_factory, keys):
        assert make_users(keys).returncode == 0
        self.keys = keys
        lines = (keys / "users.acl").read_text().splitlines()
        self.server = redis_server_factory(acl=[*lines, "user admin on >admin ~* &* +@all"])
        self.admin = Redis(self.server.port, "admin", "admin")

    def user(self, name):
        return Redis(self.server.port, password(self.keys, name), name)

    def allows(self, name, *command):
        """Whether the user gets anything but a refusal, on a connection of its own."""
        user = self.user(name)
        try:
            user(*command)
        except RedisError as e:
            assert REFUSED.search(str(e)), (command, e)
            return False
        finally:
            user.close()
        return True

    def refusals(self):
        """What Redis refused so far: who wanted what."""
        def entry(flat):
            return dict(zip(flat[::2], flat[1::2]))
        return [(e["username"], e["reason"], e["object"]) for e in map(entry, self.admin("ACL", "LOG"))]

    def env(self, user):
        return {**self.server.env, "REDIS_USERNAME": user, "REDIS_PASSWORD_FILE": self.keys / user,
                "HTTP_PORT": free_port()}


@pytest.fixture
def guarded(redis_server_factory, tmp_path):
    return Guarded(redis_server_factory, tmp_path / "keys")


@pytest.mark.parametrize("user", USERS)
def test_hears_and_says_what_its_daemon_does_and_no_more(guarded, user):
    def those(command):
        return {c for c in CHANNELS if guarded.allows(user, *command(c))}

    assert those(lambda c: ("SUBSCRIBE", c)) == HEARS[user]
    assert those(lambda c: ("XRANGE", f"agentic:{c}", "-", "+", "COUNT", 1)) == HEARS[user]
    assert those(lambda c: ("XREVRANGE", f"agentic:{c}", "+", "-", "COUNT", 1)) == HEARS[user]
    assert those(lambda c: ("PUBLISH", c, "x")) == SAYS[user]
    assert those(lambda c: ("XADD", f"agentic:{c}", "MAXLEN", "~", 10, "*", "json", "x")) == SAYS[user]

    def publishes(channel):
        """The transaction of the bus; EXEC refuses it when any part was."""
        client = guarded.user(user)
        try:
            client.publish(channel, "{}")
        except RedisError:
            return False
        finally:
            client.close()
        return True

    assert {c for c in CHANNELS if publishes(c)} == SAYS[user]
    if HEARS[user]:  # at once, as the bus does it
        Subscription(guarded.user(user)._connect(), sorted(HEARS[user])).close()


@pytest.mark.parametrize("user", USERS)
def test_heartbeats_are_said_by_those_that_act_and_heard_by_the_dashboard(guarded, user):
    assert guarded.allows(user, "PUBLISH", "heartbeats", "{}") is (user in BEATS)
    assert guarded.allows(user, "SUBSCRIBE", "heartbeats") is (user == "dashboard")
    for command in (("XADD", "agentic:heartbeats", "*", "json", "x"),
                    ("XRANGE", "agentic:heartbeats", "-", "+"),
                    ("XREVRANGE", "agentic:heartbeats", "+", "-")):
        assert not guarded.allows(user, *command)


@pytest.mark.parametrize("user", USERS)
def test_nobody_gets_anything_dangerous(guarded, user):
    guarded.admin.publish("actions", "{}")
    assert [c for c in DANGEROUS if guarded.allows(user, *c)] == []
    assert len(guarded.admin.stream("actions")) == 1


@pytest.mark.parametrize("user", [*USERS, "health", "default"])
def test_commands_of_each_user_are_all_counted(guarded, user):
    """Every command that this Redis has is tried, with arguments of the right number."""
    usable = set()

    def consider(info, parents=()):
        words = [*parents, info[0].split("|")[-1]]
        if info[9]:
            for sub in info[9]:
                consider(sub, words)
            return
        arguments = ["1"] * (abs(info[1]) - len(words))
        answer = guarded.admin("ACL", "DRYRUN", user, *words, *arguments)
        if "no permissions to run" not in answer:
            usable.add(" ".join(words))

    for info in guarded.admin("COMMAND"):
        consider(info)

    expected = set(FREE)
    if user != "default":
        expected.add("ping")
    if HEARS.get(user):
        expected |= HEARING
    if SAYS.get(user):
        expected |= SAYING
    if user == "executor":
        expected |= LEASING
    assert usable == expected


def test_dashboard_cannot_publish_a_plan(guarded):
    plan = json.dumps({"kind": "plan", "id": "x", "decision": {"action": "scale_up", "replicas": 9}})
    listener = guarded.user("subscriber").subscribe("actions")
    dashboard = guarded.user("dashboard")
    for command in (("MULTI",), ("XADD", "agentic:actions", "*", "json", plan),
                    ("PUBLISH", "actions", plan)):
        with pytest.raises(RedisError, match="NOPERM"):
            dashboard(*command)
    guarded.user("planner").publish("actions", '"the first"')
    assert listener.get() == ("actions", '"the first"')
    assert [text for _, text in guarded.admin.stream("actions")] == ['"the first"']


def test_executors_scripts_reach_its_lease_and_nothing_else(guarded):
    def script(text, *keys):
        return guarded.allows("executor", "EVAL", text, len(keys), *keys)

    lease = "agentic:lease:executor:app"
    assert script("return redis.call('SET', KEYS[1], 'x', 'PX', 10)", lease)
    assert script("return redis.call('INCR', KEYS[1])", lease + ":token")
    assert not script("return redis.call('SET', KEYS[1], 'x')", "agentic:lease:elsewhere")
    assert not script("return redis.call('SET', 'agentic:actions', 'x')", lease)
    assert not script("return redis.call('XADD', 'agentic:actions', '*', 'json', 'x')")
    assert not script("return redis.call('PUBLISH', 'actions', 'x')")
    assert not script("return redis.call('FLUSHALL')")
    assert guarded.admin("EXISTS", "agentic:actions") == 0


def test_strangers_get_nothing(guarded):
    stranger = Redis(guarded.server.port)
    for command in (("PING",), ("SUBSCRIBE", "alerts"), ("PUBLISH", "actions", "x"), ("ACL", "WHOAMI")):
        with pytest.raises(RedisError, match="NOAUTH"):
            stranger(*command)
    for name, secret in (("default", ""), ("default", "x"), ("planner", ""), ("planner", "x"),
                         ("planner", password(guarded.keys, "monitor"))):
        with pytest.raises(RedisError, match="WRONGPASS"):
            stranger("AUTH", name, secret)


# ---- the daemons ----

def healthy(p, port):
    """Whether the daemon says that it has Redis."""
    assert p.running(), p.stderr()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as r:
            return 'agentic_dependency_up{dependency="redis"} 1' in r.read().decode()
    except OSError:
        return False


def test_every_daemon_gets_along_as_its_user(guarded, spawn, tmp_path):
    dashboard_port = free_port()
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    settings = {
        "monitor": {**nowhere, "TARGET_URL": f"http://127.0.0.1:{free_port()}/", "SAMPLE_INTERVAL": 0.3,
                    "LB_URL": f"http://127.0.0.1:{free_port()}", "PROBE_REQUESTS": 2,
                    "ACCESS_LOG_SOCKET": tmp_path / "log.sock"},
        "planner": {},
        "executor": nowhere,
        "watcher": {**nowhere, "CONF_DIR": tmp_path, "LB_URL": f"http://127.0.0.1:{free_port()}"},
        "subscriber": {},
        "dashboard": {"DASHBOARD_PORT": dashboard_port},
    }
    heartbeats = guarded.user("dashboard").subscribe("heartbeats")
    running = {}
    for name, more in settings.items():
        env = {**guarded.env(name), **more}
        running[name] = spawn(name, env=env), env["HTTP_PORT"]
    for name, (p, port) in running.items():
        wait_for(lambda p=p, port=port: healthy(p, port), what=lambda p=p: p.stderr())

    subscriber = running["subscriber"][0]
    wait_for(lambda: '"latency_metrics"' in subscriber.stdout() and '"plan"' in subscriber.stdout(),
             what=subscriber.stderr)
    wait_for(lambda: guarded.admin("EXISTS", "agentic:lease:executor:app") == 1, what="a lease")

    heard = set()
    while heard != BEATS:
        heard.add(json.loads(heartbeats.get(10)[1])["daemon"])

    def shown():
        url = f"http://127.0.0.1:{dashboard_port}/api/state"
        with urllib.request.urlopen(url, timeout=5) as r:
            return json.loads(r.read())["point"]

    assert wait_for(shown, what="a window on the dashboard")
    for name, (p, _) in running.items():
        assert "NOPERM" not in p.stderr(), name
        assert p.terminate() == 0, p.stderr()
    assert guarded.refusals() == []


def test_replay_reads_as_the_subscriber(guarded, spawn):
    guarded.admin.publish("alerts", json.dumps(alert(100)))
    p = spawn("replay", "backtest", "--redis", env={**guarded.env("subscriber"), "HTTP_PORT": 0})
    assert p.wait() == 0, p.stderr()
    assert guarded.refusals() == []


def test_daemon_says_what_redis_refuses(guarded, spawn):
    """A user of too few rights is found at once, not by silence."""
    p = spawn("planner", env=guarded.env("monitor"))
    wait_for(lambda: "NOPERM" in p.stderr(), what=p.stderr)
    assert password(guarded.keys, "monitor") not in p.stderr()


# ---- make-users ----

def snapshot(keys):
    return {f.name: f.read_text() for f in keys.iterdir() if f.is_file()}


def test_passwords_stay_and_only_hashes_are_told(tmp_path):
    keys = tmp_path / "keys"
    assert make_users(keys).returncode == 0
    before = snapshot(keys)
    assert set(before) == {*USERS, "health", "users.acl"}
    for user in (*USERS, "health"):
        secret = password(keys, user)
        assert len(secret) == 64 and secret not in before["users.acl"]
        assert hashlib.sha256(secret.encode()).hexdigest() in before["users.acl"]
        assert (keys / user).stat().st_mode & 0o777 == 0o400
    assert len(set(before.values())) == len(before)
    assert make_users(keys).returncode == 0
    assert snapshot(keys) == before


@pytest.mark.parametrize("lost", ["planner", "hashes/planner"])
def test_what_is_missing_of_one_user_is_made_anew(tmp_path, redis_server_factory, lost):
    """Whether its password was removed for a new one, or making it was cut short."""
    keys = tmp_path / "keys"
    make_users(keys)
    before = snapshot(keys)
    (keys / lost).unlink()
    (keys / "new").write_text("half")
    guarded = Guarded(redis_server_factory, keys)
    after = snapshot(keys)
    assert {f for f in after if before.get(f) != after[f]} == {"planner", "users.acl"}
    for user in USERS:
        assert guarded.allows(user, "PING")


def test_make_users_refuses_what_it_does_not_know(tmp_path):
    for args in ([], [tmp_path / "keys", "nobody=1"]):
        p = subprocess.run([MAKE_USERS, *args], capture_output=True, text=True, timeout=20)
        assert p.returncode == 1 and p.stderr.startswith("make-users: ")
