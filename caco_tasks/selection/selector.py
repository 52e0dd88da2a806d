"""A selector at work: the chance of each sample to be accepted by all stages, and whether it is worth the next one.

The model is a few hundred small trees of XGBoost, read from its own JSON; its score becomes a chance by a calibration that
was fitted on samples which it had not learnt from. The same samples get the same chances on every machine of one kind.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caco_tasks.domain_tags import domain_of
from caco_tasks.errors import DamagedError
from caco_tasks.ids import random_seed
from caco_tasks.records import Sample, Selection
from caco_tasks.selection.earlier_fates import rates_of
from caco_tasks.selection.features import FEATURES_VERSION, describe_problem, describe_program
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.selector_record import SelectorRecord, selector_uri
from caco_tasks.store.store import Store

STAGES = ("reverse", "solve")  # before which a selector is asked

Floats = NDArray[np.float64]


class Selector:
    """A selector, loaded.

    >>> selector = Selector(record)  # doctest: +SKIP
    >>> selector.select("reverse", samples, explore=0.1)[0].skips
    True
    """

    def __init__(self, record: SelectorRecord) -> None:
        self.record = record
        self._boosters = {name: _load_booster(stage.model) for name, stage in record.stages.items()}

    def select(self, stage: str, samples: Sequence[Sample], *, explore: float) -> list[Selection]:
        """What is to be done with each sample before a stage; the share `explore` is drawn by their ids."""
        settings = self.record.stages[stage]
        return [
            Selection(
                stage=stage,
                probability=chance,
                threshold=settings.threshold,
                is_explored=is_explored(sample.sample_id, explore),
                domain=domain_of(sample.program.code),
            )
            for sample, chance in zip(samples, self.chances(stage, samples), strict=True)
        ]

    def chances(self, stage: str, samples: Sequence[Sample]) -> list[float]:
        """The chance of each sample to be accepted."""
        if not samples:
            return []
        settings = self.record.stages[stage]
        rows = [self._columns(stage, sample) for sample in samples]
        scores = score(self._boosters[stage], matrix(rows, settings.columns))
        return [round(float(one), 6) for one in calibrate(scores, settings.calibration)]

    def _columns(self, stage: str, sample: Sample) -> dict[str, float]:
        program = describe_program(sample)
        counts, marks = dict(program.counts), dict(program.marks)
        if stage == "solve":
            problem = describe_problem(sample)
            counts |= problem.counts
            marks |= problem.marks
        return counts | rates_of(marks, self.record.fates, prior=self.record.prior)


def read_selector(store: Store, selector_id: str) -> Selector:
    """A selector out of the store.

    Raises:
        DamagedError: it is gone, was changed, or describes samples in another way than this version does.
    """
    uri = selector_uri(selector_id)
    found = store.get(uri)
    if found is None:
        raise DamagedError(
            f"The selector {uri} is gone from {store.root}: restore it, or run with --set select.explore=1."
        )
    record = parse_stored(SelectorRecord, found, uri=uri)
    if record.hashed() != selector_id:
        raise DamagedError(f"The selector {uri} is not what its name says: restore it from a backup.")
    if record.features_version != FEATURES_VERSION:
        raise DamagedError(
            f"The selector {uri} describes samples by version {record.features_version} of the features, and this is "
            f"version {FEATURES_VERSION}: use the package of then, or train another with `caco select train`."
        )
    return Selector(record)


def is_explored(sample_id: str, share: float) -> bool:
    """Whether a sample is one of the share that is skipped nowhere: by its id, so the same in every run and stage."""
    return random_seed("explore", sample_id) / 2**60 < share


def matrix(rows: Sequence[Mapping[str, float]], columns: Sequence[str]) -> Floats:
    """The rows as a model reads them; a column that a row has not got is missing."""
    return np.array([[row.get(name, math.nan) for name in columns] for row in rows], dtype=np.float64)


def score(booster: Any, values: Floats) -> Floats:
    """The scores of a model, from 0 to 1 and not yet chances."""
    import xgboost

    found = booster.predict(xgboost.DMatrix(values, nthread=1))
    return np.asarray(found, dtype=np.float64)


def calibrate(scores: Floats, calibration: Sequence[tuple[float, float]]) -> Floats:
    """The chances that belong to scores."""
    at, chances = zip(*calibration, strict=True)
    found: Floats = np.interp(scores, at, chances)
    return found


def _load_booster(model: str) -> Any:
    import xgboost

    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(bytearray(model.encode()))
    return booster
