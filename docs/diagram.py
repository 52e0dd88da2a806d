"""Draws `docs/ledger.svg`, the tables of the ledger and what refers to what, from the keys in `sql/schema.sql`.

A table stands one column to the right of what it refers to, so every arrow leads to the left; nothing is placed by hand.
One picture serves GitHub and the site, and neither needs a script or another host to show it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, GAP, SPACE, MARGIN, LANE = 190, 42, 76, 14, 16, 9  # of a box, between columns, between boxes, …

_TABLE = re.compile(r"^CREATE TABLE caco\.(\w+)", re.MULTILINE)
_KEY = re.compile(r"ALTER TABLE ONLY caco\.(\w+)\s+ADD CONSTRAINT \w+ (PRIMARY KEY|UNIQUE)[\w ]*\(([^)]+)\)")
_REFERENCE = re.compile(
    r"ALTER TABLE ONLY caco\.(\w+)\s+ADD CONSTRAINT \w+ FOREIGN KEY \(([^)]+)\) REFERENCES caco\.(\w+)\(([^)]+)\)"
)
_STYLE = """.box { fill: #f6f8fa; stroke: #57606a; } .back { fill: #ffffff; } text { fill: #1f2328; }
    .small { font-size: 11px; fill: #57606a; } path { stroke: #57606a; fill: none; marker-end: url(#tip); }"""
_TIP = (
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" style="fill: #57606a; stroke: none; marker-end: none"/></marker>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key: the columns of a table that name a row of another."""

    table: str
    columns: str
    target: str


def references(schema: str) -> list[Reference]:
    """Every foreign key of a schema, by table.

    >>> references("ALTER TABLE ONLY caco.seed\\n    ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES caco.source(a);")
    [Reference(table='seed', columns='a', target='source')]
    """
    found = [Reference(table=each[1], columns=each[2], target=each[3]) for each in _REFERENCE.finditer(schema)]
    return sorted(found, key=lambda one: (one.table, one.target))


def draw_ledger(schema: str) -> str:
    """The picture, as the text of an SVG."""
    known = references(schema)
    columns = _columns(known)
    tallest = max(len(column) for column in columns)
    height = 2 * MARGIN + tallest * (HEIGHT + SPACE) - SPACE
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP) - GAP
    places = dict(_places(columns, height))
    lanes = {name: number for column in columns for number, name in enumerate(column)}
    keys = keys_of(schema)
    shown = [_box(name, keys.get(name, ""), places[name]) for column in columns for name in column]
    targets = {table: sorted(named, key=places.__getitem__) for table, named in sorted(_targets(known).items())}
    arrows = [
        _arrow(places[table], places[target], lane=lanes[target], number=number)
        for table, named in targets.items()
        for number, target in enumerate(named)
    ]
    told = "; ".join(f"{table} refers to {' and '.join(named)}" for table, named in targets.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" '
            f'font-size="13" role="img" aria-label="{escape(told)}">',
            f"  <style>\n    {_STYLE}\n  </style>",
            f"  <defs>{_TIP}</defs>",
            f'  <rect class="back" width="{width}" height="{height}"/>',
            *(f"  {line}" for line in [*arrows, *shown]),
            "</svg>\n",
        ]
    )


def keys_of(schema: str) -> dict[str, str]:
    """The columns that name a row of each table: its primary key, or what is unique where it has none."""
    found = sorted(_KEY.findall(schema), key=lambda one: one[1], reverse=True)  # UNIQUE before PRIMARY KEY, which stays
    return {table: columns.replace('"', "") for table, _, columns in found}


def tables_alone(schema: str) -> list[str]:
    """The tables that the picture does not have, for no key binds them to another."""
    bound = {name for one in references(schema) for name in (one.table, one.target)}
    return sorted(set(_TABLE.findall(schema)) - bound)


def _targets(known: Sequence[Reference]) -> dict[str, set[str]]:
    """The tables that each table refers to."""
    found: dict[str, set[str]] = {}
    for one in known:
        found.setdefault(one.table, set()).add(one.target)
    return found


def _columns(known: Sequence[Reference]) -> list[list[str]]:
    """The tables of each column, from the left: those that refer to nothing stand just before who needs them."""
    targets = _targets(known)
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 1 + max((depth(target) for target in targets.get(name, set()) - {name}), default=-1)
        return depths[name]

    for name in targets:
        depth(name)
    for name in set(depths) - set(targets):
        depths[name] = min(depths[table] for table, named in targets.items() if name in named) - 1
    columns: list[list[str]] = []
    for number in range(max(depths.values()) + 1):
        above = {name: place for column in columns for place, name in enumerate(column)}
        columns.append(
            sorted(
                (name for name in depths if depths[name] == number),
                key=lambda name: (_from_far(name, targets, depths), _mean_place(name, targets, above), name),
            )
        )
    return columns


def _from_far(name: str, targets: Mapping[str, set[str]], depths: Mapping[str, int]) -> bool:
    """False, so first, where a table refers across a column: at the top its arrow passes above that column."""
    return all(depths[name] - depths[target] < 2 for target in targets.get(name, ()))


def _mean_place(name: str, targets: Mapping[str, set[str]], places: Mapping[str, int]) -> float:
    """Where the tables that one refers to stand, so that arrows cross little; one that refers to nothing comes last."""
    found = [places[target] for target in targets.get(name, ()) if target in places]
    return sum(found) / len(found) if found else len(places)


def _places(columns: Sequence[Sequence[str]], height: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The upper left corner of every box; each column is centred."""
    for number, column in enumerate(columns):
        top = (height - len(column) * (HEIGHT + SPACE) + SPACE) // 2
        for place, name in enumerate(column):
            yield name, (MARGIN + number * (WIDTH + GAP), top + place * (HEIGHT + SPACE))


def _box(name: str, key: str, place: tuple[int, int]) -> str:
    x, y = place
    middle = x + WIDTH // 2
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{middle}" y="{y + 18}" text-anchor="middle">{name}</text>'
        f'<text class="small" x="{middle}" y="{y + 34}" text-anchor="middle">{key}</text>'
    )


def _arrow(start: tuple[int, int], end: tuple[int, int], *, lane: int, number: int) -> str:
    """A line from the left of a box to the right of the one that it refers to, upright in a lane of the latter's own.

    Lines come in lower than they go out, and several go out one below the other, so that none lies upon another's end.
    """
    (x, y), (target_x, target_y) = start, end
    right = target_x + WIDTH
    turn = right + 14 + lane * LANE
    return f'<path d="M{x},{y + 12 + 9 * number} H{turn} V{target_y + HEIGHT - 10} H{right + 1}"/>'
