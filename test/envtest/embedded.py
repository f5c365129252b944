"""The embedded API server (`metallb apiserver`) in the place of a control plane: what the suite asks of one, as far as that server has it."""

import json
import os
import shutil
import subprocess
import tempfile

from lab.api import Api, ApiError
from lab.cluster import ctrl_c_ignored
from lab.kubeconfig import write_kubeconfig
from lab.processes import Process, wait_until

from .component import BINARY
from .control_plane import NAMESPACE, Host, apply_definitions, free_port, run_kubectl

_LOOPBACK = "127.0.0.1"


class EmbeddedControlPlane:
    """Use as a context manager. Everybody may do everything, and nobody counts the requests: tests of rights are for the real one."""

    def __init__(self, place=None):
        self.place = place or Host()
        self.directory = tempfile.mkdtemp(prefix="metallb-embedded-")
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> "EmbeddedControlPlane":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        with ctrl_c_ignored():
            for process in self.processes.values():
                process.stop()
            shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self) -> None:
        port = free_port(self.place)
        command = [BINARY, "apiserver", "--address", _LOOPBACK, "--port", str(port), "--data", self._path("objects.json")]
        self.processes["apiserver"] = Process("apiserver", self.place, command, self.log_path("apiserver"))
        self.api = Api(self.place, _LOOPBACK, port)
        for identity in ("admin", "controller", "speaker"):
            write_kubeconfig(self.kubeconfig(identity), f"http://{_LOOPBACK}:{port}")
        wait_until(self._ready, 60, "the embedded API server to be ready")
        self.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})

    def _ready(self) -> bool:
        process = self.processes["apiserver"]
        if not process.running():
            raise RuntimeError(f"the API server has ended with code {process.exit_code()}:\n{process.log_tail()}")
        try:
            self.api.get("/version")
            return True
        except (OSError, ApiError):
            return False

    def apply_definitions(self) -> None:
        """They are there already; whoever installs with manifests applies them all the same."""
        apply_definitions(self)

    # -- using ----------------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def log_path(self, name: str) -> str:
        return self._path(f"{name}.log")

    def kubeconfig(self, identity: str = "admin") -> str:
        return self._path(f"{identity}.kubeconfig")

    def requests(self, account: str) -> list[str]:
        return []

    def refused(self, account: str, since: int = 0) -> list[str]:
        return []

    def restart_api_server(self) -> None:
        """Its disk is a file that it writes at a clean stop."""
        self.processes["apiserver"].stop()
        self.processes["apiserver"].start()
        wait_until(self._ready, 60, "the embedded API server to be ready again")

    def kubectl_result(self, *arguments: str, identity: str = "admin", stdin: str | None = None) -> subprocess.CompletedProcess:
        return run_kubectl(self, shutil.which("kubectl"), *arguments, identity=identity, stdin=stdin)

    def kubectl(self, *arguments: str, identity: str = "admin", stdin: str | None = None) -> str:
        result = self.kubectl_result(*arguments, identity=identity, stdin=stdin)
        if result.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout


def kubectl_minor_version() -> int:
    """Of the kubectl on the PATH; 0 without one."""
    program = shutil.which("kubectl")
    if program is None:
        return 0
    told = subprocess.run([program, "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=30).stdout
    return int(json.loads(told)["clientVersion"]["minor"].rstrip("+"))
