"""Definitions of kinds, and objects of them, on either API server: what is pruned, filled in and refused, in which words (things.yaml), and
how `kubectl` lives with them."""

import copy
import http.client
import json
import pathlib

import pytest
import yaml

from envtest import catalogue
from lab.api import ApiError
from lab.processes import wait_until

TABLE = yaml.safe_load((pathlib.Path(__file__).parent / "things.yaml").read_text())
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/namespaces/default/things"


@pytest.fixture(scope="module")
def things(control_plane):
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(TABLE["definition"]))
    control_plane.kubectl("wait", "--for=condition=established", "--timeout=30s", "crd/things.example.com")

    def served() -> bool:
        try:
            return control_plane.api.get(THINGS)["items"] is not None
        except ApiError:
            return False
    wait_until(served, 30, "the kind to be served")
    return control_plane


def thing(spec, name: str = "subject") -> dict:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, "spec": spec}


def post(plane, path: str, body: dict) -> tuple[int, dict, str]:
    """The answer's code, body and warnings."""
    connection = plane.api.connect()
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer: http.client.HTTPResponse = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.getheader("Warning") or ""
    finally:
        connection.close()


def told(answer: dict) -> list[str]:
    """Each cause as "field: message". A definition whose versions are all alike has its schema at another place on a real server."""
    causes = [f"{cause['field']}: {cause['message']}" for cause in answer.get("details", {}).get("causes", [])]
    return sorted(cause.replace("spec.validation.openAPIV3Schema", "spec.versions[0].schema.openAPIV3Schema")
                  .replace("spec.additionalPrinterColumns", "spec.versions[0].additionalPrinterColumns") for cause in causes)


@pytest.mark.parametrize("row", catalogue.named(TABLE["rows"]))
def test_objects_are_pruned_filled_in_or_refused(things, row):
    status, answer, warnings = post(things, f"{THINGS}?dryRun=All", thing(row["spec"]))
    if "refused" in row:
        assert (status, told(answer)) == (422, sorted(row["refused"])), answer
    else:
        assert (status, answer.get("spec")) == (201, row["stored"]), answer
        assert warnings == ", ".join(f'299 - "unknown field \\"{path}\\""' for path in row.get("unknown", []))


@pytest.mark.parametrize("row", catalogue.named(TABLE["wrong_definitions"]))
def test_definitions_that_are_wrong_are_refused(control_plane, row):
    body = copy.deepcopy(TABLE["definition"])
    body["metadata"]["name"], body["spec"]["names"] = "others.example.com", {"plural": "others", "kind": "Other"}
    if "schema" in row:
        body["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = row["schema"]
    else:
        *path, last = row["at"]
        place = body
        for step in path:
            place = place[step]
        place.pop(last, None)
        if "value" in row:
            place[last] = row["value"]
    status, answer, _ = post(control_plane, f"{DEFINITIONS}?dryRun=All", body)
    assert status == 422, answer
    assert [start for start in row["refused"] if not any(cause.startswith(start) for cause in told(answer))] == [], answer


def test_fields_that_are_not_in_the_schema_are_named_where_that_is_asked_for(things):
    body = thing({"size": 1, "other": 2, "inner": {"b": 1}})
    body["metadata"]["odd"] = 1
    status, answer, _ = post(things, f"{THINGS}?fieldValidation=Strict", body)
    assert (status, answer["message"]) == (400, 'Thing in version "v1" cannot be handled as a Thing: strict decoding error: '
                                                'unknown field "metadata.odd", unknown field "spec.inner.b", unknown field "spec.other"')


def test_kubectl_uses_the_names_columns_and_status(things):
    things.kubectl("apply", "-f", "-", stdin=json.dumps(thing({"size": 3, "set": ["a"]}, "one")))
    try:
        things.kubectl("apply", "-f", "-", stdin=json.dumps(thing({"size": 4}, "one")))
        things.api.merge(f"{THINGS}/one/status", {"spec": {"size": 9}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
        header, row = things.kubectl("get", "th").splitlines()
        assert header.split() == ["NAME", "SIZE", "READY", "AGE"]
        assert row.split()[:3] == ["one", "4", "True"]
        assert "NAMES" in things.kubectl("get", "things", "-o", "wide").splitlines()[0]
        assert things.kubectl("get", "stuff", "-o", "name").strip() == "thing.example.com/one"
        assert things.api.get(f"{THINGS}/one")["metadata"]["generation"] == 2
        assert things.kubectl("wait", "--for=condition=Ready", "--timeout=30s", "thing/one")
        assert things.kubectl("get", "crd", "things.example.com").splitlines()[0].split() == ["NAME", "CREATED", "AT"]
    finally:
        things.kubectl("delete", "thing", "one")


def test_kubectl_explains_them(things, recent_kubectl):
    assert "How large it is" in things.kubectl("explain", "things.spec.size")


def test_versions_without_conversion_show_what_they_know(control_plane):
    def version(name: str, storage: bool, **fields) -> dict:
        spec = {"type": "object", "properties": {"size": {"type": "integer"}, **fields}}
        return {"name": name, "served": True, "storage": storage,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}
    names = {"plural": "pairs", "singular": "pair", "kind": "Pair", "listKind": "PairList"}
    control_plane.api.create(DEFINITIONS, {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "pairs.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": names,
                 "versions": [version("v1", False), version("v2", True, color={"type": "string", "default": "red"})]}})
    control_plane.kubectl("wait", "--for=condition=established", "--timeout=30s", "crd/pairs.example.com")

    def create() -> bool:
        try:
            control_plane.api.create("/apis/example.com/v2/pairs", {"apiVersion": "example.com/v2", "kind": "Pair", "metadata": {"name": "a"},
                                                                    "spec": {"size": 1}})
            return True
        except ApiError as error:
            if error.status != 404:
                raise
            return False
    wait_until(create, 30, "the kind to be served")
    assert control_plane.api.get("/apis/example.com/v2/pairs/a")["spec"] == {"size": 1, "color": "red"}
    old = control_plane.api.get("/apis/example.com/v1/pairs/a")
    assert (old["apiVersion"], old["spec"]) == ("example.com/v1", {"size": 1})
    control_plane.kubectl("delete", "crd", "pairs.example.com")
    assert control_plane.kubectl_result("get", "pairs").returncode != 0


def test_a_definition_goes_with_its_objects(control_plane):
    definition = copy.deepcopy(TABLE["definition"])
    definition["metadata"]["name"], definition["spec"]["names"] = "fleeting.example.com", {"plural": "fleeting", "kind": "Fleeting"}
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(definition))
    control_plane.kubectl("wait", "--for=condition=established", "--timeout=30s", "crd/fleeting.example.com")
    body = {"apiVersion": "example.com/v1", "kind": "Fleeting", "metadata": {"name": "a", "namespace": "default"}, "spec": {"size": 1}}
    wait_until(lambda: control_plane.kubectl_result("apply", "-f", "-", stdin=json.dumps(body)).returncode == 0, 30, "an object")
    control_plane.kubectl("delete", "crd", "fleeting.example.com")
    assert control_plane.kubectl_result("get", "fleeting", "a").returncode != 0
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(definition))
    try:
        control_plane.kubectl("wait", "--for=condition=established", "--timeout=30s", "crd/fleeting.example.com")
        wait_until(lambda: control_plane.kubectl_result("get", "fleeting").stdout == "", 30, "an empty collection")
    finally:
        control_plane.kubectl("delete", "crd", "fleeting.example.com")
