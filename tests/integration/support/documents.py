"""What the documents tell people to type.

    text = read("docs/your-service.md")
    commands(section(text, "Away with it"))     # lines indented by four, or in ```sh
    block(text, ".env")                         # the fenced block that begins "# .env"
"""

import re

from .procs import ROOT


def read(name):
    return (ROOT / name).read_text()


def section(text, heading):
    """From a heading of the second level to the next."""
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def block(text, title):
    return re.search(rf"^```\w+\n(# {re.escape(title)}\n.*?)^```", text, re.M | re.S)[1]


def commands(text):
    """Commands as typed, continued lines joined to one; without comments at their ends.  A figure,
    which has lines and arrows, is none."""
    plain = re.sub(r"^```(?!sh$).*?^```$", "", text, flags=re.M | re.S)
    fenced = re.sub(r"^```sh\n(.*?)^```$", lambda m: re.sub("^", "    ", m[1], flags=re.M), plain,
                    flags=re.M | re.S)
    blocks = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", fenced + "\n", re.M)
    blocks = [b for b in blocks if not re.search("[│─►▲▼]", b)]
    lines = "".join(re.sub("^    ", "", b, flags=re.M) for b in blocks)
    joined = re.sub(r"\\\n\s*", "", lines)
    commands_only = (re.sub(r"(^|\s+)# .*", "", line).rstrip() for line in joined.splitlines())
    return [c for c in commands_only if c]


# --- who runs which ---

# Documents whose indented lines are messages and C, no commands.
OTHER = ("DESIGN.md", "docs/protocol.md")

# tests/docker/test_own_service.py follows it step by step.
STEP_BY_STEP = "docs/your-service.md"

# Run by another test or script: the file, and words of it that show that it does.
ELSEWHERE = {
    "docker build --network host -t agentic-autoscaler .":
        ("tests/docker/support/engine.py", '"build", "--quiet", "--network", "host"'),
    "docker compose -f docker-compose.yml -f docker-compose.override.yml "
    "-f deploy/prometheus/compose.yml up -d":
        ("tests/docker/test_compose_metrics.py", '"docker-compose.override.yml", beside'),
    "prometheus --config.file=deploy/prometheus/prometheus.yml --storage.tsdb.path=/tmp/prometheus":
        ("tests/integration/test_metrics.py", "--config.file="),
    "make": ("Makefile", "$(MAKE) all"),
    "make browser": ("Makefile", "scripts/run-tests browser"),  # `make docker` runs its tests
    "make docker": ("Makefile", "$(MAKE) -k unit integration docker"),
    "make down": ("tests/docker/support/compose.py", "scripts/down"),
    "make integration": ("Makefile", "$(MAKE) -k unit integration docker"),
    "make lint": (".ci/run", "make lint"),
    "make setup": (".ci/run", "scripts/setup"),
    "make test": (".ci/run", "make test"),
    "make unit": ("Makefile", "$(MAKE) -k unit integration docker"),
    "scripts/engine": ("scripts/demo", "\nscripts/engine\n"),
    "scripts/images": ("tests/docker/support/engine.py", 'script("images")'),
    "scripts/setup demo": ("scripts/demo", "\nscripts/setup demo\n"),
    "make && sudo make install":
        ("tests/integration/support/install.py", '"make", *args]'),
    "make deb": ("tests/integration/test_deb.py", 'make("deb")'),
    "sudo systemd-sysusers && sudo systemd-tmpfiles --create && sudo systemctl daemon-reload":
        ("tests/integration/test_install.py", "systemd-sysusers --root"),
    "sudo /usr/local/share/agentic-autoscaler/redis/make-users /etc/agentic-autoscaler/redis "
    "users.acl=redis": ("tests/integration/test_install.py", '"redis" / "make-users"'),
    "systemctl enable --now agentic-docker-proxy agentic-monitor agentic-planner agentic-executor "
    "agentic-watcher agentic-dashboard":
        ("tests/integration/test_deb.py", '"enable", "agentic-planner"'),
    "sudo deploy/redis/make-users /etc/agentic-redis users.acl=redis monitor=10011 planner=10012 "
    "executor=10013 watcher=10014 subscriber=10015 dashboard=10016":
        ("docker-compose.yml", "      - planner=10012\n"),
    "REDIS_USERNAME=planner REDIS_PASSWORD_FILE=/etc/agentic-redis/planner build/bin/planner":
        ("tests/integration/test_redis_acl.py", '"REDIS_PASSWORD_FILE": self.keys'),
    "systemd-analyze security agentic-executor":
        ("tests/integration/test_systemd.py", '"systemd-analyze", "security"'),
}

# Of a fresh machine, or of somebody's own clone: tried by hand for each release.
BY_HAND = ("sudo apt-get install -y git make", "make demo", "git pull")


def all_commands():
    """[(document, command)] of all documents, as they stand there."""
    names = sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"),
                                                      *ROOT.glob("deploy/**/*.md")])
    return [(n, c) for n in names if n not in (*OTHER, STEP_BY_STEP) for c in commands(read(n))]


def of_compose(command):
    """Whether it is for a suite that runs in compose: tests/docker/test_compose.py runs it."""
    return re.match(r"docker |echo .*\| docker ", command) and command not in ELSEWHERE


def here(command):
    """Whether tests/integration/test_doc_commands.py runs it."""
    return not of_compose(command) and command not in ELSEWHERE and command not in BY_HAND
