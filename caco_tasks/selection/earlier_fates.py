"""What became of earlier samples that had something in common with one: counted by what it was, read as a share.

>>> fates = count_fates([({"domain": ("algebra",)}, True, 1.0), ({"domain": ("algebra",)}, False, 1.0)])
>>> fates["domain"]["algebra"]
(2.0, 1.0)
>>> rates_of({"domain": ("algebra",)}, fates, prior=0.5)["rate_domain"]
0.5
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from caco_tasks.selection.features import PROBLEM_FATES, PROGRAM_FATES

Marks = Mapping[str, Sequence[str]]  # kind -> what a sample has in common with others
Fates = Mapping[str, Mapping[str, tuple[float, float]]]  # kind -> mark -> samples, and accepted ones, by their weights

PRIOR_ROWS = 4.0  # a mark seen so often counts as much as the share of all samples
MAX_MARKS = 4000  # of a kind, the most frequent
MANY = ("key", "name", "word")  # kinds of which a sample has several marks


def count_fates(examples: Iterable[tuple[Marks, bool, float]]) -> dict[str, dict[str, tuple[float, float]]]:
    """The fates of samples, each given with its marks, whether it was accepted, and its weight."""
    counts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for marks, is_accepted, weight in examples:
        for kind, found in marks.items():
            for mark in found:
                counts[kind][mark][0] += weight
                counts[kind][mark][1] += weight * is_accepted
    return {
        kind: {
            mark: (round(seen, 6), round(accepted, 6))
            for mark, (seen, accepted) in sorted(of_kind.items(), key=lambda one: (-one[1][0], one[0]))[:MAX_MARKS]
        }
        for kind, of_kind in sorted(counts.items())
    }


def rates_of(marks: Marks, fates: Fates, *, prior: float) -> dict[str, float]:
    """The columns that a sample gets from earlier fates: of one mark its rate, of several their mean and extremes."""
    rates: dict[str, float] = {}
    for kind in (*PROGRAM_FATES, *PROBLEM_FATES):
        if kind not in marks:
            continue
        known = [fates.get(kind, {}).get(mark) for mark in marks[kind]]
        found = [
            (accepted + PRIOR_ROWS * prior) / (seen + PRIOR_ROWS) for seen, accepted in (one for one in known if one)
        ]
        if kind in MANY:
            rates[f"rate_{kind}_mean"] = sum(found) / len(found) if found else math.nan
            rates[f"rate_{kind}_min"] = min(found, default=math.nan)
            rates[f"rate_{kind}_max"] = max(found, default=math.nan)
            rates[f"new_{kind}"] = 1 - len(found) / len(known) if known else math.nan
        else:
            rates[f"rate_{kind}"] = found[0] if found else math.nan
    return rates
