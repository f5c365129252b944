"""The main job on the wire: one node answers for an address, and the right one."""

import os
import re

import pytest

from lab.conftest import EXAMPLES
from lab.cluster import NAMESPACE
from lab.processes import wait_until


def only_answer(lab, address, timeout=10.0):
    """The one node that answers, once exactly one does."""
    return wait_until(lambda: (lambda nodes: nodes[0] if len(nodes) == 1 else None)(lab.answering_nodes(address)), timeout,
                      f"one node that answers for {address}")


def test_the_first_service_gets_the_lowest_address_and_the_node_that_the_vectors_name(lab):
    assert lab.cluster.ingress("default", "myapp") == ["192.168.1.200"]
    # layer2 spec 2.3: master1 > worker1 > master2 > worker2 for 192.168.1.200
    assert only_answer(lab, "192.168.1.200") == "master1"


def test_the_client_reaches_both_pods(lab):
    seen = set()
    wait_until(lambda: seen.update(re.findall(r"pod: (\S+)", lab.cluster.curl("http://192.168.1.200/"))) or len(seen) == 2, 10,
               "answers of both pods")
    assert seen == {"myapp-1", "myapp-2"}


def test_status_object_event_and_wire_agree(lab):
    node = only_answer(lab, "192.168.1.200")
    assert lab.cluster.announcing_node("default", "myapp") == node
    messages = {e["message"] for e in lab.events("nodeAssigned") if e["involvedObject"]["name"] == "myapp"}
    assert f'announcing from node "{node}" with protocol "layer2"' in messages


def test_an_excluded_node_hands_over_and_takes_back(lab):
    api = lab.cluster.api
    assert only_answer(lab, "192.168.1.200") == "master1"
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    api.merge("/api/v1/nodes/master1", {"metadata": {"labels": {label: ""}}})
    try:
        wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["worker1"], 10, "worker1 takes over")
        assert lab.cluster.announcing_node("default", "myapp") == "worker1"
    finally:
        api.merge("/api/v1/nodes/master1", {"metadata": {"labels": {label: None}}})
    wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["master1"], 10, "master1 takes it back")


def test_network_unavailable_moves_the_address(lab):
    api = lab.cluster.api
    conditions = [{"type": "Ready", "status": "True"}]
    api.merge("/api/v1/nodes/master1/status", {"status": {"conditions": [*conditions, {"type": "NetworkUnavailable", "status": "True"}]}})
    try:
        wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["worker1"], 10, "worker1 takes over")
    finally:
        api.merge("/api/v1/nodes/master1/status", {"status": {"conditions": conditions}})
    wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["master1"], 10, "master1 takes it back")


def test_policy_local_announces_only_from_a_node_with_a_pod(lab):
    lab.service("local", annotations={"metallb.io/loadBalancerIPs": "192.168.1.204"}, externalTrafficPolicy="Local")
    try:
        # 192.168.1.204: master1 > worker1 > ...; the pods run on worker1 and worker2 only
        assert only_answer(lab, "192.168.1.204") == "worker1"
        answer = lab.cluster.curl_until_answered("http://192.168.1.204/")
        assert "pod: myapp-1" in answer and "caller: 192.168.1.50" in answer.replace("::ffff:", "")
    finally:
        lab.delete_service("local")
    wait_until(lambda: lab.answering_nodes("192.168.1.204") == [], 10, "silence about the deleted Service's address")


def test_node_selectors_limit_who_announces(lab):
    api = lab.cluster.api
    path = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/l2advertisements/adv-1"
    api.merge(path, {"spec": {"nodeSelectors": [{"matchLabels": {"kubernetes.io/hostname": "worker2"}}]}})
    try:
        wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["worker2"], 10, "worker2 announces")
    finally:
        api.merge(path, {"spec": {"nodeSelectors": None}})
    wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["master1"], 10, "the hash decides again")


def test_an_unknown_interface_silences_the_address_and_says_so(lab):
    api = lab.cluster.api
    path = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/l2advertisements/adv-1"
    api.merge(path, {"spec": {"interfaces": ["foo"]}})
    try:
        wait_until(lambda: lab.answering_nodes("192.168.1.200") == [], 10, "nobody answers")
        wait_until(lambda: any("doesn't exist in assigned node" in e["message"] for e in lab.events("announceFailed")), 5,
                   "the announceFailed event")
    finally:
        api.merge(path, {"spec": {"interfaces": None}})
    wait_until(lambda: lab.answering_nodes("192.168.1.200") == ["master1"], 10, "master1 answers again")


def test_deleting_a_service_frees_its_address_for_the_next(lab):
    lab.service("first")
    first = lab.cluster.wait_for_ingress("default", "first")
    only_answer(lab, first[0])
    lab.delete_service("first")
    wait_until(lambda: lab.answering_nodes(first[0]) == [], 10, "silence about the freed address")
    lab.service("second")
    try:
        assert lab.cluster.wait_for_ingress("default", "second") == first
    finally:
        lab.delete_service("second")


def test_a_dual_stack_service_answers_arp_and_neighbour_discovery_from_one_node(lab):
    lab.cluster.apply(os.path.join(EXAMPLES, "ipv6.yaml"))
    try:
        addresses = lab.cluster.wait_for_ingress("default", "myapp-dual", count=2)
        assert [":" in a for a in addresses] == [False, True]
        owners = [only_answer(lab, address) for address in addresses]
        assert owners[0] == owners[1]
        assert "pod: myapp" in lab.cluster.curl_until_answered(f"http://{addresses[0]}/")
        assert "pod: myapp" in lab.cluster.curl_until_answered(f"http://[{addresses[1]}]/")
    finally:
        lab.cluster.kubectl("delete", "-f", os.path.join(EXAMPLES, "ipv6.yaml"))


@pytest.mark.parametrize("key", ["metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs"])
def test_a_requested_address_is_given_in_both_spellings(lab, key):
    lab.service("wish", annotations={key: "192.168.1.207"})
    try:
        assert lab.cluster.wait_for_ingress("default", "wish") == ["192.168.1.207"]
    finally:
        lab.delete_service("wish")
        wait_until(lambda: lab.answering_nodes("192.168.1.207") == [], 10, "silence about 192.168.1.207")


def test_switches_with_snooping_hear_of_the_group(lab):
    """An IPv6 address makes its owner report membership of the solicited-node group (MLD), not only listen."""
    lab.cluster.apply(os.path.join(EXAMPLES, "ipv6.yaml"))
    try:
        address = lab.cluster.wait_for_ingress("default", "myapp-dual", count=2)[1]
        owner = only_answer(lab, address)
        group = "ff02::1:ff" + address.split("::")[1].rjust(6, "0")[-6:-4] + ":" + address.split("::")[1].lstrip("0")
        joined = lab.cluster.lan.nodes[owner].namespace.run("ip", "-6", "maddress", "show", "dev", "eth0")
        assert group in joined
    finally:
        lab.cluster.kubectl("delete", "-f", os.path.join(EXAMPLES, "ipv6.yaml"))
