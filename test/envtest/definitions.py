"""The fixture that applies the custom resource definitions; modules that want them import it."""

import glob
import os

import pytest

from lab.cluster import REPOSITORY

PLACE = os.path.join(REPOSITORY, "deploy", "crds")


def apply(control_plane) -> None:
    control_plane.kubectl("apply", "-f", PLACE)
    names = [os.path.basename(path).removesuffix(".yaml") for path in glob.glob(f"{PLACE}/*.yaml")]
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *(f"crd/{name}.metallb.io" for name in names))


@pytest.fixture(scope="module")
def definitions(control_plane) -> None:
    apply(control_plane)
