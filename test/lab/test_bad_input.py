"""Bad input gets an event and a log line that name object, field and remedy; the last good configuration stays."""

from lab.cluster import NAMESPACE
from lab.processes import wait_until

POOLS = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools"


def test_an_unparsable_pool_is_reported_and_the_last_good_configuration_stays(lab):
    bad = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "bad"},
           "spec": {"addresses": ["192.168.1.300-192.168.1.310"]}}
    lab.cluster.api.create(POOLS, bad)
    try:
        def reported():
            return [e for e in lab.events("InvalidConfiguration", NAMESPACE) if e["involvedObject"]["name"] == "bad"]

        message = wait_until(reported, 10, "an event about the pool")[0]["message"]
        assert "spec.addresses[0]" in message and "192.168.1.300" in message
        log = open(lab.cluster.controller.log_path).read()
        assert "failed to parse the configuration" in log and "spec.addresses[0]" in log
        lab.service("meanwhile")
        assert lab.cluster.wait_for_ingress("default", "meanwhile")[0].startswith("192.168.1.20")
        assert lab.answering_nodes("192.168.1.200") == ["master1"]
    finally:
        lab.cluster.api.delete(f"{POOLS}/bad")
        lab.delete_service("meanwhile")


def test_an_unparsable_request_is_reported_on_the_service(lab):
    lab.service("confused", annotations={"metallb.io/loadBalancerIPs": "192.168.1.2oo"})
    try:
        def reported():
            return [e for e in lab.events("AllocationFailed") if e["involvedObject"]["name"] == "confused"]

        message = wait_until(reported, 10, "an event about the request")[0]["message"]
        assert "metallb.io/loadBalancerIPs" in message and "192.168.1.2oo" in message
        assert lab.cluster.ingress("default", "confused") == []
    finally:
        lab.delete_service("confused")


def test_a_request_outside_every_pool_is_refused_with_the_reason(lab):
    lab.service("greedy", loadBalancerIP="10.9.9.9")
    try:
        wait_until(lambda: any("is not allowed in config" in e["message"] for e in lab.events("AllocationFailed")), 10, "the event")
        assert lab.cluster.ingress("default", "greedy") == []
    finally:
        lab.delete_service("greedy")
