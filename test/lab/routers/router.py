"""What all routers of the lab have in common: a directory, processes, and waiting for a state."""

import os
import shutil
import tempfile
import time

from ..netns import Namespace
from ..processes import Process
from .description import Description, Path, Session, differs


class Router:
    """A router in a namespace. `start` returns at once; `wait_for_*` poll. Safe to close twice."""

    software = ""
    programs: tuple[str, ...] = ()
    installs_routes = True  # into the kernel of its namespace

    def __init__(self, namespace: Namespace, description: Description):
        self.namespace = namespace
        self.description = description
        # Not below the cluster's own directory: daemons that give up root must get here.
        self.directory = tempfile.mkdtemp(prefix=f"metallb-lab-{self.software}-")
        os.chmod(self.directory, 0o755)
        self._processes: list[Process] = []

    @classmethod
    def missing(cls) -> str | None:
        """Why this software cannot be used here."""
        absent = [program for program in cls.programs if shutil.which(program) is None]
        return f"{', '.join(absent)} is not installed" if absent else None

    # -- what each software does its own way ----------------------------------------------------------------------------

    def start(self) -> None:
        raise NotImplementedError

    def sessions(self) -> dict[str, Session]:
        """By the neighbour's address or interface."""
        raise NotImplementedError

    def routes(self, family: str) -> dict[str, list[Path]]:
        """All paths by prefix, as learned from neighbours."""
        raise NotImplementedError

    # -- life -----------------------------------------------------------------------------------------------------------

    def _file(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _write(self, name: str, text: str) -> str:
        path = self._file(name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def _run(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Process:
        process = Process(name, self.namespace, command, self._file(f"{name}.log"), environment)
        self._processes.append(process)
        return process

    def processes(self) -> list[Process]:
        return list(self._processes)

    def stop(self) -> None:
        """As its service manager would stop it."""
        for process in reversed(self._processes):
            process.ask_to_stop() if process.running() else None
        for process in reversed(self._processes):
            process.stop(grace=5.0)
        self._processes = []

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
        self._processes = []

    def close(self) -> None:
        for process in reversed(self._processes):
            process.kill()
        self._processes = []
        if self.installs_routes:
            # A router that is killed leaves its routes behind; the next one in this namespace shall not inherit them.
            for option in ("-4", "-6"):
                for protocol in ("bgp", "bird"):
                    self.namespace.run("ip", option, "route", "flush", "proto", protocol, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "Router":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(f"-- {process.name}\n{process.log_tail(lines)}" for process in self._processes)

    # -- waiting --------------------------------------------------------------------------------------------------------

    def wait_for_sessions(self, wanted: dict[str, dict] | list[str] | None = None, timeout: float = 30.0) -> dict[str, Session]:
        """Until the sessions have the wanted attributes. Without any: all are established. A list: those are."""
        if wanted is None:
            wanted = [neighbour.key for neighbour in self.description.neighbours]
        if not isinstance(wanted, dict):
            wanted = {key: {"established": True} for key in wanted}

        def fault(found: dict[str, Session]) -> str:
            for key, attributes in wanted.items():
                if key not in found:
                    return f"no session with {key}"
                difference = differs(found[key], attributes)
                if difference:
                    return f"{key}: {difference} ({found[key].state})"
            return ""

        return self._poll(self.sessions, fault, timeout)

    def wait_for_routes(self, wanted: dict[str, set[str]], timeout: float = 15.0, **attributes) -> dict[str, list[Path]]:
        """Until each prefix has exactly these next hops (an empty set: the prefix is gone), and each of its paths the attributes."""
        families = {("ipv6" if ":" in prefix else "ipv4") for prefix in wanted}

        def find() -> dict[str, list[Path]]:
            found: dict[str, list[Path]] = {}
            for family in families:
                found |= self.routes(family)
            return found

        def fault(found: dict[str, list[Path]]) -> str:
            for prefix, hops in wanted.items():
                paths = found.get(prefix, [])
                if {path.next_hop for path in paths} != hops:
                    return f"{prefix} has next hops {sorted(path.next_hop for path in paths)}, not {sorted(hops)}"
                for path in paths:
                    difference = differs(path, attributes)
                    if difference:
                        return f"{prefix} from {path.neighbour}: {difference}"
            return ""

        return self._poll(find, fault, timeout)

    def _poll(self, find, fault, timeout: float):
        deadline = time.monotonic() + timeout
        while True:
            try:
                found = find()
                reason = fault(found)
                if not reason:
                    return found
            except (OSError, ValueError) as error:
                reason = f"it does not answer: {error}"
            dead = [process.name for process in self._processes if not process.running()]
            if dead or time.monotonic() > deadline:
                why = f"{', '.join(dead)} has ended" if dead else f"not within {timeout:g} s: {reason}"
                raise TimeoutError(f"{self.software}: {why}\n{self.log_tail()}")
            time.sleep(0.03)
