"""The load balancer of the suite in a container: nginx/nginx.conf itself."""

import http.client
import urllib.error
import urllib.request

from support.engine import NGINX_IMAGE
from support.procs import ROOT, free_port, wait_for

READY_SEC = 15


class Balancer:
    """Its files are in ${directory}: conf_dir (the upstream file), nginx_conf, and the directory of
    the access log's socket.  Ports 80, 8082 and 8083 are published on 127.0.0.1."""

    def __init__(self, engine, name, network, directory):
        self.engine, self.name, self.network = engine, name, network
        self.conf_dir, self.run_dir = directory / "conf.d", directory / "run"
        for d in (self.conf_dir, self.run_dir):
            d.mkdir(mode=0o755)
        self.socket = self.run_dir / "access.sock"
        self.nginx_conf = directory / "nginx.conf"
        self.nginx_conf.write_text((ROOT / "nginx" / "nginx.conf").read_text())
        self.nginx_conf.chmod(0o644)
        self.port, self.status_port, self.probe_port = free_port(), free_port(), free_port()
        self.status_url = f"http://127.0.0.1:{self.status_port}"
        self.probe_url = f"http://127.0.0.1:{self.probe_port}/"

    def create(self):
        ports = {self.port: 80, self.status_port: 8082, self.probe_port: 8083}
        self.engine.run(
            "create", "--name", self.name, "--network", self.network, "--init", "--read-only",
            "--user", "101:101", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--tmpfs", "/tmp:mode=1777",
            *[x for here, there in ports.items() for x in ("--publish", f"127.0.0.1:{here}:{there}")],
            "--volume", f"{self.nginx_conf}:/etc/nginx/nginx.conf:ro",
            "--volume", f"{self.conf_dir}:/etc/nginx/conf.d:ro",
            "--volume", f"{self.run_dir}:/run/agentic:ro",
            NGINX_IMAGE, "nginx", "-g", "daemon off;")

    def start(self):
        """Create it where it is not there, start it, wait until it answers."""
        if not self.engine.inspect(self.name):
            self.create()
        self.engine.run("start", self.name)
        wait_for(lambda: self.generation() is not None, READY_SEC, lambda: self.engine.logs(self.name))

    @staticmethod
    def get(path, port, timeout=2):
        """Body of a 2xx answer on a fresh connection; None when there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as reply:
                return reply.read().decode()
        except (OSError, http.client.HTTPException):
            return None

    def generation(self):
        """Of the configuration that nginx runs; None while it does not answer."""
        text = self.get("/generation", self.status_port)
        return int(text) if text and text.strip().isdigit() else None

    def workers(self):
        """Pids of nginx's workers, those that are shutting down too."""
        top = self.engine.call("GET", f"/containers/{self.name}/top?ps_args=-eo%20pid,args")
        return [row[0] for row in top["Processes"] if "nginx: worker process" in row[1]]
