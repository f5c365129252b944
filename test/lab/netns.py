"""Network namespaces of one lab: created with a prefix that carries our pid, entered by thread, removed with everything in them."""

import contextlib
import ctypes
import fcntl
import itertools
import os
import re
import signal
import socket
import struct
import subprocess
import threading

_libc = ctypes.CDLL("libc.so.6", use_errno=True)
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_RUN_DIRECTORY = "/var/run/netns"
_PREFIX = "mlb"


def run(*command: str, stdin: str | None = None, check: bool = True) -> str:
    """Runs a command and returns its output; a failure carries what the command said."""
    result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


class Namespace:
    """One network namespace, for example a node. Names are short, because interface and host names derive from them."""

    def __init__(self, role: str):
        self.role = role
        with _lock:
            # A second lab of this process has the same roles.
            names = (f"{_PREFIX}{os.getpid()}-{role}{suffix}" for suffix in itertools.chain([""], (f"-{number}" for number in itertools.count(2))))
            self.name = next(name for name in names if name not in _made)
            _made[self.name] = self
        run("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str, stdin: str | None = None, check: bool = True) -> str:
        return run("ip", "netns", "exec", self.name, *command, stdin=stdin, check=check)

    def sysctl(self, **settings: object) -> None:
        """Sets net.* keys; dots in keys are written as double underscores: ipv4__ip_forward=1."""
        pairs = [f"net.{key.replace('__', '.')}={value}" for key, value in settings.items()]
        self.run("sysctl", "-qw", *pairs)

    def exec_prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    @contextlib.contextmanager
    def entered(self):
        """The calling thread acts inside the namespace: sockets made here belong to it and keep doing so afterwards."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        target = os.open(f"{_RUN_DIRECTORY}/{self.name}", os.O_RDONLY)
        try:
            _setns(target)
            yield self
        finally:
            _setns(own)
            os.close(own)
            os.close(target)

    def set_link(self, interface: str, up: bool) -> None:
        """By system call instead of a program, so that the moment is known to a fraction of a millisecond."""
        with self.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            request = struct.pack("16sh22x", interface.encode(), 0)
            flags = struct.unpack_from("h", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)[0]
            flags = flags | _IFF_UP if up else flags & ~_IFF_UP
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", interface.encode(), flags))

    def remove(self) -> None:
        _end_everything_in(self.name)
        run("ip", "netns", "delete", self.name, check=False)
        with _lock:
            _made.pop(self.name, None)


_made: dict[str, Namespace] = {}
_lock = threading.Lock()


def made() -> set[Namespace]:
    """The namespaces that this process made and did not remove yet."""
    with _lock:
        return set(_made.values())


def enter(name: str) -> None:
    """The calling thread acts inside the namespace of this name from now on."""
    target = os.open(f"{_RUN_DIRECTORY}/{name}", os.O_RDONLY)
    try:
        _setns(target)
    finally:
        os.close(target)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def connect(left: Namespace, left_name: str, right: Namespace, right_name: str) -> None:
    """A cable: a veth pair with one end in each namespace, both up."""
    run("ip", "link", "add", left_name, "netns", left.name, "type", "veth", "peer", "name", right_name, "netns", right.name)
    left.run("ip", "link", "set", left_name, "up")
    right.run("ip", "link", "set", right_name, "up")


def _end_everything_in(name: str) -> None:
    """Programs outlive the namespace's name; and those that changed their user have lost the signal at their parent's death."""
    for pid in run("ip", "netns", "pids", name, check=False).split():
        if int(pid) != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def remove_leftovers() -> list[str]:
    """Removes namespaces of labs whose process is gone (killed without a chance to clean up)."""
    removed = []
    for name in os.listdir(_RUN_DIRECTORY) if os.path.isdir(_RUN_DIRECTORY) else []:
        found = re.match(rf"{_PREFIX}(\d+)-", name)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            _end_everything_in(name)
            run("ip", "netns", "delete", name, check=False)
            removed.append(name)
    return removed
