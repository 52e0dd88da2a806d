"""The loop closed for some rounds: each night's rows train the next CodeGen, with the guard on diversity and without it.

    python benchmarks/loop_rounds.py --home FOLDER --out rounds.json [--rounds 5] [--samples 500] [--arms guard,free,capped]
    python benchmarks/loop_rounds.py --out rounds.json --picture docs/loop-rounds.svg

A round is a date: seeds, codegen and nightly of the config nano, without Airflow, in a Postgres and a store of each arm's own
below `--home`. Killed, it goes on where it was: what is finished is found by its key. `free` and `guard` learn from own rows
without a cap, up to nine tenths of the data, from few seeds: on purpose what nobody should do, to see what the guard stops;
What `capped` sets is what one should.
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

from caco_tasks.errors import CacoError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import run_through

FIRST = date(2026, 11, 1)
PASSWORD = "loop"  # of servers on the loopback address that end with the script
GREEDY = {"max_share": 0.9, "max_per_shape": 1000, "newest": 1}  # last night's rows alone, as they come
CAREFUL = {"max_share": 0.5, "max_per_shape": 2, "newest": 5}
GUARD = {"guard.min_shapes_ratio": 0.8, "guard.min_spread_ratio": 0.8}
ARMS: Mapping[str, Mapping[str, object]] = {"guard": GREEDY | GUARD, "free": GREEDY, "capped": CAREFUL | GUARD}
LABELS = {"free": "without the guard", "guard": "with it", "capped": "careful, with it"}
PANELS = {
    "shapes_per_1000": "different shapes per 1,000 programs",
    "spread": "mean distance of two programs",
    "published": "rows that the night published",
}
TRAINING = ["train.epochs=6", "train.learning_rate=1e-3", "train.max_loss_rise=0.5", "train.max_yield_loss=1"]


def overrides(arm: str, *, samples: int, seeds: int, gate: int) -> list[str]:
    """The settings of an arm, upon the config nano."""
    own = [f"train.own.{name}={value}" for name, value in ARMS[arm].items()]
    bank = f'seeds.sources=[{{name="bank", reader="bank", limit={seeds}}}]'
    size = [f"samples={samples}", f"shard_samples={samples}", f"train.gate_samples={gate}", bank]
    return [*size, *TRAINING, 'train.own.datasets=["caco-nano"]', *own]


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


def draw(table: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """An SVG with a panel for each figure: rounds from left to right, a line for each arm, a ring where a model was refused."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    for axes, (field, words) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        for arm, rows in table.items():
            places = [(number, row[field]) for number, row in enumerate(rows, 1) if row[field] is not None]
            (line,) = axes.plot(
                [x for x, _ in places], [y for _, y in places], "o-", label=LABELS.get(arm, arm), markersize=4
            )
            refused = [(number, row[field]) for number, row in enumerate(rows, 1) if not row["accepted"] and row[field]]
            axes.scatter(
                *zip(*refused, strict=True) if refused else ((), ()),
                s=90,
                facecolors="none",
                edgecolors=line.get_color(),
            )
        axes.set(title=words, xlabel="round", xticks=range(1, 1 + max(map(len, table.values()))))
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    with mpl.rc_context({"svg.hashsalt": "caco"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--gate", type=int, default=256)
    parser.add_argument("--arms", default="guard,free,capped")
    parser.add_argument("--out", type=Path, help="file for the table, as JSON")
    parser.add_argument("--picture", type=Path, help="SVG of a table that --out wrote before; nothing is run")
    args = parser.parse_args()
    if args.picture is not None:
        draw(json.loads(args.out.read_text()), args.picture)
        return
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
                    for pipeline in ("seeds", "codegen", "nightly"):
                        run_through(pipeline, day, "nano", settings)
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
