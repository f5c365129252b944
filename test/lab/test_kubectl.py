"""The embedded API server's measure: kubectl, unmodified, old and new, in everyday use."""

import json
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from lab.cluster import REPOSITORY
from lab.conftest import BINARY, EXAMPLES
from lab.processes import wait_until

# Debian 12's kubectl (1.20), unpacked by scripts/test where another one is on the PATH.
_DEBIAN = os.path.join(REPOSITORY, "build", "tools", "kubernetes-client", "usr", "bin", "kubectl")


def version_of(program: str) -> tuple[int, int]:
    text = subprocess.run([program, "version", "--client", "-o", "json"], capture_output=True, text=True).stdout
    found = re.search(r'"gitVersion": "v(\d+)\.(\d+)', text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def programs() -> list:
    found = [p for p in (shutil.which("kubectl"), _DEBIAN) if p and os.path.exists(p)]
    versions = {version_of(program): program for program in found}
    wanted = [("old", lambda v: (1, 0) < v < (1, 25)), ("new", lambda v: v >= (1, 25))]
    parameters = []
    for name, fits in wanted:
        program = next((program for version, program in versions.items() if fits(version)), None)
        skip = () if program else (pytest.mark.skip(reason=f"no {name} kubectl on this machine"),)
        parameters.append(pytest.param(program, id=name, marks=skip))
    return parameters


class Kubectl:
    def __init__(self, program: str, kubeconfig: str, home: str):
        self.base = [program, "--kubeconfig", kubeconfig]
        self.environment = {**os.environ, "HOME": home}
        self.program = program

    def command(self, *arguments: str) -> list[str]:
        return [*self.base, *arguments]

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=60, env=self.environment)

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        result = self.run(*arguments, stdin=stdin)
        assert result.returncode == 0, f"kubectl {' '.join(arguments)}: {result.stderr}"
        return result.stdout


