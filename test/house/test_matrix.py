"""The test matrix of the specification exists as tests, row by row, or the user's page says what is decided otherwise."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "test" / "unit"
ROW = re.compile(r"\b(t[A-Z])(\d+)\b")


def rows_of_the_matrix():
    """Row ids such as tA1, from lines such as `7.1 tA1-tA33`."""
    rows = set()
    for line in (UNIT / "matrix_rows.txt").read_text().splitlines():
        if not line.startswith("#"):
            for kind, first, last in re.findall(r"(t[A-Z])(\d+)-\1(\d+)", line):
                rows |= {f"{kind}{number}" for number in range(int(first), int(last) + 1)}
    return rows


def rows_with_a_test():
    """Of a test's name, TA1, TA1AndTA2, TA1ToTA5 count; in its body, row ids in string literals; comments do not."""
    rows = set()
    for path in UNIT.rglob("*.cpp"):
        code = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.M)
        for name in re.findall(r"\bTEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\)", code):
            for kind, first, last in re.findall(r"(?<![A-Z])T([A-Z])(\d+)(?:ToT\1(\d+))?", name):
                rows |= {f"t{kind}{number}" for number in range(int(first), int(last or first) + 1)}
        for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', code):
            rows |= {kind + number for kind, number in ROW.findall(literal)}
    return rows


def rows_decided_otherwise():
    page = (ROOT / "docs" / "compatibility.md").read_text()
    found = re.search(r"^### Rows of the test matrix\n(.*?)(?=^##)", page, re.M | re.S)
    assert found, "docs/compatibility.md has no section about the rows of the test matrix"
    table = [line for line in found.group(1).splitlines() if line.startswith("| t")]
    without_reason = [line for line in table if not all(cell.strip() for cell in line.strip("| ").split("|"))]
    assert without_reason == []
    return {kind + number for line in table for kind, number in ROW.findall(line.split("|")[1])}


def test_every_row_of_the_matrix_has_a_test_or_is_decided_otherwise():
    missing = rows_of_the_matrix() - rows_with_a_test() - rows_decided_otherwise()
    assert sorted(missing) == []


def test_rows_that_are_decided_otherwise_have_a_test_as_well():
    """docs/compatibility.md says that the tests of the same numbers say what happens here."""
    assert sorted(rows_decided_otherwise() - rows_with_a_test()) == []


def test_no_row_is_made_up():
    rows = rows_of_the_matrix()
    kinds = {row[:2] for row in rows}
    named = {row for row in rows_with_a_test() | rows_decided_otherwise() if row[:2] in kinds}
    assert sorted(named - rows) == []
