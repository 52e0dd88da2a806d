"""decontaminate: problems that overlap an item of a protected benchmark are rejected, with the evidence.

Without a configured benchmark nothing is protected and every sample passes; the dataset card says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.filters.overlap import overlap_verdict, sample_overlaps
from caco_tasks.records import PASS, Judged, Sample


def decontaminate(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One verdict for every sample; what it overlaps stays with it as evidence."""
    settings = context.config.decontamination
    for sample in samples:
        overlaps = sample_overlaps(sample, settings)
        yield Judged(record=replace(sample, overlaps=overlaps), verdict=overlap_verdict(overlaps) or PASS)
