"""The demo as a process, for tests of its promises."""

import os
import subprocess
import sys

from .cluster import REPOSITORY
from .conftest import BINARY


def demo(*arguments: str, binary: str = BINARY, **environment: str) -> subprocess.Popen:
    python = {"PYTHONPATH": os.path.join(REPOSITORY, "test"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-m", "lab.demo", "--binary", binary, *arguments], cwd=REPOSITORY,
                            env={**os.environ, **python, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def namespaces_of(pid: int) -> list[str]:
    return [name for name in os.listdir("/var/run/netns") if name.startswith(f"mlb{pid}-")]
