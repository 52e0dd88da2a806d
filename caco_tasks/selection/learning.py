"""How a selector learns: trees over what is seen of samples and over earlier fates, calibrated on rows held out.

The newest dates are held out, so that it is tried as it is used: on a later night. Rates of earlier fates are computed for
a learning row from rows of other shapes alone, or the trees would read off its own fate. Scores become chances by isotonic
regression on the held-out rows; thresholds and figures are taken from chances that were fitted on the other half of these.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caco_tasks.ids import random_seed
from caco_tasks.selection.earlier_fates import Fates, Marks, count_fates, rates_of
from caco_tasks.selection.features import Description
from caco_tasks.selection.selector import STAGES, Floats, calibrate, matrix, score
from caco_tasks.store.selector_record import ReliabilityBin, SelectorStage

FOLDS = 5
HELD_OUT_SHARE = 0.25  # at least, in whole dates; of a single date, by the shapes of its programs
BINS = 10
THRESHOLDS = 25  # tried of each stage
ROUNDS = 120
CHANCES = (0.005, 0.995)  # nothing is certain
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.06,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "min_child_weight": 4,
    "lambda": 2.0,
    "seed": 0,
    "nthread": 1,  # sums of floats have one order then: the same rows give the same model
}

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An earlier sample that reached `reverse`, and how it ended."""

    sample_id: str
    partition: str
    program: Description
    problem: Description | None  # None: it did not reach `solve`
    is_accepted: bool
    weight: float  # of an explored one, for those like it that were skipped
    reverse_tokens: int  # written for it by `reverse`
    later_tokens: int  # and by the stages after it

    @property
    def shape(self) -> str:
        """What it shares with the same program under other numbers."""
        return self.program.marks["shape"][0]

    @property
    def marks(self) -> Marks:
        """What it has in common with others."""
        return {**self.program.marks, **(self.problem.marks if self.problem else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What a training came to; the fields are those of a SelectorRecord."""

    prior: float
    fates: dict[str, dict[str, tuple[float, float]]]
    stages: dict[str, SelectorStage]
    expected: dict[str, float]


@dataclass(slots=True, kw_only=True)
class _Trial:
    """A stage's model on the held-out rows that reach it."""

    booster: Any
    columns: tuple[str, ...]
    rows: int
    scores: Floats
    chances: Floats  # each calibrated on the other half
    accepted: Flags
    weights: Floats


def train(
    examples: Iterable[Example], *, sampled_tokens: float, min_recall: float, told: Callable[[str], None]
) -> Learnt:
    """Learns from earlier samples; `sampled_tokens` were written by CodeGen for each of them, with those that ended before."""
    rows = sorted(examples, key=lambda row: row.sample_id)
    learning, held = split(rows)
    prior = sum(row.weight * row.is_accepted for row in learning) / sum(row.weight for row in learning)
    fates = count_fates((row.marks, row.is_accepted, row.weight) for row in learning)
    learning_rates, held_rates = _rates_by_folds(learning, prior), [_rates(row, fates, prior) for row in held]
    trials: dict[str, _Trial] = {}
    for stage in STAGES:
        told(f"learning what reaches {stage}")
        trials[stage] = _try_stage(
            stage, list(zip(learning, learning_rates, strict=True)), list(zip(held, held_rates, strict=True))
        )
    thresholds, expected = choose_thresholds(
        held, trials["reverse"].chances, trials["solve"].chances, sampled_tokens=sampled_tokens, min_recall=min_recall
    )
    stages = {stage: _stage(trial, thresholds[stage]) for stage, trial in trials.items()}
    return Learnt(prior=prior, fates=fates, stages=stages, expected=expected)


def split(rows: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Rows to learn from, and rows to calibrate on: the newest dates, or of a single date some shapes."""
    dates = sorted({row.partition for row in rows}, reverse=True)
    if len(dates) > 1:
        held: set[str] = set()
        for date in dates[:-1]:
            held.add(date)
            if sum(row.partition in held for row in rows) >= HELD_OUT_SHARE * len(rows):
                break
        is_held = [row.partition in held for row in rows]
    else:
        is_held = [_part_of_shape(row, "held out", 100) < 100 * HELD_OUT_SHARE for row in rows]
    pairs = list(zip(rows, is_held, strict=True))
    return [row for row, out in pairs if not out], [row for row, out in pairs if out]


def choose_thresholds(
    rows: Sequence[Example], reverse: Floats, solve: Floats, *, sampled_tokens: float, min_recall: float
) -> tuple[dict[str, float], dict[str, float]]:
    """The thresholds that give most accepted rows for a token while enough of these are kept, and what they yield.

    `reverse` has the chance of every row, `solve` that of each row which reached it.
    """
    weights = np.array([row.weight for row in rows])
    accepted = weights * np.array([row.is_accepted for row in rows])
    reached = np.array([row.problem is not None for row in rows])
    first, later = (
        weights * np.array(found)
        for found in ([row.reverse_tokens for row in rows], [row.later_tokens for row in rows])
    )
    after = np.ones(len(rows))
    after[reached] = solve
    sampled = sampled_tokens * weights.sum()

    def outcome(one: float, two: float) -> tuple[float, float, float]:
        goes_on = (reverse >= one) & (after >= two)
        tokens = sampled + first[reverse >= one].sum() + later[goes_on].sum()
        return (
            accepted[goes_on].sum() / tokens,
            accepted[goes_on].sum() / max(accepted.sum(), 1e-9),
            float(goes_on.sum()),
        )

    places = np.linspace(0, 1, THRESHOLDS, endpoint=False)
    tried = [
        (one, two)
        for one in sorted({0.0, *np.quantile(reverse, places).round(6)})
        for two in sorted({0.0, *(np.quantile(solve, places).round(6) if len(solve) else ())})
    ]
    kept = [pair for pair in tried if outcome(*pair)[1] >= min_recall]
    best = max(kept, key=lambda pair: (outcome(*pair)[0], -sum(pair)))
    rate, recall, _ = outcome(*best)
    without = outcome(0.0, 0.0)[0]
    oracle = accepted.sum() / (sampled + (first + later)[accepted > 0].sum())
    expected = {
        "rows_per_1000_tokens": 1000 * rate,
        "rows_per_1000_tokens_without": 1000 * without,
        "rows_per_1000_tokens_at_best": 1000 * oracle,  # were every fate known
        "recall": recall,
        "skipped_before_reverse": float(weights[reverse < best[0]].sum() / weights.sum()),
    }
    return dict(zip(STAGES, map(float, best), strict=True)), {
        name: round(float(value), 4) for name, value in expected.items()
    }


def fit_calibration(scores: Floats, accepted: Flags, weights: Floats) -> tuple[tuple[float, float], ...]:
    """Isotonic regression of what became of rows on their scores, as the corners of its steps."""
    from scipy.optimize import isotonic_regression

    at, places = np.unique(scores, return_inverse=True)
    total = np.bincount(places, weights)
    shares = np.bincount(places, weights * accepted) / total
    fitted = np.clip(isotonic_regression(shares, weights=total).x, *CHANCES)
    is_corner = np.ones(len(at), dtype=bool)
    is_corner[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    corners = zip(at[is_corner], fitted[is_corner], strict=True)
    return tuple((round(float(x), 8), round(float(y), 6)) for x, y in corners)


def reliability(chances: Floats, accepted: Flags, weights: Floats) -> tuple[ReliabilityBin, ...]:
    """What became of rows that were given about the same chance, in bins of equal numbers."""
    bins = np.array_split(np.argsort(chances, kind="stable"), min(BINS, max(1, len(chances))))
    return tuple(
        ReliabilityBin(
            rows=len(places),
            expected=round(float(np.average(chances[places], weights=weights[places])), 4),
            observed=round(float(np.average(accepted[places], weights=weights[places])), 4),
        )
        for places in bins
        if len(places)
    )


def _rates(row: Example, fates: Fates, prior: float) -> dict[str, float]:
    return rates_of(row.marks, fates, prior=prior)


def _rates_by_folds(rows: Sequence[Example], prior: float) -> list[dict[str, float]]:
    """The rates of learning rows, each from those of other shapes."""
    folds = [_part_of_shape(row, "fold", FOLDS) for row in rows]
    fates = [
        count_fates(
            (row.marks, row.is_accepted, row.weight) for row, fold in zip(rows, folds, strict=True) if fold != out
        )
        for out in range(FOLDS)
    ]
    return [_rates(row, fates[fold], prior) for row, fold in zip(rows, folds, strict=True)]


def _try_stage(
    stage: str, learning: Sequence[tuple[Example, dict[str, float]]], held: Sequence[tuple[Example, dict[str, float]]]
) -> _Trial:
    if stage == "solve":
        learning, held = ([one for one in rows if one[0].problem is not None] for rows in (learning, held))
    named = [_columns(stage, *one) for one in learning]
    columns = tuple(sorted({name for row in named for name in row}))
    accepted, weights = _targets([row for row, _ in learning])
    booster = _fit(matrix(named, columns), accepted, weights)
    accepted, weights = _targets([row for row, _ in held])
    scores = score(booster, matrix([_columns(stage, *one) for one in held], columns))
    halves = np.array([_part_of_shape(row, "half", 2) for row, _ in held])
    chances = np.full(len(scores), float(np.average(accepted, weights=weights)))
    for half in (0, 1):
        if (halves != half).any():
            calibration = fit_calibration(scores[halves != half], accepted[halves != half], weights[halves != half])
            chances[halves == half] = calibrate(scores[halves == half], calibration)
    return _Trial(
        booster=booster,
        columns=columns,
        rows=len(learning),
        scores=scores,
        chances=chances,
        accepted=accepted,
        weights=weights,
    )


def _columns(stage: str, row: Example, rates: Mapping[str, float]) -> dict[str, float]:
    if stage == "solve" and row.problem is not None:
        return {**row.program.counts, **row.problem.counts, **rates}
    return {**row.program.counts, **{name: rate for name, rate in rates.items() if not _is_of_problem(name)}}


def _is_of_problem(column: str) -> bool:
    return column.removeprefix("rate_").removeprefix("new_").partition("_")[0] in ("word", "opening")


def _fit(values: Floats, accepted: Flags, weights: Floats) -> Any:
    import xgboost

    data = xgboost.DMatrix(values, label=accepted.astype(float), weight=weights, nthread=1)
    return xgboost.train(dict(PARAMETERS), data, num_boost_round=ROUNDS)


def _targets(rows: Sequence[Example]) -> tuple[Flags, Floats]:
    return np.array([row.is_accepted for row in rows], dtype=bool), np.array([row.weight for row in rows], dtype=float)


def _stage(trial: _Trial, threshold: float) -> SelectorStage:
    accepted, weights, chances = trial.accepted, trial.weights, trial.chances
    bins = reliability(chances, accepted, weights)
    total = sum(one.rows for one in bins)
    return SelectorStage(
        columns=trial.columns,
        model=trial.booster.save_raw("json").decode(),
        calibration=fit_calibration(trial.scores, accepted, weights),
        threshold=round(threshold, 6),
        rows=trial.rows,
        held_out=len(accepted),
        auc=_auc(chances, accepted),
        brier=round(float(np.average((chances - accepted) ** 2, weights=weights)), 4),
        calibration_error=round(sum(one.rows * abs(one.expected - one.observed) for one in bins) / total, 4),
        reliability=bins,
    )


def _auc(chances: Floats, accepted: Flags) -> float | None:
    """How often an accepted row has a higher chance than one that was not; ties count half."""
    from scipy.stats import rankdata

    good, bad = int(accepted.sum()), int((~accepted).sum())
    if not good or not bad:
        return None
    ranks = rankdata(chances)
    return round(float((ranks[accepted].sum() - good * (good + 1) / 2) / (good * bad)), 4)


def _part_of_shape(row: Example, purpose: str, parts: int) -> int:
    return random_seed(purpose, row.shape) % parts
