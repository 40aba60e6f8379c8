"""What nginx/docker-proxy.conf lets the executor create: a clone of the template, and nothing that has
more of the host, however that is written.  Each body differs from a good one in one thing."""

import copy
import gzip
import json

import pytest

from support.engine import NGINX_IMAGE
from support.guarded import V, compact, request


def clone(inspect):
    """The body that the executor makes of the template, see executor/clone.c."""
    body = {k: v for k, v in inspect["Config"].items() if k != "Hostname"}
    body["HostConfig"] = copy.deepcopy(inspect["HostConfig"])
    body |= {"Image": inspect["Image"], "Labels": {"agentic.replica-of": inspect["Name"][1:]}}
    networks = {name: {} for name in inspect["NetworkSettings"]["Networks"]}
    return body | {"NetworkingConfig": {"EndpointsConfig": networks}}


# Settings that are refused, as JSON.
IN_HOST_CONFIG = """
"Privileged":true
"Privileged":"true"
"Privileged":1
"privileged":true
"PRIVILEGED":true
"pRIVILEGED":true
"Binds":["/:/host"]
"Binds":["/var/run/docker.sock:/var/run/docker.sock"]
"Binds":["/run/docker.sock:/x:ro"]
"Binds":["media:/media"]
"Binds":["..:/x"]
"Binds":["x"]
"binds":["/:/host"]
"BINDS":["/:/host"]
"bindS":["/:/host"]
"Bind\u017f":["/:/host"]
"Mounts":[{"Type":"bind","Source":"/","Target":"/host"}]
"Mounts":[{"Type":"bind","Source":"/","Target":"/host","BindOptions":{"Propagation":"shared"}}]
"Mounts":[{"Type":"volume","Target":"/ok"},{"Type":"bind","Source":"/","Target":"/host"}]
"Mounts":[{"Type":"volume","Source":"/","Target":"/host","type":"bind"}]
"Mounts":[{"Type":"volume","Source":"media","Target":"/x"}]
"Mounts":[{"Type":"volume","source":"media","Target":"/x"}]
"Mounts":[{"Type":"volume","\u017fource":"media","Target":"/x"}]
"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":DRIVER}]
"Mounts":[{"Type":"volume","Target":"/x","volumeoptions":DRIVER}]
"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":{"driverconfig":{"Name":"x"}}}]
"Mounts":[{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Options":[["exec"]]}}]
"Mounts":[{"Type":"npipe","Source":"x","Target":"/x"}]
"Mounts":[{"Type":"cluster","Source":"x","Target":"/x"}]
"Mounts":[{"Type":"image","Source":"x","Target":"/x"}]
"mounts":[{"Type":"bind","Source":"/","Target":"/host"}]
"VolumesFrom":["{other}"]
"VolumeDriver":"x"
"Devices":[{"PathOnHost":"/dev/sda","PathInContainer":"/dev/sda","CgroupPermissions":"rwm"}]
"DeviceRequests":[{"Driver":"nvidia","Count":-1}]
"DeviceCgroupRules":["a *:* rwm"]
"CapAdd":["ALL"]
"CapAdd":["SYS_ADMIN"]
"CapAdd":["CAP_SYS_ADMIN"]
"CapAdd":["sys_admin"]
"CapAdd":["NET_ADMIN"]
"CapAdd":["SYS_PTRACE"]
"CapAdd":["SYS_MODULE"]
"CapAdd":["CHOWN","SYS_ADMIN"]
"CapAdd":"ALL"
"capadd":["SYS_ADMIN"]
"SecurityOpt":["seccomp=unconfined"]
"SecurityOpt":["seccomp:unconfined"]
"SecurityOpt":["seccomp={}"]
"SecurityOpt":["apparmor=unconfined"]
"SecurityOpt":["apparmor:unconfined"]
"SecurityOpt":["label=disable"]
"SecurityOpt":["systempaths=unconfined"]
"SecurityOpt":["no-new-privileges:false"]
"SecurityOpt":["no-new-privileges","seccomp=unconfined"]
"NetworkMode":"host"
"NetworkMode":"container:{other}"
"NetworkMode":"container:{other_id}"
"NetworkMode":"ns:/proc/1/ns/net"
"networkmode":"host"
"Networ\u212aMode":"host"
"PidMode":"host"
"PidMode":"container:{other}"
"pidmode":"host"
"IpcMode":"host"
"IpcMode":"container:{other}"
"UTSMode":"host"
"UsernsMode":"host"
"CgroupnsMode":"container:{other}"
"Cgroup":"container:{other}"
"CgroupParent":"/"
"Runtime":"other"
"Isolation":"hyperv"
"Links":["{other}:x"]
"PublishAllPorts":true
"PortBindings":{"80/tcp":[{"HostPort":"1"}]}
"Annotations":{"a":"b"}
"ContainerIDFile":"/x"
"SomethingNew":true
"SomethingNew":{"a":1}
"LogConfig":{"Type":"syslog","Config":{"syslog-address":"unix:///var/run/docker.sock"}}
"LogConfig":{"Type":"fluentd","Config":{}}
"LogConfig":{"Type":"someplugin","Config":{}}
"MaskedPaths":[]
"MaskedPaths":""
"MaskedPaths":["/x"]
"MaskedPaths":["/proc/acpi","/proc/kcore","/proc/keys","/proc/timer_list","/proc/scsi"]
"MaskedPaths":["\\"/proc/acpi\\",\\"/proc/kcore\\",\\"/proc/keys\\",\\"/proc/timer_list\\",\\"/proc/scsi\\""]
"maskedpaths":[]
"MASKEDPATHS":[]
"Mas\u212aedPaths":[]
"Ma\u017fkedPaths":[]
"ReadonlyPaths":[]
"ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys"]
"ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","x\\",\\"/proc/sys","/proc/sysrq-trigger"]
"ReadonlyPaths":["/proc/bus,/proc/fs,/proc/irq,/proc/sys,/proc/sysrq-trigger"]
"readonlypaths":[]
"readonlypaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]
"READONLYPATHS":[]
"ReadonlyPath\u017f":[]
"""

