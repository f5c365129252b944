"""How the control plane's programs are found, and that a control plane which does not start leaves nothing behind."""

import os
import pathlib
import re

import pytest

from envtest import programs
from envtest.control_plane import ControlPlane

pytestmark = pytest.mark.real_only("assets")


def program(directory: pathlib.Path, name: str) -> None:
    (directory / name).write_text("#!/bin/sh\n")
    (directory / name).chmod(0o755)


def test_programs_that_are_given_are_used_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for name in ("etcd", "kubectl"):
        program(tmp_path, name)
    assert programs.locate("etcd", "kubectl") == str(tmp_path)


def test_a_program_that_is_not_among_the_given_ones_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    program(tmp_path, "etcd")
    with pytest.raises(programs.Unavailable, match="lacks kube-apiserver"):
        programs.locate("etcd", "kube-apiserver")


def test_a_name_that_is_no_program_is_a_failure_and_no_skip():
    with pytest.raises(RuntimeError, match="unknown program 'kubelet'"):
        programs.locate("kubelet")


def test_the_staging_modules_are_of_the_pinned_release():
    text = pathlib.Path(programs.__file__).with_name("assets").joinpath("go.mod").read_text()
    release = re.search(r"k8s\.io/kubernetes v1\.(\S+)", text).group(1)
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) v0\.(\S+)$", text, re.M)
    assert replaced and {(name, name, release) for name, _, _ in replaced} == set(replaced)


def test_a_control_plane_that_does_not_start_says_why_and_leaves_nothing(assets):
    control_plane = ControlPlane(assets, api_arguments=["--no-such-flag"])
    with pytest.raises(RuntimeError, match="no-such-flag"):
        control_plane.__enter__()
    assert control_plane.processes and not any(process.running() for process in control_plane.processes.values())
    assert not os.path.exists(control_plane.directory)
