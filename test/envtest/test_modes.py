"""`--webhook-mode` and `--disable-cert-rotation` on a real API server: who assigns, who judges, and whose certificates are served (controller
specification, sections 5.1, 6.4 and 6.6)."""

import base64
import os
import pathlib
import shutil
import ssl

import pytest

from envtest import services
from envtest.certificates import Authority
from envtest.component import Controller
from envtest.control_plane import NAMESPACE
from envtest.test_certificates import judging_all_the_time
from envtest.webhooks import PEER_DEFINITION, REGISTRATION, Admission, agree, bundles, judged, registered, served  # noqa: F401, a fixture
from lab.api import ApiError

pytestmark = pytest.mark.real_only("webhooks")
NAME = f"metallb-webhook-service.{NAMESPACE}.svc"
STATE = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/configurationstates/controller"
# What an assigning controller asks for before anything else, and what one that keeps certificates does.
ASSIGNING = ("/services", "/configurationstates", "/leases")
CERTIFICATES = ("/secrets", "/validatingwebhookconfigurations", "/customresourcedefinitions")


@pytest.fixture
def cluster(registered, binary):
    yield registered
    services.delete_all(registered)
    assert registered.refused("controller") == []


def requests(cluster, since: int, parts: tuple[str, ...]) -> list[str]:
    return [request for request in cluster.requests("controller")[since:] if any(part in request for part in parts)]


def judge_a_pool(cluster, name: str) -> None:
    """A controller that only judges admits a pool, and leaves a Service alone."""
    with Admission(cluster, "--webhook-mode=onlywebhook") as controller:
        controller.wait_for(lambda: agree(cluster) and judged(cluster), 60, "the webhooks to judge")
        services.create_pool(cluster, name, "192.0.2.10-192.0.2.19")
        services.create(cluster, name)
        with pytest.raises(ApiError, match="is after the end IP"):
            services.create_pool(cluster, f"{name}-backwards", "192.0.2.29-192.0.2.20")


def test_onlywebhook_judges_and_assigns_nothing(cluster):
    before = len(cluster.requests("controller"))
    judge_a_pool(cluster, "web")
    assert requests(cluster, before, CERTIFICATES) != []
    # Who never asks for Services cannot assign anything, however long it runs.
    assert requests(cluster, before, ASSIGNING) == [] and services.addresses(cluster, "web") == []
    with pytest.raises(ApiError) as missing:
        cluster.api.get(STATE)
    assert missing.value.status == 404
    with Admission(cluster) as controller:
        controller.wait_for(lambda: services.addresses(cluster, "web") == ["192.0.2.10"], 60, "an address from one that does both")


def test_disabled_assigns_and_judges_nothing(cluster):
    judge_a_pool(cluster, "web")
    before = len(cluster.requests("controller"))
    with Controller(cluster, "--webhook-mode=disabled") as controller:
        controller.wait_for(lambda: services.addresses(cluster, "web") == ["192.0.2.10"], 60, "an address")
        controller.wait_for(lambda: cluster.api.get(STATE).get("status", {}).get("result") == "Valid", 30, "the ConfigurationState")
        with pytest.raises(ConnectionRefusedError):
            served(cluster)
    assert requests(cluster, before, CERTIFICATES) == []


def test_certificates_of_somebody_elses_are_served_from_files_and_followed(cluster, tmp_path):
    authority = Authority(str(tmp_path))
    shown = tmp_path / "shown"
    shown.mkdir()
    bundle = base64.b64encode(pathlib.Path(authority.certificate).read_bytes()).decode()
    trust(cluster, bundle)
    first = issue(authority, "first", shown)
    before = len(cluster.requests("controller"))
    with Admission(cluster, "--disable-cert-rotation", f"--cert-dir={shown}") as controller:
        controller.wait_for(lambda: judged(cluster), 60, "the webhooks to judge")
        assert served(cluster) == first
        pid = controller.process.pid
        with judging_all_the_time(cluster):
            second = issue(authority, "second", shown)
            controller.wait_for(lambda: served(cluster) == second, 60, "the new certificate")
        assert judged(cluster) and controller.process.running() and controller.process.pid == pid
    assert requests(cluster, before, CERTIFICATES) == [] and bundles(cluster) == {bundle}


def trust(cluster, bundle: str) -> None:
    """As whoever keeps the certificates does."""
    webhooks = cluster.api.get(REGISTRATION)["webhooks"]
    for webhook in webhooks:
        webhook["clientConfig"]["caBundle"] = bundle
    cluster.api.merge(REGISTRATION, {"webhooks": webhooks})
    cluster.api.merge(PEER_DEFINITION, {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}}})


def issue(authority: Authority, name: str, directory: pathlib.Path) -> bytes:
    """A certificate for the webhooks' name, put into the directory file by file. Returns it (DER)."""
    certificate, key = authority.server(name, f"DNS:{NAME}")
    for source, target in ((certificate, "tls.crt"), (key, "tls.key")):
        shutil.copy(source, directory / f"{target}.new")
        os.replace(directory / f"{target}.new", directory / target)
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(certificate).read_text())
