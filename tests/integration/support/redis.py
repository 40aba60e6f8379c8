"""A small Redis client (RESP2) and a private redis-server.

    r = Redis(port)                          # or Redis(port, password="…", username="…")
    r("XADD", "agentic:alerts", "*", "json", "{}")
    s = r.subscribe("alerts", "actions")     # a connection of its own
    channel, text = s.get(timeout=5)
    r.stream("alerts")                       # [(id, text), …] of agentic:alerts, oldest first
"""

import pathlib
import shutil
import signal
import socket
import tempfile
import time

from .procs import Process, free_port, wait_for


class RedisError(Exception):
    """Redis answered with an error."""


class Connection:
    """One connection: send commands, read replies, each within a deadline."""

    def __init__(self, port, password=None, username=None, host="127.0.0.1", timeout=5.0):
        self.timeout = timeout
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.buffer = b""
        if password is not None:
            self.call("AUTH", *([username] if username else []), password)

    def close(self):
        self.sock.close()

    def send(self, *args):
        out = [b"*%d\r\n" % len(args)]
        for a in args:
            b = a if isinstance(a, bytes) else str(a).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(b), b))
        self.sock.sendall(b"".join(out))

    def _fill(self, end):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("no reply from Redis in time")
        self.sock.settimeout(left)
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("Redis closed the connection")
        self.buffer += data

    def _line(self, end):
        while b"\r\n" not in self.buffer:
            self._fill(end)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _bytes(self, n, end):
        while len(self.buffer) < n + 2:
            self._fill(end)
        data, self.buffer = self.buffer[:n], self.buffer[n + 2:]
        return data.decode("utf-8", "replace")

    def _reply(self, end):
        line = self._line(end)
        kind, rest = line[:1], line[1:].decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else self._bytes(int(rest), end)
        if kind == b"*":
            return None if rest == "-1" else [self._reply(end) for _ in range(int(rest))]
        raise ConnectionError(f"not RESP: {line!r}")

    def reply(self, timeout=None):
        """The next reply; TimeoutError when none comes.  A timeout in the midst of a reply loses
        what was read of it, so close the connection then."""
        value = self._reply(time.monotonic() + (self.timeout if timeout is None else timeout))
        if isinstance(value, RedisError):
            raise value
        return value

    def call(self, *args):
        self.send(*args)
        return self.reply()


class Subscription:
    """Messages of some channels."""

    def __init__(self, connection, channels):
        self.connection = connection
        connection.send("SUBSCRIBE", *channels)
        for _ in channels:
            connection.reply()

    def get(self, timeout=5.0):
        """The next message as (channel, text); TimeoutError when none comes."""
        kind, channel, text = self.connection.reply(timeout)
        assert kind == "message"
        return channel, text

    def close(self):
        self.connection.close()


class Redis:
    """Commands, each on one connection that is made when first needed."""

    def __init__(self, port, password=None, username=None):
        self.port, self.password, self.username = port, password, username
        self.connection = None

    def _connect(self):
        return Connection(self.port, self.password, self.username)

    def __call__(self, *args):
        """Send one command and return its reply; raises RedisError for an error reply.  Connects
        anew after any failure of the connection."""
        if self.connection is None:
            self.connection = self._connect()
        try:
            return self.connection.call(*args)
        except OSError:
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def subscribe(self, *channels):
        return Subscription(self._connect(), channels)

    def publish(self, channel, text):
        """What the suite does for each message: stream and channel in one transaction."""
        self("MULTI")
        self("XADD", f"agentic:{channel}", "MAXLEN", "~", "10000", "*", "json", text)
        self("PUBLISH", channel, text)
        return self("EXEC")

    def stream(self, channel, start="-", end="+"):
        """[(stream id, text)] of agentic:channel, oldest first."""
        return [(i, dict(zip(f[::2], f[1::2]))["json"])
                for i, f in self("XRANGE", f"agentic:{channel}", start, end)]


class RedisServer:
    """A private redis-server on a free port of 127.0.0.1; .redis is a client of it.

    ${appendonly}: every write is on disk before it is answered, so that kill() and start() lose
    nothing; without it a restart comes back empty.  ${acl}: lines of an ACL file.
    .process_env: environment of the redis-server that start() starts.
    """

    def __init__(self, password=None, appendonly=False, acl=None):
        self.password, self.appendonly = password, appendonly
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix="agentic-redis-")
        self.acl = None
        if acl:
            self.acl = pathlib.Path(self.dir, "users.acl")
            self.acl.write_text("\n".join(acl) + "\n")
        self.process, self.process_env = None, {}
        self.redis = Redis(self.port, password)
        self.start()

    @property
    def env(self):
        """The settings by which a daemon finds it."""
        env = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.port)}
        if self.password:
            env["REDIS_PASSWORD"] = self.password
        return env

    def _answers(self):
        if not self.process.running():
            raise AssertionError("redis-server ended: " + self.process.stdout())
        try:
            return self.redis("PING") == "PONG"
        except OSError:
            return False
        except RedisError as e:
            return not str(e).startswith("LOADING")  # NOAUTH and the like: it is there

    def start(self):
        args = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                "--dir", self.dir, "--appendonly", "yes" if self.appendonly else "no",
                "--appendfsync", "always", "--protected-mode", "no"]
        if self.password:
            args += ["--requirepass", self.password]
        if self.acl:
            args += ["--aclfile", self.acl]
        self.process = Process(args, env=self.process_env)
        wait_for(self._answers, what="redis-server to answer")

    def kill(self):
        """kill -9."""
        self.redis.close()
        self.process.kill()
        self.process.close()

    def restart(self):
        self.kill()
        self.start()

    def pause(self):
        """SIGSTOP: connections stand, nothing answers."""
        self.process.signal(signal.SIGSTOP)

    def resume(self):
        self.process.signal(signal.SIGCONT)

    def close(self):
        self.resume()
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
