"""Things go away and come back: nothing is withdrawn, nothing is reassigned, nothing is given twice."""

import random
import time

from lab.api import wait_for_api
from lab.processes import wait_until

_OUTAGE_SECONDS = 60


def addresses_of(lab, names):
    return {name: lab.cluster.ingress("default", name) for name in names}


def outage(lab, seconds, owners):
    """Watches for `seconds` that every address goes on being answered by its owner."""
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        for address, owner in owners.items():
            assert lab.answering_nodes(address, timeout=0.2) == owner
        time.sleep(0.5)


def assert_right_afterwards(lab, before, owners):
    wait_for_api(lab.cluster.api)
    lab.service("after")
    new = lab.cluster.wait_for_ingress("default", "after", timeout=60)
    assert new[0] not in {ip for ips in before.values() for ip in ips}
    assert addresses_of(lab, before) == before
    wait_until(lambda: len(lab.answering_nodes(new[0])) == 1, 20, "the new address answers")
    for address, owner in owners.items():
        assert lab.answering_nodes(address) == owner


def prepared(lab):
    """Three Services, their addresses and who answers for them."""
    for name in ("one", "two"):
        lab.service(name)
        lab.cluster.wait_for_ingress("default", name)
    before = addresses_of(lab, ["myapp", "one", "two"])
    owners = {ips[0]: wait_until(lambda ips=ips: lab.answering_nodes(ips[0]) or None, 10, "an answer") for ips in before.values()}
    assert all(len(owner) == 1 for owner in owners.values())
    return before, owners


def test_the_api_server_stopped_for_a_minute_and_started_again_changes_nothing(fresh_lab):
    """It starts with its objects and an empty watch window, as a real one does: every watcher has to list afresh."""
    before, owners = prepared(fresh_lab)
    fresh_lab.cluster.api_server.stop()
    outage(fresh_lab, _OUTAGE_SECONDS, owners)
    fresh_lab.cluster.api_server.start()
    assert_right_afterwards(fresh_lab, before, owners)


def test_a_frozen_api_server_changes_nothing(fresh_lab):
    """Connections stay open and nothing answers: the worst kind of outage."""
    before, owners = prepared(fresh_lab)
    fresh_lab.cluster.api_server.suspend()
    try:
        outage(fresh_lab, 20, owners)
    finally:
        fresh_lab.cluster.api_server.resume()
    assert_right_afterwards(fresh_lab, before, owners)


def test_a_controller_killed_at_any_moment_keeps_every_address_and_gives_none_twice(fresh_lab):
    lab = fresh_lab
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    known = {"myapp": lab.cluster.ingress("default", "myapp")}
    for round_ in range(6):
        name = f"kill-{round_}"
        lab.service(name)
        time.sleep(chance.uniform(0, 0.03))
        lab.cluster.controller.kill()
        lab.cluster.controller.start()
        known[name] = lab.cluster.wait_for_ingress("default", name, timeout=20)
        assert addresses_of(lab, known) == known
        everything = [ip for ips in known.values() for ip in ips]
        assert len(everything) == len(set(everything))


def test_a_killed_speaker_comes_back_and_answers_again(fresh_lab):
    lab = fresh_lab
    wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["master1"], 10, "master1 answers")
    lab.cluster.speakers["master1"].kill()
    assert lab.answering_nodes("192.168.1.200") == []
    lab.cluster.speakers["master1"].start()
    wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["master1"], 10, "master1 answers again")
    assert lab.cluster.announcing_node("default", "myapp") == "master1"
