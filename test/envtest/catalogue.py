"""Manifests with their expected fate: `catalogue/*.yaml` lists wrong ones, `accepted.yaml` odd ones that must pass.

A row is `name`, `manifest`, and for a wrong one `refusedBy` (`schema`: by the API server alone; `rule`: by the API server, for a rule in CEL; `admission`: by the validating webhooks)
and `message`, fragments that the answer must contain. `given` are objects that exist before; where one of them has the manifest's kind and
name, the manifest is a patch of it. `operation: status` patches the status, `operation: delete` deletes. Left out of a manifest are the
version, the name (`subject`) and the namespace (`metallb-system`)."""

import contextlib
import pathlib

import pytest
import yaml

from lab.api import ApiError

from .control_plane import NAMESPACE

HERE = pathlib.Path(__file__).parent
_TRIED = "dryRun=All&fieldValidation=Strict"  # as kubectl does; nothing is stored


def named(rows: list[dict]) -> list:
    """As parameters of a test."""
    return [pytest.param(row, id=row["name"].replace(" ", "-")) for row in rows]


def wrong(refused_by: str) -> list[dict]:
    return [row for path in sorted((HERE / "catalogue").glob("*.yaml")) for row in yaml.safe_load(path.read_text())
            if row["refusedBy"] == refused_by]


def accepted() -> list[dict]:
    return yaml.safe_load((HERE / "accepted.yaml").read_text())


def completed(manifest: dict) -> dict:
    version = "metallb.io/v1beta2" if manifest["kind"] == "BGPPeer" else "metallb.io/v1beta1"
    namespace = {} if manifest["kind"] == "Node" else {"namespace": NAMESPACE}
    return {"apiVersion": version, **manifest, "metadata": {"name": "subject", **namespace, **manifest.get("metadata", {})}}


def plural(kind: str) -> str:
    return {"Community": "communities"}.get(kind, kind.lower() + ("es" if kind.endswith("s") else "s"))


def collection(manifest: dict) -> str:
    group = "/api/v1" if manifest["apiVersion"] == "v1" else f"/apis/{manifest['apiVersion']}"
    namespace = manifest["metadata"].get("namespace")
    return f"{group}/namespaces/{namespace}/{plural(manifest['kind'])}" if namespace else f"{group}/{plural(manifest['kind'])}"


def place(manifest: dict) -> str:
    return f"{collection(manifest)}/{manifest['metadata']['name']}"


@contextlib.contextmanager
def existing(api, manifests: list[dict]):
    """The objects, for as long as the block takes."""
    stored = []
    try:
        for manifest in map(completed, manifests):
            api.create(collection(manifest), manifest)
            stored.append(manifest)
            if "status" in manifest:
                api.merge(f"{place(manifest)}/status", {"status": manifest["status"]})
        yield
    finally:
        for manifest in reversed(stored):
            api.delete(place(manifest))


def attempt(api, row: dict) -> ApiError | None:
    """What the API server has against the row's manifest."""
    manifest = completed(row["manifest"])
    given = row.get("given", [])
    change = any(place(completed(other)) == place(manifest) for other in given)
    with existing(api, given):
        try:
            if row.get("operation") == "delete":
                api.request("DELETE", f"{place(manifest)}?dryRun=All")
            elif row.get("operation") == "status":
                api.merge(f"{place(manifest)}/status?{_TRIED}", manifest)
            elif change:
                api.merge(f"{place(manifest)}?{_TRIED}", manifest)
            else:
                api.create(f"{collection(manifest)}?{_TRIED}", manifest)
        except ApiError as error:
            return error
    return None
