"""Texts that models write are shown as they are: none runs, loads, links or changes the page around it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import ledger_world
import pytest

from caco_tasks import audit_tasks, ids, tasks
from caco_tasks.audit import answers_for
from caco_tasks.pipeline import mapped_stages
from caco_tasks.records import (
    PASS,
    Execution,
    Finding,
    JudgedRecord,
    Judgement,
    Overlap,
    Problem,
    Program,
    Reason,
    Sample,
    Solution,
    fail,
)
from caco_tasks.store import RunRecord, open_store
from caco_tasks.store.manifest import run_uri

if TYPE_CHECKING:
    from conftest import Site
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.xdist_group("ui")]

RAN = "window.hostile = true"  # what a text does that runs
ELSEWHERE = "https://elsewhere.invalid"
TEXTS = {
    "script": f"<script>{RAN}</script><iframe srcdoc='<script>parent.{RAN}</script>'></iframe>",
    "image": f'<img src="x" onerror="{RAN}"> <svg onload="{RAN}"></svg> <style>body {{ display: none }}</style>',
    "link": f"[here](javascript:{RAN}) <javascript:{RAN}> ![there]({ELSEWHERE}/a.png) {ELSEWHERE}",
    "broken LaTeX": r"$\frac{1$ \[\begin{matrix} 1 \] $$\undefined{<b>}$$ \(x \boxed{ $\def\x{\x\x}\x$",
    "linking LaTeX": rf"\(\href{{javascript:{RAN}}}{{x}}\) $\includegraphics{{{ELSEWHERE}/a.png}}$ $\htmlClass{{a}}{{y}}$",
    "long": "0123456789" * 10_000,
    "reversed": "answer \u202e)42(\u202d 17 \u2066 never closed",
    "control characters": "before\0after \x1b[31mred \x07 \ufffe",
    "textarea": f"</textarea></pre></code></title></div><script>{RAN}</script>",
}
NAMES = list(TEXTS)


@pytest.fixture(scope="module")
def site(empty_site: "Site") -> "Site":
    """A nightly run with these texts."""
    return replace(empty_site, runs={"nightly": write_hostile_run()})


def write_hostile_run() -> str:
    """Samples that hold one text each in every field; the judge rejects them, and says the text again."""
    run = ledger_world.make_run("nightly", "2026-11-21", "hostile", model_id=ids.content_id("model", "hostile"))
    with tasks.open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
        ledger.register_run(run)
        for shard in range(ledger_world.SHARDS):
            judged, inputs = samples_of_shard(run, shard), ()
            for stage in (spec.name for spec in mapped_stages("nightly")):
                if stage == "judge":
                    judged = [
                        replace(one, verdict=fail(Reason.INCONSISTENT, one.record.problem.text))
                        if one.record.problem
                        else one
                        for one in judged
                    ]
                manifest = ledger_world.write(store, run, stage, shard, judged, inputs=inputs)
                ledger.load_output(run, manifest, store, shard=shard)
                judged, inputs = [one for one in judged if one.verdict.kept], (manifest.key,)
    return run.run_id


def samples_of_shard(run: RunRecord, shard: int) -> list[JudgedRecord[Sample]]:
    """As many as there are texts hold one each; the others are plain programs that pass."""
    plain = ledger_world.first_samples(run, shard, ledger_world.SAMPLES // ledger_world.SHARDS)
    texts = list(TEXTS.values())[shard :: ledger_world.SHARDS]
    hostile = [fill(one.record, text) for one, text in zip(plain, texts, strict=False)]
    return [
        JudgedRecord(record=record, verdict=PASS) for record in [*hostile, *(one.record for one in plain[len(texts) :])]
    ]


def fill(sample: Sample, text: str) -> Sample:
    """The sample with a text in every field."""
    made = sample.program.generation
    assert made is not None
    ran = Execution(
        input_json=text,
        output_json=None,
        output_text=text,
        output_type="str",
        stdout=text,
        error=text,
        wall_seconds=0.1,
        cpu_seconds=0.1,
        peak_memory_mb=12.5,
        sandbox_level="full",
    )
    return replace(
        sample,
        program=Program(program_id=ids.program_id(text), code=text, generation=made),
        execution=ran,
        problem=Problem(text=text, generation=made),
        solution=Solution(text=text, answer=text, generation=made),
        judgement=Judgement(reply=text, generation=made),
        overlaps=(Overlap(benchmark="gsm8k", item="17", rule="ngram", score=0.75, matched_text=text),),
        findings=(Finding(stage="screen", reason=Reason.TRIVIAL, detail=text),),
    )


def sample_of(site: "Site", name: str) -> str:
    """The sample that holds a text."""
    with tasks.open_ledger() as (ledger, _):
        run = ledger.find_run(site.runs["nightly"])
    assert run is not None
    return ledger_world.sample_id(run, list(TEXTS).index(name))


def assert_harmless(page: "Page") -> None:
    """Nothing ran, nothing became an element that loads or leads somewhere, and the page is no wider than its place."""
    pages = page.locator("[data-caco-pages]")
    assert page.evaluate("window.hostile") is None
    elements = ("script", "iframe", "img", "style", "[onload]", "[onerror]", f"[href^='{ELSEWHERE}']", "[href^='java']")
    assert [element for element in elements if pages.locator(element).count()] == []
    assert pages.evaluate("pages => pages.scrollWidth <= pages.clientWidth")
    loose = pages.evaluate(
        "pages => { const walk = document.createTreeWalker(pages, NodeFilter.SHOW_TEXT), found = [];"
        "for (let node = walk.nextNode(); node; node = walk.nextNode())"
        "if (/[\u202a-\u202e\u2066-\u2069]/.test(node.data) && node.parentElement.localName !== 'bdi')"
        "found.push(node.data); return found }"
    )
    assert loose == []  # what turns the direction of a text turns nothing else
    assert page.get_by_role("navigation", name="Caco").is_visible()
    assert pages.locator("[role=alert]").count() == 0


def letters(place: "Locator") -> list[str]:
    """What stands in places, letter by letter, without the signs that mark equations."""
    return list(
        place.evaluate_all(
            "places => places.map(place => place.cloneNode(true)).map(copy => {"
            "copy.querySelectorAll('sup').forEach(sign => sign.remove()); return copy.textContent })"
        )
    )


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_listed_and_opened_beside_the_list(page: "Page", site: "Site", name: str) -> None:
    page.goto(site.path(f"samples?run={site.runs['nightly']}"))
    page.get_by_role("region", name="Samples").get_by_role("row").nth(1).wait_for()
    assert_harmless(page)
    sample = sample_of(site, name)
    page.goto(site.path(f"samples?run={site.runs['nightly']}&open={sample}"))
    page.locator(f"[data-sample='{sample}']").wait_for()
    assert_harmless(page)


@pytest.mark.parametrize("page", [(800, "dark")], indirect=True, ids=["narrow"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_stands_on_the_page_of_its_sample_as_it_is(page: "Page", site: "Site", name: str) -> None:
    page.goto(site.path(f"samples/{sample_of(site, name)}"))
    page.get_by_role("heading", level=2, name="Replies").wait_for()
    for replies in page.locator("details").all():
        replies.locator("summary").click()
    page.wait_for_load_state("networkidle")
    assert_harmless(page)
    for part in ("Program", "Reply", "Input", "What it printed"):
        assert set(letters(page.locator(f"[aria-label='{part}'] pre:not([aria-hidden])"))) == {TEXTS[name]}, part
    for part in ("Problem", "Solution", "Execution", "Answers", "Verdicts", "Neighbours"):
        section = page.locator("section").filter(has=page.get_by_role("heading", level=2, name=part, exact=True))
        assert TEXTS[name] in letters(section)[0], part


@pytest.mark.parametrize("part", ["Problem", "Program"])
def test_characters_that_turn_the_direction_are_named_and_turn_nothing(page: "Page", site: "Site", part: str) -> None:
    page.goto(site.path(f"samples/{sample_of(site, 'reversed')}"))
    section = page.locator("section").filter(has=page.get_by_role("heading", level=2, name=part, exact=True))
    marks = section.locator("bdi")
    marks.first.wait_for()
    assert marks.evaluate_all("all => all.map(one => one.dataset.turning)") == ["U+202E", "U+202D", "U+2066"]
    digits = section.evaluate(
        "section => { const walk = document.createTreeWalker(section, NodeFilter.SHOW_TEXT), places = [];"
        "for (let node = walk.nextNode(); node; node = walk.nextNode()) for (let at = 0; at < node.length; at += 1)"
        "if ('4217'.includes(node.data[at])) { const range = new Range(); range.setStart(node, at);"
        "range.setEnd(node, at + 1); places.push([range.getBoundingClientRect().x, node.data[at]]) }"
        "return places.sort((one, other) => one[0] - other[0]).map(one => one[1]).join('') }"
    )
    assert digits.endswith("4217")


def test_hostile_texts_are_judged_as_any_others_with_a_hostile_note(page: "Page", site: "Site") -> None:
    draw = audit_tasks.audit_draw(site.runs["nightly"], len(TEXTS))
    assert {row.program for row in draw.rows} == set(TEXTS.values())
    page.goto(site.path(f"audit?draw={draw.draw_id}"))
    for row in draw.rows:
        shown = page.locator(f"[data-audit-row='{row.subject_id}']")
        shown.wait_for()
        page.wait_for_load_state("networkidle")
        assert_harmless(page)
        assert letters(shown.get_by_role("region", name="Program").locator("pre").last) == [row.program]
        page.get_by_role("textbox", name="Note").fill(TEXTS["textarea"])
        page.keyboard.press("Escape")
        page.keyboard.press(str(len(answers_for(row))))
    page.get_by_text("You have answered every row of this draw").wait_for()
    page.keyboard.press("u")
    assert page.get_by_role("textbox", name="Note").input_value() == TEXTS["textarea"]
    assert_harmless(page)
    page.goto(site.path(f"samples/{draw.rows[0].subject_id}"))
    page.get_by_text(f"auditor said “cannot tell”: {TEXTS['textarea']}").wait_for()
    assert_harmless(page)
