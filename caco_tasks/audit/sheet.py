"""The sheet of a draw: problem, solution, program and output of each row, without the verdicts of the checks.

For the browser a page that needs nothing else and saves a file of answers; for Airflow's forms the same as Markdown.
"""

import html
import json
import re
from pathlib import Path
from string import Template

from caco_tasks.audit.answers import ANSWERS
from caco_tasks.errors import SourceError
from caco_tasks.store.registry import AuditDraw, DrawnRow

PARTS = ("problem", "solution", "program", "output")  # in the order in which a person reads them
PAGE = Path(__file__).with_name("page.html")

_TICKS = re.compile(r"`+")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # of ASCII: all of it may be escaped (CommonMark 0.31, section 2.4)


def write_sheet(draw: AuditDraw, folder: Path) -> list[Path]:
    """Writes `audit.html`, to be opened in a browser, and `rows.jsonl`, the same rows for a script or an editor.

    Raises:
        SourceError: the folder cannot be written.
    """
    rows = [
        {"draw": draw.draw_id, "row": row.subject_id, "answer": None, "note": None, **_texts_of(row)}
        for row in draw.rows
    ]
    sections = [_write_section(number, row) for number, row in enumerate(draw.rows, start=1)]
    page = Template(PAGE.read_text(encoding="utf-8")).substitute(
        draw=draw.draw_id, run=draw.run_id, total=len(draw.rows), rows="\n".join(sections)
    )
    pages = {"audit.html": page, "rows.jsonl": "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)}
    written = [folder / name for name in pages]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(written, pages.values(), strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise SourceError(f"The sheet cannot be written to {folder}: {exc.strerror}.") from exc
    return written


def row_markdown(row: DrawnRow) -> str:
    """A row as Markdown in which nothing of a text is markup, so that nothing in it is fetched or drawn.

    Problem, solution and output are quoted, so that their lines are wrapped; the program is in a fence.
    """
    sections = [
        f"**{part}**\n\n{_fence(text, 'python') if part == 'program' else _quote(text)}"
        for part, text in _texts_of(row).items()
    ]
    missing = _name_missing_parts(row)
    return "\n\n".join([*sections, f"*{missing}*"] if missing else sections)


def _fence(text: str, language: str) -> str:
    """A block of code, in a fence longer than any in the text, which could otherwise close it."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(text))])
    return f"{fence}{language}\n{text}\n{fence}"


def _quote(text: str) -> str:
    """A quotation that shows a text as it is, line by line; a backslash at the end of a line keeps its break."""
    lines = [_PUNCTUATION.sub(r"\\\1", line).strip() for line in text.splitlines()] or [""]
    ends = ["\\" if line and behind else "" for line, behind in zip(lines, [*lines[1:], ""], strict=True)]
    return "\n".join(f"> {line}{end}".rstrip() for line, end in zip(lines, ends, strict=True))


def _write_section(number: int, row: DrawnRow) -> str:
    # texts are a model's: escaped, they cannot run or load anything in the page
    texts = "".join(f"<h3>{part}</h3><pre>{html.escape(text)}</pre>" for part, text in _texts_of(row).items())
    buttons = "".join(
        f'<label><input type="radio" name="{row.subject_id}" value="{answer}"> {answer}</label>'
        for answer in answers_for(row)
    )
    missing = f"<p>{_name_missing_parts(row)}</p>" if _name_missing_parts(row) else ""
    return (
        f'<section data-row="{row.subject_id}"><h2>{number}</h2>{texts}{missing}'
        f'<fieldset>{buttons}</fieldset><input class="note" placeholder="note"></section>'
    )


def answers_for(row: DrawnRow) -> list[str]:
    """The answers that fit a row: no part can be wrong that is not there."""
    return [answer for answer, (_, part) in ANSWERS.items() if part is None or getattr(row, part.value) is not None]


def _texts_of(row: DrawnRow) -> dict[str, str]:
    found = {part: getattr(row, part) for part in PARTS}
    return {part: text for part, text in found.items() if text is not None}


def _name_missing_parts(row: DrawnRow) -> str:
    missing = [part for part in PARTS if getattr(row, part) is None]
    return f"This row has no {', no '.join(missing)}: judge what is there." if missing else ""
