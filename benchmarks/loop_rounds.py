"""The loop closed for some rounds: each night's rows train the next CodeGen, with the guard on diversity and without it.

    python benchmarks/loop_rounds.py --home FOLDER [--rounds 5] [--samples 400] [--arms guard,free,capped] [--out FILE]

A round is a date: seeds, codegen and nightly of the config nano, without Airflow, in a Postgres and a store of each arm's own
below `--home`. Killed, it goes on where it was: what is finished is found by its key. `free` and `guard` learn from own rows
without a cap, up to nine tenths of the data, from few seeds: on purpose what nobody should do, to see what the guard stops;
`capped` is what the defaults do. The table goes to `--out` as JSON; `--picture` draws it.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from caco_tasks import tasks
from caco_tasks.errors import CacoError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.pipeline import stages_of
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres

FIRST = date(2026, 11, 1)
PASSWORD = "loop"  # of servers on the loopback address that end with the script
GREEDY = {"max_share": 0.9, "max_per_shape": 1000, "newest": 1}  # last night's rows alone, as they come
CAREFUL = {"max_share": 0.5, "max_per_shape": 2, "newest": 5}
GUARD = {"guard.min_shapes_ratio": 0.8, "guard.min_spread_ratio": 0.8}
ARMS: Mapping[str, Mapping[str, object]] = {"guard": GREEDY | GUARD, "free": GREEDY, "capped": CAREFUL | GUARD}
TRAINING = ["train.epochs=6", "train.learning_rate=1e-3", "train.max_loss_rise=0.5", "train.max_yield_loss=1"]


def overrides(arm: str, *, samples: int, seeds: int, gate: int) -> list[str]:
    """The settings of an arm, upon the config nano."""
    own = [f"train.own.{name}={value}" for name, value in ARMS[arm].items()]
    bank = f'seeds.sources=[{{name="bank", reader="bank", limit={seeds}}}]'
    size = [f"samples={samples}", f"shard_samples={samples}", f"train.gate_samples={gate}", bank]
    return [*size, *TRAINING, 'train.own.datasets=["caco-nano"]', *own]


def run_round(day: str, settings: Sequence[str]) -> dict[str, Any]:
    """One date through the three pipelines; what the ledger then says of it."""
    runs: dict[str, str] = {}
    for pipeline in ("seeds", "codegen", "nightly"):
        planned = tasks.plan(pipeline, partition=day, config="nano", overrides=settings)
        runs[pipeline] = run_id = str(planned["run_id"])
        for spec in stages_of(pipeline):
            if spec.name == "publish":
                tasks.gate(run_id)
            for shard in [0] if spec.gathers else planned["shards"]:
                tasks.work(spec.name, run_id, shard, os.environ)
                tasks.load(run_id, spec.name, shard)
        tasks.finish(run_id)
    return runs


def open_arm(home: Path) -> EmbeddedPostgres:
    """Postgres and store of an arm, named in the environment."""
    server = EmbeddedPostgres(home / "postgres", port=free_port(27600), password=PASSWORD)
    if server.is_running():  # left by a script that was killed, on whichever port
        server.stop()
    server.start()
    server.ensure_database("ledger", owner=OWNER, password=PASSWORD)
    with Ledger(server.url("ledger", OWNER, PASSWORD)) as ledger:
        ledger.migrate(passwords=dict.fromkeys((OWNER, WRITER, ANALYST), PASSWORD))
    os.environ |= {
        "CACO_HOME": str(home),
        "CACO_STORE": f"file://{home / 'store'}",
        "CACO_LEDGER_URL": server.url("ledger", WRITER, PASSWORD),
        "CACO_LEDGER_OWNER_URL": server.url("ledger", OWNER, PASSWORD),
    }
    return server


def read_rounds(url: str) -> list[dict[str, Any]]:
    """The rounds of an arm as the ledger has them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM caco.loop_rounds ORDER BY partition")).mappings()
        rows = [{name: _plain(value) for name, value in row.items()} for row in found]
    engine.dispose()
    return rows


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--gate", type=int, default=128)
    parser.add_argument("--arms", default="guard,free,capped")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    table: dict[str, list[dict[str, Any]]] = {}
    for arm in args.arms.split(","):
        home = (args.home / arm).resolve()
        home.mkdir(parents=True, exist_ok=True)
        server = open_arm(home)
        try:
            for number in range(args.rounds):
                begun, day = time.time(), (FIRST + timedelta(days=number)).isoformat()
                settings = overrides(arm, samples=args.samples, seeds=args.seeds, gate=args.gate)
                try:
                    run_round(day, settings)
                except CacoError as exc:
                    sys.stderr.write(f"{arm}, round {number + 1}: {exc}\n")
                table[arm] = read_rounds(os.environ["CACO_LEDGER_URL"])
                said = table[arm][-1] if table[arm] else {}
                sys.stderr.write(f"{arm}, round {number + 1}, {time.time() - begun:.0f} s: {json.dumps(said)}\n")
        finally:
            server.stop()
    if args.out is not None:
        args.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
