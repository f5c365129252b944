"""The definitions in deploy/crds on a real API server: which manifests their schemas refuse, and in which words (envtest/catalogue.py)."""

import pytest

from envtest import catalogue
from envtest.definitions import definitions  # noqa: F401, a fixture


def test_the_catalogue_is_sound():
    schema, admission = catalogue.wrong("schema"), catalogue.wrong("admission")
    rows = schema + admission + catalogue.accepted()
    assert len({row["name"] for row in rows}) == len(rows)
    assert all(row["message"] for row in schema + admission)
    assert len(schema) >= 40 and len(admission) >= 45
    kinds = {row["manifest"]["kind"] for row in schema}
    assert kinds >= {"IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer", "BFDProfile", "Community", "ServiceL2Status",
                     "ServiceBGPStatus", "ConfigurationState"}


@pytest.mark.parametrize("row", catalogue.named(catalogue.wrong("schema")))
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
