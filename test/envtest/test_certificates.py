"""The webhooks' certificates on a real API server: made, replaced, restored and taken over, all without a restart of the controller
(controller specification, section 6.6; docs/modules/admission.md)."""

import base64
import contextlib
import pathlib
import threading
import time

import pytest

from envtest import catalogue
from envtest.certificates import openssl
from envtest.control_plane import NAMESPACE
from envtest.webhooks import SECRET, Admission, agree, bundles, judged, registered, secret  # noqa: F401, a fixture
from lab.api import ApiError

pytestmark = pytest.mark.real_only("webhooks")
NAME = f"metallb-webhook-service.{NAMESPACE}.svc"
KEYS = {"ca.crt", "ca.key", "tls.crt", "tls.key"}


@pytest.fixture
def cluster(registered, binary):
    """As it is shipped: an empty Secret, no bundles."""
    with contextlib.suppress(ApiError):
        registered.api.delete(SECRET)
    registered.api.create(SECRET.rsplit("/", 1)[0], {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "metallb-webhook-cert"}})
    yield registered
    assert registered.refused("controller") == []


@pytest.fixture
def controller(cluster):
    with Admission(cluster) as running:
        running.wait_for(lambda: agree(cluster) and judged(cluster), 60, "the webhooks to judge")
        pid = running.process.pid
        yield running
        assert running.process.running() and running.process.pid == pid


@contextlib.contextmanager
def judging_all_the_time(cluster):
    """Changes are tried throughout the block, and each must be judged."""
    unjudged, ended = [], threading.Event()

    def ask() -> None:
        while not ended.is_set():
            answer = catalogue.attempt(cluster.api, {"manifest": {"kind": "L2Advertisement", "metadata": {"namespace": "default"}}})
            if answer is None or "resource must be created in" not in str(answer):
                unjudged.append(str(answer))
            time.sleep(0.02)
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert unjudged == []


def test_an_empty_secret_is_filled_and_made_known(cluster, controller):
    assert set(secret(cluster)) >= KEYS
    assert bundles(cluster) == {secret(cluster)["ca.crt"]}


def test_a_certificate_with_few_days_left_is_replaced_under_the_same_authority(cluster, controller, tmp_path):
    before = secret(cluster)
    short = issued(before, tmp_path, days=30)
    with judging_all_the_time(cluster):
        cluster.api.merge(SECRET, {"data": short})
        controller.wait_for(lambda: secret(cluster)["tls.crt"] not in (short["tls.crt"], before["tls.crt"]) and agree(cluster), 30, "a new certificate")
    assert secret(cluster)["ca.crt"] == before["ca.crt"]


def test_a_certificate_of_somebody_elses_with_time_left_is_served_as_it_is(cluster, controller, tmp_path):
    own = issued(secret(cluster), tmp_path, days=300)
    with judging_all_the_time(cluster):
        cluster.api.merge(SECRET, {"data": own})
        controller.wait_for(lambda: agree(cluster), 30, "the certificate to be served")
    assert secret(cluster)["tls.crt"] == own["tls.crt"]


def issued(data: dict[str, str], directory: pathlib.Path, days: int) -> dict[str, str]:
    """A certificate of the Secret's authority for the webhooks' name, as the Secret's data."""
    for name in ("ca.crt", "ca.key"):
        (directory / name).write_bytes(base64.b64decode(data[name]))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
            "-addext", "extendedKeyUsage=serverAuth", "-CA", str(directory / "ca.crt"), "-CAkey", str(directory / "ca.key"),
            "-keyout", str(directory / "tls.key"), "-out", str(directory / "tls.crt"))
    return {name: base64.b64encode((directory / name).read_bytes()).decode() for name in ("tls.crt", "tls.key")}


def test_a_lost_authority_is_made_anew(cluster, controller):
    before = secret(cluster)
    cluster.api.merge(SECRET, {"data": {"ca.crt": None}})
    controller.wait_for(lambda: secret(cluster).get("ca.crt") not in (None, before["ca.crt"]) and agree(cluster) and judged(cluster), 30,
                        "the new authority to be trusted")


def test_a_deleted_secret_comes_back(cluster, controller):
    before = secret(cluster)
    cluster.api.delete(SECRET)

    def back() -> bool:
        try:
            return set(secret(cluster)) >= KEYS and agree(cluster) and judged(cluster)
        except ApiError:
            return False
    controller.wait_for(back, 30, "the Secret, and certificates that are trusted")
    assert secret(cluster)["ca.crt"] != "" and before["tls.crt"] != ""


def test_an_emptied_bundle_is_filled_again(cluster, controller):
    registration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb-webhook-configuration"
    webhooks = cluster.api.get(registration)["webhooks"]
    for webhook in webhooks:
        webhook["clientConfig"].pop("caBundle")
    cluster.api.merge(registration, {"webhooks": webhooks})
    controller.wait_for(lambda: agree(cluster) and judged(cluster), 30, "the bundles to be back")


def test_two_controllers_that_start_at_once_agree_and_the_second_takes_over(cluster):
    """Of two at one place only one can listen; the other one keeps trying."""
    with Admission(cluster, name="first") as first, Admission(cluster, name="second", health_port=17473) as second:
        first.wait_for(lambda: agree(cluster) and judged(cluster), 60, "the webhooks to judge")
        agreed = secret(cluster)
        first.process.stop()
        second.wait_for(lambda: agree(cluster) and judged(cluster), 60, "the second to judge")
        assert secret(cluster) == agreed
        assert second.process.running()
    written = [request for request in cluster.requests("controller") if "/secrets" in request and request.split(" ")[0] in ("create", "update", "patch")]
    assert [request for request in written if request[-3:] not in ("200", "201", "409")] == []


def test_without_a_controller_changes_are_refused_and_nothing_else(cluster):
    """failurePolicy Fail, as the original has it."""
    with Admission(cluster) as running:
        running.wait_for(lambda: agree(cluster) and judged(cluster), 60, "the webhooks to judge")
    answer = catalogue.attempt(cluster.api, {"manifest": {"kind": "L2Advertisement"}})
    assert answer is not None and "failed calling webhook" in str(answer)
    cluster.api.create("/api/v1/namespaces/default/services?dryRun=All", {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
