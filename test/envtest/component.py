"""The metallb binary against a control plane, with the rights of its service account."""

import os

from lab.cluster import REPOSITORY
from lab.processes import Process, wait_until

from .control_plane import NAMESPACE, ControlPlane

BINARY = os.environ.get("METALLB_BINARY", os.path.join(REPOSITORY, "build", "release", "metallb"))


class Component:
    """Use as a context manager. Runs where the control plane runs. Its log is kept beside the control plane's; what it says in full is
    `log()`."""

    def __init__(self, control_plane: ControlPlane, command: str, identity: str, name: str, arguments: tuple[str, ...]):
        words = [BINARY, command, f"--kubeconfig={control_plane.kubeconfig(identity)}", f"--namespace={NAMESPACE}", "--port=0",
                 "--health-probe-port=0", "--log-level=debug", *arguments]
        self.process = Process(name, control_plane.place, words, control_plane.log_path(f"metallb-{name}"))

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.stop()

    def log(self) -> str:
        """Of this run."""
        with open(self.process.log_path, errors="replace") as log:
            log.seek(self.process.log_start)
            return log.read()

    def errors(self) -> list[str]:
        return [line for line in self.log().splitlines() if '"level":"error"' in line]

    def wait_for(self, condition, timeout: float, what: str):
        """Polls; a failure carries the log's end."""
        try:
            return wait_until(condition, timeout, what)
        except TimeoutError as failure:
            raise TimeoutError(f"{failure}\n{self.process.log_tail(40)}") from None


class Controller(Component):
    """Without webhooks, unless an argument says otherwise (the last one wins)."""

    def __init__(self, control_plane: ControlPlane, *arguments: str, identity: str = "controller", name: str | None = None):
        super().__init__(control_plane, "controller", identity, name or identity, ("--webhook-mode=disabled", *arguments))


class Speaker(Component):
    """Of one node. It answers on the interfaces of the place where it runs: give the control plane a network namespace."""

    def __init__(self, control_plane: ControlPlane, node: str, *arguments: str, identity: str = "speaker"):
        super().__init__(control_plane, "speaker", identity, f"speaker-{node}", (f"--node-name={node}", *arguments))
