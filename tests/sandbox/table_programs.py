"""Programs whose input is a table: right ones, each with a problem behind it, and ones that are constant or hold a dead input.

A right program reads its table as problems about tables do: a count below a limit, the mode of a frequency table, what one
row of a price list costs. Many of its changes leave the output as it is.
"""

import ast

from caco_tasks.records import Reason


def written(given: str, body: str) -> str:
    """A program in the unified template: the text of its input, and the lines of its function."""
    names = ", ".join(ast.literal_eval(given))
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"input = {given}\n\n\ndef solve({names}):\n{lines}\n\n\noutput = solve(**input)\nprint(output)\n"


STEMS = '{"stems": {1: [4, 8], 2: [0, 3, 3, 9], 3: [1, 5, 6, 6, 7], 4: [2, 2], 5: [0, 8, 9]}}'
VISITS = '{"visits": {0: 21, 1: 34, 2: 9, 3: 17, 4: 5}}'
PRICES = '{"prices": {"kite": 14.5, "drum": 22.75, "yo-yo": 3.2, "puzzle": 9.99, "globe": 31.0, "marbles": 4.4}}'
CLUB = (
    '{"members": [{"name": "Ada", "age": 31, "city": "Lyon"}, {"name": "Bo", "age": 27, "city": "Oslo"}, '
    '{"name": "Cy", "age": 44, "city": "Lyon"}, {"name": "Di", "age": 38, "city": "Rome"}]}'
)
GRID = '{"grid": [[3, 0, 2], [1, 4, 4], [5, 2, 6]]}'
LESSONS = (
    '{"lessons": [("Art", "8:15", "9:40"), ("Maths", "9:50", "11:20"), ("Music", "12:05", "12:50"), '
    '("French", "13:00", "14:10")]}'
)
PETS = '{"cats": {"black": 3, "white": 1, "grey": 4}, "dogs": {"black": 6, "white": 2, "grey": 2}}'

