"""A million programs through the checks of `dedup` that need no sandbox, beside a plain datasketch loop.

Two processes judge shards as two tasks would, and claim in an embedded Postgres on the same machine. The datasketch loop
does the near duplicates alone, on a sample of the same programs: the tokens of the standard library, a MinHash of 128
hashes, one update for each run of three tokens, and an LSH index in memory. It keeps nothing when its process ends.
"""

import importlib.util
import io
import json
import multiprocessing
import secrets
import sys
import tempfile
import time
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from caco_tasks.checks.fingerprints import alike, code_tokens, program_sketches
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import ANALYST, OWNER, WRITER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres

sys.path.insert(0, str(Path(__file__).parent))
from dedup_shards import LIKENESS, SHARD_PROGRAMS, Judged, judge_shard, longer, program_at

PROGRAMS = 1_000_000
PROCESSES = 2
PLAIN_PROGRAMS = 3_000  # the datasketch loop is given so many of them
PAIRS = 600  # of planted near duplicates
MARGIN = 0.03  # pairs nearer to the threshold than this may fall on either side
POINTS = 10  # of the memory curve


def bench(programs: int = PROGRAMS) -> dict[str, Any]:
    """Judges `programs` programs.

    Returns:
        Programs per second on two processes, by part and in all; the same as multiples of the datasketch loop; the
        memory of the larger process along the way, in MB; how many were rejected; how near duplicates were told apart.
    """
    begun = time.perf_counter()
    with own_postgres() as url:
        shards = list(_judged(url, programs // SHARD_PROGRAMS))
    wall_seconds = time.perf_counter() - begun
    rates = _rates(shards)
    plain = _plain_programs_per_second()
    return {
        "programs": sum(shard.programs for shard in shards),
        "wall_seconds": round(wall_seconds),
        "processes": PROCESSES,
        "programs_per_second": rates,
        "datasketch_loop_programs_per_second": plain,
        "times_the_datasketch_loop": plain if isinstance(plain, str) else _multiples(rates, plain),
        "memory_mb": [round(max(one.memory_mb for one in part)) for part in _parts(shards)],
        "same_program": sum(shard.same_program for shard in shards),
        "near_duplicate": sum(shard.near_duplicate for shard in shards),
        "planted_near_duplicates": quality(),
    }


def quality() -> dict[str, Any]:
    """Recall and precision of sketches on planted pairs, held against the exact Jaccard similarity of their runs."""
    is_alike = alike(LIKENESS)
    counts = {"alike_and_found": 0, "alike_and_missed": 0, "unlike_and_found": 0, "unlike_and_passed": 0}
    errors, near, far = [], [], []
    for number in range(PAIRS):
        pair = [longer(number), longer(number, changed=number % 16)]
        (family, one), (other_family, other) = program_sketches(pair)
        exact, is_found = _jaccard(*pair), family == other_family and is_alike(one, other)
        errors.append(abs(exact - (sum(map(int.__eq__, one, other)) / len(one) * 256 - 1) / 255))
        near += [is_found] if exact >= LIKENESS + MARGIN else []
        far += [is_found] if exact <= LIKENESS - MARGIN else []
        counts[f"{'alike' if exact >= LIKENESS else 'unlike'}_and_{_WORDS[exact >= LIKENESS, is_found]}"] += 1
    found = counts["alike_and_found"]
    return {
        **counts,
        "recall": round(found / max(1, found + counts["alike_and_missed"]), 4),
        "precision": round(found / max(1, found + counts["unlike_and_found"]), 4),
        "recall_well_above": round(sum(near) / max(1, len(near)), 4),
        "found_well_below": round(sum(far) / max(1, len(far)), 4),
        "mean_error_of_likeness": round(sum(errors) / len(errors), 4),
    }


_WORDS = {(True, True): "found", (True, False): "missed", (False, True): "found", (False, False): "passed"}


def _judged(url: str, count: int) -> Iterator[Judged]:
    """Judges shards in two processes, and says on standard error how far they are."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for done, shard in enumerate(pool.imap_unordered(partial(judge_shard, url), range(count)), 1):
            if done % 10 == 0 or done == count:
                sys.stderr.write(f"\r{done * SHARD_PROGRAMS:,} programs")
            yield shard


def _rates(shards: list[Judged]) -> dict[str, int]:
    """Programs per second of all processes together, by what is counted in."""
    programs = sum(shard.programs for shard in shards)
    trees, sketches = sum(shard.trees for shard in shards), sum(shard.sketches for shard in shards)
    claims = sum(shard.claims for shard in shards)
    seconds = {
        "trees": trees,
        "near_duplicates": sketches,
        "fingerprints": trees + sketches,
        "claims": claims,
        "all": trees + sketches + claims,
    }
    return {name: round(programs * PROCESSES / spent) for name, spent in seconds.items()}


def _multiples(rates: dict[str, int], plain: float) -> dict[str, float]:
    return {name: round(rate / plain, 1) for name, rate in rates.items()}


def _plain_programs_per_second() -> float | str:
    if importlib.util.find_spec("datasketch") is None:
        return "datasketch is not installed: pip install datasketch"
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=LIKENESS, num_perm=128)
    codes = [program_at(number) for number in range(PLAIN_PROGRAMS)]
    begun = time.perf_counter()
    for number, code in enumerate(codes):
        tokens = [token.string for token in tokenize.generate_tokens(io.StringIO(code).readline)]
        minhash = MinHash(num_perm=128)
        for run in zip(tokens, tokens[1:], tokens[2:], strict=False):
            minhash.update(" ".join(run).encode())
        if not index.query(minhash):
            index.insert(str(number), minhash)
    return round(len(codes) / (time.perf_counter() - begun), 1)


def _jaccard(one: str, other: str) -> float:
    runs = [set(zip(tokens, tokens[1:], tokens[2:], strict=False)) for _, tokens in map(code_tokens, (one, other))]
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


def _parts(shards: list[Judged]) -> Iterator[list[Judged]]:
    size = max(1, len(shards) // POINTS)
    return (shards[start : start + size] for start in range(0, len(shards), size))


@contextmanager
def own_postgres() -> Iterator[str]:
    """A ledger of its own, gone afterwards; forced to the disk as any."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder, "postgres"), port=free_port(26000), password=secrets.token_hex(8))
        server.start()
        try:
            words = {role: secrets.token_hex(8) for role in (OWNER, WRITER, ANALYST)}
            server.ensure_database("bench", owner=OWNER, password=words[OWNER])
            with Ledger(server.url("bench", OWNER, words[OWNER])) as ledger:
                ledger.migrate(passwords=words)
            _allow_temporary_tables(server.url("bench", OWNER, words[OWNER]))
            yield server.url("bench", WRITER, words[WRITER])
        finally:
            server.stop()


def _allow_temporary_tables(url: str) -> None:
    """To the writer, who needs none on a platform: benchmarks count and copy in them."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT TEMPORARY ON DATABASE bench TO {WRITER}")
    engine.dispose()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
