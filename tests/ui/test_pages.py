"""The pages as people use them, under a path prefix: each shows what the ledger holds, by mouse, keys and link."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from scored import BENCHMARK, write_ablation, write_evaluation

from caco_tasks import audit_tasks, tasks
from caco_tasks.audit import RowAnswer, answers_for
from caco_tasks.audit.answers import ANSWERS
from caco_tasks.ledger.environments import EnvironmentRow
from caco_tasks.store import open_store

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from conftest import Site, Watch
    from playwright.sync_api import Browser, Locator, Page

    from caco_tasks.store.registry import AuditDraw, DrawnRow

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.xdist_group("ui")]

PAGES = {
    "": "Caco",
    "runs": "Runs",
    "runs?view=matrix": "Runs",
    "samples": "Samples",
    "datasets": "Datasets",
    "models": "Models",
    "scores": "Scores",
    "audit": "Audit",
    "ask": "Ask",
}
LOOKS = [(1280, "light"), (1280, "dark"), (800, "light")]


def rest(page: "Page") -> None:
    """Waits until nothing is loading any more."""
    page.wait_for_selector("[data-caco-pages]")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!document.querySelector('[data-caco-pages] [role=status] .chakra-spinner')")


def assert_fit_to_read(page: "Page") -> None:
    """Nothing failed, nothing is wider than the window, and axe finds nothing serious."""
    from axe_playwright_python.sync_playwright import Axe

    assert page.locator("[data-caco-pages] [role=alert]").count() == 0
    assert page.evaluate(
        "(pages => pages.scrollWidth <= pages.clientWidth)(document.querySelector('[data-caco-pages]'))"
    )
    found = Axe().run(page, context="[data-caco-pages]").response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}]
    assert serious == []


def ask_api(site: "Site", path: str, **filters: str) -> dict[str, Any]:
    """What the API behind the pages answers."""
    url, headers = f"{site.url}/caco/api/v1/{path}", {"Authorization": f"Bearer {site.token}"}
    reply = httpx.get(url, params=filters, headers=headers, timeout=60)
    reply.raise_for_status()
    return dict(reply.json())


def sample_ids(site: "Site", **filters: str) -> list[str]:
    """The samples of the nightly run, as the API has them."""
    return [row["sample_id"] for row in ask_api(site, "samples", run=site.runs["nightly"], **filters)["rows"]]


@pytest.mark.parametrize("page", LOOKS, indirect=True, ids=lambda look: f"{look[0]}-{look[1]}")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: re.sub(r"\W+", "-", path) or "overview")
def test_every_page_shows_itself_without_an_error_and_passes_axe(page: "Page", site: "Site", path: str) -> None:
    page.goto(site.path(path))
    rest(page)
    assert page.get_by_role("heading", level=1).filter(has_text=PAGES[path]).count() == 1
    assert_fit_to_read(page)


def test_the_navigation_of_airflow_leads_to_the_pages_and_never_nests_airflow(page: "Page", site: "Site") -> None:
    page.goto(site.url + "/")
    page.get_by_label("Caco", exact=True).first.click()
    page.wait_for_url(f"{site.path('')}**")
    rest(page)
    page.get_by_role("navigation", name="Caco").get_by_role("link", name="Runs", exact=True).click()
    page.wait_for_url(site.path("runs"))
    rest(page)
    assert page.locator("iframe").count() == 0
    page.go_back()
    page.wait_for_url(f"{site.path('')}**")


def test_a_number_of_the_funnel_leads_to_the_samples_that_it_counts(page: "Page", site: "Site") -> None:
    page.goto(site.path(f"runs/{site.runs['nightly']}"))
    rest(page)
    links = page.get_by_role("region", name="Funnel").get_by_role("link")
    link = links.first
    count = int((link.text_content() or "").replace(",", ""))
    link.click()
    page.wait_for_url(re.compile(r"/samples\?.*run="))
    rest(page)
    assert page.get_by_role("region", name="Samples").locator("tbody tr").count() == min(count, 50)


def test_the_tab_on_airflows_run_shows_our_run_and_that_on_a_task_its_stage(page: "Page", site: "Site") -> None:
    page.goto(f"{site.url}/dags/caco_nightly/runs/{site.airflow_run}/plugin/caco-run")
    rest(page)
    assert site.runs["nightly"] in page.locator("[data-caco-pages]").inner_text()
    page.get_by_role("link", name="Samples", exact=True).click()
    page.wait_for_url(f"{site.path('samples')}?**")
    rest(page)


def test_a_sample_shows_its_texts_its_verdicts_and_its_marked_equations(page: "Page", site: "Site") -> None:
    published = sample_ids(site, outcome="pass")[0]
    page.goto(site.path(f"samples/{published}"))
    rest(page)
    for title in ("Problem", "Solution", "Program", "Verdicts", "Replies", "Neighbours", "Sources and licences"):
        assert page.get_by_role("heading", level=2, name=title, exact=True).count() == 1, title
    assert page.get_by_role("region", name="Program").inner_text().strip()
    assert page.locator("[data-equation=true]").count() > 0
    assert page.get_by_role("region", name="Lineage").get_by_role("link").count() > 0


def test_keys_go_through_the_samples_and_the_address_keeps_every_state(page: "Page", site: "Site") -> None:
    ids = sample_ids(site)
    page.goto(site.path(f"samples?run={site.runs['nightly']}"))
    rest(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.wait_for_url(re.compile(f"at={ids[0]}"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"open={ids[0]}"))
    page.keyboard.press("p")
    page.keyboard.press("j")
    page.wait_for_url(re.compile(f"open={ids[1]}"))
    page.reload()
    rest(page)
    assert page.locator("[data-sample]").evaluate_all("all => all.map(one => one.dataset.sample)") == ids[:2]
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_function("!location.search.includes('open=')")
    page.wait_for_function("document.querySelectorAll('[data-sample]').length === 0")


def test_the_export_holds_exactly_what_the_filter_shows(page: "Page", site: "Site") -> None:
    failed = sample_ids(site, outcome="fail")
    page.goto(site.path(f"samples?run={site.runs['nightly']}&outcome=fail"))
    rest(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON", exact=True).click()
    text = download.value.path().read_text()
    assert {sample for sample in failed if sample in text} == set(failed)
    assert all(sample not in text for sample in sample_ids(site, outcome="pass"))


def test_two_runs_are_picked_and_compared(page: "Page", site: "Site") -> None:
    page.goto(site.path("runs?pipeline=nightly"))
    rest(page)
    for name, run in (("a", site.runs["nightly"]), ("b", site.lenient)):
        page.get_by_role("checkbox", name=re.compile(run[:8])).click()  # it is checked once the address says so
        page.wait_for_url(re.compile(rf"[?&]{name}={run}"))
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile("/runs/compare"))
    rest(page)
    assert page.get_by_text("agree.input_not_used").count() == 1


def test_only_runs_of_one_pipeline_can_be_picked_together(page: "Page", site: "Site") -> None:
    page.goto(site.path("runs"))
    rest(page)
    seeds = page.get_by_role("checkbox", name=re.compile(site.runs["seeds"][:8]))
    assert seeds.is_enabled()
    page.get_by_role("checkbox", name=re.compile(site.runs["nightly"][:8])).click()
    page.wait_for_url(re.compile(rf"[?&]a={site.runs['nightly']}"))
    page.get_by_role("checkbox", name=re.compile(site.runs["seeds"][:8]), disabled=True).wait_for()
    assert page.get_by_role("checkbox", name=re.compile(site.lenient[:8])).is_enabled()


def test_a_recipe_runs_from_the_page(page: "Page", site: "Site") -> None:
    page.goto(site.path("ask"))
    rest(page)
    recipe = page.locator("details", has=page.locator("form")).first
    recipe.locator("summary").click()
    recipe.get_by_role("button", name="Run", exact=True).click()
    recipe.get_by_role("status").wait_for()


def test_a_dataset_shows_its_card_rows_and_commands(page: "Page", site: "Site") -> None:
    page.goto(site.path("datasets"))
    rest(page)
    page.get_by_role("region", name="Datasets").get_by_role("link").first.click()
    rest(page)
    for title in ("Load it", "Rows", "Licences", "Files", "Card"):
        assert page.get_by_role("heading", level=2, name=title, exact=True).count() == 1, title
    assert page.get_by_role("article").count() > 0


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("runs/000000000000", "There is nothing here"),
        ("samples/ffffffffffffffffffffffffffffffff", "There is nothing here"),
        ("nowhere", "There is no such page"),
        ("runs/compare", "Two runs are needed"),
    ],
    ids=["run", "sample", "page", "comparison"],
)
def test_what_is_not_there_is_said_in_words(page: "Page", site: "Site", watch: "Watch", path: str, words: str) -> None:
    page.goto(site.path(path))
    page.get_by_text(words).wait_for()
    watch.errors[:] = [said for said in watch.errors if "404" not in said]  # the browser notes every refused request


def judge(page: "Page", row: "DrawnRow", answer: str) -> None:
    """Presses the key of an answer when its row is shown."""
    page.locator(f"[data-audit-row='{row.subject_id}']").wait_for()
    page.keyboard.press(str(answers_for(row).index(answer) + 1))


def wait_for_answered(page: "Page", count: int, draw: "AuditDraw") -> None:
    """Waits until the page says how many rows of the draw this person has answered."""
    page.get_by_text(f"{count} of {len(draw.rows)} answered by you", exact=True).wait_for()


def test_a_draw_is_judged_by_keys_and_every_answer_can_be_changed(page: "Page", site: "Site") -> None:
    draw = audit_tasks.audit_draw(site.runs["nightly"], 3)
    first, second, *others = draw.rows
    page.goto(site.path(f"audit?draw={draw.draw_id}"))
    wait_for_answered(page, 0, draw)
    judge(page, first, "right")
    wait_for_answered(page, 1, draw)
    page.keyboard.press("n")
    page.keyboard.type("1 of 2 units is wrong")  # its digits are no answers, its letters no keys
    page.keyboard.press("Escape")
    judge(page, second, "cannot tell")
    wait_for_answered(page, 2, draw)
    page.keyboard.press("u")
    page.get_by_text("you said “cannot tell”").wait_for()
    assert page.get_by_role("textbox", name="Note").input_value() == "1 of 2 units is wrong"
    judge(page, second, "wrong program")
    page.locator(f"[data-audit-row='{others[0].subject_id}']").wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("you said “wrong program”").wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("you said “right”").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_text("you said “wrong program”").wait_for()
    page.keyboard.press("ArrowRight")
    given = ["right", "wrong program"]
    for count, row in enumerate(others, start=3):
        given.append(min(answers_for(row), key=given.count))
        judge(page, row, given[-1])
        wait_for_answered(page, count, draw)
    page.get_by_text("You have answered every row of this draw").wait_for()
    assert set(given) == set(ANSWERS)
    answered = ask_api(site, "audits", draw=draw.draw_id)["answered"]
    kept = {row["sample_id"]: (row["your_answer"], row["your_note"]) for row in answered}
    notes = [None, "1 of 2 units is wrong", *(None for _ in others)]
    wanted = zip(given, notes, strict=True)
    assert kept == {row.subject_id: answer for row, answer in zip(draw.rows, wanted, strict=True)}


@pytest.mark.parametrize("page", LOOKS, indirect=True, ids=lambda look: f"{look[0]}-{look[1]}")
def test_the_audit_shows_a_row_how_far_one_is_and_how_far_people_agree(page: "Page", site: "Site") -> None:
    draw = audit_tasks.audit_draw(site.lenient, 2)
    first, second, *_ = draw.rows
    for person, answers in (("auditor", ("right", "cannot tell")), ("ada", ("right", "wrong program"))):
        said = [RowAnswer(row=row.subject_id, answer=one) for row, one in zip((first, second), answers, strict=True)]
        audit_tasks.audit_record(draw.draw_id, said, person=person, answered_at=datetime(2026, 11, 22, tzinfo=UTC))
    page.goto(site.path(f"audit?draw={draw.draw_id}"))
    rest(page)
    wait_for_answered(page, 2, draw)
    page.get_by_text(f"Row 3 of {len(draw.rows)}", exact=True).wait_for()
    pair = page.get_by_role("region", name="Agreement of people").get_by_role("row").filter(has_text="ada")
    assert pair.locator("td").all_inner_texts() == ["ada", "auditor", "2", "50.0%", "0.33"]
    checks = page.get_by_role("region", name="Errors of the checks").get_by_role("row")
    judged = checks.filter(has=page.locator(f"a[title='{site.lenient}']")).locator("td:nth-child(3)").all_inner_texts()
    assert "2" in judged
    assert_fit_to_read(page)


@pytest.fixture(scope="module")
def evaluation(site: "Site") -> str:
    """An evaluation in store and ledger whose every answer is known; the id of its run."""
    newest = ask_api(site, "datasets")["rows"][0]
    with tasks.open_ledger() as (ledger, reached):
        dataset = f"{newest['dataset']}/{newest['version']}"
        return write_evaluation(open_store(reached.store), ledger, dataset=dataset).run_id


def wait_for_items(page: "Page", items: "Collection[int]") -> None:
    """Waits until the page lists exactly these items."""
    names = [f"{BENCHMARK} {item}" for item in items]
    page.wait_for_function(
        "names => names.join() === [...document.querySelectorAll('[data-caco-pages] article')]"
        ".map(item => item.ariaLabel).join()",
        arg=names,
    )


@pytest.mark.parametrize("page", LOOKS, indirect=True, ids=lambda look: f"{look[0]}-{look[1]}")
def test_an_evaluation_lists_the_items_gained_and_lost_under_its_picture(
    page: "Page", site: "Site", evaluation: str
) -> None:
    page.goto(site.path("scores"))
    rest(page)
    scores = page.get_by_role("region", name="Scores by benchmark").get_by_role("row").filter(has_text=BENCHMARK)
    assert scores.locator("td").all_inner_texts()[6:8] == ["4", "1"]  # gained and lost
    page.get_by_role("link", name="Items gained and lost").click()
    page.wait_for_url(site.path(f"scores/{evaluation}"))
    rest(page)
    wait_for_items(page, [3, 4, 5, 6])
    item = page.get_by_role("article", name=f"{BENCHMARK} 3", exact=True).inner_text()
    assert re.search(r"Base\s+failed\s+1\s+answers differ\s+1\s+Student\s+passed\s+1\s+1", item)
    assert_fit_to_read(page)


def test_the_kind_of_item_that_is_chosen_stands_in_the_address(page: "Page", site: "Site", evaluation: str) -> None:
    page.goto(site.path(f"scores/{evaluation}"))
    wait_for_items(page, [3, 4, 5, 6])
    for kind, items in {"lost": [0], "both_right": [1, 2], "both_wrong": [7, 8], "unknown": [9]}.items():
        page.get_by_role("combobox", name="Items").select_option(kind)
        page.wait_for_url(re.compile(f"moved={kind}"))
        wait_for_items(page, items)
    page.reload()
    wait_for_items(page, [9])
    page.go_back()
    wait_for_items(page, [7, 8])


@pytest.mark.parametrize("page", [(1280, "dark")], indirect=True, ids=["dark"])
def test_nothing_of_a_picture_is_black_in_the_dark(page: "Page", site: "Site", evaluation: str) -> None:
    page.goto(site.path(f"scores/{evaluation}"))
    rest(page)
    picture = page.get_by_role("img", name="pass@1 of base and student").locator("canvas")
    picture.wait_for()
    lights = picture.evaluate(
        "canvas => Array.from("
        "new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)"
        ").filter(pixel => pixel >>> 24 > 200).map(pixel => Math.max(pixel & 255, pixel >>> 8 & 255, pixel >>> 16 & 255))"
    )
    assert max(lights) > 200  # its words
    assert min(lights) > 40


@pytest.mark.parametrize("page", [*LOOKS, (390, "dark")], indirect=True, ids=lambda look: f"{look[0]}-{look[1]}")
def test_environments_stand_with_their_dataset_and_their_sample(page: "Page", site: "Site") -> None:
    made, refused = sample_ids(site, outcome="pass")[:2]
    run = ask_api(site, f"runs/{site.runs['nightly']}")["line"]["dataset"]
    name = f"{run['dataset']}/{run['version']}"
    rows = [
        EnvironmentRow(
            sample_id=made,
            environment_id="1" * 32,
            program_id="2" * 32,
            inputs={"eggs": ["4", "2450"]},
            conditions={},
            instances={"1": 120, "2": 1340},
            example_problem="96 eggs are collected. How many are left of 12 that are eaten?",
            example_answer="84",
        ),
        EnvironmentRow(sample_id=refused, refusal="too_few_instances", detail="31 of 1000"),
    ]
    with tasks.open_ledger() as (ledger, _):
        assert ledger.register_environments(name, rows)
    page.goto(site.path(f"datasets/{name}"))
    rest(page)
    page.get_by_text("1 of 2 rows that were looked at became environments, with 1,460 distinct valid").wait_for()
    levels = page.get_by_role("region", name="Instances by level").get_by_role("row")
    assert levels.nth(2).locator("td").all_inner_texts() == ["2", "1", "1,340"]
    page.get_by_text("An instance of it").click()
    assert_fit_to_read(page)
    page.locator("details").get_by_role("link").click()
    page.wait_for_url(site.path(f"samples/{made}"))
    page.get_by_text("96 eggs are collected").wait_for()
    rest(page)
    assert_fit_to_read(page)
    page.goto(site.path(f"samples/{refused}"))
    page.get_by_text("31 of 1000").wait_for()


@pytest.mark.parametrize("page", LOOKS, indirect=True, ids=lambda look: f"{look[0]}-{look[1]}")
def test_an_ablation_stands_with_the_scores_and_with_its_students(page: "Page", site: "Site") -> None:
    with tasks.open_ledger() as (ledger, reached):
        record = write_ablation(open_store(reached.store), ledger)
    page.goto(site.path("scores"))
    rest(page)
    results = page.get_by_role("region", name="Results of toys").get_by_role("row")
    bad = results.filter(has=page.get_by_role("cell", name="bad", exact=True))
    assert [bad.locator("td").nth(place).inner_text() for place in (1, 2, 7)] == ["bad", "all: 3", "worse"]
    assert_fit_to_read(page)
    page.goto(site.path(f"runs/{record.cells[-1].run_id}"))
    rest(page)
    assert page.get_by_role("region", name="Arms of toys").get_by_role("row").count() == 1 + len(record.arms)
    assert_fit_to_read(page)


def open_backfill_form(page: "Page", site: "Site", *, first: str, last: str) -> "Locator":
    """Airflow's own form for a backfill of caco_nightly, with its dates filled in."""
    page.goto(f"{site.url}/dags/caco_nightly")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog").filter(has_text="Backfill")
    form.get_by_text("Run this Dag for a range of dates").click()
    for name, date in (("From", first), ("To", last)):
        form.get_by_text("Select date and time").first.click()
        page.get_by_role("textbox", name=name).fill(date.replace("-", "/"))
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
    form.get_by_text("2 runs will be triggered").wait_for()
    return form


