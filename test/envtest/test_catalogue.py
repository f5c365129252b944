"""The definitions in deploy/crds on an API server: which manifests their schemas refuse, and in which words (envtest/catalogue.py)."""

import pytest

from envtest import catalogue
from envtest.definitions import definitions  # noqa: F401, a fixture


def test_the_catalogue_is_sound():
    schema, admission = catalogue.wrong("schema") + catalogue.wrong("rule"), catalogue.wrong("admission")
    rows = schema + admission + catalogue.accepted()
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(row["message"] for row in schema + admission)
    assert [row["name"] for row in admission if len(row["message"]) < 2] == [], "what is wrong, and how to mend it"
    assert len(schema) >= 40 and len(admission) >= 45
    kinds = {row["manifest"]["kind"] for row in schema}
    assert kinds >= {"IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer", "BFDProfile", "Community", "ServiceL2Status",
                     "ServiceBGPStatus", "ConfigurationState"}


RULES = [pytest.param(*parameter.values, id=parameter.id, marks=pytest.mark.real_only("CEL"))
         for parameter in catalogue.named(catalogue.wrong("rule"))]


@pytest.mark.parametrize("row", catalogue.named(catalogue.wrong("schema")) + RULES)
def test_the_schema_refuses_and_says_why(control_plane, definitions, row):
    refused = catalogue.attempt(control_plane.api, row)
    assert refused is not None, "it was accepted"
    # 400: fields that the schema does not have.
    assert refused.status == (400 if "unknown field" in row["message"][0] else 422), refused
    assert [fragment for fragment in row["message"] if fragment not in str(refused)] == [], refused


@pytest.mark.parametrize("row", catalogue.named(catalogue.wrong("admission")))
def test_what_is_left_to_admission_passes_the_schema(control_plane, definitions, row):
    assert catalogue.attempt(control_plane.api, row) is None


@pytest.mark.parametrize("row", catalogue.named(catalogue.accepted()))
def test_the_schema_is_no_stricter_than_the_original(control_plane, definitions, row):
    assert catalogue.attempt(control_plane.api, row) is None


@pytest.mark.parametrize("kind, spec", [
    pytest.param("IPAddressPool", {"addresses": [f"10.{n // 250}.{n % 250}.100 - 10.{n // 250}.{n % 250}.200" for n in range(10000)]}, id="ranges"),
    pytest.param("IPAddressPool", {"addresses": [f"0000:0000:0000:0000:0000:ffff:192.{n // 250}.{n % 250}.0/120" for n in range(10000)]}, id="IPv6"),
    pytest.param("IPAddressPool", {"addresses": ["192.0.2.0/24"], "serviceAllocation": {"namespaces": [f"{n:063}" for n in range(400)]}}, id="namespaces"),
    pytest.param("IPAddressPool", {"addresses": ["192.0.2.0/24"], "serviceAllocation": {"namespaces": [f"{n:063}" for n in range(200)]}}, id="compared"),
    pytest.param("BGPAdvertisement", {"peers": [f"{n:0253}" for n in range(256)]}, id="peers"),
    pytest.param("BGPAdvertisement", {"peers": [f"{n:0253}" for n in range(128)]}, id="peers-compared"),
])
def test_the_longest_lists_are_no_more_work_than_the_server_allows_a_rule(control_plane, definitions, kind, spec):
    assert catalogue.attempt(control_plane.api, {"manifest": {"kind": kind, "spec": spec}}) is None