@pytest.fixture(params=programs())
def kubectl(request, tmp_path):
    """A fresh API server on loopback, with the example's namespaces and nodes, and one kubectl to talk to it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    kubeconfig = str(tmp_path / "kubeconfig")
    log = open(tmp_path / "apiserver.log", "w")
    server = subprocess.Popen([BINARY, "apiserver", "--address", "127.0.0.1", "--port", str(port), "--write-kubeconfig", kubeconfig],
                              stdout=log, stderr=log)
    try:
        wait_until(lambda: os.path.exists(kubeconfig) and socket.socket().connect_ex(("127.0.0.1", port)) == 0, 10, "the API server")
        kubectl = Kubectl(request.param, kubeconfig, str(tmp_path))
        for name in ("namespaces.yaml", "cluster.yaml"):
            kubectl("apply", "-f", os.path.join(EXAMPLES, name))
        yield kubectl
    finally:
        server.terminate()
        server.wait(10)


def apply_all(kubectl) -> None:
    for name in ("pool-layer2.yaml", "pools.yaml", "bgp.yaml", "myapp.yaml", "traefik.yaml", "static-address.yaml", "ipv6.yaml"):
        kubectl("apply", "-f", os.path.join(EXAMPLES, name))


def test_every_example_is_applied_and_applied_again_unchanged(kubectl):
    apply_all(kubectl)
    for name in sorted(os.listdir(EXAMPLES)):
        if name.endswith(".yaml"):
            again = kubectl("apply", "-f", os.path.join(EXAMPLES, name))
            assert again and all(line.endswith("unchanged") for line in again.splitlines()), again


def test_get_prints_the_usual_columns(kubectl):
    apply_all(kubectl)
    header, row = kubectl("get", "service", "myapp").splitlines()
    assert header.split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert re.match(r"myapp\s+LoadBalancer\s+10\.43\.\d+\.\d+\s+<pending>\s+80:3\d{4}/TCP\s+\d+s", row)
    assert "SELECTOR" in kubectl("get", "svc", "-o", "wide")
    nodes = kubectl("get", "nodes")
    assert re.search(r"^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION", nodes) and re.search(r"master1\s+Ready\s+control-plane", nodes)
    assert "192.168.1.101" in kubectl("get", "nodes", "-o", "wide")
    assert re.search(r"^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE", kubectl("get", "pods"))
    pools = kubectl("get", "ipaddresspools", "-n", "metallb-system")
    assert re.search(r"^NAME\s+AUTO ASSIGN\s+AVOID BUGGY IPS\s+ADDRESSES", pools)
    assert re.search(r"pool-1\s+true\s+false\s+\[\"192\.168\.1\.200-192\.168\.1\.210\"\]", pools)
    assert re.search(r"^NAMESPACE\s+NAME", kubectl("get", "services", "-A"))
    assert "service/myapp" in kubectl("get", "all")


def test_get_in_every_output_form(kubectl):
    apply_all(kubectl)
    assert json.loads(kubectl("get", "service", "myapp", "-o", "json"))["spec"]["ipFamilies"] == ["IPv4"]
    assert "kind: Service" in kubectl("get", "service", "myapp", "-o", "yaml")
    assert kubectl("get", "service", "myapp", "-o", "name").strip() == "service/myapp"
    assert kubectl("get", "service", "myapp", "-o", "jsonpath={.spec.type}") == "LoadBalancer"
    assert kubectl("get", "service", "myapp", "-o", "custom-columns=N:.metadata.name").split() == ["N", "myapp"]
    assert kubectl("get", "service", "myapp", "-o", "go-template={{.metadata.name}}") == "myapp"
    assert json.loads(kubectl("get", "nodes", "-o", "json", "--chunk-size=1"))["items"][3]["metadata"]["name"] == "worker2"


def test_selectors(kubectl):
    apply_all(kubectl)
    assert kubectl("get", "pods", "-l", "app=myapp", "-o", "name").split() == ["pod/myapp-1", "pod/myapp-2"]
    assert kubectl("get", "pods", "-l", "app in (myapp),!x", "-o", "name").split() == ["pod/myapp-1", "pod/myapp-2"]
    assert kubectl("get", "pods", "--field-selector", "spec.nodeName=worker2", "-o", "name").split() == ["pod/myapp-2"]
    assert kubectl("get", "services", "--field-selector", "metadata.name=myapp", "-o", "name").split() == ["service/myapp"]


def test_watch_prints_changes_as_they_come(kubectl, tmp_path):
    apply_all(kubectl)
    out = open(tmp_path / "watch", "w+")
    watch = subprocess.Popen(kubectl.command("get", "service", "myapp", "-w"), stdout=out, env=kubectl.environment)
    try:
        wait_until(lambda: "<pending>" in open(out.name).read(), 10, "the first row")
        kubectl("annotate", "service", "myapp", "note=1")
        wait_until(lambda: len(open(out.name).read().splitlines()) >= 3, 10, "a row for the change")
    finally:
        watch.terminate()
        watch.wait(10)


def test_patches_of_all_three_types(kubectl):
    apply_all(kubectl)
    kubectl("patch", "service", "myapp", "--type=merge", "-p", '{"spec":{"externalTrafficPolicy":"Local"}}')
    assert kubectl("get", "service", "myapp", "-o", "jsonpath={.spec.externalTrafficPolicy}") == "Local"
    assert int(kubectl("get", "service", "myapp", "-o", "jsonpath={.spec.healthCheckNodePort}")) >= 30000
    kubectl("patch", "service", "myapp", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]')
    assert kubectl("get", "service", "myapp", "-o", "jsonpath={.metadata.labels.a}") == "b"
    kubectl("patch", "service", "myapp", "-p", '{"spec":{"ports":[{"name":"https","port":443}]}}')
    assert kubectl("get", "service", "myapp", "-o", "jsonpath={.spec.ports[*].port}").split() in (["443", "80"], ["80", "443"])
    refused = kubectl.run("patch", "ipaddresspool", "pool-1", "-n", "metallb-system", "-p", '{"spec":{"autoAssign":false}}')
    assert refused.returncode != 0 and "the body of the request was in an unknown format" in refused.stderr


def test_apply_changes_and_removes_what_the_manifest_no_longer_says(kubectl):
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"tier": "front", "old": "yes"}},
                "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}}
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    before = json.loads(kubectl("get", "service", "web", "-o", "json"))
    del manifest["metadata"]["labels"]["old"]
    manifest["spec"]["ports"] = [{"name": "a", "port": 80}]
    assert "configured" in kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    after = json.loads(kubectl("get", "service", "web", "-o", "json"))
    assert after["metadata"]["labels"] == {"tier": "front"} and [p["port"] for p in after["spec"]["ports"]] == [80]
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert after["spec"]["ports"][0]["nodePort"] == before["spec"]["ports"][0]["nodePort"]


def test_create_label_annotate_delete_and_wait(kubectl):
    kubectl("create", "namespace", "team")
    kubectl("create", "service", "loadbalancer", "web", "-n", "team", "--tcp=80:8080")
    kubectl("create", "configmap", "settings", "-n", "team", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "password", "-n", "team", "--from-literal=password=x")
    kubectl("label", "service", "web", "-n", "team", "tier=front")
    kubectl("annotate", "service", "web", "-n", "team", "metallb.io/address-pool=pool-1")
    assert kubectl("get", "service", "web", "-n", "team", "-o", "jsonpath={.metadata.labels.tier}") == "front"
    kubectl("label", "service", "web", "-n", "team", "tier-")
    assert kubectl("get", "service", "web", "-n", "team", "-o", "jsonpath={.metadata.labels.tier}") == ""
    again = kubectl.run("create", "service", "loadbalancer", "web", "-n", "team", "--tcp=80:8080")
    assert again.returncode != 0 and "already exists" in again.stderr
    waiting = subprocess.Popen(kubectl.command("wait", "--for=delete", "service/web", "-n", "team", "--timeout=20s"), env=kubectl.environment)
    time.sleep(0.5)
    kubectl("delete", "service", "web", "-n", "team")
    assert waiting.wait(25) == 0
    kubectl("delete", "namespace", "team")
    gone = kubectl.run("get", "configmap", "settings", "-n", "team")
    assert gone.returncode != 0 and "NotFound" in gone.stderr


def test_wait_for_a_condition_and_describe(kubectl):
    apply_all(kubectl)
    assert "condition met" in kubectl("wait", "--for=condition=Ready", "node/master1", "--timeout=10s")
    if version_of(kubectl.program) >= (1, 24):
        assert "condition met" in kubectl("wait", "--for=jsonpath={.spec.type}=LoadBalancer", "service/myapp", "--timeout=10s")
    described = kubectl("describe", "service", "myapp")
    assert re.search(r"Type:\s+LoadBalancer", described) and re.search(r"Selector:\s+app=myapp", described)
    assert "192.168.1.101" in kubectl("describe", "node", "master1")
    assert "192.168.1.200-192.168.1.210" in kubectl("describe", "ipaddresspool", "pool-1", "-n", "metallb-system")


def test_discovery(kubectl):
    resources = kubectl("api-resources")
    for expected in ("services", "endpointslices", "nodes", "leases", "ipaddresspools", "l2advertisements", "bgppeers", "servicel2statuses"):
        assert re.search(rf"^{expected}\s", resources, re.M), expected
    versions = kubectl("api-versions").split()
    assert {"v1", "discovery.k8s.io/v1", "coordination.k8s.io/v1", "metallb.io/v1beta1", "metallb.io/v1beta2"} <= set(versions)
    assert "Server" in kubectl("version")


def test_stale_writes_conflict(kubectl, tmp_path):
    apply_all(kubectl)
    stale = kubectl("get", "service", "myapp", "-o", "json")
    kubectl("label", "service", "myapp", "changed=yes")
    refused = kubectl.run("replace", "-f", "-", stdin=stale)
    assert refused.returncode != 0 and "the object has been modified" in refused.stderr


def test_mistakes_are_refused_with_the_field(kubectl):
    bad_port = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"ports": [{"port": 70000}]}}
    refused = kubectl.run("create", "-f", "-", stdin=json.dumps(bad_port))
    assert refused.returncode != 0 and "spec.ports[0].port" in refused.stderr
    nowhere = kubectl.run("create", "service", "clusterip", "x", "--tcp=80", "-n", "nowhere")
    assert nowhere.returncode != 0 and 'namespaces "nowhere" not found' in nowhere.stderr


def test_server_side_apply_is_refused_with_the_remedy(kubectl):
    refused = kubectl.run("apply", "--server-side", "-f", os.path.join(EXAMPLES, "myapp.yaml"))
    assert refused.returncode != 0 and "server-side" in refused.stderr
