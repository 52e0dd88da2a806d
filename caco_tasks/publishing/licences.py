"""The licence of a dataset: that of every source whose seeds its CodeGen was trained on, as one SPDX expression.

>>> combine_licences({"gsm8k": "MIT", "mbpp": "CC-BY-4.0", "own": "MIT OR Apache-2.0"}).expression
'CC-BY-4.0 AND MIT AND (MIT OR Apache-2.0)'
>>> combine_licences({"big_math": "NOASSERTION"})
Licence(expression=None, note='the source big_math does not say its licence')
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNSAID = {"", "noassertion", "none", "unknown", "n/a"}  # SPDX's own words among them
SEEDS_NOT_KNOWN = "the model that wrote the programs was not trained here, and its seeds are not known"
NO_SEEDS = "no seed program is on record behind the model that wrote the programs"

# no list of SPDX's 600 ids: what has the form of one is taken for one, as whoever adds a source writes it
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+\-]*")
_COMPOUND = re.compile(r"\(?[A-Za-z0-9.+\-]+\)?( (AND|OR|WITH) \(?[A-Za-z0-9.+\-]+\)?)+")


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence, or why it is not known: exactly one of the two."""

    expression: str | None  # SPDX
    note: str | None


def combine_licences(by_source: Mapping[str, str | Iterable[str]]) -> Licence:
    """The licences of some sources as one expression: whoever uses the data has to keep all of them.

    Words of a publisher that are no SPDX expression become a `LicenseRef-`, as SPDX wants it.
    """
    said = {source: [words] if isinstance(words, str) else [*words] for source, words in by_source.items()}
    silent = sorted(source for source, words in said.items() if any(one.strip().lower() in UNSAID for one in words))
    if silent:
        verb = "source {} does not say its licence" if len(silent) == 1 else "sources {} do not say their licences"
        return Licence(None, f"the {verb.format(', '.join(silent))}")
    terms = sorted(
        {_spdx_term(one.strip()) for words in said.values() for one in words}, key=lambda term: term.strip("(")
    )
    return Licence(" AND ".join(terms), None) if terms else Licence(None, NO_SEEDS)


def _spdx_term(words: str) -> str:
    if _ID.fullmatch(words):
        return words
    if _COMPOUND.fullmatch(words):
        return words if " OR " not in words and " WITH " not in words else f"({words})"  # AND binds closer than OR
    return f"LicenseRef-{re.sub(r'[^A-Za-z0-9.]+', '-', words).strip('-')}"
