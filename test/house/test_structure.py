"""House rules that a machine can hold: who may include whom, and what every file carries."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# Design section 2: a folder may include its own headers and those of the folders named here.
MAY_INCLUDE = {
    "base": set(),
    "net": {"base"},
    "kube": {"base", "net"},
    "ipam": {"base", "net"},
    "layer2": {"base", "net"},
    "gossip": {"base", "net"},
    "bfd": {"base", "net"},
    "bgp": {"base", "net"},
    "peering": {"base", "net", "bgp", "bfd"},
    "config": {"base", "net", "kube"},
    "controller": {"base", "net", "kube", "config", "ipam"},
    "speaker": {"base", "net", "kube", "config", "layer2", "gossip", "bgp", "bfd", "peering"},
    "admission": {"base", "net", "kube", "config"},
    "apiserver": {"base", "net", "kube"},
    "io": {"base", "net", "kube", "config", "ipam", "layer2", "gossip", "bgp", "bfd", "peering", "controller", "speaker", "admission",
           "apiserver"},
    "app": {"base", "net", "kube", "config", "ipam", "layer2", "gossip", "bgp", "bfd", "peering", "controller", "speaker", "admission",
            "apiserver", "io"},
}
SOURCES = sorted(path for path in SRC.rglob("*") if path.suffix in (".hpp", ".cpp"))


def test_every_folder_of_src_has_a_rule():
    assert {path.name for path in SRC.iterdir() if path.is_dir()} == set(MAY_INCLUDE)


@pytest.mark.parametrize("folder", sorted(MAY_INCLUDE))
def test_dependencies_point_down_only(folder):
    wrong = []
    for path in (p for p in SOURCES if p.relative_to(SRC).parts[0] == folder):
        for included in re.findall(r'^#include "([a-z0-9_]+)/', path.read_text(), re.M):
            if included != folder and included not in MAY_INCLUDE[folder]:
                wrong.append(f"{path.relative_to(ROOT)} includes {included}/")
    assert wrong == []


def test_every_header_opens_with_a_comment_and_is_guarded():
    headers = [path for path in SOURCES if path.suffix == ".hpp"]
    assert headers
    wrong = [str(path.relative_to(ROOT)) for path in headers
             if not path.read_text().startswith("//") or "#pragma once" not in path.read_text()]
    assert wrong == []


def test_no_file_grows_beyond_the_seam():
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in sizes.items() if lines > 600} == {}


def test_nothing_unfinished_is_left_in_the_sources():
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b")
    wrong = [f"{path.relative_to(ROOT)}:{number}" for path in SOURCES
             for number, line in enumerate(path.read_text().splitlines(), 1) if marks.search(line)]
    assert wrong == []


def test_no_page_holds_a_place_for_text_to_come():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    wrong = [str(page.relative_to(ROOT)) for page in pages if re.search(r"\b(TODO|FIXME|TBD)\b|^[A-Z]+_[A-Z_]+$", page.read_text(), re.M)]
    assert wrong == []


def test_only_the_driver_folder_reads_clocks_or_starts_threads():
    wrong = []
    for path in SOURCES:
        if path.relative_to(SRC).parts[0] in ("io", "app"):
            continue
        if re.search(r"_clock::now\(|std::thread|std::jthread|random_device|#include <(sys/socket|fstream|thread)", path.read_text()):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_every_property_is_asserted():
    """rc::check tells by its result alone whether the property holds."""
    found, wrong = 0, []
    for path in sorted((ROOT / "test").rglob("*.?pp")):
        text = path.read_text()
        for call in re.finditer(r"\brc::check\(", text):
            found += 1
            if not re.search(r"\b(EXPECT|ASSERT)_TRUE\(\s*$", text[:call.start()]):
                wrong.append(f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, call.start()) + 1}")
    assert found > 0
    assert wrong == []
