"""The controller against an API server over verified TLS with a bearer token, on IPv6; its probes and metrics; its command lines."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import urllib.request

import pytest

from lab.conftest import BINARY, EXAMPLES
from lab.processes import wait_until


def free_port() -> int:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
        return probe.getsockname()[1]


class Secured:
    """API server and controller on loopback, plus kubectl with the server's kubeconfig."""

    def __init__(self, directory):
        self.directory = directory
        self.kubeconfig = str(directory / "kubeconfig")
        self.api_port, self.metrics_port, self.health_port = free_port(), free_port(), free_port()
        tokens = directory / "tokens.csv"
        tokens.write_text('let-me-in,lab,1,"system:masters"\n')
        self._children = []
        self._run("apiserver", "--address=::1", f"--port={self.api_port}", "--tls-self-signed", f"--token-file={tokens}",
                  f"--write-kubeconfig={self.kubeconfig}")
        wait_until(lambda: os.path.exists(self.kubeconfig) and self.kubectl_result("get", "--raw", "/readyz").returncode == 0, 15,
                   "the API server")
        self.kubectl("create", "namespace", "metallb-system")

    def _run(self, *arguments: str, name: str | None = None, environment: dict | None = None) -> subprocess.Popen:
        log = open(self.directory / f"{os.path.basename(name or arguments[0])}.log", "w")
        child = subprocess.Popen([BINARY, *arguments] if name is None else [name, *arguments], stdout=log, stderr=log,
                                 env={**os.environ, **(environment or {})})
        self._children.append(child)
        return child

    def controller(self, *extra: str) -> subprocess.Popen:
        """Under the original's name, with its habits: single dashes, blanks instead of '=', environment."""
        link = str(self.directory / "controller")
        if not os.path.exists(link):
            os.symlink(BINARY, link)
        return self._run("-port", str(self.metrics_port), f"--health-probe-port={self.health_port}", "-webhook-mode=disabled",
                         "--log-level", "debug", *extra, name=link,
                         environment={"METALLB_NAMESPACE": "metallb-system", "KUBECONFIG": self.kubeconfig})

    def kubectl_result(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["kubectl", "--kubeconfig", self.kubeconfig, *arguments], capture_output=True, text=True, timeout=30)

    def kubectl(self, *arguments: str) -> str:
        result = self.kubectl_result(*arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def metrics(self, token: str | None) -> tuple[int, str]:
        connection = http.client.HTTPSConnection("::1", self.metrics_port, context=ssl._create_unverified_context(), timeout=10)
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def close(self) -> None:
        for child in reversed(self._children):
            child.terminate()
        for child in self._children:
            child.wait(10)


@pytest.fixture
def secured(tmp_path):
    lab = Secured(tmp_path)
    try:
        yield lab
    finally:
        lab.close()


def test_a_service_gets_its_address_over_tls_and_ipv6(secured):
    secured.controller()
    secured.kubectl("apply", "-f", os.path.join(EXAMPLES, "pool-layer2.yaml"))
    secured.kubectl("create", "service", "loadbalancer", "web", "--tcp=80")
    wait_until(lambda: "192.168.1.200" in secured.kubectl("get", "service", "web"), 15, "an address")
    assert secured.kubectl("get", "service", "web", "-o", "jsonpath={.metadata.annotations}") == json.dumps(
        {"metallb.io/ip-allocated-from-pool": "pool-1"}, separators=(",", ":"))
    wait_until(lambda: "IPAllocated" in secured.kubectl("get", "events"), 5, "the event")
    status = json.loads(wait_until(
        lambda: (lambda text: text if '"assignedIPv4":1' in text else None)(
            secured.kubectl("get", "ipaddresspool", "pool-1", "-n", "metallb-system", "-o", "jsonpath={.status}")), 5, "the pool's counters"))
    assert status == {"assignedIPv4": 1, "assignedIPv6": 0, "availableIPv4": 10, "availableIPv6": 0}


def test_a_wrong_token_or_an_unknown_authority_gets_nothing_assigned(secured, tmp_path):
    """The controller says so and keeps trying; it does not go on without verification."""
    config = json.loads(secured.kubectl("config", "view", "--raw", "-o", "json"))
    secured.kubectl("apply", "-f", os.path.join(EXAMPLES, "pool-layer2.yaml"))
    secured.kubectl("create", "service", "loadbalancer", "web", "--tcp=80")
    good = secured.kubeconfig
    for name, change in (("token", lambda c: c["users"][0].update(user={"token": "wrong"})),
                         ("authority", lambda c: c["clusters"][0]["cluster"].pop("certificate-authority-data"))):
        altered = json.loads(json.dumps(config))
        change(altered)
        secured.kubeconfig = str(tmp_path / name)
        (tmp_path / name).write_text(json.dumps(altered))
        child = secured.controller()
        secured.kubeconfig = good
        wanted = "401" if name == "token" else "certificate"
        wait_until(lambda: wanted in (secured.directory / "controller.log").read_text(), 10, f"a line with {wanted}")
        child.terminate()
        child.wait(10)
        assert "<pending>" in secured.kubectl("get", "service", "web")


def test_probes_and_metrics_answer_on_their_ports(secured):
    secured.controller()
    wait_until(lambda: socket.socket(socket.AF_INET6).connect_ex(("::1", secured.health_port)) == 0, 10, "the probe port")
    for path in ("healthz", "readyz"):
        with urllib.request.urlopen(f"http://[::1]:{secured.health_port}/{path}", timeout=5) as answer:
            assert (answer.status, answer.read()) == (200, b"ok")
    secured.kubectl("apply", "-f", os.path.join(EXAMPLES, "pool-layer2.yaml"))
    wait_until(lambda: 'metallb_allocator_addresses_total{pool="pool-1"} 11' in secured.metrics("let-me-in")[1], 10, "the pool's metrics")
    text = secured.metrics("let-me-in")[1]
    assert "metallb_k8s_client_config_loaded_bool 1" in text and "process_resident_memory_bytes" in text
    assert secured.metrics(None)[0] == 401
    assert secured.metrics("wrong")[0] == 401


def test_a_second_signal_is_not_needed_and_the_exit_code_is_zero(secured):
    child = secured.controller()
    wait_until(lambda: socket.socket(socket.AF_INET6).connect_ex(("::1", secured.health_port)) == 0, 10, "the probe port")
    child.terminate()
    assert child.wait(10) == 0


@pytest.mark.parametrize("arguments, code, text", [
    (["controller", "--no-such-flag"], 2, "no-such-flag"),
    (["controller", "-port=many"], 2, "port"),
    (["controller", "--webhook-mode=maybe", "--namespace=x"], 1, "webhook-mode"),
    (["speaker", "--namespace=x"], 1, "node"),
    (["controller", "--help"], 0, "webhook-mode"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else str(value))
def test_command_lines_end_as_the_original_ends_them(arguments, code, text):
    result = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=20)
    assert result.returncode == code
    assert text in result.stdout + result.stderr
