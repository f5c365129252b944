"""Fixtures of the tests against a real Kubernetes API server. What this machine cannot build or find is a skip with its reason."""

import os

import pytest

from envtest import programs
from envtest.component import BINARY
from envtest.control_plane import ControlPlane


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
