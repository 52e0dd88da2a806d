"""What a person sees of a row, whatever is in it, and which files of answers are refused."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from caco_tasks.audit import ANSWERS, draw_of, read_answers, row_markdown, write_sheet
from caco_tasks.errors import SourceError
from caco_tasks.records import Outcome, Part, Reason
from caco_tasks.store.registry import AuditDraw, AuditStratum, DrawnRow

HOSTILE = '</pre><script>alert(1)</script> <img src=x> $total ${rows} {{ 7 * 7 }} "\u2028'
FULL = DrawnRow(subject_id="a1", stratum=0, program=HOSTILE, output="12", problem="How many?", solution="It is 12.")
BARE = DrawnRow(subject_id="b2", stratum=1, program="output = 1", output=None)
DRAW = AuditDraw(
    draw_id="d0",
    run_id="r0",
    max_rows=5,
    strata=(
        AuditStratum(stage="judge", outcome=Outcome.PASS, rows=9, drawn=1),
        AuditStratum(stage="execute", outcome=Outcome.FAIL, reason=Reason.TIME, rows=4, drawn=1),
    ),
    rows=(FULL, BARE),
)


class Page(HTMLParser):
    """The texts, buttons and scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.buttons: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if found.get("type") == "radio":
            self.buttons.append((str(found["name"]), str(found["value"])))
        if tag == "pre":
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "pre":
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """The folder of a written sheet."""
    write_sheet(DRAW, tmp_path / "sheet")
    return tmp_path / "sheet"


def test_a_page_shows_every_text_and_runs_none(sheet: Path) -> None:
    page = Page((sheet / "audit.html").read_text(encoding="utf-8"))
    assert page.texts == ["How many?", "It is 12.", HOSTILE, "12", "output = 1"]
    assert page.tags.count("script") == 1
    assert "img" not in page.tags


def test_a_page_needs_nothing_from_elsewhere(sheet: Path) -> None:
    text = (sheet / "audit.html").read_text(encoding="utf-8")
    assert re.findall(r"https?://|@import|<link|src=\"", text) == []


def test_a_page_offers_only_answers_that_fit_a_row(sheet: Path) -> None:
    buttons = Page((sheet / "audit.html").read_text(encoding="utf-8")).buttons
    assert [value for row, value in buttons if row == "a1"] == list(ANSWERS)
    assert [value for row, value in buttons if row == "b2"] == ["right", "wrong program", "cannot tell"]


def test_a_sheet_says_nothing_of_what_the_checks_said(sheet: Path) -> None:
    lines = [json.loads(line) for line in (sheet / "rows.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert [set(line) for line in lines] == [
        {"draw", "row", "answer", "note", "problem", "solution", "program", "output"},
        {"draw", "row", "answer", "note", "program"},
    ]
    said = (sheet / "audit.html").read_text(encoding="utf-8") + (sheet / "rows.jsonl").read_text(encoding="utf-8")
    assert not re.search(r"\b(execute|timeout|passed|failed|stratum)\b", said)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot be written to"):
        write_sheet(DRAW, tmp_path / "file" / "sheet")


def test_markdown_keeps_a_program_behind_a_fence_that_it_cannot_end() -> None:
    text = "before\n```\n![x](http://example.org)\n````\nafter"
    shown = row_markdown(FULL.model_copy(update={"program": text}))
    assert f"`````python\n{text}\n`````" in shown
    assert "This row has" not in shown


def test_markdown_quotes_words_so_that_they_wrap_and_nothing_in_them_is_markup() -> None:
    problem = "# Find $x_1$,\n![x](http://example.org) <b>\n\n> or 2 * 3"
    shown = row_markdown(FULL.model_copy(update={"problem": problem}))
    assert (
        r"""> \# Find \$x\_1\$\,\
> \!\[x\]\(http\:\/\/example\.org\) \<b\>
>
> \> or 2 \* 3
"""
        in shown
    )


def test_markdown_says_what_a_row_does_not_have() -> None:
    assert row_markdown(BARE).endswith("*This row has no problem, no solution, no output: judge what is there.*")


def line(**changes: object) -> bytes:
    """A line that is right but for the changes; None leaves a field out."""
    values = {"draw": "d0", "row": "a1", "answer": "right", "note": None} | changes
    return json.dumps(values).encode()


def test_a_filled_in_sheet_is_read_and_rows_without_an_answer_wait(sheet: Path) -> None:
    path = sheet / "rows.jsonl"
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").split("\n") if text]
    lines[0] |= {"answer": "wrong problem", "note": "  asks for nothing  "}
    path.write_text("\n\n".join(json.dumps(each) for each in lines), encoding="utf-8")
    assert draw_of(path) == "d0"
    found = read_answers(path, DRAW)
    assert [(one.row, one.answer, one.note) for one in found] == [("a1", "wrong problem", "asks for nothing")]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(line(row="c3"), "the draw has no row 'c3'", id="an unknown row"),
        pytest.param(line(draw="d1"), "it is of the draw 'd1', not of d0", id="another draw"),
        pytest.param(line(answer="maybe"), "'maybe' is no answer: use one of right", id="no answer of ours"),
        pytest.param(line(row="b2", answer="wrong solution"), "has no solution that could be wrong", id="no such part"),
        pytest.param(line(row="a1"), "the row a1 is answered twice", id="answered twice"),
        pytest.param(line(anwser="right"), "anwser: Extra inputs", id="a misspelt field"),
        pytest.param(b'{"draw": "d0", "row": "b2"}', "answer: Field required", id="a field left out"),
        pytest.param(line(answer=True), "answer: Input should be a valid string", id="an answer that is no word"),
        pytest.param(line(note="x" * 2001), "note: String should have at most", id="a note without end"),
        pytest.param(b'{"draw": "d0", "row": "b2", "answer": "right", "note": "\xff"}', "not UTF-8", id="bad UTF-8"),
        pytest.param(
            b'{"draw": "d0", "row": "b2", "answer": "right", "note": "\\ud800"}', "note: ", id="half a letter"
        ),
        pytest.param(b'{"draw": "d0"', "it is not a JSON object", id="cut short"),
        pytest.param(b"[" * 100_000, "it is not a JSON object", id="nested without end"),
        pytest.param(b"7", "the line: Input should be", id="a number"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_taken(tmp_path: Path, bad: bytes, why: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(line() + b"\n" + bad + b"\n")
    with pytest.raises(SourceError, match=re.escape(why)) as caught:
        read_answers(path, DRAW)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert "no answer was taken" in str(caught.value)


@pytest.mark.parametrize(("data", "why"), [(b"", "holds no answers"), (b"\n[]\n", "line 2"), (None, "cannot be read")])
def test_a_file_that_names_no_draw_is_refused(tmp_path: Path, data: bytes | None, why: str) -> None:
    path = tmp_path / "answers.jsonl"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(SourceError, match=why):
        draw_of(path)


def test_every_outcome_and_part_has_a_word() -> None:
    assert {outcome for outcome, _ in ANSWERS.values()} == set(Outcome)
    assert {part for _, part in ANSWERS.values() if part} == set(Part)
