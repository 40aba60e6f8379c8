"""The load balancer of the suite: nginx with nginx/nginx.conf itself, moved to free ports and a
directory of its own.

    lb = LoadBalancer([8080, 8081])          # ports of the replicas
    lb.url, lb.env                           # for users; for the monitor
    lb.start(); lb.kill(); lb.close()
"""

import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from .procs import ROOT, Process, free_port, wait_for


def _version():
    text = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return tuple(int(n) for n in re.search(r"nginx/([\d.]+)", text)[1].split("."))


class LoadBalancer:
    def __init__(self, replicas):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="agentic-lb-"))
        self.dir.chmod(0o755)
        for name in ("tmp", "run", "conf.d"):
            (self.dir / name).mkdir()
        (self.dir / "tmp").chmod(0o777)
        self.ports = {80: free_port(), 8082: free_port(), 8083: free_port()}
        self.url = f"http://127.0.0.1:{self.ports[80]}/"
        self.status_url = f"http://127.0.0.1:{self.ports[8082]}"
        self.socket = self.dir / "run" / "access.sock"
        self.env = {"TARGET_URL": f"http://127.0.0.1:{self.ports[8083]}/", "LB_URL": self.status_url,
                    "ACCESS_LOG_SOCKET": self.socket}
        self.process = None
        self._write(replicas)

    def _write(self, replicas):
        servers = "".join(f"server 127.0.0.1:{port} max_fails=0; " for port in replicas)
        (self.dir / "conf.d" / "agentic-upstreams.conf").write_text(
            f"upstream agentic {{ zone agentic 1m; least_conn; {servers} keepalive 64; }}\n"
            'map "" $agentic_generation { default "1"; }\n')
        text = (ROOT / "nginx" / "nginx.conf").read_text()
        text = text.replace("/tmp/", f"{self.dir}/tmp/").replace("/run/agentic", f"{self.dir}/run")
        text = text.replace("/etc/nginx/conf.d", f"{self.dir}/conf.d")
        for known, port in self.ports.items():
            text, n = re.subn(rf"(listen |^\t\t){known}\b", lambda m, p=port: self._moved(m[1], p),
                              text, flags=re.M)
            assert n > 0, f"nginx.conf has no port {known}"
        if _version() < (1, 27, 4):
            text = re.sub(r"^\s*keepalive_min_timeout .*$", "", text, flags=re.M)
        (self.dir / "nginx.conf").write_text(text)

    @staticmethod
    def _moved(before, port):
        return f"{before}127.0.0.1:{port}" if before.startswith("listen") else f"{before}{port}"

    def start(self):
        self.process = Process(["nginx", "-e", "stderr", "-p", self.dir,
                                "-c", self.dir / "nginx.conf", "-g", "daemon off;"])
        wait_for(self._answers, what=self.process.stderr)

    def _answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.ports[8082])) == 0

    def pids(self):
        """Of the master and its workers."""
        master = self.process.pid
        children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text()
        return [master, *map(int, children.split())]

    def stop(self):
        self.process.terminate()

    def close(self):
        if self.process:
            self.process.close()
        shutil.rmtree(self.dir)
