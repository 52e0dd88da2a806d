"""What the platform adds to the work of a nightly run: reading, keeping replies, counting, writing, loading.

Every stage of a nightly run judges programs of the bank, a shard after the other, with an engine that answers at once, on a
store of files and a ledger of its own. What is inside of a stage is the work: sandbox, checks, rules, prompts. All else is
overhead. Seconds are those of the wall, and of no use where other work runs beside.

    caco bench runner                          10,000 samples
    caco bench runner --n 1000000              a million: some hours
"""

import gc
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from caco_tasks import runner
from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.config import load_config
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.llm.llm import Engine, Llm, Reply, Request
from caco_tasks.llm.reply_cache import CachingLlm
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import StageSpec, stages_of
from caco_tasks.records import Generation, JudgedRecord
from caco_tasks.services import TaskServices
from caco_tasks.stages import stage_function

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import connections_in, keys_of
from dedup import own_postgres

SAMPLES = 10_000
SHARD_ROWS = 1_000
PARTS = ("stage", "replies", "rows", "loading")


def bench(n: int = SAMPLES) -> dict[str, Any]:
    """Takes `n` programs through every stage that a sample meets.

    Returns:
        Per stage, its records and seconds by part: `stage` (sandbox, checks, prompts), `replies` (kept and looked up),
        `rows` (read, counted, written), `loading` (into the ledger); `outside_share`, all but the first of the whole;
        the most memory that this process held after the first and after the last shard; and the milliseconds that a
        finished output takes when it is asked for again.
    """
    shards = -(-n // SHARD_ROWS)
    keys = keys_of(load_config("nano", [f"samples={n}", f"shard_samples={SHARD_ROWS}", *_ASKED_ONCE]))
    times = Times()
    with (
        tempfile.TemporaryDirectory(prefix="caco-bench-") as folder,
        own_postgres() as url,
        Ledger(url) as ledger,
        InstantServices(replace(connections_in(Path(folder)), ledger_url=url), keys=keys, times=times) as services,
        times.of_stages(),
    ):
        ledger.register_run(keys.run)
        peaks, again = [], []
        for shard in range(shards):
            for spec in stages_of("nightly"):
                if not spec.gathers:
                    gc.freeze()  # as the process of a stage does it
                    again.append(_make_and_load(stage_context(keys, services, spec, shard), keys, ledger, times))
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return {
        "samples": n,
        "stages": times.table(),
        "outside_share": times.outside_share(),
        "peak_memory_mb": {"first shard": peaks[0], "last shard": peaks[-1]},
        "finished_output_again_ms": round(1000 * statistics.median(again), 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


# One answer for each question, or the instant engine would have to know what was wrong with the first.
_ASKED_ONCE = ("reverser.attempts=1", "runner.retries_of_unknown=0")


def _make_and_load(context: Context, keys: RunKeys, ledger: Ledger, times: "Times") -> float:
    """Makes one output, loads it, and asks for it again; the seconds of the last."""
    times.stage = context.stage
    with times.spent("rows"):
        manifest = runner.make_output(context, keys)
    times.records[context.stage] += manifest.read
    with times.spent("loading"):
        ledger.load_output(keys.run, manifest, context.services.store, shard=context.shard, attempt=0)
    begun = time.perf_counter()
    runner.make_output(context, keys)
    return time.perf_counter() - begun


class Times:
    """Seconds of the wall by stage and part; time spent in a part within another is not the other's."""

    def __init__(self) -> None:
        self.stage = ""
        self.records: Counter[str] = Counter()
        self._seconds: Counter[tuple[str, str]] = Counter()
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def spent(self, part: str) -> Iterator[None]:
        """Counts what is done inside as `part` of the present stage."""
        self._turn()
        self._open.append(part)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    @contextmanager
    def of_stages(self) -> Iterator[None]:
        """Counts the time inside of every stage that the runner calls, but not that of whoever reads from it."""
        runner.stage_function = self._timed  # the runner gives a stage all its records at once, and reads it to its end
        try:
            yield
        finally:
            runner.stage_function = stage_function

    def table(self) -> dict[str, dict[str, Any]]:
        """Records and seconds by stage."""
        return {
            stage: {"records": records} | {part: round(self._seconds[stage, part], 3) for part in PARTS}
            for stage, records in self.records.items()
        }

    def outside_share(self) -> float:
        """What all parts but the stages themselves take of the whole."""
        inside = sum(seconds for (_, part), seconds in self._seconds.items() if part == "stage")
        return round(1 - inside / self._seconds.total(), 4)

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._open:
            self._seconds[self.stage, self._open[-1]] += now - self._since
        self._since = now

    def _timed(self, spec: StageSpec) -> Callable[[Iterable[Any], Context], Iterator[JudgedRecord[Any]]]:
        def stage(records: Iterable[Any], context: Context) -> Iterator[JudgedRecord[Any]]:
            entering = list(records)
            if isinstance(context.services, InstantServices):
                context.services.expect(spec, entering)
            with self.spent("stage"):
                judged = list(stage_function(spec)(entering, context))
            yield from judged

        return stage


class InstantServices(TaskServices):
    """The platform's own services, with an engine that answers at once."""

    def __init__(self, connections: Connections, *, keys: RunKeys, times: Times) -> None:
        super().__init__(connections, run=keys.run, config=keys.config)
        self._engine, self._times = InstantEngine(), times
        self._drawn: dict[str, BankProblem] = {}  # of this shard, by sample

    def expect(self, spec: StageSpec, records: Sequence[Any]) -> None:
        """Gives the engine what a model would answer for each of these records."""
        if spec.name == "sample":
            self._drawn = {one.id: draw_problem(FAMILIES[one.index % len(FAMILIES)], one.index) for one in records}
        write = _ANSWERS.get(spec.name)
        self._engine.texts = [write(self._drawn[one.id]) for one in records] if write else []

    def caching_llm(self, settings: ModelSettings, key: str, *, pinned: str | None) -> CachingLlm:
        """The platform's own, whose time counts as that of keeping replies."""
        return TimedLlm(super().caching_llm(settings, key, pinned=pinned), self._times)

    def _load(self, settings: ModelSettings, *, model_id: str) -> Engine:
        self._engine.model_id = model_id
        return self._engine


class TimedLlm:
    """A model whose answers cost the engine nothing: what they take is the reply cache's."""

    def __init__(self, llm: Llm, times: Times) -> None:
        self.model_id = llm.model_id
        self._llm, self._times = llm, times

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """The model's replies."""
        with self._times.spent("replies"):
            return self._llm.generate(requests)


class InstantEngine:
    """An engine that says given texts, one for each request, in order."""

    def __init__(self) -> None:
        self.model_id = ""
        self.texts: list[str] = []

    def answers(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """The texts, as replies."""
        for place, (request, text) in enumerate(zip(requests, self.texts, strict=True)):
            made = Generation(
                request_id=request.request_id, model_id=self.model_id, prompt=request.prompt, finish_reason="stop",
                prompt_tokens=100, completion_tokens=100, seconds=0.0,
            )  # fmt: skip
            yield place, Reply(text=text, generation=made)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """As `answers`."""
        return [reply for _, reply in self.answers(requests)]

    def close(self) -> None:
        """Nothing is held."""


_ANSWERS: dict[str, Callable[[BankProblem], str]] = {
    "sample": lambda drawn: drawn.program,
    "reverse": lambda drawn: drawn.problem,
    "solve": lambda drawn: drawn.solution,
    "judge": lambda drawn: '{"reasoning": "Each step holds.", "verdict": "yes"}',
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
