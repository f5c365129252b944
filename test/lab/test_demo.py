"""The demo's two promises: it ends in success, and it leaves nothing behind, also when it is interrupted."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from lab.cluster import REPOSITORY
from lab.routers import Frr
from lab.running_demo import demo, namespaces_of


@pytest.mark.parametrize("arguments", [["--ipv6"], ["--nodes", "2"], ["--nodes", "7"]], ids=" ".join)
def test_the_demo_ends_in_success(arguments):
    process = demo("--json", *arguments)
    output, story = process.communicate(timeout=240)
    assert process.returncode == 0, story[-3000:]
    report = json.loads(output)
    assert report["success"] and all(check["ok"] for check in report["checks"])
    assert report["figures"]["create_to_arp_ms"]["samples"] == 20
    done = [check["what"] for check in report["checks"]]
    assert done.count("another node took over") == 3 and done.count("no request was lost") == 1
    for kind in ("stop", "kill", "cut"):
        families = [report["figures"]["deaths"][kind][family]["outage"] for family in (["arp", "ndp"] if "--ipv6" in arguments else ["arp"])]
        assert all(row["samples"] == 1 and row["never_succeeded"] == 0 for row in families)
    assert namespaces_of(process.pid) == []


@pytest.mark.skipif(Frr.missing() is not None, reason=str(Frr.missing()))
def test_the_demo_of_bgp_mode_ends_in_success():
    process = demo("--json", "--bgp", "--ipv6")
    output, story = process.communicate(timeout=240)
    assert process.returncode == 0, story[-3000:]
    report = json.loads(output)
    assert report["success"] and all(check["ok"] for check in report["checks"])
    figures = report["figures"]
    assert figures["create_to_route_ms"]["samples"] == figures["router_floor"]["update_to_route_ms"]["samples"] == 20
    assert {kind: row["gone_ms"]["samples"] for kind, row in figures["deaths"].items()} == {"stop": 1, "kill": 1, "cut": 1}
    assert namespaces_of(process.pid) == []


def test_a_failing_demo_says_why_and_takes_its_lab_down():
    process = demo(binary="/bin/false")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "FAILED: the API server has ended" in output
    assert namespaces_of(process.pid) == []


def test_without_root_there_is_one_clear_line():
    """From a copy, since the checkout may lie where another user cannot look."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        shutil.copytree(os.path.join(REPOSITORY, "scripts"), os.path.join(place, "scripts"))
        result = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", os.path.join(place, "scripts", "demo")],
                                capture_output=True, text=True, timeout=20)
    assert result.returncode != 0
    assert len(result.stderr.splitlines()) == 1 and "root is needed" in result.stderr, result.stderr


def test_an_interrupted_demo_takes_its_lab_down():
    process = demo()
    deadline = time.monotonic() + 30
    while len(namespaces_of(process.pid)) < 8 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert namespaces_of(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert namespaces_of(process.pid) == []
