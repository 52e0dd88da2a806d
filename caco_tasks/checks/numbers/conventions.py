r"""Numbers that a mathematical text brings along without giving them: `to 2 decimal places`, `F_{n-2}`, `\pi \approx 3.14`.

Such a number is no quantity of the problem: no program needs to hold it, and it gives no answer away. Zero and one in digits
are left to the rules, which never mind them. What may be false is looked at: 3.15 is no value of pi, and a text that rounds
to 3 places does not fit a program that rounds to 2.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice, pairwise

from caco_tasks.checks.numbers.known_numbers import is_ratio_of_units, is_stated_constant
from caco_tasks.checks.numbers.measures import MONTHS
from caco_tasks.checks.numbers.stretches import Stretch
from caco_tasks.number_words import CARDINALS, ORDINALS
from caco_tasks.numbers_in_text import Mention

MAX_RUN = 160  # characters of a row of numbers in front of an ellipsis
MAX_ROWS = 20  # of a problem that are looked at
MAX_SUSPECTS = 200  # numbers that may be constants
MAX_LABELS = 26  # of a list of options
_COUNT = rf"\d{{1,3}}|{'|'.join(list(CARDINALS)[1:13])}"

_ROUNDING = re.compile(
    rf"\b(?P<count>{_COUNT})[\s-]+(?:(?:decimal|significant)\b[\s-]?(?:places?|digits?|figures?)?|d\.?p\b|s\.?f\b|decimals\b)"
    rf"|\b(?:round\w*|correct|accurate|precise|express\w*|give|answer)[^.?!;,]{{0,40}}?\bto\s+(?P<to>{_COUNT})\s+(?:places|digits|decimals|figures)\b"
    r"|\bnearest\s+(?:\$|\\\$)?(?P<nearest>\d+(?:\.\d+)?)(?!\w)"
    r"|\bnearest\s+(?P<unit>tenth|hundredth|thousandth|ten|hundred|thousand|cent|penny|whole|integer|unit|percent|dollar)",
    re.IGNORECASE,
)
_NEAREST = {
    "tenth": (1, 10), "hundredth": (2, 100), "thousandth": (3, 1000), "ten": (1, 10), "hundred": (2, 100), "thousand": (3, 1000),
    "cent": (2, 100), "penny": (2, 100), "whole": (0,), "integer": (0,), "unit": (0,), "percent": (0, 2), "dollar": (0,),
}  # fmt: skip
# what rounds to six places or more only takes noise away
_ROUNDS = re.compile(
    r"\bround\s*\([^\n]*,\s*(?!\s|(?:[6-9]|\d\d)\s*\))|\bquantize\s*\(|:\.\d+[fg%]\b|\bdecimals\s*=|%\.\d+f"
)
_DIGITS = re.compile(
    rf"\b(?P<last>(?:last|final|units?|unit's|ones)\s+digit)\b|\b(?P<tens>tens\s+digit)\b|\b(?P<hundreds>hundreds\s+digit)\b"
    rf"|\blast\s+(?P<ending>{_COUNT})\s+digits\b|\b(?P<long>{_COUNT})[\s-]+digit\b|\b(?P<any>digits?)\b",
    re.IGNORECASE,
)
_BASES = {"binary": 2, "ternary": 3, "octal": 8, "decimal": 10, "hexadecimal": 16}
_BASE = re.compile(rf"\bbase[\s-]*(?P<base>{_COUNT})\b|\b(?P<named>{'|'.join(_BASES)})\b", re.IGNORECASE)
_BASE_CALLS = {2: r"\bbin\(|\blog2\(|:0?\d*b\b", 8: r"\boct\(|:o\b", 16: r"\bhex\(|:[xX]\b"}
_NOTATION = re.compile(
    r"_\s?\{[^{}\n]{1,60}\}"  # F_{n-2}
    r"|(?<=[A-Za-z])\(\s*[a-z]\s*[-+]\s*\d{1,3}\s*\)"  # f(n - 1)
    r"|\(\s*[a-z]\s*[-+]\s*\d{1,3}\s*\)\s*-?(?:th|st|nd|rd)\b|\b[a-z]\s?[-+]\s?\d{1,3}\s*-?(?:th|st|nd|rd)\b"
    r"|(?<=\[)[a-z]\s*[-+]\s*\d{1,3}(?=\])|\\sqrt\s*\[\d{1,3}\]"
    r"|\b[1-4]-?D\b|\b\d+[- ]dimensional\b"
    r"|\b[A-Z]{2,}[A-Za-z]*-\d{1,4}\b"  # COVID-19
    r"|\b(?:12|24)-hour\s+(?:clock|format|time)\b|(?<![\d.])100\s?\\?%"
    r"|\b(?:from|between)\s+0{1,4}\s+(?:to|and)\s+9{1,4}\b"  # the form of an answer
    r"|\b(?:within|tolerance(?:\s+of)?|accuracy(?:\s+of)?|precision(?:\s+of)?|error\s+(?:below|less\s+than|of(?:\s+at\s+most)?))"
    r"\s+\$?(?:10\s?\^\s?\{?-\d{1,2}\}?|0?\.0*1\b|1e-\d{1,2}\b)"
    r"|\bConstraints?:.{1,2000}"
)
_FORMULA = re.compile(
    r"\bn\s*\(\s*n\s*[+-]\s*1\s*\)(?:\s*\(\s*2n\s*\+\s*1\s*\))?\s*/\s*[26]\b|\\frac\s*\{\s*n\s*\(\s*n\s*[+-]\s*1\s*\)[^{}]{0,12}\}\s*\{[26]\}"
    r"|\b4ac\b|\b2a\b|\b[24]\s*(?:π|\\pi\b|pi\b)|(?:4/3|\\[dt]?frac\s*\{?4\}?\s*\{?3\}?)\s*(?:[*×·]|\\cdot|\\times)?\s*(?:π|\\pi\b|pi\b)"
    r"|(?:1/[23]|\\[dt]?frac\s*\{?1\}?\s*\{?[23]\}?)\s*(?:[*×·]|\\cdot|\\times)?\s*(?:b\s*h\b|ab\b|base\b|π|\\pi\b)"
    r"|180\s*(?:[*×·]|\\cdot|\\times)?\s*\(\s*n\s*-\s*2\s*\)|\(\s*n\s*-\s*2\s*\)\s*(?:[*×·]|\\cdot|\\times)?\s*180\b"
)
_RECURRENCE = re.compile(r"_\s?\{\s*[a-z]\s*[-+]|(?<=[A-Za-z])\(\s*[a-z]\s*-")
_DOMAIN = re.compile(r"\b[a-z]\s*(?:[<>≥≤]=?|\\(?:geq?|leq?|gt|lt)(?:slant)?)\s*[1-5]\b")
_LABEL = re.compile(
    r"(?:^|\n)\s*(?:\(?\d{1,2}[).]|\*\*\d{1,2}[).]?\*\*)\s"  # an item of a numbered list
    r"|\b(?:step|part|case|question|problem|exercise|example|figure|table|equation|rule|condition|property|theorem|note"
    r"|section|chapter|appendix|test\s+case)\s+\(?#?\d{1,3}\)?(?![\d.]*\d)",
    re.IGNORECASE,
)
_ORDERED_LABEL = re.compile(
    r"\b(?P<noun>day|week|month|year|round|stage|level|phase|player|team|group|machine|worker|pipe|tank|jar|box|bag|bus|train"
    r"|car|room|row|column|line|store|shop|plan|option|type|school|house|person|number|type|grade|course|set|list|point)"
    r"\s+#?(?P<label>\d{1,3})(?![\d./,]*\d|\s*%)",
    re.IGNORECASE,
)
_OPTION = re.compile(r"(?<![A-Za-z0-9])\(?([A-Ea-e])\s?[).:]\s*\$?\\?\$?-?[\d.,/]+[^\n()]{0,30}")
_EXAMPLE = re.compile(
    r"\b(?:for example|for instance|e\.\s?g\.|such as|examples?\s?\d?:)[^?!\n]{1,300}?(?=[.?!](?:\s|$)|\)|\n|$)",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"\.\.\.|…|\\[lc]?dots\b|\band so (?:on|forth)\b|\betc\b", re.IGNORECASE)
_ROW = re.compile(r"(?:[\d\s,;+*/^(){}$·×!-]|\.(?=\d)|\\(?:[dt]?frac|cdot|times|[,;!]|left|right))+$")
_TERM = re.compile(r"(?<![\w.^/{])-?\d+(?:\.\d+)?(?![\w.^/*·×{]|\s*[*·×/^])")
_YEAR = re.compile(r"\b(?:in|of|during|since|by)\s+((?:19|20)\d\d)(?![\d.,]*\d|\s+[a-z]+s\b)", re.IGNORECASE)
_ORDERED = re.compile(rf"\b({'|'.join(ORDINALS[1:13])}|last|final)\s+([a-z]+)", re.IGNORECASE)
_SEVERAL = re.compile(r"(?<![\d.,/])(\d{1,2})\s+([a-z]+?)s\b", re.IGNORECASE)
_NUMBERED_NAME = re.compile(r"(?:\w{0,40}_)?([A-Za-z]{2,20})_?(\d{1,3})")
_COUNTED = re.compile(
    r"\b(?:all|these|those|the|of|between|for)\s+(?:the\s+)?(?P<all>\d{1,2})\s+[a-z]+\b"
    r"|(?<![\d.])(?P<kinds>\d{1,2})\s+(?:(?:different|distinct|consecutive)\b|(?:kinds|types|sorts|colou?rs|numbers|integers)\b)",
    re.IGNORECASE,
)
_MONTHS = "|".join(rf"{month[:3].title()}(?:{month[3:]})?" for month in MONTHS)  # "may" is a verb
_DATE = re.compile(
    rf"\b(?:{_MONTHS})\b\.?\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,?\s+\d{{4}}\b)?"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTHS})\b(?:,?\s+\d{{4}}\b)?|\b(?:{_MONTHS})\b\.?,?\s+(?:of\s+)?\d{{4}}\b"
)


def find_conventions(text: str, code: str, literals: set[Fraction]) -> Iterator[Stretch]:
    """The stretches of a problem whose numbers are brought along, and what each names of a program's input.

    `code` is the program, `literals` the numbers written in it: what the text says of rounding and of number bases must
    fit them where they speak of it.
    """
    for find in (_find_notation, _find_domains, _find_options, _find_labels, _find_dates, _find_rows, _find_ordered):
        yield from find(text)
    yield from _find_digit_places(text, literals)
    yield from _find_rounding(text, code, literals)
    yield from _find_bases(text, code, literals)


def find_stated_constants(text: str, suspects: Iterable[Mention], literals: set[Fraction]) -> Iterator[Stretch]:
    """Which of the suspect numbers are constants of mathematics, nature and units that are said as they are."""
    for mention in islice(suspects, MAX_SUSPECTS):
        start, values = mention.start, mention.values
        if is_stated_constant(text, start, values, literals) or is_ratio_of_units(text, start, values):
            yield Stretch(start, start + len(mention.text))


def find_counts(text: str, counts: set[Fraction]) -> Iterator[Stretch]:
    """Where the text says how many things it lists or asks for, as in `all 3 boxes`; `counts` are those of the program."""
    for match in _COUNTED.finditer(text):
        if Fraction(match["all"] or match["kinds"]) in counts:
            yield Stretch(match.start(), match.end())


def find_named_labels(text: str, names: Iterable[str]) -> Iterator[Stretch]:
    """Where the text says the number that is part of an input's name: `stem 4` for `stem_4`."""
    for name in islice(names, MAX_LABELS):
        label = _NUMBERED_NAME.fullmatch(name)
        if label is not None:
            for match in re.finditer(rf"\b{label[1]}\s+{label[2]}(?![\d.,]*\d)", text, re.IGNORECASE):
                yield Stretch(match.start(), match.end())


