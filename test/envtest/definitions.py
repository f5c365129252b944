"""The fixture that applies the custom resource definitions; modules that want them import it."""

import pytest


@pytest.fixture(scope="module")
def definitions(control_plane) -> None:
    control_plane.apply_definitions()