@pytest.mark.parametrize("is_ticked", [False, True], ids=["left", "ticked"])
def test_airflows_backfill_form_sends_the_settings_only_where_its_box_is_ticked(
    page: "Page", site: "Site", pictures: "Path", is_ticked: bool
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1160})
    form = open_backfill_form(page, site, first="2026-11-01", last="2026-11-02")
    config = form.get_by_placeholder("Start typing to see options")
    config.fill("nano")
    config.blur()
    box = form.get_by_role("checkbox", name="Override parameters on existing runs")
    assert not box.is_checked()
    if is_ticked:
        form.get_by_text("Override parameters on existing runs").click()
        assert box.is_checked()
        around, last = form.bounding_box(), config.bounding_box()
        assert around is not None
        assert last is not None
        height = last["y"] + last["height"] + 50 - around["y"]  # the rest of the form is below the window
        page.screenshot(path=pictures / "backfill-form.png", clip={**around, "height": height})
    form.get_by_text(re.compile("^Unpause")).click()
    page.route("**/api/v2/backfills", lambda route: route.fulfill(json={}))  # no run is made: what is asked for counts
    with page.expect_request("**/api/v2/backfills") as asked:
        form.get_by_role("button", name="Run Backfill").click()
    settings = (asked.value.post_data_json or {}).get("dag_run_conf") or {}
    assert settings.get("config") == ("nano" if is_ticked else None)


def test_whose_session_has_ended_is_led_to_the_login_and_back(browser: "Browser", site: "Site") -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.path("runs"))
    page.wait_for_url(re.compile(r"/auth/login"))
    context.close()
