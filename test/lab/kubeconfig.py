"""Kubeconfig files."""

import json


def write_kubeconfig(path: str, server: str, user: dict | None = None, authority_data: str | None = None) -> None:
    """`user`: its credentials, under the names that a kubeconfig has for them. `authority_data`: the server's authority, in base64."""
    cluster = {"server": server} | ({"certificate-authority-data": authority_data} if authority_data else {})
    with open(path, "w") as file:
        json.dump({  # JSON is YAML
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "users": [{"name": "lab", "user": user or {}}],
        }, file)
