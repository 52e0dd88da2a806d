"""Writes tests/data/outputs-VERSION: one small output of each record class, as this version writes it.

Run it by hand, once for each release, and never over a folder that is committed: what lies there is what users have, and
every later version must read it. `python tests/data/write_outputs.py 0.1`
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import making

from caco_tasks.pipeline import PIPELINES
from caco_tasks.records import PASS, Attempt, Finding, JudgedRecord, PublishedRow, Reason, Vote, fail, unknown
from caco_tasks.store import Manifest, open_store
from caco_tasks.store.manifest import manifest_uri, output_folder, output_key
from caco_tasks.store.shards import write_rows
from caco_tasks.store.store import StoreSettings


def main() -> None:
    """Writes the folder of the version that the command line names."""
    folder = Path(__file__).resolve().parent / f"outputs-{sys.argv[1]}"
    if folder.exists():
        sys.exit(f"{folder} is there: outputs of a version are written once.")
    store = open_store(StoreSettings(root=f"file://{folder}"))
    for stage, rows in _outputs().items():
        record = type(rows[0].record)
        recipe = {"stage": stage, "version": 1}
        key = output_key(recipe, origin={}, inputs=())
        written = write_rows(store, folder=output_folder(stage, key), record=record, judged=rows)
        manifest = Manifest(
            key=key,
            stage=stage,
            shard=0,
            recipe=recipe,
            origin={},
            run_id="0" * 32,
            pipeline=next(name for name, specs in PIPELINES.items() if stage in {spec.name for spec in specs}),
            partition="2026-01-02",
            code_version=sys.argv[1],
            record=record.__name__,
            **written,
            read=len(rows),
            passed=sum(row.verdict.kept for row in rows),
            failed=1,
            unknown=1,
            reasons={"checker_timeout": 1, "error": 1},
            seconds=1.5,
        )
        store.put(manifest_uri(stage, key), manifest.model_dump_json(indent=1).encode())


def _outputs() -> dict[str, Sequence[JudgedRecord[Any]]]:
    """A stage that writes the class, and records: with every field filled, with none that may be missing, and a reject."""
    seed, pair, sample = making.seed(), making.seed_program(), making.sample()
    finding = Finding(stage="agree", reason=Reason.WRONG_UNIT, detail="coins")
    vote = Vote(
        reply="yes",
        prompt="judge.v1",
        request_id="r",
        outcome=PASS.outcome,
        reason=None,
        first_disagreeing_step=None,
    )
    full = replace(
        sample,
        index=7,
        findings=(finding,),
        judgement=replace(sample.judgement, votes=(vote,)),
        solution=replace(sample.solution, compared_by="integer exact-2"),
    )
    bare = replace(sample, execution=None, problem=None, solution=None, judgement=None, overlaps=())
    row = PublishedRow(sample_id="s0", file="train-00000-of-00001.parquet", row=0)
    answer = Attempt(
        attempt_id="a0",
        contender="student",
        benchmark="gsm8k",
        item="17",
        number=0,
        problem="1 + 1?",
        gold="2",
        solution=making.solution(),
    )
    return {
        "seeds": _judged(seed, replace(seed, solution=None, answer=None, annotation=None, domain=None, raw=None)),
        "unify": _judged(pair, replace(pair, program=None, execution=None, grade=None)),
        "decontaminate": _judged(full, bare),
        "publish": _judged(row, replace(row, row=1)),
        "evaluate": _judged(answer, replace(answer, solution=None)),
    }


def _judged(full: Any, bare: Any) -> list[JudgedRecord[Any]]:
    verdicts = (PASS, fail(Reason.ERROR, "ValueError on line 3"), unknown(Reason.CHECKER_TIMEOUT))
    return [
        JudgedRecord(record=record, verdict=verdict)
        for record, verdict in zip((full, bare, bare), verdicts, strict=True)
    ]


if __name__ == "__main__":
    main()
