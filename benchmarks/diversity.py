"""How long it takes to measure 5,000 problems: embedded, clustered, held against as many earlier ones, and drawn.

`python benchmarks/diversity.py [N]`, or `caco bench diversity --n 5000`. The problems are the bank's, under numbers that differ;
the model is all-MiniLM-L6-v2 from CACO_MODELS (`make embedder`), or the bundled nano:judge.
"""

import json
import os
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.check_settings import DiversitySettings
from caco_tasks.connections import models_folder
from caco_tasks.diversity.measurement import Measurement, measure
from caco_tasks.diversity_tasks import find_embedder
from caco_tasks.llm.embedding import TextEmbedder
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.publishing.diversity_picture import draw_diversity
from caco_tasks.store.registry import DiversityRecord


def bench(n: int = 5000) -> dict[str, Any]:
    """Measures `n` problems.

    Returns:
        Seconds by the wall and of the processor, by step; the model; what was found.
    """
    settings, _ = find_embedder(DiversitySettings(), LocalModels(models_folder(os.environ)))
    problems = [draw_problem(FAMILIES[number % len(FAMILIES)], number) for number in range(2 * n)]
    texts, earlier_texts = [one.problem for one in problems[:n]], [one.problem for one in problems[n:]]
    domains = [one.domain for one in problems[:n]]
    seconds: dict[str, dict[str, float]] = {}
    begun = (time.perf_counter(), time.process_time())

    def lap(step: str) -> None:
        nonlocal begun
        now = (time.perf_counter(), time.process_time())
        seconds[step] = {"wall": round(now[0] - begun[0], 1), "processor": round(now[1] - begun[1], 1)}
        begun = now

    folder = LocalModels(models_folder(os.environ)).find(settings.embedder)
    embedder = TextEmbedder(settings, folder=folder, model_id=settings.embedder)
    lap("load")
    vectors = embedder.embed(texts)
    lap("embed")
    earlier = embedder.embed(earlier_texts)
    lap("embed the earlier ones, once")
    found = measure(texts, domains, vectors, earlier={"earlier": earlier}, clusters=settings.clusters)
    lap("measure")
    picture = draw_diversity(_record(found, settings.embedder, n), "light")
    lap("draw")
    return {
        "rows": n,
        "embedder": settings.embedder,
        "seconds": seconds,
        "whole": asdict(found.whole),
        "picture_bytes": len(picture),
    }


def _record(found: Measurement, embedder: str, rows: int) -> DiversityRecord:
    """What the store would keep of it."""
    places = zip(found.places, found.of_row, strict=True)
    return DiversityRecord(
        diversity_id="0" * 32,
        run_id="0" * 32,
        dataset=None,
        embedder=embedder,
        of_rows=rows,
        points=tuple((float(x), float(y), int(number)) for (x, y), number in places),
        shown=found.shown,
        measured_at=datetime.now(UTC),
        code_version="bench",
        **{
            "whole": asdict(found.whole),
            "clusters": [asdict(one) for one in found.clusters],
            "domains": {},
            "earlier": [],
        },
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 5000), indent=1) + "\n")
