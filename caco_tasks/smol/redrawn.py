"""Writes what the adapters learn from: `python -m caco_tasks.smol.redrawn --config smol --out quadruples.jsonl`.

The seeds of a config, whole and unfiltered by its limits, with up to `--draws` versions of each with other numbers. Only
converted seeds of grade A and better count, and each program has run. The file is the same bytes every time.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from caco_tasks.atomic import replaced
from caco_tasks.config import RunConfig, load_config
from caco_tasks.convert import CONVERTERS
from caco_tasks.convert.redraw import redraw_all
from caco_tasks.sandbox import Sandbox
from caco_tasks.smol.quadruples import Quadruple
from caco_tasks.sources import read_source


def make_quadruples(config: RunConfig, *, draws: int) -> Iterator[Quadruple]:
    """The converted seeds of a config's sources, and their re-draws.

    Raises:
        SourceError: a source is missing or cannot be read.
    """
    with Sandbox(config.sandbox) as sandbox:
        for source in config.seeds.sources:
            if source.reader not in CONVERTERS:
                continue
            whole = source.model_copy(update={"limit": None})
            seeds = (judged.record for judged in read_source(whole) if judged.verdict.kept)
            for one in redraw_all(seeds, source.reader, sandbox, draws=draws):
                yield Quadruple(
                    source=source.name,
                    seed_id=one.seed.seed_id,
                    problem=one.problem,
                    solution=one.solution,
                    code=one.code,
                    answer=one.answer,
                    is_redraw=one.draw > 0,
                    grade=str(one.grade),
                )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="smol")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    with replaced(args.out) as out:
        for one in make_quadruples(load_config(args.config), draws=args.draws):
            counts[f"{one.source}, {'re-drawn' if one.is_redraw else 'as published'}"] += 1
            out.write(json.dumps(asdict(one)) + "\n")
    for name, count in counts.items():
        Console(highlight=False).print(f"{name}: {count}")


if __name__ == "__main__":
    main()
