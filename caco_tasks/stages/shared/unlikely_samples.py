"""Samples that will hardly be accepted, set aside before a stage is paid for them: the section `[select]`."""

from collections.abc import Iterable
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.identity import SELECTOR
from caco_tasks.records import PASS, JudgedRecord, Reason, Sample, Verdict, fail
from caco_tasks.selection.selector import read_selector


def set_unlikely_aside(samples: Iterable[Sample], context: Context) -> tuple[list[Sample], list[JudgedRecord[Sample]]]:
    """The samples that go on, each with what was said of it, and those that are skipped, judged.

    Without a selector all of them go on as they are.
    """
    rest, selector_id = list(samples), context.run.models.get(SELECTOR)
    if context.config.select is None or selector_id is None:
        return rest, []
    selector = read_selector(context.services.store, selector_id)
    said = selector.select(context.stage, rest, explore=context.config.select.explore)
    judged = [
        JudgedRecord(
            record=replace(sample, selections=(*sample.selections, one)),
            verdict=_skipped(one.probability, one.threshold) if one.skips else PASS,
        )
        for sample, one in zip(rest, said, strict=True)
    ]
    return [row.record for row in judged if row.verdict.kept], [row for row in judged if not row.verdict.kept]


def _skipped(probability: float, threshold: float) -> Verdict:
    return fail(Reason.UNLIKELY, f"accepted with a chance of {probability:.3f}, and {threshold:.3f} is asked for")
