"""Fixtures of the tests against a real Kubernetes API server. What this machine cannot build or find is a skip with its reason."""

import os

import pytest

from envtest import programs
from envtest.component import BINARY
from envtest.control_plane import ControlPlane
from lab.netns import Namespace, remove_leftovers

HOST_ADDRESS = "198.18.0.1"


@pytest.fixture(scope="session")
def assets(request) -> str:
    """The directory with etcd, kube-apiserver and kubectl. pytest would hide the minutes that building them takes."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        try:
            return programs.locate("etcd", "kube-apiserver", "kubectl")
        except programs.Unavailable as reason:
            pytest.skip(str(reason))


@pytest.fixture(scope="session")
def binary() -> str:
    if not os.path.exists(BINARY):
        pytest.skip(f"{BINARY} has not been built")
    return BINARY


@pytest.fixture(scope="module")
def control_plane(assets):
    """One control plane for the tests of a module. Its files, logs among them, end with it."""
    with ControlPlane(assets) as started:
        yield started


@pytest.fixture(scope="module")
def isolated_control_plane(assets):
    """The same in a network namespace of its own, whose address `HOST_ADDRESS` can be an endpoint: for webhooks, on their fixed port,
    and for speakers, which answer on every interface."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    remove_leftovers()
    namespace = Namespace("control")
    try:
        namespace.run("ip", "address", "add", f"{HOST_ADDRESS}/32", "dev", "lo")
        # Services' endpoints are reached directly: there is no kube-proxy.
        with ControlPlane(assets, ["--enable-aggregator-routing=true"], place=namespace) as started:
            yield started
    finally:
        namespace.remove()
