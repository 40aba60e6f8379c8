"""Proxies that stand between a daemon and what it talks to, and misbehave when told to.

    proxy = RedisProxy(server.port)           # a daemon gets REDIS_PORT=proxy.port
    with proxy.swallowing(): …                # nothing arrives on the subscription
    with proxy.cut(): …                       # connections are cut, new ones refused

    proxy = DockerProxy(engine.socket, path)  # a daemon gets DOCKER_HOST=unix://path
    with proxy.failing("error", rng): …       # "slow", "error" (500), "half" (half a body)
"""

import contextlib
import os
import select
import socket
import threading
import time


class Proxy:
    """Accepts connections and hands each to serve(client) on a thread of its own."""

    def __init__(self, listener):
        self.listener = listener
        self.lock = threading.Lock()
        self.open = set()
        self.closing = False
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def serve(self, client):
        raise NotImplementedError

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self._keep(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _keep(self, sock):
        with self.lock:
            self.open.add(sock)
        return sock

    def _drop(self, sock):
        with self.lock:
            self.open.discard(sock)
        sock.close()

    def _serve(self, client):
        try:
            self.serve(client)
        except (OSError, ValueError):
            pass  # either side is gone: what this is for
        finally:
            self._drop(client)

    def cut_all(self):
        """End every connection there is."""
        with self.lock:
            for sock in self.open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.closing = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join(5)
        self.cut_all()


def frame_end(data, at=0):
    """Index behind the RESP2 value that begins at ${at}; None where it is not complete."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    kind, end = data[at:at + 1], line + 2
    if kind == b"$":
        n = int(data[at + 1:line])
        end = end + n + 2 if n >= 0 else end
        return end if end <= len(data) else None
    if kind == b"*":
        for _ in range(max(0, int(data[at + 1:line]))):
            end = frame_end(data, end)
            if end is None:
                return None
    return end


class RedisProxy(Proxy):
    """Passes RESP on, reply by reply, so that what comes by a subscription can be left out."""

    PUSHES = (b"*3\r\n$7\r\nmessage\r\n", b"*2\r\n$4\r\npong\r\n")

    def __init__(self, port):
        self.server_port = port
        self.dropping = self.refusing = False
        self.swallowed = 0
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        super().__init__(listener)

    def serve(self, client):
        if self.refusing:
            return
        server = self._keep(socket.create_connection(("127.0.0.1", self.server_port), timeout=5))
        try:
            server.settimeout(None)
            self._relay(client, server)
        finally:
            self._drop(server)

    def _relay(self, client, server):
        held = b""
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if ready is client:
                    server.sendall(data)
                else:
                    held = self._replies(client, held + data)

    def _replies(self, client, data):
        """Pass on the replies that are complete; the rest."""
        at = 0
        while (end := frame_end(data, at)) is not None:
            if self.dropping and data.startswith(self.PUSHES, at):
                self.swallowed += 1
            else:
                client.sendall(data[at:end])
            at = end
        return data[at:]

    @contextlib.contextmanager
    def swallowing(self):
        """As a link that dies: what is on its way is lost, and in the end the connection."""
        self.dropping = True
        try:
            yield
        finally:
            self.cut_all()
            self.dropping = False

    @contextlib.contextmanager
    def cut(self):
        self.refusing = True
        self.cut_all()
        try:
            yield
        finally:
            self.refusing = False


class DockerProxy(Proxy):
    """Passes HTTP on, one request a connection, so that each can be spoilt by itself."""

    SLOW_SEC = 2.0
    REFUSAL = b'{"message":"the tests had this fail"}'

    def __init__(self, upstream, path):
        self.upstream, self.path = upstream, str(path)
        self.mode, self.rng = None, None
        self.spoilt = 0
        self.changes = []  # (monotonic time, request line) of all that was no GET
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.path)
        os.chmod(self.path, 0o666)
        listener.listen(64)
        super().__init__(listener)

    def close(self):
        super().close()
        os.unlink(self.path)

    @staticmethod
    def _request(client):
        """One whole request, told to close its connection; b"" when there is none."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                return b""
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        fields = {n.strip().lower(): v.strip() for n, v in (x.split(b":", 1) for x in lines[1:])}
        if b"100-continue" in fields.get(b"expect", b"").lower():
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < int(fields.get(b"content-length", 0)):
            more = client.recv(65536)
            if not more:
                return b""
            body += more
        kept = [x for x in lines if not x.lower().startswith((b"connection:", b"expect:"))]
        return b"\r\n".join(kept + [b"Connection: close", b"", b""]) + body

    def serve(self, client):
        request = self._request(client)
        mode = self.mode
        if not request:
            return
        self.spoilt += mode is not None
        if not request.startswith(b"GET "):
            self.changes.append((time.monotonic(), request.split(b"\r\n", 1)[0].decode()))
        if mode == "slow":
            time.sleep(self.rng.uniform(0.5, 1) * self.SLOW_SEC)
        # A request that fails may or may not have been carried out.
        if mode != "error" or self.rng.random() < 0.5:
            self._forward(client, request, mode)
        if mode == "error":
            client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
                           % (len(self.REFUSAL), self.REFUSAL))

    def _forward(self, client, request, mode):
        server = self._keep(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            server.connect(self.upstream)
            server.sendall(request)
            if mode == "error":
                server.recv(65536)  # done, or begun
            elif mode == "half":
                self._half(client, server)
            else:
                self._whole(client, server)
        finally:
            self._drop(server)

    @staticmethod
    def _whole(client, server):
        while True:
            # A client that leaves ends it too: it follows events on a request without an end.
            ready = select.select([client, server], [], [])[0]
            data = server.recv(65536) if server in ready else b""
            if not data:
                return
            client.sendall(data)

    @staticmethod
    def _half(client, server):
        data = server.recv(65536)
        while b"\r\n\r\n" not in data:
            more = server.recv(65536)
            if not more:
                return
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        if not body and b"204" not in head[:16]:
            body = server.recv(65536)
        client.sendall(head + b"\r\n\r\n" + body[:len(body) // 2])

    @contextlib.contextmanager
    def failing(self, mode, rng):
        self.rng, self.mode = rng, mode
        self.cut_all()  # a stream of events that stood before would be passed on whole
        try:
            yield
        finally:
            self.mode = None
            self.cut_all()
