"""A whole lab cluster: the LAN, the API server, the stand-ins for Kubernetes, the controller, and a speaker on every node."""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from .api import Api, wait_for_api
from .endpoints import EndpointController
from .kubeconfig import write_kubeconfig
from .kubelet import Kubelet, report_running
from .members import MemberLog
from .netns import made, remove_leftovers, run
from .network import Lan
from .processes import Process, wait_until
from .proxy import Proxy

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
API_PORT = 8080
NAMESPACE = "metallb-system"
SECRET = "memberlist"


def default_node_names(count: int) -> list[str]:
    """The example cluster's names first, then further workers."""
    names = ["master1", "master2", "worker1", "worker2"]
    return names[:count] if count <= 4 else names + [f"worker{number}" for number in range(3, count - 1)]


class Cluster:
    """Use as a context manager: leaving it removes every process, namespace and file that it made.

    The API server is the product's own, and the rest of Kubernetes is played. A subclass may bring the real ones."""

    proxy_name = "the stand-in for kube-proxy"

    def __init__(self, binary: str, nodes: int = 4, log_level: str = "info", api_arguments: list[str] | None = None,
                 on_progress=lambda text: None, membership: str | None = "IPv4", lan: type[Lan] = Lan):
        """`membership`: the family of the speakers' own addresses, "IPv4" or "IPv6"; None: every Node counts as alive."""
        self.binary = os.path.abspath(binary)
        self.directory = tempfile.mkdtemp(prefix="metallb-lab-")
        self._log_level = log_level
        self._api_arguments = api_arguments or []
        self._on_progress = on_progress
        self._membership = membership
        self._lan_type = lan
        self._member_logs: dict[str, MemberLog] = {}
        self._roles: list = []
        self._others: set = set()  # namespaces of this process that are not of this lab
        self.lan: Lan | None = None
        self.speakers: dict[str, Process] = {}
        self.controller: Process | None = None
        self.api_server: Process | None = None
        self._node_names = default_node_names(nodes)
        self._kubectl = shutil.which("kubectl")

    def __enter__(self) -> "Cluster":
        remove_leftovers()
        self._others = made()
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # -- building -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._on_progress("building the LAN")
        self.lan = self._lan_type(self._node_names)
        self._start_control_plane()

    def _start_control_plane(self) -> None:
        self._on_progress("starting the API server")
        write_kubeconfig(self.kubeconfig, f"http://{self.lan.control.address4}:{API_PORT}")
        command = [self.binary, "apiserver", "--address", self.lan.control.address4, "--port", str(API_PORT), *self._api_arguments]
        self.api_server = Process("apiserver", self.lan.control.namespace, command, self.log_path("apiserver"))
        self.api = Api(self.lan.control.namespace, self.lan.control.address4, API_PORT)
        wait_for_api(self.api, alive=self.api_server.running)

    def start_stand_ins(self) -> None:
        """Kubelet, endpoint controller and proxy. To be called once the Nodes exist."""
        self._roles += [Proxy(self.api, self.lan), EndpointController(self.api), Kubelet(self.api, self.lan, self.directory)]

    def start_controller(self) -> None:
        self._create_pod("controller", "controller", None)
        command = [*self._command("controller", "controller"), "--webhook-mode=disabled", f"--ml-secret-name={SECRET}"]
        self.controller = Process("controller", self.lan.control.namespace, command, self.log_path("controller"))

    def start_speaker(self, node_name: str, extra: list[str] | None = None, environment: dict[str, str] | None = None) -> None:
        node = self.lan.nodes[node_name]
        self._create_pod(f"speaker-{node_name}", "speaker", node_name)
        command = [*self._command("speaker", f"speaker-{node_name}"), f"--node-name={node_name}", *(extra or [])]
        self.speakers[node_name] = Process(f"speaker-{node_name}", node.namespace, command, self.log_path(f"speaker-{node_name}"),
                                           environment={**self.membership_environment(node_name), **(environment or {})},
                                           etc=self._speaker_etc())

    def _command(self, component: str, pod: str) -> list[str]:
        return [self.binary, component, f"--kubeconfig={self.kubeconfig_of(component)}", f"--namespace={NAMESPACE}", f"--pod-name={pod}",
                f"--log-level={self._log_level}"]

    def start_speakers(self) -> None:
        for name in self.lan.nodes:
            self.start_speaker(name)

    def membership_environment(self, node_name: str) -> dict[str, str]:
        """As the manifests set it: the Pod's address, the labels of the speakers' Pods, and the mounted Secret."""
        if self._membership is None:
            return {}
        path = self.secret_path()
        if not os.path.exists(path):
            self.write_secret(wait_until(self._secret, 10, f"the controller makes the Secret {SECRET}"))
        return {"METALLB_ML_BIND_ADDR": self._pod_address(node_name), "METALLB_ML_LABELS": "app=metallb,component=speaker",
                "METALLB_ML_SECRET_KEY_PATH": os.path.dirname(path)}

    def _pod_address(self, node_name: str) -> str:
        node = self.lan.nodes[node_name]
        return node.address6 if self._membership == "IPv6" else node.address4

    def _secret(self) -> bytes | None:
        """What a Pod that mounts the Secret finds."""
        for item in self.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets")["items"]:
            if item["metadata"]["name"] == SECRET:
                return base64.b64decode(item["data"]["secretkey"])
        return None

    def secret_path(self) -> str:
        return os.path.join(self.directory, "ml_secret_key", "secretkey")

    def write_secret(self, secret: bytes, path: str | None = None) -> None:
        """At once, as the kubelet swaps the files of a Secret."""
        path = path or self.secret_path()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "wb") as file:
            file.write(secret)
        os.rename(path + ".new", path)

    def _create_pod(self, name: str, component: str, node: str | None) -> None:
        """The Pod object that a running component looks itself up by."""
        path = f"/api/v1/namespaces/{NAMESPACE}/pods"
        if any(item["metadata"]["name"] == name for item in self.api.get(path)["items"]):
            return
        spec = {"hostNetwork": True, "serviceAccountName": component, "containers": [{"name": component, "image": "metallb"}]}
        pod = self.api.create(path, {"apiVersion": "v1", "kind": "Pod", "spec": spec | ({"nodeName": node} if node else {}),
                                     "metadata": {"name": name, "labels": {"app": "metallb", "component": component}}})
        address = self._pod_address(node) if node else self.lan.control.address4
        report_running(self.api, pod, [address], address)

    def _speaker_etc(self) -> str:
        """A directory with /etc/metallb/excludel2.yaml as the manifests mount it."""
        etc = os.path.join(self.directory, "etc")
        os.makedirs(os.path.join(etc, "metallb"), exist_ok=True)
        shutil.copy(os.path.join(REPOSITORY, "deploy", "excludel2.yaml"), os.path.join(etc, "metallb", "excludel2.yaml"))
        return etc

    # -- using ----------------------------------------------------------------------------------------------------------

    def log_path(self, name: str) -> str:
        return os.path.join(self.directory, f"{name}.log")

    @property
    def kubeconfig(self) -> str:
        """Of somebody who may do everything."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, identity: str) -> str:
        """"admin", "controller" or "speaker": the embedded API server tells nobody apart."""
        return os.path.join(self.directory, "kubeconfig")

    def kubectl_command(self, *arguments: str) -> list[str]:
        return [*self.lan.control.namespace.exec_prefix(), self._kubectl, "--kubeconfig", self.kubeconfig,
                "--cache-dir", os.path.join(self.directory, "kubectl"), *arguments]

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        return run(*self.kubectl_command(*arguments), stdin=stdin, check=check)

    def apply(self, path: str, rewrite=None) -> str:
        """kubectl apply of one file; `rewrite` may change its text first (for labs with other nodes)."""
        with open(path) as file:
            text = file.read()
        return self.kubectl("apply", "-f", "-", stdin=rewrite(text) if rewrite else text)

    def curl(self, url: str, timeout: float = 2.0) -> str:
        """What the client gets; empty when there is no answer in time."""
        result = subprocess.run([*self.lan.client.namespace.exec_prefix(), "curl", "-s", "--max-time", str(timeout), url],
                                capture_output=True, text=True)
        return result.stdout if result.returncode == 0 else ""

    def curl_until_answered(self, url: str, timeout: float = 10.0) -> str:
        return wait_until(lambda: self.curl(url, 1.0), timeout, f"an answer from {url}")

    def ingress(self, namespace: str, name: str) -> list[str]:
        service = self.api.get(f"/api/v1/namespaces/{namespace}/services/{name}")
        return [entry["ip"] for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress", []) if entry.get("ip")]

    def wait_for_ingress(self, namespace: str, name: str, timeout: float = 10.0, count: int = 1) -> list[str]:
        return wait_until(lambda: (lambda ips: ips if len(ips) >= count else None)(self.ingress(namespace, name)), timeout,
                          f"{count} address(es) for Service {namespace}/{name}", interval=0.005)

    def announcing_node(self, namespace: str, name: str, timeout: float = 5.0) -> str:
        """The node in the Service's ServiceL2Status."""
        selector = f"metallb.io/service-name%3D{name},metallb.io/service-namespace%3D{namespace}"
        path = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/servicel2statuses?labelSelector={selector}"

        def node():
            items = self.api.get(path)["items"]
            return items[0].get("status", {}).get("node") if len(items) == 1 else None

        return wait_until(node, timeout, f"one ServiceL2Status for {namespace}/{name}")

    def members_seen_by(self, node_name: str) -> set[str]:
        """Other nodes that this node's speaker takes for alive. From its log, so the level must be info or debug."""
        log = self._member_logs.get(node_name)
        if log is None or log.process is not self.speakers[node_name]:
            log = self._member_logs[node_name] = MemberLog(self.speakers[node_name])
        return log.members() - {node_name}

    def all_joined(self) -> bool:
        """Every speaker sees every other one. Always so where the logs do not tell."""
        if self._membership is None or self._log_level not in ("info", "debug", "all"):
            return True
        return all(self.members_seen_by(name) == set(self.speakers) - {name} for name in self.speakers)

    def processes(self) -> list[Process]:
        return [p for p in (self.api_server, self.controller, *self.speakers.values()) if p is not None]

    def close(self) -> None:
        """Ends what was started, in reverse order; safe to call twice and half-built. A second Ctrl-C does not cut it short."""
        with ctrl_c_ignored():
            for process in [*self.speakers.values(), self.controller]:
                if process is not None and process.running():
                    process.stop(grace=2.0)
            for role in self._roles:
                role.stop()
            self._roles = []
            self._stop_control_plane()
            if self.lan is not None:
                self.lan.remove()
                self.lan = None
            else:
                # Building it failed half-way, and no Lan came to own them.
                for namespace in made() - self._others:
                    namespace.remove()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _stop_control_plane(self) -> None:
        if self.api_server is not None and self.api_server.running():
            self.api_server.stop(grace=2.0)


@contextlib.contextmanager
def ctrl_c_ignored():
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def node_manifest(names: list[str]) -> str:
    """A List of Node objects for a lab with other nodes than the example's."""
    items = []
    for number, name in enumerate(names, start=1):
        labels = {"kubernetes.io/hostname": name}
        if name.startswith("master"):
            labels["node-role.kubernetes.io/control-plane"] = ""
        items.append({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "status": {"addresses": [{"type": "InternalIP", "address": f"192.168.1.{100 + number}"}, {"type": "Hostname", "address": name}],
                       "conditions": [{"type": "Ready", "status": "True"}]}})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def stopwatch():
    """A function that tells the milliseconds since this call."""
    started = time.perf_counter()
    return lambda: (time.perf_counter() - started) * 1000.0
