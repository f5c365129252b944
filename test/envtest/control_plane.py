"""One Kubernetes control plane: etcd, kube-apiserver with RBAC, kube-controller-manager on request, a kubeconfig for each identity."""

import base64
import contextlib
import glob
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile

from lab.api import Api, ApiError
from lab.cluster import REPOSITORY, ctrl_c_ignored
from lab.kubeconfig import write_kubeconfig
from lab.processes import Process, wait_until

from .certificates import Authority

NAMESPACE = "metallb-system"
RIGHTS = os.path.join(os.path.dirname(__file__), "rbac.yaml")
DEFINITIONS = os.path.join(REPOSITORY, "deploy", "crds")
_LOOPBACK = "127.0.0.1"
_TOKEN_SECONDS = 24 * 3600
_MEMORY = "/dev/shm"
_PREFIX = "metallb-envtest-"


class Host:
    """This machine, where the lab's classes expect a network namespace."""

    def exec_prefix(self) -> list[str]:
        return []

    def entered(self):
        return contextlib.nullcontext()


class SecureApi(Api):
    """The lab's API client over TLS with a client certificate."""

    def __init__(self, place, host: str, port: int, authority: str, certificate: tuple[str, str]):
        super().__init__(place, host, port)
        self._context = ssl.create_default_context(cafile=authority)
        self._context.load_cert_chain(*certificate)

    def connect(self, timeout: float = 10.0) -> http.client.HTTPConnection:
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._context)
        with self._namespace.entered():
            connection.connect()
        return connection

    def text(self, path: str) -> str:
        """An answer that is no JSON, such as /metrics."""
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ApiError(answer.status, path)
        return answer.read().decode()

    def ready(self) -> bool:
        try:
            connection = self.connect()
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def free_port(place=Host()) -> int:
    with place.entered(), socket.create_server((_LOOPBACK, 0)) as probe:
        return probe.getsockname()[1]


