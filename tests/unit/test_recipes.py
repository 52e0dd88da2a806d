"""The cookbook's files, as they are read: what they ask, with which engine, what may be set."""

import pytest

from caco_tasks.errors import ConfigError
from caco_tasks.ledger.recipes import find_recipe, list_recipes, parse_recipe

TEXT = """-- Question: what was said of
--           one date?
-- Engine:   duckdb
-- Set:      day = 2026-11-20
-- Set:      reason =
-- Answer:   one row

SELECT :day::date, ':dayly', x::day, :reason
"""


def test_the_first_lines_say_what_a_recipe_is() -> None:
    recipe = parse_recipe("of_a_date", TEXT)
    assert (recipe.question, recipe.answer, recipe.engine) == ("what was said of one date?", "one row", "duckdb")
    assert recipe.values({"reason": "cut_off"}) == {"day": "2026-11-20", "reason": "cut_off"}


def test_only_what_may_be_set_is_replaced() -> None:
    assert parse_recipe("of_a_date", TEXT).parts()[1::2] == ["day", "reason"]
    assert parse_recipe("plain", "SELECT :day").parts() == ["SELECT :day"]


def test_a_plain_query_is_for_postgres() -> None:
    recipe = parse_recipe("QUERY", "SELECT 1")
    assert (recipe.engine, recipe.defaults, recipe.sql) == ("postgres", {}, "SELECT 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [("-- Engine: sqlite\nSELECT 1", "no engine 'sqlite'"), ("-- Set: day\nSELECT 1", "not of the form")],
)
def test_a_line_that_says_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_recipe("a.sql", text)


def test_a_recipe_is_found_by_name_and_a_misspelt_one_offers_the_nearest() -> None:
    assert [find_recipe(recipe.name) for recipe in list_recipes()] == list_recipes()
    with pytest.raises(ConfigError, match="the nearest is 'pass_rates'"):
        find_recipe("pass_rate")
