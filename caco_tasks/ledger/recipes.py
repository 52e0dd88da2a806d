"""The cookbook: questions of analysts with their answers in SQL, one file each in `sql/cookbook/`, and files like these.

    -- Question: what do rejected records look like?
    -- Engine:   duckdb                        (left out: Postgres)
    -- Set:      reason = answers_differ       (a value that whoever asks may change; one line each)
    -- Answer:   one row per record

    SELECT … WHERE reason = :reason

`:reason` stands for the value, as a text that the driver binds; a file without such a line runs as it is, anywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from caco_tasks.errors import ConfigError
from caco_tasks.format import offer_nearest
from caco_tasks.ledger.migrations import sql_folder

Engine = Literal["postgres", "duckdb"]

_LINE = re.compile(r"^-- (Question|Engine|Set|Answer): +(.*(?:\n--  .*)*)", re.MULTILINE)
_SETTING = re.compile(r"(\w+) *= *(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One question in SQL, with what its first lines say of it.

    >>> parse_recipe("of_a_day", "-- Set: day = 2026-11-20\\nSELECT :day").defaults
    {'day': '2026-11-20'}
    """

    name: str
    question: str
    answer: str  # what a row of the answer is
    engine: Engine
    defaults: Mapping[str, str] = field(default_factory=dict)  # by the name that stands behind a colon in the SQL
    sql: str

    def values(self, changes: Mapping[str, str]) -> dict[str, str]:
        """The values to ask with.

        Raises:
            ConfigError: a change is of no value of this recipe.
        """
        for name in changes:
            if name not in self.defaults:
                known = ", ".join(self.defaults) or "nothing"
                raise ConfigError(f"The recipe '{self.name}' has no '{name}' to set: it has {known}.")
        return {**self.defaults, **changes}

    def parts(self) -> list[str]:
        """The SQL, cut where a value stands: at even places text, at odd ones the name of the value."""
        if not self.defaults:
            return [self.sql]
        # a cast, as in x::date, is no name
        return re.split(rf"(?<![:\w]):({'|'.join(map(re.escape, self.defaults))})\b", self.sql)


def parse_recipe(name: str, text: str) -> Recipe:
    """A file of SQL, with or without the lines of a recipe.

    Raises:
        ConfigError: a line of it names an engine that there is not, or sets nothing.
    """
    said: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for word, value in _LINE.findall(text):
        line = re.sub(r"\n-- +", " ", value).strip()
        if word != "Set":
            said[word] = line
        elif found := _SETTING.fullmatch(line):
            defaults[found[1]] = found[2]
        else:
            raise ConfigError(f"In {name}, '-- Set: {line}' is not of the form '-- Set: name = value'.")
    engine = said.get("Engine", "postgres")
    if engine not in get_args(Engine):
        raise ConfigError(f"In {name}, there is no engine '{engine}': use {' or '.join(get_args(Engine))}.")
    return Recipe(
        name=name,
        question=said.get("Question", ""),
        answer=said.get("Answer", ""),
        engine="duckdb" if engine == "duckdb" else "postgres",
        defaults=defaults,
        sql=text,
    )


def list_recipes() -> list[Recipe]:
    """All of the cookbook, by name."""
    paths = sorted(sql_folder().glob("cookbook/*.sql"))
    return [parse_recipe(path.stem, path.read_text(encoding="utf-8")) for path in paths]


def find_recipe(name: str) -> Recipe:
    """One of the cookbook.

    Raises:
        ConfigError: there is none of that name; the message offers the nearest.
    """
    known = {recipe.name: recipe for recipe in list_recipes()}
    if name not in known:
        raise ConfigError(f"There is no recipe '{name}'{offer_nearest(name, known)}: `caco sql --recipe` lists them.")
    return known[name]