class ControlPlane:
    """Use as a context manager: leaving it ends every process that it started and removes its files.

    Identities: `admin` may do everything, by client certificate; `controller` and `speaker` are the service accounts of rbac.yaml, with
    tokens that the API server issued. `api` acts as admin."""

    def __init__(self, programs: str, api_arguments: list[str] | None = None, place=None, audit: bool = True, address: str = _LOOPBACK,
                 controllers: bool = False):
        """`programs`: the directory with etcd, kube-apiserver and kubectl. `place`: a network namespace to run all of it in, instead
        of this machine's. Without `audit`, `requests` and `refused` know nothing. `address`: where the API server is reached.
        `controllers`: kube-controller-manager runs, too, all but its controller of the nodes' lives: no kubelet beats here."""
        self._programs = programs
        self._api_arguments = api_arguments or []
        self._audit = audit
        self._address = address
        self._controllers = controllers
        self.place = place or Host()
        _remove_leftovers()
        self.directory = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_memory())
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> "ControlPlane":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """In the opposite order of starting. What does not end on request is killed."""
        with ctrl_c_ignored():
            for process in reversed(self.processes.values()):
                process.stop()
            shutil.rmtree(self.directory, ignore_errors=True)

    # -- starting -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._authority = Authority(self.directory)
        administrator = self._authority.client("admin", "system:masters")
        self._account_key = self._authority.key("service-accounts")
        self.port, self._store_port = free_port(self.place), free_port(self.place)
        self._start_store()
        self._start_api_server()
        self.api = SecureApi(self.place, self._address, self.port, self._authority.certificate, administrator)
        wait_until(self._ready, 180, "the API server to be ready")
        self._write_kubeconfig("admin", _credentials(administrator))
        if self._controllers:
            self._start_controllers()
        self.kubectl("apply", "-f", RIGHTS)
        for account in ("controller", "speaker"):
            self._write_kubeconfig(account, {"token": self._token(account)})

    def _start_store(self) -> None:
        etcd = os.path.join(self._programs, "etcd")
        client, peer = f"http://{_LOOPBACK}:{self._store_port}", f"http://{_LOOPBACK}:{free_port(self.place)}"
        command = [etcd, "--name=test", f"--data-dir={self._path('etcd')}", f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                   f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=test={peer}"]
        # Nothing here outlives the test. Debian 12's etcd lacks the flag.
        if "unsafe-no-fsync" in subprocess.run([etcd, "--help"], capture_output=True, text=True).stdout:
            command.append("--unsafe-no-fsync")
        self._run("etcd", command)

    def _start_api_server(self) -> None:
        certificate, key = self._authority.server("kube-apiserver", f"IP:{self._address}", "DNS:localhost")
        # These wait for work of the controller manager: taints of Nodes taken away, accounts for Pods.
        switched_off = ["TaintNodesByCondition", *([] if self._controllers else ["ServiceAccount"])]
        self._run("kube-apiserver", [
            os.path.join(self._programs, "kube-apiserver"), f"--bind-address={self._address}", f"--advertise-address={self._address}",
            f"--secure-port={self.port}", f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}",
            f"--client-ca-file={self._authority.certificate}", f"--etcd-servers=http://{_LOOPBACK}:{self._store_port}",
            "--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._account_key}", f"--service-account-signing-key-file={self._account_key}",
            "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112", "--allow-privileged=true",
            f"--disable-admission-plugins={','.join(switched_off)}",
            # Loopback is no endpoint that could be published.
            *(["--endpoint-reconciler-type=none"] if self._address == _LOOPBACK else []),
            *([f"--audit-policy-file={self._audit_policy()}", f"--audit-log-path={self._path('audit.log')}"] if self._audit else []),
            *self._api_arguments])

    def _audit_policy(self) -> str:
        """What the product's service accounts ask for, each request once, when it has been answered."""
        group = f"system:serviceaccounts:{NAMESPACE}"
        policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"],
                  "rules": [{"level": "Metadata", "userGroups": [group]}, {"level": "None"}]}
        with open(self._path("audit-policy"), "w") as file:
            json.dump(policy, file)
        return file.name

    def _start_controllers(self) -> None:
        self.issue("kube-controller-manager", "system:kube-controller-manager")
        kubeconfig = self.kubeconfig("kube-controller-manager")
        self._run("kube-controller-manager", [
            os.path.join(self._programs, "kube-controller-manager"), f"--kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={self._account_key}", f"--root-ca-file={self._authority.certificate}",
            "--use-service-account-credentials", "--controllers=*,-node-lifecycle-controller", "--leader-elect=false", "--secure-port=0"])

    def _run(self, name: str, command: list[str]) -> None:
        self.run(name, self.place, command)

    def run(self, name: str, place, command: list[str]) -> Process:
        """A further program that belongs to the control plane, and ends with it."""
        self.processes[name] = Process(name, place, command, self.log_path(name))
        return self.processes[name]

    def issue(self, identity: str, user: str, *groups: str) -> str:
        """The kubeconfig of a user with a client certificate. `identity` names the file."""
        self._write_kubeconfig(identity, _credentials(self._authority.client(user, *groups)))
        return self.kubeconfig(identity)

    def check_running(self) -> None:
        for name, process in self.processes.items():
            if not process.running():
                raise RuntimeError(f"{name} has ended with code {process.exit_code()}:\n{process.log_tail()}")

    def _ready(self) -> bool:
        self.check_running()
        return self.api.ready()

    def _token(self, account: str) -> str:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": _TOKEN_SECONDS}}
        return self.api.create(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token", body)["status"]["token"]

    def _write_kubeconfig(self, identity: str, user: dict) -> None:
        write_kubeconfig(self.kubeconfig(identity), f"https://{self._address}:{self.port}", user, _encoded(self._authority.certificate))

    def apply_definitions(self) -> None:
        """MetalLB's custom resource definitions."""
        apply_definitions(self)

    # -- using ----------------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def log_path(self, name: str) -> str:
        return self._path(f"{name}.log")

    def kubeconfig(self, identity: str = "admin") -> str:
        return self._path(f"{identity}.kubeconfig")

    def requests(self, account: str) -> list[str]:
        """Every request of a service account that has been answered, with its answer's code: "patch /api/v1/... 200"."""
        user = f"system:serviceaccount:{NAMESPACE}:{account}"
        with open(self._path("audit.log")) as log:
            events = [json.loads(line) for line in log if line.endswith("\n")]
        return [f"{event['verb']} {event['requestURI']} {event['responseStatus']['code']}" for event in events if event["user"]["username"] == user]

    def refused(self, account: str, since: int = 0) -> list[str]:
        """What a service account asked for in vain, of its requests from this one on: nothing, if its rights are enough. Left out are 429 (for a moment after a definition
        is established, watches are put off), 404 (not there), 409 and 410 (somebody else was faster)."""
        return [request for request in self.requests(account)[since:] if request[-3] == "4" and request[-3:] not in ("404", "409", "410", "429")]

    def restart_api_server(self) -> None:
        """As after a crash; etcd keeps everything."""
        self.processes["kube-apiserver"].kill()
        self.processes["kube-apiserver"].start()
        wait_until(self._ready, 180, "the API server to be ready again")

    def kubectl_result(self, *arguments: str, identity: str = "admin", stdin: str | None = None) -> subprocess.CompletedProcess:
        return run_kubectl(self, os.path.join(self._programs, "kubectl"), *arguments, identity=identity, stdin=stdin)

    def kubectl(self, *arguments: str, identity: str = "admin", stdin: str | None = None) -> str:
        result = self.kubectl_result(*arguments, identity=identity, stdin=stdin)
        if result.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout


def apply_definitions(control_plane) -> None:
    control_plane.kubectl("apply", "-f", DEFINITIONS)
    names = [name.removesuffix(".yaml") for name in os.listdir(DEFINITIONS) if name.endswith(".yaml")]
    # Not by `kubectl wait`, which fails where a definition is so new that it has no conditions yet.
    wait_until(lambda: all(established(control_plane, f"{name}.metallb.io") for name in names), 30, "the definitions to be established")


def established(control_plane, name: str) -> bool:
    definition = control_plane.api.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    conditions = definition.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


def run_kubectl(control_plane, program: str, *arguments: str, identity: str, stdin: str | None) -> subprocess.CompletedProcess:
    command = [*control_plane.place.exec_prefix(), program, "--kubeconfig", control_plane.kubeconfig(identity), *arguments]
    cache = os.path.join(control_plane.directory, "kubectl")
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "KUBECACHEDIR": cache, "HOME": control_plane.directory})


def _memory() -> str | None:
    """A file system in memory, where there is one with room for etcd's logs; otherwise the usual place."""
    try:
        return _MEMORY if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2 << 30 else None
    except OSError:
        return None


def _remove_leftovers() -> None:
    """Of runs that were killed: their processes ended with them, their files would stay in memory."""
    for place in (_MEMORY, tempfile.gettempdir()):
        for left in glob.glob(os.path.join(place, f"{_PREFIX}*-*")):
            pid = os.path.basename(left).removeprefix(_PREFIX).split("-")[0]
            if not os.path.exists(f"/proc/{pid}"):
                shutil.rmtree(left, ignore_errors=True)


def _credentials(certificate: tuple[str, str]) -> dict:
    return {"client-certificate-data": _encoded(certificate[0]), "client-key-data": _encoded(certificate[1])}


def _encoded(path: str) -> str:
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()
