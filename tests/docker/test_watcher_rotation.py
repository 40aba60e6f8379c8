"""What the watcher puts in rotation, with a real nginx and real replicas: all that is ready and
nothing else, whatever goes wrong with nginx, its files, or what the watcher itself depends on."""

import threading
import time

from support.procs import wait_for
from support.watched import READY_SEC, Load


def test_nginx_starts_before_any_replica_and_serves_the_first_one(world):
    world.start_watcher()
    assert "server 127.0.0.1:9 down;" in world.file.read_text()
    world.start_lb()
    assert world.get()[0] == 502
    assert world.messages() == []

    name = world.start_replica()
    m = world.wait_servers([name])
    assert world.get()[0] == 200
    assert m["kind"] == "upstreams" and m["target"] == world.target and m["drained"] == []
    assert m["generation"] == world.generation() == 1
    assert m["servers"][0]["address"] == world.engine.address(name) + ":8080"
    assert m["servers"][0]["id"] == world.engine.inspect(name)["Id"]
    assert world.metric("agentic_watcher_servers") == 1
    assert world.metric("agentic_watcher_generation") == 1
    assert world.health()["status"] == "ok"


def test_a_load_balancer_that_comes_last_starts_with_the_list(world):
    world.create_lb()
    world.start_watcher()
    names = [world.start_replica(), world.start_replica(1)]
    wait_for(lambda: all(n in world.file.read_text() for n in names), READY_SEC, world.why)
    world.start_lb()
    assert world.get()[0] == 200
    world.wait_servers(names)
    assert world.metric("agentic_watcher_reloads_total") == 0


def test_a_replica_gets_requests_only_once_it_answers(world):
    world.start_all()
    # It runs, but nobody listens on the port.
    world.start_replica(1, "--env", "PORT=8099")
    name = world.start_replica(2)
    m = world.wait_servers([world.target, name])
    assert f"{world.target}-dup-1" not in world.file.read_text()
    world.engine.remove([f"{world.target}-dup-1"])
    with Load(world.port, 0, 2) as load:
        load.wait_more()
    assert load.failures == []
    assert world.last()["generation"] == m["generation"]


def test_without_a_path_the_health_check_or_a_connection_decides(world):
    names = world.start_all(READY_PATH="")
    often = ("--health-interval", "300ms", "--health-retries", "1")
    healthy = world.start_replica(1, "--health-cmd", "true", *often)
    sick = world.start_replica(2, "--health-cmd", "false", *often)
    world.start_replica(3, "--env", "PORT=8099")
    world.wait_servers(names + [healthy])
    wait_for(lambda: world.engine.inspect(sick)["State"]["Health"]["Status"] == "unhealthy",
             what="a sick replica")
    last = world.start_replica(4)
    world.wait_servers(names + [healthy, last])


def test_a_file_that_nginx_refuses_is_rolled_back(world):
    names = world.start_all(1)
    good, running = world.file.read_text(), world.generation()
    timed = world.metric("agentic_watcher_reload_duration_seconds_count")
    conf = world.nginx_conf.read_text()
    world.nginx_conf.write_text("nonsense on;\n" + conf)
    more = world.start_replica(1)

    m = world.wait_message(lambda m: m["result"]["status"] == "error")
    assert 'unknown directive "nonsense"' in m["result"]["message"]
    assert [s["name"] for s in m["servers"]] == names and m["generation"] == running
    wait_for(lambda: world.file.read_text() == good, what=world.why)
    assert world.generation() == running
    assert world.get()[0] == 200

    # Said once, however often it is tried again.
    tried = world.metric("agentic_watcher_refused_total")
    wait_for(lambda: world.metric("agentic_watcher_refused_total") >= tried + 2, READY_SEC,
             "more attempts")
    assert [n for n in world.messages() if n["result"]["status"] == "error"] == [m]
    assert world.metric("agentic_watcher_failures_total") >= tried
    assert world.metric('agentic_dependency_up{dependency="nginx"}') == 0
    assert world.metric("agentic_watcher_reload_duration_seconds_count") == timed

    world.nginx_conf.write_text(conf)
    world.wait_servers(names + [more])
    assert world.metric("agentic_watcher_reload_duration_seconds_count") == timed + 1


def test_a_list_that_others_changed_is_put_right(world):
    names = world.start_all(1)
    running = world.generation()
    # nginx was reloaded with another file: the next resync finds it out.
    good = world.file.read_text()
    world.file.write_text(good.replace(f'"{running}"', '"4711"'))
    world.engine.run("exec", world.lb, "nginx", "-s", "reload")
    wait_for(lambda: world.generation() == 4711, what="the other file to be loaded")
    wait_for(lambda: world.generation() == running, READY_SEC, world.why)
    world.wait_servers(names)


def test_events_of_a_burst_make_few_reloads(world):
    names = world.start_all(1)
    before = world.metric("agentic_watcher_reloads_total")
    threads = [threading.Thread(target=world.start_replica, args=(i,)) for i in range(1, 6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    world.wait_servers(names + [f"{world.target}-dup-{i}" for i in range(1, 6)], 30)
    assert world.metric("agentic_watcher_reloads_total") - before <= 5


def test_it_waits_for_docker_and_redis(world):
    """Away at the start, both are waited for; SIGTERM ends it in time all the same."""
    world.redis.kill()
    world.start_watcher(DOCKER_HOST=f"unix://{world.dir}/nobody.sock")

    def both_down():
        parts = (world.health() or {"dependencies": {}})["dependencies"]
        return all(name in parts and parts[name]["detail"] and not parts[name]["up"]
                   for name in ("docker", "redis"))

    wait_for(both_down, what=lambda: str(world.health()))
    started = time.monotonic()
    assert world.watcher.terminate() == 0
    assert time.monotonic() - started < 2.5