RIGHT = {
    "stems: values below a limit": written(
        STEMS,
        """
below = 0
for stem, leaves in stems.items():
    below += sum(1 for leaf in leaves if stem * 10 + leaf < 50)
return below
""",
    ),
    "stems: the smallest": written(STEMS, "low = min(stems)\nreturn low * 10 + min(stems[low])"),
    "stems: exactly one value": written(STEMS, "found = stems[4].count(2)\nothers = len(stems[4])\nreturn found"),
    "stems: how many leaves there are": written(
        STEMS, "total = 0\nfor leaves in stems.values():\n    total += len(leaves)\nreturn total"
    ),
    "stems: the range": written(
        STEMS,
        "values = [10 * s + leaf for s in stems for leaf in stems[s]]\nwidest = max(values) - min(values)\nreturn widest",
    ),
    "stems: the longest row": written(
        STEMS, "sizes = {stem: len(row) for stem, row in stems.items()}\nreturn max(sizes, key=sizes.get)"
    ),
    "lists that count by their length": written(
        '{"stem_4": [0, 3, 3, 4], "stem_5": [0, 0, 1, 2, 5], "stem_6": [3, 4]}',
        "first = len(stem_4) + len(stem_5)\ntotal = first + len(stem_6)\nreturn total",
    ),
    "a list of names that is counted": written(
        '{"guests": ["Ann", "Ben", "Cleo", "Dan"], "price": 12}',
        "count = len(guests)\ntotal = count * price\nreturn total",
    ),
    "frequencies: the least frequent": written(
        VISITS,
        "fewest = min(visits.values())\nfound = [v for v, people in visits.items() if people == fewest]\nreturn found[0]",
    ),
    "frequencies: the mode": written(
        VISITS, "most = max(visits.values())\nreturn [v for v in visits if visits[v] == most][-1]"
    ),
    "frequencies: the median": written(
        VISITS,
        "values = sorted(v for v, people in visits.items() for _ in range(people))\n"
        "middle = len(values) // 2\nreturn values[middle]",
    ),
    "frequencies: at most one visit": written(
        VISITS, "few = [people for v, people in visits.items() if v <= 1]\nreturn sum(few)"
    ),
    "frequencies: the largest key": written(
        VISITS, "seen = [v for v, people in visits.items() if people > 0]\nreturn max(seen)"
    ),
    "frequencies: an even total": written(
        VISITS, 'total = sum(visits.values())\nreturn "even" if total % 2 == 0 else "odd"'
    ),
    "prices: two of six": written(PRICES, 'total = prices["kite"] + prices["puzzle"]\nreturn round(total, 2)'),
    "prices: enough money": written(
        '{"prices": {"play": 24, "film": 19, "match": 50, "boat trip": 33}, "money": 120}',
        'cost = prices["play"] + prices["match"]\nreturn "yes" if money >= cost else "no"',
    ),
    "prices: the cheapest": written(PRICES, "cheapest = min(prices, key=prices.get)\nlabel = cheapest\nreturn label"),
    "prices: how many are under ten": written(
        PRICES, "cheap = [name for name, price in prices.items() if price < 10]\nreturn len(cheap)"
    ),
    "rows: the oldest": written(
        CLUB, 'oldest = max(members, key=lambda row: row["age"])\nname = oldest["name"]\nreturn name'
    ),
    "rows: how many live in one city": written(
        CLUB, 'found = [row for row in members if row["city"] == "Lyon"]\nreturn len(found)'
    ),
    "rows: the different cities": written(
        CLUB, 'cities = {row["city"] for row in members}\ncount = len(cities)\nreturn count'
    ),
    "rows: does anybody match": written(
        CLUB, 'old = [row["age"] >= 40 for row in members]\nfound = any(old)\nreturn "yes" if found else "no"'
    ),
    "rows: tuples with yes and no": written(
        '{"fleet": [("bus", 52, True), ("van", 9, False), ("car", 5, True)]}',
        "free = [seats for _, seats, is_free in fleet if is_free]\nreturn max(free)",
    ),
    "matrix: the trace": written(GRID, "size = len(grid)\ntrace = sum(grid[i][i] for i in range(size))\nreturn trace"),
    "matrix: its shape": written(GRID, 'rows, columns = len(grid), len(grid[0])\nreturn f"{rows} by {columns}"'),
    "matrix: is it symmetric": written(
        GRID,
        "size = len(grid)\nsame = all(grid[i][j] == grid[j][i] for i in range(size) for j in range(size))\nreturn same",
    ),
    "matrix: the row of the largest sum": written(
        GRID, "sums = [sum(row) for row in grid]\nbest = max(sums)\nreturn sums.index(best) + 1"
    ),
    "matrix: islands": written(
        '{"land": [[1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 1]]}',
        """
cells = {(i, j) for i, row in enumerate(land) for j, cell in enumerate(row) if cell}
islands = 0
while cells:
    waiting = [cells.pop()]
    islands += 1
    while waiting:
        i, j = waiting.pop()
        for near in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if near in cells:
                cells.remove(near)
                waiting.append(near)
return islands
""",
    ),
    "matrix: numpy": written(
        GRID, "import numpy\ntable = numpy.array(grid)\nlow = table.min(axis=1)\nreturn int(low.max())"
    ),
    "schedule: when one begins": written(
        LESSONS, 'rows = {name: begin for name, begin, end in lessons}\nreturn rows["Music"]'
    ),
    "schedule: the longest": written(
        LESSONS,
        """
def minutes(text):
    hours, rest = text.split(":")
    return 60 * int(hours) + int(rest)
longest = max(lessons, key=lambda row: minutes(row[2]) - minutes(row[1]))
return longest[0]
""",
    ),
    "schedule: what comes after noon": written(
        LESSONS, 'late = [name for name, begin, end in lessons if int(begin.split(":")[0]) >= 12]\nreturn late[0]'
    ),
    "text: its digits": written(
        '{"plate": "KT 4 81 Q"}', "digits = [int(sign) for sign in plate if sign.isdigit()]\nreturn sum(digits)"
    ),
    "text: lines of a table": written(
        '{"table": "day,rain\\nMon,4\\nTue,11\\nWed,0\\nThu,7"}',
        'rows = [line.split(",") for line in table.splitlines()[1:]]\n'
        "wet = [day for day, rain in rows if int(rain) > 5]\nreturn len(wet)",
    ),
    "text: capitals": written(
        '{"title": "the old man and the sea"}',
        "capitals = [sign for sign in title if sign.isupper()]\nreturn len(capitals)",
    ),
    "text: words": written(
        '{"sentence": "we saw three small grey owls"}', "words = sentence.split()\ncount = len(words)\nreturn count"
    ),
    "two tables: a probability": written(
        PETS, 'whole = sum(cats.values()) + sum(dogs.values())\nreturn round(dogs["grey"] / whole, 3)'
    ),
    "two tables: which has more": written(
        PETS, 'more = sum(cats.values()) > sum(dogs.values())\nreturn "cats" if more else "dogs"'
    ),
    "pairs as keys": written(
        '{"roads": {("A", "B"): 7, ("B", "C"): 5, ("A", "C"): 14, ("C", "D"): 2}}',
        'over = roads[("A", "B")] + roads[("B", "C")]\nreturn min(over, roads[("A", "C")]) + roads[("C", "D")]',
    ),
    "a nested table": written(
        '{"wins": {"1990s": {"Peru": 2, "Chile": 5}, "2000s": {"Peru": 6, "Chile": 3}}}',
        'first, second = wins["1990s"], wins["2000s"]\nreturn second["Peru"] - first["Peru"]',
    ),
    "a table in which places are empty": written(
        '{"readings": [None, 12, None, 15, 9, None]}',
        "known = [one for one in readings if one is not None]\nreturn max(known)",
    ),
    "sets": written(
        '{"chess": {1, 4, 6, 9}, "choir": {2, 4, 9, 11}}', "both = chess & choir\ncount = len(both)\nreturn count"
    ),
    "linear or not": written(
        '{"x": [16, 17, 18], "y": [5, 8, 14]}',
        "rises = [(b - a) / (d - c) for a, b, c, d in zip(y, y[1:], x, x[1:])]\n"
        "same = len(set(rises)) == 1\nreturn 'linear' if same else 'not linear'",
    ),
    "three equal sides": written(
        '{"a": 6, "b": 8, "c": 12}', "first = a == b\nsecond = b == c\nreturn first and second"
    ),
    "the same letters": written(
        '{"first": "listen", "second": "silver"}', "one = sorted(first)\nother = sorted(second)\nreturn one == other"
    ),
    "is it a prime": written('{"n": 25}', "parts = [d for d in range(2, n) if n % d == 0]\nreturn n > 1 and not parts"),
    "is it a number": written('{"text": "twelve"}', "signs = list(text)\nreturn all(sign.isdigit() for sign in signs)"),
    "a tree": written(
        '{"tree": {"value": 4, "left": {"value": 2, "left": None, "right": None}, "right": None}}',
        "def depth(node):\n    return 0 if node is None else 1 + max(depth(node['left']), depth(node['right']))\n"
        "deepest = depth(tree)\nreturn deepest",
    ),
    "passwords of which none is strong": written(
        '{"passwords": ["sesame", "orchid"]}',
        "strong = [p for p in passwords if any(map(str.isdigit, p)) and any(map(str.isupper, p))]\nreturn len(strong)",
    ),
    "lists without a common item": written(
        '{"a": [1, 2, 3], "b": [4, 5, 6]}', "both = set(a) & set(b)\nreturn len(both)"
    ),
    "is the list in order": written(
        '{"heights": [131, 135, 142, 160]}',
        "pairs = list(zip(heights, heights[1:]))\nreturn all(a <= b for a, b in pairs)",
    ),
    "what is there twice": written(
        '{"numbers": [8, 3, 5, 3, 1]}', "twice = [n for n in numbers if numbers.count(n) > 1]\nreturn twice[0]"
    ),
    "already without repeats": written(
        '{"marks": [2, 5, 7]}',
        "kept = []\nfor mark in marks:\n    if mark not in kept:\n        kept.append(mark)\nreturn kept",
    ),
    "already in order": written(
        '{"marks": [2, 5, 7, 30]}', "ordered = sorted(marks)\nfirst = ordered[0]\nreturn ordered"
    ),
}

