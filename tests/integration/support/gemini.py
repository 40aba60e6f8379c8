"""A stand-in for Gemini (and for whatever speaks OpenAI's chat completions) on 127.0.0.1.

    g = Gemini()
    g.script(verdict("scale_up"), error(503))   # what it answers in turn; then g.otherwise
    g.hold()                                    # questions arrive, answers wait for g.release()
    g.url                                       # for LLM_URL
    g.requests                                  # what it was asked so far
"""

import dataclasses
import http.server
import json
import re
import threading


@dataclasses.dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    missing: int = 0  # bytes that Content-Length promises beyond the body


@dataclasses.dataclass
class Request:
    path: str
    headers: dict
    body: dict

    @property
    def model(self):
        """The model that is asked."""
        found = re.search(r"/models/([^:]+):generateContent$", self.path)
        return found.group(1) if found else self.body.get("model")

    @property
    def figures(self):
        """What it is told of the service."""
        text = self.body["contents"][0]["parts"][0]["text"]
        return json.loads(text)


def reply(value, status=200, **headers):
    return Reply(status, json.dumps(value).encode(), headers)


# --- Gemini ---

USAGE = {"promptTokenCount": 500, "candidatesTokenCount": 30, "thoughtsTokenCount": 10,
         "totalTokenCount": 540}


def text(words, finish="STOP", **more):
    """A candidate that says ${words}."""
    return reply({"candidates": [{"content": {"role": "model", "parts": [{"text": words}]},
                                  "finishReason": finish, "index": 0}],
                  "usageMetadata": USAGE, "modelVersion": "gemini-3.5-flash-lite", **more})


def words_of(action, reason="as the fake says", **more):
    return json.dumps({"reason": reason, "action": action, **more})


def verdict(action, reason="as the fake says", **more):
    return text(words_of(action, reason, **more))


def error(status, name="", message="as the fake says", details=()):
    return reply({"error": {"code": status, "message": message, "status": name,
                            "details": list(details)}}, status)


def retry_info(delay):
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def quota(name):
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaMetric": "generate_content_free_tier_requests",
                            "quotaId": name, "quotaValue": "20"}]}


def reason(name):
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": name,
            "domain": "googleapis.com"}


def thoughts_only():
    """Thinking ate all the tokens there were."""
    return reply({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS",
                                  "index": 0}],
                  "usageMetadata": {"promptTokenCount": 500, "thoughtsTokenCount": 4093,
                                    "totalTokenCount": 4593},
                  "modelVersion": "gemini-3.5-flash-lite"})


def blocked(why="PROHIBITED_CONTENT"):
    return reply({"promptFeedback": {"blockReason": why},
                  "usageMetadata": {"promptTokenCount": 500},
                  "modelVersion": "gemini-3.5-flash-lite"})


def cut_off():
    """The connection ends in the middle of a good answer."""
    whole = verdict("scale_up").body
    return Reply(200, whole[:-20], missing=20)


def huge(size):
    return text("x" * size)


# --- OpenAI ---

def choice(words, finish="stop", **message):
    return reply({"choices": [{"index": 0, "finish_reason": finish,
                               "message": {"role": "assistant", "content": words, **message}}],
                  "model": "local-7b", "usage": {"prompt_tokens": 400, "completion_tokens": 20}})


# --- the server ---

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        fake = self.server.fake
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = fake.take(Request(self.path, dict(self.headers), json.loads(body)))
        fake.gate.wait()
        self.close_connection = True
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(answer.body) + answer.missing))
            self.end_headers()
            self.wfile.write(answer.body)
        except OSError:
            pass  # whoever asked is gone, as it may be

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that left in the midst of its question


class Gemini:
    def __init__(self):
        self.requests, self.replies = [], []
        self.otherwise = verdict("noop")
        self.lock = threading.Lock()
        self.gate = threading.Event()
        self.gate.set()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.fake = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1beta/models/{{model}}:generateContent"

    @property
    def openai_url(self):
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"

    def script(self, *replies):
        self.replies.extend(replies)

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            return self.replies.pop(0) if self.replies else self.otherwise

    def hold(self):
        self.gate.clear()

    def release(self):
        self.gate.set()

    def close(self):
        self.release()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
