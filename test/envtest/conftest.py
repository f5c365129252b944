"""Fixtures of the tests against a real Kubernetes API server, or the embedded one (`--server=embedded`), which is held to it: all but the
tests marked `real_only`, whose reason says what the embedded server does not have (docs/apiserver.md). What this machine cannot build or
find is a skip with its reason."""

import os

import pytest

from envtest import programs
from envtest.component import BINARY
from envtest.control_plane import ControlPlane
from envtest.embedded import EmbeddedControlPlane, kubectl_minor_version
from lab.netns import Namespace, remove_leftovers

HOST_ADDRESS = "198.18.0.1"


def pytest_addoption(parser):
    parser.addoption("--server", choices=("real", "embedded"), default="real", help="the API server that the tests run against")


def pytest_configure(config):
    config.addinivalue_line("markers", "real_only(reason): not for the embedded API server")


def embedded(config) -> bool:
    return config.getoption("--server") == "embedded"


def pytest_collection_modifyitems(config, items):
    if not embedded(config):
        return
    left_out = [item for item in items if item.get_closest_marker("real_only")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


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


@pytest.fixture(scope="session")
def start(request):
    """Makes the control plane that `--server` names. Further arguments are for the real one."""
    if embedded(request.config):
        request.getfixturevalue("binary")
        if kubectl_minor_version() == 0:
            pytest.skip("the program kubectl is not installed")
        return lambda api_arguments=None, place=None: EmbeddedControlPlane(place)
    assets = request.getfixturevalue("assets")
    return lambda api_arguments=None, place=None: ControlPlane(assets, api_arguments, place=place)


@pytest.fixture(scope="module")
def control_plane(start):
    """One control plane for the tests of a module. Its files, logs among them, end with it."""
    with start() as started:
        yield started


@pytest.fixture(scope="module")
def isolated_control_plane(start):
    """The same in a network namespace of its own, whose address `HOST_ADDRESS` can be an endpoint: for webhooks, on their fixed port,
    and for speakers, which answer on every interface."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    remove_leftovers()
    namespace = Namespace("control")
    try:
        namespace.run("ip", "address", "add", f"{HOST_ADDRESS}/32", "dev", "lo")
        # Services' endpoints are reached directly: there is no kube-proxy.
        with start(["--enable-aggregator-routing=true"], place=namespace) as started:
            yield started
    finally:
        namespace.remove()


@pytest.fixture
def recent_kubectl(request):
    """For options that Debian 12's kubectl, 1.20, does not have. The real server's is as new as itself."""
    if embedded(request.config) and kubectl_minor_version() < 27:
        pytest.skip("kubectl 1.27 or newer is needed")
