"""Processes of the lab: started inside a namespace, logged to a file, ended by pid, and never outliving the lab."""

import ctypes
import os
import signal
import subprocess
import time

from .netns import Namespace

_libc = ctypes.CDLL("libc.so.6", use_errno=True)
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    os.setsid()
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One program in a namespace. `etc` is a directory laid over /etc for this process only (in its own mount namespace)."""

    def __init__(self, name: str, namespace: Namespace, command: list[str], log_path: str, environment: dict[str, str] | None = None,
                 etc: str | None = None):
        self.name = name
        self.log_path = log_path
        self._namespace = namespace
        self._environment = environment or {}
        self._command = command
        self._etc = etc
        self._child: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        command = self._command
        if self._etc:
            script = 'mount -t overlay overlay -o lowerdir="$0:/etc" /etc && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", script, self._etc, *command]
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()  # of this run
            self._child = subprocess.Popen(
                [*self._namespace.exec_prefix(), *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self._environment}, preexec_fn=die_with_parent,
            )
        self._asked = False

    @property
    def pid(self) -> int:
        """The program's own pid: `ip netns exec`, `unshare` and `sh` replace themselves by it."""
        return self._child.pid

    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def exit_code(self) -> int | None:
        return self._child.poll()

    def kill(self) -> None:
        """SIGKILL: no chance to say good-bye."""
        if self.running():
            self._child.kill()
        self._child.wait()

    def ask_to_stop(self) -> None:
        """SIGTERM, and no waiting."""
        self._asked = True
        self._child.terminate()

    def stop(self, grace: float = 5.0) -> int:
        """SIGTERM, then SIGKILL after `grace` seconds. Returns the exit code. Not asked twice: many programs then end at once."""
        if self.running():
            if not self._asked:
                self.ask_to_stop()
            try:
                self._child.wait(grace)
            except subprocess.TimeoutExpired:
                self._child.kill()
        return self._child.wait()

    def suspend(self) -> None:
        """SIGSTOP: it holds its sockets and answers nothing."""
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def log_tail(self, lines: int = 20) -> str:
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def memory(self) -> dict[str, int]:
        """Resident memory in KiB: {"rss": all, "anonymous": without file-backed pages}."""
        values = {}
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                key, _, value = line.partition(":")
                if key in ("VmRSS", "RssAnon"):
                    values[key] = int(value.split()[0])
        return {"rss": values.get("VmRSS", 0), "anonymous": values.get("RssAnon", 0)}


def wait_until(condition, timeout: float, what: str, interval: float = 0.02):
    """Polls until `condition()` is true and returns its value; fails with `what` in words after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        time.sleep(interval)