# Settings of HostConfig were once at the top level, and some engines take them from there still.
AT_THE_TOP = """
"Privileged":true
"privileged":true
"Binds":["/:/host"]
"PidMode":"host"
"NetworkMode":"host"
"CapAdd":["ALL"]
"MaskedPaths":[]
"readonlypaths":[]
"hostconfig":{"Privileged":true}
"HOSTCONFIG":{}
"Ho\u017ftConfig":{"Privileged":true}
"HostConfig":null
"HostConfig":{}
"Image":"nginx:1.30"
"Image":"sha256:0123"
"Image":""
"image":"nginx:1.30"
"Hostname":"redis"
"MacAddress":"02:42:ac:11:00:02"
"SomethingNew":"x"
"NetworkingConfig":null
"NetworkingConfig":{"EndpointsConfig":{"host":{}}}
"NetworkingConfig":{"EndpointsConfig":{"x":{"Aliases":["redis"]}}}
"NetworkingConfig":{"EndpointsConfig":{"x":{"IPAMConfig":{"IPv4Address":"10.0.0.1"}}}}
"NetworkingConfig":{"EndpointsConfig":{"x":{"DriverOpts":{"a":{"b":"c"}}}}}
"networkingconfig":{"EndpointsConfig":{"host":{}}}
"""
DRIVER = ('{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/"}}}')


def lines(table):
    return [line.replace("DRIVER", DRIVER) for line in table.splitlines() if line]


def in_host(text):
    """A change of the JSON text: something at the beginning and something at the end of HostConfig."""
    def change(body):
        start = body.index(b'"HostConfig":{') + len(b'"HostConfig":{')
        end = body.index(b'},"NetworkingConfig"')
        return [body[:start] + text + b"," + body[start:], body[:end] + b"," + text + body[end:]]
    return change


def at_top(text):
    return lambda body: [b"{" + text + b"," + body[1:], body[:-1] + b"," + text + b"}"]


