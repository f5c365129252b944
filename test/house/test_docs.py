"""The user's pages tell the truth: what the programs offer is in them, and what is in them is offered."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "release" / "metallb"
DOCS = ROOT / "docs"


def section(text, heading):
    """The part of a page under `## heading`."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f"no section {heading}"
    return found.group(1)


def rows(text):
    """The cells of every table row; a pipe in a cell would be written \\|."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            for line in text.splitlines() if line.startswith("| `") or line.startswith("| controller") or line.startswith("| speaker")]


def documented_flags(command):
    """Flag -> row of docs/flags.md."""
    return {row[0].strip("`").removeprefix("--"): row
            for row in rows(section((DOCS / "flags.md").read_text(), command)) if row[0].startswith("`--")}


@pytest.mark.parametrize("command", ["controller", "speaker", "apiserver"])
def test_every_flag_is_documented_with_its_default(command):
    if not BINARY.exists():
        pytest.skip("build/release/metallb is not built: scripts/build release metallb")
    usage = subprocess.run([BINARY, command, "--help"], capture_output=True, text=True, timeout=30, check=True).stderr
    offered = dict(re.findall(r"^  -(\S+).*\n\s+(.*)$", usage, re.M))
    assert offered
    documented = documented_flags(command)
    assert sorted(documented) == sorted(offered)
    for name, help_text in offered.items():
        default = re.search(r'\(default "?(.*?)"?\)$', help_text)
        assert documented[name][2].strip("`") in ((default.group(1),) if default else ("", "false")), name


@pytest.mark.parametrize("command", ["controller", "speaker"])
def test_flags_without_effect_are_marked(command):
    source = (ROOT / "src" / "app" / f"{command}_options.cpp").read_text()
    body = re.search(r"accepted_without_effect\(.*?\n}", source, re.S).group(0)
    without = {text for text in re.findall(r'"([a-z0-9-]+)"', body)} - {"disabled"}
    marked = {name for name, row in documented_flags(command).items() if "no effect" in row[3]}
    assert marked == without


@pytest.mark.parametrize("command", ["controller", "speaker"])
def test_every_environment_variable_is_documented_with_its_flag(command):
    source = (ROOT / "src" / "app" / f"{command}_options.cpp").read_text()
    read = {flag: variable for variable, flag in re.findall(r'take_default\(environment, "(\w+)", [^"]*"([a-z0-9-]+)"', source)}
    assert read
    rows_by_flag = documented_flags(command)
    assert {flag: rows_by_flag[flag][1].strip("`") for flag in read} == read
    page = section((DOCS / "flags.md").read_text(), command)
    assert [variable for variable in re.findall(r'(?:environment\(|take_switch\(environment, )"(\w+)"', source) if variable not in page] == []


def emitted_metrics():
    names = set()
    for path in (ROOT / "src" / "app").glob("*.?pp"):
        text = path.read_text()
        for literal in re.findall(r'"(metallb_[a-z0-9_]+|rest_client_[a-z0-9_]+)"', text):
            # A prefix is completed by the names that the same file adds.
            names |= {literal + rest for rest in re.findall(r'\badd\("([a-z0-9_]+)"', text)} if literal.endswith("_") else {literal}
    names |= set(re.findall(r'"(process_[a-z_]+)"', (ROOT / "src" / "io" / "metrics" / "process_metrics.cpp").read_text()))
    return names


def test_every_metric_is_documented_and_exists():
    emitted = emitted_metrics()
    assert {"metallb_allocator_addresses_in_use_total", "metallb_speaker_announced", "process_open_fds"} <= emitted
    table = section((DOCS / "metrics.md").read_text(), "Every metric")
    assert sorted(row[0].strip("`") for row in rows(table)) == sorted(emitted)


_EVENTS_FROM_ELSEWHERE = {"controller": [ROOT / "src" / "app" / "leader_election.cpp", ROOT / "src" / "config" / "advisor.cpp"]}


def emitted_reasons():
    """(component, reason) of every event; what is no literal must be a constant or a reason that is passed on."""
    reasons = set()
    for component in ("controller", "speaker"):
        for path in [*(ROOT / "src" / component).rglob("*.?pp"), *_EVENTS_FROM_ELSEWHERE.get(component, [])]:
            text = path.read_text()
            for first in re.findall(r"(?:\bwarn\(|Type::k(?:Normal|Warning),)\s*(?:\.reason = )?([^,;()]+)", text):
                first = first.strip()
                if first.startswith('"'):
                    reasons.add((component, first.strip('"')))
                elif re.fullmatch(r"k[A-Z]\w*", first):
                    reasons.add((component, re.search(rf'{first} = "([^"]+)"', text).group(1)))
                else:
                    assert first.startswith(("{{", "std::move", "std::string reason")), f"{path.name}: cannot read the reason {first}"
    return reasons


def test_every_event_is_documented_and_exists():
    emitted = emitted_reasons()
    assert {("speaker", "nodeAssigned"), ("controller", "InvalidConfiguration"), ("controller", "not enough clusterips")} <= emitted
    documented = {(row[0], row[3].strip("`")) for row in rows((DOCS / "events.md").read_text()) if row[0] in ("controller", "speaker")}
    assert documented == emitted


def pages():
    skipped = {"build", ".git", ".pytest_cache"}
    return [path for path in sorted(ROOT.rglob("*.md")) if not skipped & set(path.relative_to(ROOT).parts)]


def prose(page):
    """The text without code, in which brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S))


def anchors(page):
    """The names that headings get: lower case, without punctuation, blanks as dashes."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_somewhere():
    assert (ROOT / "README.md") in pages()
    broken = []
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            place = (page.parent / name).resolve() if name else page
            if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
