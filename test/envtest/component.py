"""The metallb binary against a control plane, with the rights of its service account."""

import os

from lab.cluster import REPOSITORY
from lab.processes import Process, wait_until

from .control_plane import NAMESPACE, ControlPlane, Host

BINARY = os.environ.get("METALLB_BINARY", os.path.join(REPOSITORY, "build", "release", "metallb"))


class Controller:
    """Use as a context manager. Its log is kept beside the control plane's; what it says in full is `log()`."""

    def __init__(self, control_plane: ControlPlane, *arguments: str, identity: str = "controller"):
        command = [BINARY, "controller", f"--kubeconfig={control_plane.kubeconfig(identity)}", f"--namespace={NAMESPACE}", "--port=0",
                   "--health-probe-port=0", "--webhook-mode=disabled", "--log-level=debug", *arguments]
        self.process = Process("controller", Host(), command, control_plane.log_path(f"metallb-{identity}"))

    def __enter__(self) -> "Controller":
        return self

    def __exit__(self, *_) -> None:
        self.process.stop()

    def log(self) -> str:
        """Of this run."""
        with open(self.process.log_path, errors="replace") as log:
            log.seek(self.process.log_start)
            return log.read()

    def wait_for(self, condition, timeout: float, what: str):
        """Polls; a failure carries the log's end."""
        try:
            return wait_until(condition, timeout, what)
        except TimeoutError as failure:
            raise TimeoutError(f"{failure}\n{self.process.log_tail(40)}") from None
