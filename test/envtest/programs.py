"""Where the control plane's programs are: asks `assets/build`, which builds what is missing."""

import os
import subprocess
import sys

from lab.processes import die_with_parent

_BUILD = os.path.join(os.path.dirname(__file__), "assets", "build")
_UNAVAILABLE = 77
ALL = ("etcd", "kube-apiserver", "kubectl", "kube-controller-manager", "kube-proxy")


class Unavailable(RuntimeError):
    """This machine can neither build nor find the programs; the text says what is missing. Tests skip with it."""


def locate(*names: str) -> str:
    """The directory that holds these programs. The first call on a machine takes minutes; its progress goes to stderr."""
    with subprocess.Popen([sys.executable, _BUILD, *names], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          preexec_fn=die_with_parent) as build:
        said = ""
        try:
            for line in build.stderr:
                print(line.strip(), file=sys.stderr, flush=True)
                said = line.strip().removeprefix("assets: ")
            place = build.stdout.read().strip()
        except BaseException:
            build.kill()  # Ctrl-C does not reach it
            raise
    if build.returncode == _UNAVAILABLE:
        raise Unavailable(said)
    if build.returncode != 0:
        raise RuntimeError(f"the control plane's programs could not be built: {said}")
    return place