def find_examples(text: str) -> Iterator[Stretch]:
    """Examples: their numbers are not given, though one may be the answer."""
    for match in _EXAMPLE.finditer(text):
        yield Stretch(match.start(), match.end())


def find_false_rounding(text: str, code: str, literals: set[Fraction]) -> str | None:
    """Where a text rounds, in words, to so many places as a program that rounds does not."""
    if _ROUNDS.search(code) is None:
        return None
    for match in _ROUNDING.finditer(text):
        count = match["count"] or match["to"]
        if count is not None and not count.isdigit() and _read_count(count) not in literals:
            return match[0]
    return None


def _find_rounding(text: str, code: str, literals: set[Fraction]) -> Iterator[Stretch]:
    is_rounded = _ROUNDS.search(code) is not None
    for match in _ROUNDING.finditer(text):
        count = match["count"] or match["to"]
        if match["unit"]:
            values = {Fraction(value) for value in _NEAREST[match["unit"].lower()]}
        else:
            values = {_read_count(count)} if count else _read_nearest(Fraction(match["nearest"]))
        if not is_rounded or values & literals:
            yield Stretch(match.start(), match.end(), frozenset(values))


def _read_nearest(unit: Fraction) -> set[Fraction]:
    """10 and 1 for the nearest 10, which a program may write as `round(x, -1)`."""
    return {unit} | {Fraction(count) for count in range(1, 10) if unit in (10**count, Fraction(1, 10**count))}


