"""The demo on Kubernetes' own programs: it ends in success, and it leaves nothing behind, also when it is interrupted or fails."""

import glob
import json
import os
import signal
import tempfile

import pytest

from envtest import programs
from lab import conftest as lab
from lab.netns import run
from lab.processes import wait_until
from lab.routers import Frr
from lab.running_demo import demo, namespaces_of

pytestmark = pytest.mark.real_only("the whole demo")
_STORY_SECONDS = 900  # it takes one minute where nothing else runs


@pytest.fixture(scope="module", autouse=True)
def all_assets(request) -> None:
    """Builds what is missing, minutes that pytest would hide."""
    missing = lab.missing()
    if missing:
        pytest.skip(missing)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        try:
            programs.locate(*programs.ALL)
        except programs.Unavailable as reason:
            pytest.skip(str(reason))


def files_of(pid: int) -> list[str]:
    return [path for place in ("/dev/shm", tempfile.gettempdir()) for path in glob.glob(f"{place}/metallb-envtest-{pid}-*")]


def running(demo_pid: int) -> set[int]:
    """In the demo's namespaces."""
    return {int(pid) for name in namespaces_of(demo_pid) for pid in run("ip", "netns", "pids", name, check=False).split()}


def names_of(pids: set[int]) -> set[str]:
    names = set()
    for pid in pids:
        try:
            with open(f"/proc/{pid}/comm") as file:
                names.add(file.read().strip())
        except OSError:
            pass  # it has ended
    return names


def test_the_demo_on_real_programs_ends_in_success():
    process = demo("--json", "--real", "--ipv6")
    output, story = process.communicate(timeout=_STORY_SECONDS)
    assert process.returncode == 0, story[-5000:]
    report = json.loads(output)
    assert report["success"] and all(check["ok"] for check in report["checks"])
    done = [check["what"] for check in report["checks"]]
    assert {"kubectl shows the address", "all 3 pods serve, and they are the Deployment's",
            "the API server refused them nothing that they need"} <= set(done)
    assert done.count("another node took over") == 3 and done.count("no request was lost") == 1
    assert namespaces_of(process.pid) == [] and files_of(process.pid) == []


@pytest.mark.skipif(Frr.missing() is not None, reason=str(Frr.missing()))
def test_so_does_that_of_bgp_mode():
    process = demo("--json", "--real", "--bgp", "--nodes", "2")
    output, story = process.communicate(timeout=_STORY_SECONDS)
    assert process.returncode == 0, story[-5000:]
    report = json.loads(output)
    assert report["success"] and "kubectl shows the address" in [check["what"] for check in report["checks"]]
    assert namespaces_of(process.pid) == [] and files_of(process.pid) == []


def test_an_interrupted_demo_ends_all_programs():
    process = demo("--real")
    try:
        # kube-proxies come last.
        wait_until(lambda: "kube-proxy" in names_of(running(process.pid)) or process.poll() is not None, 400, "a kube-proxy runs")
        started = running(process.pid)
        assert {"etcd", "kube-apiserver", "kube-controller"} <= names_of(started)  # the kernel cuts names at 15 characters
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 1 and "interrupted" in output
    assert namespaces_of(process.pid) == [] and files_of(process.pid) == []
    assert [pid for pid in started if os.path.exists(f"/proc/{pid}")] == []


def test_a_program_that_is_missing_is_named_before_anything_is_started(tmp_path):
    process = demo("--real", KUBEBUILDER_ASSETS=str(tmp_path))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "FAILED" in output and "lacks etcd, kube-apiserver, kubectl, kube-controller-manager, kube-proxy" in output


def test_a_demo_that_fails_after_the_start_ends_all_programs():
    process = demo("--real", "--examples", "/nonexistent")
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 1 and "/nonexistent/namespaces.yaml" in output
    assert namespaces_of(process.pid) == [] and files_of(process.pid) == []
