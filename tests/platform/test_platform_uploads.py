"""The example platform refuses what it cannot take, says why, and each leaves its entry."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import audit
from mllog_callbacks import AuditLog
from recorded import Entries
from uploads import GOOD, ROWS
from workbench.web import create_app


def changed(header: str = "size,weekday,late", *, line: str | None = None) -> bytes:
    """The good file, but for its header, or for its third line."""
    rows = [ROWS[0], line, *ROWS[2:]] if line is not None else ROWS
    return "\n".join([header, *rows]).encode()


@pytest.fixture
def client(tmp_path: Path, log: AuditLog) -> Iterator[TestClient]:
    """A browser on an audited platform."""
    with audit.hook(log), TestClient(create_app(tmp_path / "data")) as made:
        yield made


def uploaded(client: TestClient, content: bytes, name: str = "late.csv") -> tuple[int, str]:
    """The answer to an upload: its status, and what it says is wrong."""
    answer = client.post("/api/datasets", params={"name": name}, content=content)
    return answer.status_code, answer.json().get("error", "")


BAD = {
    "empty": (b"", "The file is empty."),
    "blank": (b" \n\n", "The file is empty."),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0", "not a text file"),
    "latin-1": ("size,late\n1,d\xe9j\xe0\n".encode("latin-1"), "Line 2 is not UTF-8"),
    "utf-16": ("size,late\n1,2\n".encode("utf-16"), "not a text file"),
    "prose": (b"Dear all, hello.\nFind, below, nothing.\n", "Line 2 has 3 cells"),
    "one column": (b"size\n1\n2\n", "its header has one column"),
    "no rows": (b"size,weekday,late\n", "no rows below its header"),
    "duplicate columns": (changed("size,size,late"), "'size' is in the header more than once"),
    "unnamed column": (changed("size,,late"), "Column 2 has no name"),
    "ragged": (changed(line="1,2,3,4"), "Line 3 has 4 cells; the header has 3"),
    "open quote": (changed(line='1,2,"yes'), "not a CSV file"),
    "formula =": (changed(line="1,=1+1,yes"), "Line 3 holds '=1+1'"),
    "formula +": (changed(line="1,+cmd|' /C calc'!A0,yes"), "as a formula"),
    "formula -": (changed(line="1,-2+3,yes"), "Line 3 holds '-2+3'"),
    "formula @": (changed(line="1,@SUM(1),yes"), "Line 3 holds '@SUM(1)'"),
    "formula in the header": (changed("size,=weekday,late"), "Line 1 holds '=weekday'"),
    "100 MB": (bytes(100_000_000), "larger than 10 MB"),
    "too many columns": (",".join(map(str, range(600))).encode() + b"\n1\n", "600 columns"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_a_bad_upload_is_refused_with_its_reason_and_leaves_an_issue(
    client: TestClient, entries: Entries, content: bytes, message: str
) -> None:
    """The entry has the words that the person saw; nothing is kept."""
    status, recorded = uploaded(client, content)
    assert (status, message in recorded) == (422, True), recorded
    (entry,) = entries()
    assert (entry.event, entry.dataset) == ("ISSUE_DETECTED", "late.csv")
    assert recorded in str(entry.reasoning)
    assert client.get("/api/state").json()["datasets"] == []


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..",
        "/etc/passwd",
        "a/b.csv",
        "a\\b",
        "<b>x</b>",
        "",
        "x" * 200,
        "a\nb",
        "\u202egnp.csv",
    ],
)
def test_a_name_that_could_be_a_path_or_markup_is_refused(
    client: TestClient, entries: Entries, tmp_path: Path, name: str
) -> None:
    """Nothing is written anywhere."""
    status, recorded = uploaded(client, GOOD, name)
    assert (status, recorded.startswith("A name has up to 80 letters")) == (422, True)
    assert [each.event for each in entries()] == ["ISSUE_DETECTED"]
    assert [each.name for each in tmp_path.rglob("*.csv")] == []


def test_numbers_with_a_sign_are_no_formulas(client: TestClient) -> None:
    """Nor is anything within a cell."""
    assert uploaded(client, changed(line="-1.5,+2e3,yes = no"))[0] == 200


@pytest.mark.parametrize(
    "cell", ["-", "--", '"-1,5"', '"-1.234,5"', "-12%", "+49 170 1234567", "+49 (0)30/123-45", "-3"]
)
def test_dashes_and_telephone_numbers_are_no_formulas(client: TestClient, cell: str) -> None:
    """Nor are numbers with a decimal comma."""
    assert uploaded(client, changed(line=f"1,{cell},yes"))[0] == 200


def test_a_name_is_taken_once(client: TestClient, entries: Entries) -> None:
    """The first data set stays."""
    assert uploaded(client, GOOD)[0] == 200
    status, recorded = uploaded(client, GOOD)
    assert (status, "already" in recorded) == (422, True)
    assert [each.event for each in entries()] == ["DATASET_UPLOADED", "ISSUE_DETECTED"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"size,late\n1,yes\n2,no\n", "2 rows are too few"),
        (b"size,late\n" + b"1,yes\n" * 60, "1 different values"),
        (b"size,late\n" + b"1,yes\n2,no\n3,\n" * 20, "the class is missing in 20 rows"),
        (b"size,late\n" + b"1,yes\n2,no\n3,NaN\n" * 20, "the class is missing in 20 rows"),
        (b"size,late\n" + b"1,yes\n2,NaN\n" * 40, "1 different values"),
    ],
)
def test_a_data_set_one_cannot_learn_from_is_not_valid(
    client: TestClient, entries: Entries, content: bytes, problem: str
) -> None:
    """It can be read, but not be made ready or trained on."""
    assert uploaded(client, content)[0] == 200
    found = client.post("/api/datasets/late.csv/validate").json()
    assert not found["valid"]
    assert problem in str(found["problems"])
    assert client.post("/api/datasets/late.csv/preprocess").status_code == 422
    body = {"algorithm": "logistic_regression", "dataset": "late.csv"}
    assert client.post("/api/models", json=body).status_code == 422
    events = [each.event for each in entries()]
    assert events == ["DATASET_UPLOADED", "DATASET_VALIDATED", *["ISSUE_DETECTED"] * 3]
    assert problem in str(entries()[2].reasoning)


def test_what_does_not_exist_is_said_so(client: TestClient, entries: Entries) -> None:
    """For each action; nothing is a server's error."""
    asked = [
        client.post("/api/datasets/no/validate"),
        client.post("/api/datasets/no/preprocess"),
        client.post("/api/models", json={"algorithm": "none", "dataset": "no"}),
        client.put("/api/models/no/hyperparameters", json={"C": 1}),
        client.post("/api/models/no/train"),
        client.post("/api/models/no/stop"),
        client.post("/api/models/no/evaluate"),
        client.post("/api/compare", json={"models": ["no", "none"]}),
        client.get("/api/models/no/download"),
    ]
    assert {each.status_code for each in asked} == {404, 422}
    assert all(each.json()["error"] for each in asked)
    issues = [each.event for each in entries()]
    assert issues == ["ISSUE_DETECTED"] * len(issues)
    assert len(issues) == len(asked) - 1  # an evaluation looks up the model's data set first


def test_another_sites_page_can_ask_for_nothing(client: TestClient, entries: Entries) -> None:
    """Though the browser would send what it asks for."""
    for origin, status in (("https://elsewhere.example", 403), ("http://testserver", 200)):
        answer = client.post(
            "/api/datasets",
            params={"name": "late.csv"},
            content=GOOD,
            headers={"origin": origin},
        )
        assert answer.status_code == status
    assert [each.event for each in entries()] == ["DATASET_UPLOADED"]


def test_the_page_runs_no_script_but_its_own(client: TestClient) -> None:
    """Whatever a name or a cell says."""
    page = client.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")
    assert io.StringIO(page.text).readline() == "<!doctype html>\n"