BAD_TEXTS = {
    "escaped key": in_host(b'"\\u0050rivileged":true'),
    "escaped key inside": in_host(b'"Privi\\u006Ceged":true'),
    "escaped bind": in_host(b'"\\u0042inds":["/:/host"]'),
    "escaped at top": at_top(b'"\\u0050rivileged":true'),
    "escaped HostConfig": at_top(b'"\\u0048ostConfig":{"Privileged":true}'),
    "escaped MaskedPaths": in_host(b'"\\u004daskedPaths":[]'),
    "escaped Kelvin sign": in_host(b'"Mas\\u212aedPaths":[]'),
    "duplicate key": in_host(b'"Privileged":true'),
    "duplicate network": in_host(b'"NetworkMode":"host"'),
    "duplicate binds": in_host(b'"Binds":["/:/host"]'),
    "duplicate HostConfig": at_top(b'"HostConfig":{"Privileged":true}'),
    "duplicate HostConfig, empty": at_top(b'"HostConfig":{}'),
    "duplicate paths": in_host(b'"ReadonlyPaths":[]'),
    "key with NUL": in_host(b'"Privileged\\u0000":true'),
    "raw NUL": in_host(b'"Privileged\0":true'),
    "no UTF-8": in_host(b'"Privileged\xff":true'),
    "end inside a string": in_host(b'"Runtime":"\\"},\\"x\\":{"'),
    "white space": lambda body: [b" " + body, body + b"\n", body.replace(b":", b": ", 1)],
    "byte order mark": lambda body: [b"\xef\xbb\xbf" + body],
    "second document": lambda body: [body + body, body + b'{"HostConfig":{"Privileged":true}}'],
    "array": lambda body: [b"[" + body + b"]", b"[]", b"null", b'""', b"1"],
    "cut": lambda body: [body[:-1], body[:len(body) // 2], body[1:], b"{"],
    "comment": lambda body: [b"/**/" + body, body.replace(b"{", b"{/**/", 1)],
    "compressed": lambda body: [gzip.compress(body)],
    "deep": at_top(b'"Labels":' + b'{"a":' * 100_000 + b"{}" + b"}" * 100_000),
    "form": lambda body: [b"body=" + body],
    "huge": lambda body: [body[:-1] + b',"Labels":{"a":"' + b"x" * (1 << 20) + b'"}}'],
    "long and bad": in_host(b'"CapDrop":["' + b"x" * 900_000 + b'"],"Privileged":true'),
}


@pytest.fixture(scope="module")
def good(yard):
    """A body that is passed on; those below differ from it in one thing."""
    return clone(yard.inspects[yard.names["app"]])


def create(yard, body, **headers):
    return request("POST", f"{V}/containers/create?name={yard.names['app']}-dup-1", body, **headers)


@pytest.mark.parametrize("setting", lines(IN_HOST_CONFIG))
def test_refuses_in_host_config(yard, good, setting):
    body = copy.deepcopy(good)
    body["HostConfig"].update(json.loads("{%s}" % setting))
    yard.assert_refused("executor", create(yard, yard.fill(body)))


@pytest.mark.parametrize("setting", lines(AT_THE_TOP))
def test_refuses_at_the_top(yard, good, setting):
    body = {**good, **json.loads("{%s}" % setting)}
    yard.assert_refused("executor", create(yard, compact(body)))


@pytest.mark.parametrize("missing", ["HostConfig", "NetworkingConfig"])
def test_refuses_half_a_body(yard, good, missing):
    half = {k: v for k, v in good.items() if k != missing}
    yard.assert_refused("executor", create(yard, compact(half)))


@pytest.mark.parametrize("change", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_refuses_a_container_by_the_text(yard, good, change):
    for body in change(compact(good)):
        yard.assert_refused("executor", create(yard, body))


def chunked(body, size=1000, trailer=b""):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n" + trailer + b"\r\n"


def test_refuses_however_it_is_sent(yard, good):
    evil = copy.deepcopy(good)
    evil["HostConfig"]["Privileged"] = True
    evil = compact(evil)
    for size in (1, 7, 4096):
        yard.assert_refused("executor", create(yard, chunked(evil, size), Transfer_Encoding="chunked"))
    yard.assert_refused("executor", create(
        yard, chunked(evil, trailer=b"X-Agentic-Verdict: ok\r\n"), Transfer_Encoding="chunked"))
    yard.assert_refused("executor", create(yard, gzip.compress(evil), Content_Encoding="gzip"))
    packed = gzip.compress(compact(good))
    yard.assert_refused("executor", create(yard, packed, Content_Encoding="gzip"))
    yard.assert_refused("executor", create(yard, evil, Content_Type="text/plain"))
    yard.assert_refused("executor", create(yard, evil, Expect="100-continue", X_Agentic_Verdict="ok"))
    # In chunks of one byte it is longer than what is kept in memory, though the body itself is not.
    long = compact({**good, "Labels": {"a": "x" * 900_000}})
    yard.assert_refused("executor", create(yard, chunked(long, 1), Transfer_Encoding="chunked"))
    # Both a length and chunks: nginx takes neither's side.
    yard.assert_refused("executor", create(
        yard, chunked(evil), Transfer_Encoding="chunked", Content_Length=len(compact(good))), 400)


def test_refuses_other_connections(yard):
    app, other = yard.names["app"], yard.names["other"]
    body = {"EndpointConfig": {}, "Container": app + "-dup-1"}

    def refused(network, body):
        path = f"{V}/networks/{network}/connect"
        yard.assert_refused("executor", request("POST", path, compact(body)))
    refused("host", body)
    refused("%68ost", body)
    for container in (other, app, app + "-dup-0", app + "-drain-1", "0123456789abcdef" * 4):
        refused(yard.network, {**body, "Container": container})
    for change in ({"EndpointConfig": {"Aliases": ["redis"]}}, {"Force": True}, {"container": other}):
        refused(yard.network, {**body, **change})
    refused(yard.network, {})


def test_the_id_of_the_hosts_network_opens_nothing(yard, good):
    """The proxy cannot tell an id from a name.  The engine gives the container a network namespace of
    its own all the same."""
    engine, name = yard.engine, yard.names["app"] + "-dup-3"
    look = ["readlink", "/proc/self/ns/net"]
    network = engine.run("network", "ls", "--no-trunc", "--quiet", "--filter", "name=^host$").strip()
    hosts = engine.run("run", "--rm", "--network", "host", NGINX_IMAGE, *look)
    body = copy.deepcopy(good)
    body["HostConfig"]["NetworkMode"] = network
    body["NetworkingConfig"] = {"EndpointsConfig": {network: {}}}
    try:
        made, answer = yard.docker.ask("executor", "POST", f"{V}/containers/create?name={name}", body)
        assert made == 201, answer
        if yard.docker.ask("executor", "POST", f"{V}/containers/{name}/start")[0] == 204:
            assert engine.run("exec", name, *look) != hosts
    finally:
        engine.remove([name])


def test_the_life_of_a_replica(yard, good):
    """Every call of the executor, one after the other."""
    docker, app = yard.docker, yard.names["app"]

    def ask(method, path, body=None, status=204):
        got, answer = docker.ask("executor", method, V + path, body)
        assert got == status, answer
        return answer

    for body in (compact(good), chunked(compact(good))):
        headers = {"Transfer_Encoding": "chunked"} if body != compact(good) else {}
        status, made = docker.send("executor", create(yard, body, **headers))
        assert status == 201, made
        yard.engine.run("network", "create", f"{yard.network}-2")
        connection = {"EndpointConfig": {}, "Container": f"{app}-dup-1"}
        ask("POST", f"/networks/{yard.network}-2/connect", connection, 200)
        ask("POST", f"/containers/{app}-dup-1/start")
        replica = ask("GET", f"/containers/{app}-dup-1/json", None, 200)
        assert replica["Id"] == json.loads(made)["Id"] and replica["State"]["Running"]
        assert set(replica["NetworkSettings"]["Networks"]) == {yard.network, f"{yard.network}-2"}
        ask("POST", f"/containers/{app}-dup-1/rename?name={app}-drain-1")
        ask("POST", f"/containers/{app}-drain-1/stop?t=1")
        ask("DELETE", f"/containers/{app}-drain-1?v=1")
        yard.engine.run("network", "rm", f"{yard.network}-2")
    assert yard.replicas() == []
    assert ask("GET", f"/containers/{app}/json", None, 200)["Name"] == "/" + app


HARMLESS = [
    "--env", 'A="Privileged":true,"Binds":["/:/x"]', "--env", "B=\u00fcber \\ \u4e2d \t {}[]",
    "--label", 'c="d"', "--workdir", "/tmp", "--user", "101:101", "--memory", "64m", "--cpus", "0.5",
    "--pids-limit", "50", "--ulimit", "nofile=99:99", "--shm-size", "1m", "--oom-score-adj", "10",
    "--tmpfs", "/run:rw,size=1m", "--volume", "/anonymous", "--mount", "type=volume,target=/b",
    "--mount", "type=tmpfs,target=/a,tmpfs-size=1000000,tmpfs-mode=1777",
    "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE", "--security-opt", "no-new-privileges:true",
    "--read-only", "--restart", "unless-stopped", "--log-opt", "max-size=1m", "--dns", "192.0.2.1",
    "--add-host", "x:192.0.2.2", "--sysctl", "net.core.somaxconn=99", "--group-add", "1",
    "--stop-signal", "KILL", "--stop-timeout", "1", "--expose", "8080",
    "--health-cmd", "true", "--health-interval", "1s"]


def test_a_template_with_all_that_is_harmless_is_passed(yard):
    engine, name = yard.engine, yard.names["app"] + "-dup-8"
    engine.run("run", "--detach", "--init", "--name", name, "--network", yard.network, *HARMLESS,
               NGINX_IMAGE, "sleep", "infinity")
    body = clone(engine.inspect(name))
    for mount in body["HostConfig"]["Mounts"]:  # as the executor: an anonymous volume is a fresh one
        if mount["Type"] == "volume":
            mount.pop("Source", None)
    engine.remove([name])
    status, answer = yard.docker.ask("executor", "POST", f"{V}/containers/create?name={name}", body)
    assert status == 201, answer
    status, _ = yard.docker.ask("executor", "POST", f"{V}/containers/{name}/start")
    replica = engine.inspect(name)
    engine.remove([name])
    assert status == 204 and replica["Config"]["Env"][:2] == body["Env"][:2]
