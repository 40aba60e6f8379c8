#!/usr/bin/env python3
"""The clients of load.py: requests on a clock, whatever becomes of those before; nothing is retried.

Its one argument is JSON: port, keepalive, fresh, slow (requests a second), slow_ms, timeout, seed,
prefix (of the ids).  One line of JSON on standard output for each request that ended, in the order
of Request in load.py; after SIGTERM and the last answer, {"sent": N}.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time

IDLE_SEC = 6.0  # a kept connection is not used after that; nginx keeps it for 10
POOL_MAX = 40
BODY_MAX = 65536


class Failure(Exception):
    """What became of a request that was not answered well."""


class Clients:
    def __init__(self, port, keepalive, fresh, slow, slow_ms, timeout, seed, prefix):
        self.port, self.slow_ms, self.timeout, self.prefix = port, slow_ms, timeout, prefix
        self.rates = {"keepalive": keepalive, "fresh": fresh, "slow": slow}
        self.random = random.Random(seed)
        self.idle = []  # (reader, writer, since)
        self.sent = 0
        self.tasks = set()
        self.over = asyncio.Event()

    # ---- connections ----

    def _kept(self):
        """An idle connection, any of them, so that some are idle for long; None without one."""
        now = time.monotonic()
        good = []
        for c in self.idle:
            if c[0].at_eof() or c[1].is_closing() or now - c[2] > IDLE_SEC:
                c[1].close()
            else:
                good.append(c)
        self.idle = good
        if not good:
            return None
        reader, writer, _ = good.pop(self.random.randrange(len(good)))
        return reader, writer

    async def _connect(self):
        try:
            return await asyncio.open_connection("127.0.0.1", self.port, limit=BODY_MAX)
        except ConnectionRefusedError:
            raise Failure("refused") from None
        except OSError as e:
            raise Failure(f"connect: {e.strerror}") from None

    # ---- one request ----

    async def _exchange(self, reader, writer, request_id, delay_ms, keep):
        """Send, read the answer; whether the connection can be kept."""
        connection = "" if keep else "Connection: close\r\n"
        writer.write(f"GET /?delay_ms={delay_ms} HTTP/1.1\r\nHost: suite\r\n"
                     f"X-Request-Id: {request_id}\r\n{connection}\r\n".encode())
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status, _, fields = head.partition("\r\n")
        headers = dict(line.split(": ", 1) for line in fields.splitlines() if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", "-1")))
        if status.split()[1] != "200":
            raise Failure("status " + status.split()[1])
        if json.loads(body)["service"] != "app":
            raise Failure("garbled")
        return keep and headers.get("connection") != "close"

    async def _once(self, request_id, delay_ms, keep):
        """Whether a kept connection was used."""
        kept = self._kept() if keep else None
        reader, writer = kept or await self._connect()
        good = False
        try:
            good = await self._exchange(reader, writer, request_id, delay_ms, keep)
            if good and len(self.idle) < POOL_MAX:
                self.idle.append((reader, writer, time.monotonic()))
            else:
                good = False
        except asyncio.IncompleteReadError as e:
            raise Failure("cut off" if e.partial else "closed") from None
        except (ConnectionError, OSError):
            raise Failure("reset") from None
        except (ValueError, KeyError, IndexError, asyncio.LimitOverrunError):
            raise Failure("garbled") from None
        finally:
            if not good:
                writer.close()
        return kept is not None

    async def _request(self, number, kind, due, keep):
        delay_ms = self.slow_ms if kind == "slow" else 0
        request_id = f"{self.prefix}-{number}"
        late_ms = (time.monotonic() - due) * 1000
        wall = time.time() - late_ms / 1000
        outcome, reused = "ok", False
        try:
            reused = await asyncio.wait_for(self._once(request_id, delay_ms, keep), self.timeout)
        except Failure as e:
            outcome = str(e)
        except asyncio.TimeoutError:
            outcome = "timeout"
        took_ms = (time.monotonic() - due) * 1000
        print(json.dumps([request_id, kind, round(wall, 4), round(late_ms, 2), round(took_ms, 2),
                          round(took_ms - delay_ms, 2), outcome, reused]), flush=True)

    # ---- the clock ----

    async def _send(self, kind):
        rate, due = self.rates[kind], time.monotonic()
        while rate > 0 and not self.over.is_set():
            due += self.random.expovariate(rate)
            try:
                await asyncio.wait_for(self.over.wait(), max(0.0, due - time.monotonic()))
                return
            except asyncio.TimeoutError:
                pass
            self.sent += 1
            keep = kind == "keepalive" or (kind == "slow" and self.random.random() < 0.5)
            task = asyncio.ensure_future(self._request(self.sent, kind, due, keep))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def run(self):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.over.set)
        await asyncio.gather(*[self._send(kind) for kind in self.rates])
        while self.tasks:
            await asyncio.gather(*self.tasks)
        for _, writer, _ in self.idle:
            writer.close()
        print(json.dumps({"sent": self.sent}), flush=True)


async def main():
    await Clients(**json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    try:
        os.nice(-5)  # what is measured is the service, not the wait for a processor here
    except PermissionError:
        pass
    asyncio.run(main())
