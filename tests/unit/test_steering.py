"""What CodeGen is told of its programs: shares that follow from what earlier runs show, and places that follow from a draw."""

from collections import Counter

import pytest

from caco_tasks.config import load_config, parse_config
from caco_tasks.domain_tags import tag_line
from caco_tasks.errors import ConfigError
from caco_tasks.generation_settings import SteerSettings
from caco_tasks.identity import training_hash
from caco_tasks.records import CandidateSolution, Generation, Solution
from caco_tasks.stages.agree import find_too_easy
from caco_tasks.steering import MAX_OPENINGS, OpeningFate, drawn_by, share_openings, steering_pins, told_opening

SETTINGS = SteerSettings(explore=0.25, floor=0.1, min_problems=2)
EASY, HARD = '# domain: algebra\ninput = {"cups": ', '# domain: logic\ninput = {"clubs": '


def fate(opening: str | None, problems: int, useful: int) -> OpeningFate:
    """What became of programs that begin so; their domain is that of their tag."""
    domain = opening.split("\n")[0].removeprefix("# domain: ") if opening else None
    return OpeningFate(domain=domain, opening=opening, problems=problems, useful=useful)


def test_a_share_goes_with_the_useful_rows_that_are_expected() -> None:
    shares = {one.opening: one for one in share_openings([fate(EASY, 40, 4), fate(HARD, 40, 20)], SETTINGS)}
    assert shares[HARD].share > 2 * shares[EASY].share
    assert shares[HARD].expected == pytest.approx(0.5, abs=0.05)
    assert sum(one.share for one in shares.values()) == pytest.approx(1, abs=1e-5)


def test_few_problems_say_little_and_fewer_are_not_told() -> None:
    lucky = EASY.replace("cups", "spoons")
    shares = {one.opening: one for one in share_openings([fate(EASY, 50, 10), fate(lucky, 2, 2)], SETTINGS)}
    assert 0.2 < shares[lucky].expected < 0.6  # two of two are no certainty
    assert lucky not in {one.opening for one in share_openings([fate(EASY, 50, 10), fate(lucky, 1, 1)], SETTINGS)}


def test_no_domain_starves_and_one_that_nobody_knows_gets_the_mean() -> None:
    seen = [fate(EASY, 100, 0), fate(HARD, 100, 60), fate(None, 10, 0)]
    of_domain: Counter[str | None] = Counter()
    shares = share_openings(seen, SETTINGS, domains=["logic", "finance"])
    for one in shares:
        of_domain[one.domain] += one.share  # type: ignore[assignment]
    assert set(of_domain) == {"algebra", "logic", "finance"}
    assert min(of_domain.values()) >= SETTINGS.floor - 1e-5
    unknown = next(one for one in shares if one.domain == "finance")
    assert (unknown.opening, unknown.expected) == (tag_line("finance"), pytest.approx(60 / 210, abs=1e-5))


def test_shares_of_many_openings_of_which_next_to_nothing_is_useful_add_up() -> None:
    rare = [fate(EASY.replace("cups", f"cups_{number}"), 1_000_000, 0) for number in range(MAX_OPENINGS + 500)]
    shares = share_openings([*rare, fate(HARD, 2_000_000, 1)], SETTINGS)
    assert len(shares) == MAX_OPENINGS
    assert sum(one.share for one in shares) == pytest.approx(1, abs=1e-4)
    assert shares[0].opening == HARD


def test_floors_that_are_more_than_all_give_every_domain_the_same() -> None:
    shares = share_openings([fate(EASY, 9, 1), fate(HARD, 9, 8)], SteerSettings(floor=1.0))
    assert [one.share for one in shares] == [0.5, 0.5]


def test_where_nothing_useful_was_seen_nothing_is_told_and_the_draw_is_as_without() -> None:
    pins = steering_pins(share_openings([fate(EASY, 9, 0)], SETTINGS), SETTINGS, ["r"])
    assert pins == {"runs": ["r"]}
    assert drawn_by(pins) is None
    assert told_opening("draw", 0, pins) is None


def test_places_are_told_by_their_shares_whatever_the_length_of_the_run() -> None:
    pins = steering_pins(share_openings([fate(EASY, 40, 4), fate(HARD, 40, 20)], SETTINGS), SETTINGS, [])
    told = [told_opening("draw", index, pins) for index in range(4000)]
    counts, shares = Counter(told), dict(pins["openings"])
    assert counts[None] / 4000 == pytest.approx(SETTINGS.explore, abs=0.03)
    for opening, share in shares.items():
        assert counts[opening] / 4000 == pytest.approx(share * (1 - SETTINGS.explore), abs=0.03)
    assert told[:100] == [told_opening("draw", index, pins) for index in range(100)]
    assert told[:100] != [told_opening("another draw", index, pins) for index in range(100)]


def test_all_explored_tells_nothing() -> None:
    assert told_opening("draw", 3, {"explore": 1.0, "openings": [[EASY, 1.0]]}) is None


def test_steering_has_no_part_in_the_training() -> None:
    assert training_hash(load_config("nano", ["steer.explore=0.5"])) == training_hash(load_config("nano"))


@pytest.mark.parametrize(("steer", "word"), [({"band": [0.8, 0.2]}, "begins above"), ({"explore": 0}, "greater")])
def test_a_steering_that_makes_no_sense_is_refused(steer: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        parse_config(load_config("smoke").model_dump() | {"steer": steer}, origin="here")


def solved(*agree: bool | None) -> Solution:
    """A solution with candidates that agree with the program, do not, or are lost."""
    made = Generation(
        request_id="r",
        model_id="m",
        prompt="p",
        finish_reason="stop",
        prompt_tokens=1,
        completion_tokens=1,
        seconds=0.1,
    )
    candidates = tuple(CandidateSolution(answer="1", generation=made, agrees=one) for one in agree)
    return Solution(text="", answer="1", generation=made, candidates=candidates)


def test_of_problems_that_all_solutions_solve_the_share_is_kept() -> None:
    names = [f"sample {number}" for number in range(2000)]
    capped = {name: find_too_easy(name, solved(True, True), 0.3) for name in names}
    kept = {name for name, verdict in capped.items() if verdict is None}
    assert len(kept) / 2000 == pytest.approx(0.3, abs=0.04)  # four standard deviations
    assert all(verdict is None or verdict.reason == "too_easy" for verdict in capped.values())
    # a larger share keeps these too, and more
    assert kept < {name for name in names if find_too_easy(name, solved(True, True), 0.6) is None}


@pytest.mark.parametrize("agree", [(), (True,), (True, False), (True, None)], ids=str)
def test_what_not_every_solution_solves_is_not_capped(agree: tuple[bool | None, ...]) -> None:
    assert find_too_easy("sample", solved(*agree), 0.0) is None


def test_a_cap_of_all_and_of_none() -> None:
    assert find_too_easy("sample", solved(True, True), 0.0) is not None
    assert find_too_easy("sample", solved(True, True), 1.0) is None