def _read_count(count: str) -> Fraction:
    return Fraction(CARDINALS.get(count.lower()) or int(count))


def _find_digit_places(text: str, literals: set[Fraction]) -> Iterator[Stretch]:
    powers = {10**count for count in range(1, 16)} | {10**count - 1 for count in range(1, 16)}
    bounds = {one for one in literals if one in powers and one > 10}  # of a program that looks through such numbers
    for match in _DIGITS.finditer(text):
        if match["ending"]:
            values = {10 ** int(_read_count(match["ending"]))}
        elif match["long"]:
            most = 10 ** int(_read_count(match["long"]))
            values = {most, most - 1, most // 10}
            if bounds and bounds.isdisjoint(values):
                continue
        else:
            values = {"tens": {10, 100}, "hundreds": {100, 1000}}.get(str(match.lastgroup), {10})
        yield Stretch(match.start(), match.end(), frozenset(map(Fraction, values)))


def _find_bases(text: str, code: str, literals: set[Fraction]) -> Iterator[Stretch]:
    for match in _BASE.finditer(text):
        base = Fraction(_BASES[match["named"].lower()]) if match["named"] else _read_count(match["base"])
        call = _BASE_CALLS.get(int(base))
        if match["named"] or base == 10 or base in literals or (call and re.search(call, code)):
            yield Stretch(match.start(), match.end(), frozenset({base}))


def _find_notation(text: str) -> Iterator[Stretch]:
    """Indices, dimensions, the form of an answer, and formulas that are learned by heart."""
    for pattern in (_NOTATION, _FORMULA):
        for match in pattern.finditer(text):
            yield Stretch(match.start(), match.end())


def _find_domains(text: str) -> Iterator[Stretch]:
    """From which index on a recurrence holds: `for n > 2`."""
    if _RECURRENCE.search(text):
        for match in _DOMAIN.finditer(text):
            yield Stretch(match.start(), match.end())


def _find_options(text: str) -> Iterator[Stretch]:
    place = find_options(text)
    if place is not None:
        yield place


def find_options(text: str) -> Stretch | None:
    """The options that a problem is to be answered from, as `(a) 12 (b) 14 (c) 18`."""
    options = list(islice(_OPTION.finditer(text), MAX_LABELS))
    if [match[1].lower() for match in options[:3]] == ["a", "b", "c"]:
        return Stretch(options[0].start(), options[-1].end())
    return None


def _find_labels(text: str) -> Iterator[Stretch]:
    for match in _LABEL.finditer(text):
        yield Stretch(match.start(), match.end())
    found: dict[str, list[re.Match[str]]] = {}
    for match in _ORDERED_LABEL.finditer(text):
        found.setdefault(match["noun"].lower(), []).append(match)
    for matches in found.values():
        # "Machine 1 … machine 2": labels of one kind that count from the first
        labels = sorted({int(match["label"]) for match in matches})
        if len(labels) > 1 and labels == list(range(labels[0], labels[0] + len(labels))) and labels[0] <= 1:
            for match in matches:
                yield Stretch(match.start(), match.end())


def _find_ordered(text: str) -> Iterator[Stretch]:
    """How many there are of what the text then takes in order: `3 books … the first book … the second … the third book`."""
    ordered: dict[str, set[int]] = {}
    for match in _ORDERED.finditer(text):
        place = 0 if match[1].lower() in ("last", "final") else ORDINALS.index(match[1].lower())
        ordered.setdefault(match[2].lower(), set()).add(place)
    for match in _SEVERAL.finditer(text) if ordered else ():
        places, count = ordered.get(match[2].lower(), set()), int(match[1])
        if count > 1 and len(places) >= count and set(range(1, count)) <= places and places & {0, count}:
            yield Stretch(match.start(), match.end())


def _find_dates(text: str) -> Iterator[Stretch]:
    for match in _DATE.finditer(text):
        yield Stretch(match.start(), match.end())
    years = list(_YEAR.finditer(text))
    if len({match[1] for match in years}) > 1:  # they tell two times apart
        for match in years:
            yield Stretch(match.start(), match.end())


def _find_rows(text: str) -> Iterator[Stretch]:
    """Rows that go on, as `5, 8, 11, ...`: the row names its step, and its terms only show it."""
    for ellipsis in islice(_ELLIPSIS.finditer(text), MAX_ROWS):
        first = max(0, ellipsis.start() - MAX_RUN)
        row = _ROW.search(text[first : ellipsis.start()])
        if row is None or len(re.findall(r"\d+", row[0])) < 2:
            continue
        terms = [Fraction(term[0]) for term in _TERM.finditer(row[0])]
        sizes = [abs(term) for term in terms]
        if sizes in (sorted(sizes), sorted(sizes, reverse=True)):  # in no order, it is no row
            yield Stretch(first + row.start(), ellipsis.start(), _read_step(terms))


def _read_step(terms: list[Fraction]) -> frozenset[Fraction]:
    """The difference and the quotient that all neighbours of a row share."""
    if len(terms) < 3:
        return frozenset()
    differences = {after - before for before, after in pairwise(terms)}
    quotients = {after / before for before, after in pairwise(terms)} if all(terms[:-1]) else set[Fraction]()
    found = [one for one in (differences, quotients) if len(one) == 1]
    return frozenset(abs(value) for one in found for value in one)