# text of the input, body: nothing changes the output, or one input does not
DEAD = {
    "a table read and dropped": (
        written(STEMS, "total = 0\nfor stem in stems:\n    total += 0 * sum(stems[stem])\nreturn total + 12"),
        Reason.CONSTANT_OUTPUT,
    ),
    "frequencies times nothing": (
        written(VISITS, "people = sum(visits.values())\nnone = people - people\nreturn none + 3"),
        Reason.CONSTANT_OUTPUT,
    ),
    "a table beside a sum": (
        written(
            '{"scores": {"a": 3, "b": 8}, "n": 4}',
            "best = max(scores.values())\nextra = min(0, best)\nreturn n * 25 + extra",
        ),
        Reason.DEAD_INPUT,
    ),
    "a list beside a product": (
        written(
            '{"marks": [3, 4, 5], "price": 7}',
            "seen = [0 for mark in marks]\ntotal = price * 6 + sum(seen)\nreturn total",
        ),
        Reason.DEAD_INPUT,
    ),
    "a length that is taken away again": (
        written(
            '{"guests": ["Ann", "Ben"], "price": 7}',
            "count = len(guests)\ntotal = price * 6 + count - len(guests)\nreturn total",
        ),
        Reason.DEAD_INPUT,
    ),
    "rows that are only walked through": (
        written(CLUB, 'last = None\nfor row in members:\n    last = row["name"]\nreturn "Lyon" if last != 7 else last'),
        Reason.CONSTANT_OUTPUT,
    ),
    "a matrix held against itself": (
        written(GRID, "same = all(row == row for row in grid)\nword = 'yes' if same else 'no'\nreturn word"),
        Reason.CONSTANT_OUTPUT,
    ),
    "a matrix of which only its type counts": (
        written(GRID, "kind = isinstance(grid, list)\nrows = 3 if kind else 0\nreturn rows * 3"),
        Reason.CONSTANT_OUTPUT,
    ),
    "a schedule whose answer is known": (
        written(
            LESSONS, 'names = [row[0] for row in lessons]\nfound = "Music"\nreturn found if names else found.lower()'
        ),
        Reason.CONSTANT_OUTPUT,
    ),
    "a text that is measured for nothing": (
        written(
            '{"word": "banana", "factor": 3}', "length = len(word)\ntotal = 14 * factor + length * 0\nreturn total"
        ),
        Reason.DEAD_INPUT,
    ),
    "a price list beside its own answer": (
        written(
            '{"prices": {"kite": 14.5, "drum": 22.75}, "kites": 2, "price": 14.5}',
            "looked = prices.get('kite', price)\ntotal = kites * price\nreturn total if looked is not None else 0",
        ),
        Reason.DEAD_INPUT,
    ),
    "a table in a branch that is never taken": (
        written('{"table": [[1, 2], [3, 4]], "n": 9}', "if n < -5:\n    return sum(table[0])\nreturn n * n + 1"),
        Reason.DEAD_INPUT,
    ),
    "two tables of which one counts": (
        written(PETS, "grey = cats['grey'] + cats['white']\nnone = sum(dogs.values()) * 0\nreturn grey + none"),
        Reason.DEAD_INPUT,
    ),
    "a price added and taken away": (
        written(
            '{"price": 12.4, "fee": 0.3, "count": 7}', "total = price * count + fee\nrest = total - fee\nreturn rest"
        ),
        Reason.DEAD_INPUT,
    ),
    "a set whose members are all the same": (
        written('{"codes": {3, 5, 8}}', "signs = {code * 0 for code in codes}\nsize = len(signs)\nreturn size + 41"),
        Reason.CONSTANT_OUTPUT,
    ),
    "pairs as keys, and no road taken": (
        written(
            '{"roads": {("A", "B"): 7, ("B", "C"): 5}, "speed": 30}',
            "long = [r for r in roads.values() if r < 0]\nhours = 120 / speed\nreturn hours + len(long)",
        ),
        Reason.DEAD_INPUT,
    ),
    "a nested table of zeros times itself": (
        written(
            '{"wins": {"old": {"x": 2}, "new": {"x": 6}}}',
            "a, b = wins['old']['x'], wins['new']['x']\nzero = (a - a) * b\nreturn zero + 1990",
        ),
        Reason.CONSTANT_OUTPUT,
    ),
    "switches that are not looked at": (
        written(
            '{"lamps": [True, False, True], "hours": 5}',
            "on = [lamp or not lamp for lamp in lamps]\nreturn hours * 60 * all(on)",
        ),
        Reason.DEAD_INPUT,
    ),
    "a day that does not matter": (
        written(
            '{"days": ["2024-03-01", "2024-03-09"], "rate": 8}',
            "texts = [day[:0] for day in days]\nreturn rate * 9 + len(''.join(texts))",
        ),
        Reason.DEAD_INPUT,
    ),
    "a list in another's shadow": (
        written(
            '{"small": [1, 2], "large": [5, 6]}',
            "both = [abs(a) * 0 + b for a, b in zip(small * 9, large)]\nreturn sum(both) + 2",
        ),
        Reason.DEAD_INPUT,
    ),
    "a side that is left out": (
        written('{"a": 6, "b": 6, "c": 12}', "first = a == b\nsecond = c == c\nreturn first and second"),
        Reason.DEAD_INPUT,
    ),
    "letters that are not compared": (
        written(
            '{"first": "listen", "second": "silver"}',
            "one = sorted(first)\nsame = one == sorted(one)\nreturn same and len(second) >= 0",
        ),
        Reason.CONSTANT_OUTPUT,
    ),
    "places that are empty and one that is not looked at": (
        written(
            '{"readings": [None, 12, None], "n": 3}',
            "known = [one for one in readings if one is None]\nreturn n * 7 + len(known) * 0",
        ),
        Reason.DEAD_INPUT,
    ),
}
