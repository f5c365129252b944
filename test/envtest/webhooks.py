"""The webhooks as deploy/webhooks.yaml registers them, with this place as their Service's endpoint, and a controller that serves them."""

import base64
import os
import socket
import ssl

import pytest

from lab.cluster import REPOSITORY

from . import catalogue
from .component import Controller
from .conftest import HOST_ADDRESS
from .control_plane import NAMESPACE, ControlPlane

MANIFEST = os.path.join(REPOSITORY, "deploy", "webhooks.yaml")
PORT = 9443
HEALTH_PORT = 17472
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/metallb-webhook-cert"
REGISTRATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb-webhook-configuration"
PEER_DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io"
_MISPLACED = {"kind": "L2Advertisement", "metadata": {"namespace": "default"}}


@pytest.fixture(scope="module")
def registered(isolated_control_plane):
    """Nobody answers yet."""
    isolated_control_plane.apply_definitions()
    isolated_control_plane.kubectl("apply", "-f", MANIFEST)
    isolated_control_plane.api.create(f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices", {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "webhooks", "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": "metallb-webhook-service"}},
        "ports": [{"name": "", "port": PORT, "protocol": "TCP"}], "endpoints": [{"addresses": [HOST_ADDRESS], "conditions": {"ready": True}}]})
    return isolated_control_plane


class Admission(Controller):
    """A controller with webhooks. Several at one place get different health ports."""

    def __init__(self, control_plane: ControlPlane, *arguments: str, name: str = "controller", health_port: int = HEALTH_PORT):
        super().__init__(control_plane, "--webhook-mode=enabled", f"--health-probe-port={health_port}", *arguments, name=name)


def judged(control_plane: ControlPlane) -> bool:
    """Do the webhooks refuse what they must? Anything else, such as a certificate that is not trusted, is no judgement."""
    answer = catalogue.attempt(control_plane.api, {"manifest": _MISPLACED})
    return answer is not None and answer.status == 403 and "resource must be created in" in str(answer)


def bundles(control_plane: ControlPlane) -> set[str]:
    """Every CA bundle of the registration and of the conversion, as it is written there."""
    clients = [webhook["clientConfig"] for webhook in control_plane.api.get(REGISTRATION)["webhooks"]]
    clients.append(control_plane.api.get(PEER_DEFINITION)["spec"]["conversion"]["webhook"]["clientConfig"])
    return {client.get("caBundle", "") for client in clients}


def secret(control_plane: ControlPlane) -> dict[str, str]:
    return control_plane.api.get(SECRET).get("data", {})


def served(control_plane: ControlPlane) -> bytes:
    """The certificate that the listener shows to a new connection (DER)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with control_plane.place.entered(), socket.create_connection((HOST_ADDRESS, PORT), timeout=5) as raw, context.wrap_socket(raw) as connection:
        return connection.getpeercert(binary_form=True)


def agree(control_plane: ControlPlane) -> bool:
    """Secret, bundles and listener tell of the same certificates."""
    data = secret(control_plane)
    if not data.get("tls.crt") or bundles(control_plane) != {data["ca.crt"]}:
        return False
    try:
        return served(control_plane) == ssl.PEM_cert_to_DER_cert(base64.b64decode(data["tls.crt"]).decode())
    except OSError:
        return False
