"""How many planted errors each check finds, and how many right rows it loses: the real stages, run on rows of `planting.py`.

The rows go through the stages `execute` to `judge` as in a run of the bundled nano config. A back-translated problem and a
solution come from a model there; here an `Llm` says those of the row. Every stage sees every row that ran, so that each
check is measured alone; the chain is the first stage that rejects. `dedup` and `decontaminate` look for copies, not for
errors, and are left out. Real solutions of GSM8K, with the programs that `convert` makes of them, are measured too where
`CACO_PUBLIC_DATA` names a folder that holds it.
"""

import math
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from caco_tasks.config import RoleName, SourceSettings, load_config
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.convert import unify_seeds
from caco_tasks.identity import RunKeys
from caco_tasks.ids import content_id, program_id
from caco_tasks.llm import Llm, Reply, Request
from caco_tasks.pipeline import find_stage
from caco_tasks.records import Generation, Grade, JudgedRecord, Program, Reason, Sample, Verdict
from caco_tasks.services import TaskServices
from caco_tasks.sources import read_source
from caco_tasks.stages import stage_function

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import connections_in, keys_of
from planted_errors import KINDS, Row
from planting import plant_all, prove, right_rows
from public_files import find_public

EACH = 11  # right rows of each family
KINDS_EACH = 4  # errors planted in each right row, one at a time
GSM8K_ROWS = 1000
GSM8K = find_public("gsm8k/train.jsonl")
STAGES_RUN = ("execute", "screen", "reverse", "solve", "agree", "judge")
WITHOUT_JUDGE = STAGES_RUN[:-1]
Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A row and what every stage said of it; None: the stage cannot say anything of a row that did not run."""

    row: Row
    sample: Sample
    verdicts: Mapping[str, Verdict | None]

    def rejected_by(self, stages: Sequence[str]) -> Verdict | None:
        """The first verdict that is no pass."""
        said = (self.verdicts.get(stage) for stage in stages)
        return next((verdict for verdict in said if verdict is not None and not verdict.kept), None)


class Recited:
    """An `Llm` that says given texts, one for each request, in order."""

    model_id = "recited"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """The texts, as replies."""
        return [self._reply(request, text) for request, text in zip(requests, self.texts, strict=True)]

    def _reply(self, request: Request, text: str) -> Reply:
        made = Generation(
            request_id=request.request_id, model_id=self.model_id, prompt=request.prompt, finish_reason="stop",
            prompt_tokens=0, completion_tokens=0, seconds=0.0,
        )  # fmt: skip
        return Reply(text=text, generation=made)


class RecitingServices(TaskServices):
    """The platform's own services, but for the models that write problems and solutions."""

    def __init__(self, connections: Connections, *, keys: RunKeys) -> None:
        super().__init__(connections, run=keys.run, config=keys.config)
        self.recited = Recited()

    def __enter__(self) -> Self:
        return self

    def llm(self, role: RoleName, key: str) -> Llm:
        """The judge as configured; any other model recites."""
        return super().llm(role, key) if role == "judge" else self.recited


class Line:
    """The stages of a run of the nano config, over rows at hand."""

    def __init__(self, services: RecitingServices, keys: RunKeys) -> None:
        self.services, self._keys = services, keys

    def look(self, rows: Sequence[Row], stages: Sequence[str] = STAGES_RUN) -> list[Seen]:
        """What each of the stages says of each row."""
        samples = [sample_of(row) for row in rows]
        verdicts: list[dict[str, Verdict | None]] = [{} for _ in rows]
        for stage in stages:
            places = [place for place, sample in enumerate(samples) if stage == "execute" or _ran(sample)]
            self.services.recited.texts = [_text(stage, rows[place]) for place in places]
            judged = self._apply(stage, [samples[place] for place in places])
            for place in places:
                found = judged[samples[place].sample_id]
                samples[place], verdicts[place][stage] = found.record, found.verdict
        return [Seen(row=r, sample=s, verdicts=v) for r, s, v in zip(rows, samples, verdicts, strict=True)]

    def _apply(self, stage: str, samples: list[Sample]) -> dict[str, JudgedRecord[Sample]]:
        spec = find_stage("nightly", stage)
        context = stage_context(self._keys, self.services, spec, 0)
        return {judged.record.sample_id: judged for judged in stage_function(spec)(samples, context)}


def bench() -> dict[str, Any]:
    """Caught, missed and lost by check, by kind and by the whole chain, with 95 % Wilson intervals."""
    with tempfile.TemporaryDirectory(prefix="caco-verification-") as folder:
        return measure(Path(folder), list(right_rows(EACH)), kinds_each=KINDS_EACH)


def measure(
    folder: Path, rows: Sequence[Row], *, kinds_each: int, stages: Sequence[str] = STAGES_RUN, with_gsm8k: bool = True
) -> dict[str, Any]:
    """The figures for right rows, in each of which up to `kinds_each` errors are planted, one at a time."""
    keys = keys_of(load_config("nano"))
    with RecitingServices(connections_in(folder), keys=keys) as services:
        line = Line(services, keys)
        right = line.look(rows, stages)
        ran = [seen for seen in right if _ran(seen.sample)]
        executions = {seen.row.key: seen.sample.execution for seen in ran if seen.sample.execution}
        planted = list(plant_all([seen.row for seen in ran], executions, kinds_each))
        proven = prove(planted, {seen.row.key: seen.row for seen in ran}, executions, services.sandbox())
        wrong = line.look([row for row, is_wrong in zip(planted, proven, strict=True) if is_wrong], stages)
        figures = report(right, wrong, planted=len(planted), stages=stages)
        return {**figures, "gsm8k": _gsm8k(line)} if with_gsm8k and GSM8K else figures


def report(right: Sequence[Seen], wrong: Sequence[Seen], *, planted: int, stages: Sequence[str]) -> dict[str, Any]:
    """The figures of rows that went through the line."""
    apart = {kind.name for kind in KINDS if kind.needs_judge}
    counted = [seen for seen in wrong if seen.row.kind not in apart]
    chains = {"chain without a judge": WITHOUT_JUDGE, "chain with the nano judge": STAGES_RUN}
    return {
        "right_rows": len(right),
        "planted": planted,
        "right_by_chance": planted - len(wrong),
        "wrong": len(counted),
        "wrong_that_need_a_judge": len(wrong) - len(counted),
        "chains": {
            name: _both(right, counted, [one for one in chain if one in stages]) for name, chain in chains.items()
        },
        "checks": {name: _both(right, counted, [stage], reasons) for name, stage, reasons in CHECKS if stage in stages},
        "kinds": {kind.name: _kind(kind.name, wrong, stages) for kind in KINDS if not kind.needs_judge},
        "kinds_that_need_a_judge": {kind.name: _kind(kind.name, wrong, stages) for kind in KINDS if kind.needs_judge},
        "right_rows_lost_because": _reasons(right, stages),
    }


ANSWERS = frozenset({Reason.ANSWERS_DIFFER, Reason.NO_FINAL_ANSWER, Reason.CHECKER_TIMEOUT})
CHECKS: tuple[tuple[str, str, Callable[[Reason], bool]], ...] = (
    ("execute", "execute", lambda reason: True),
    ("screen", "screen", lambda reason: True),
    ("reverse checks", "reverse", lambda reason: True),
    ("agree: answers", "agree", lambda reason: reason in ANSWERS),
    ("agree: equations", "agree", lambda reason: reason is Reason.FALSE_EQUATION),
    ("agree: where numbers come from", "agree", lambda reason: reason not in ANSWERS | {Reason.FALSE_EQUATION}),
    ("nano judge", "judge", lambda reason: True),
)


def _both(
    right: Sequence[Seen], wrong: Sequence[Seen], stages: Sequence[str], reasons: Callable[[Reason], bool] | None = None
) -> dict[str, Any]:
    def is_caught(seen: Seen) -> bool:
        verdict = seen.rejected_by(stages)
        return verdict is not None and verdict.reason is not None and (reasons is None or reasons(verdict.reason))

    caught, lost = sum(map(is_caught, wrong)), sum(map(is_caught, right))
    return {
        "caught": share(caught, len(wrong)),
        "missed": len(wrong) - caught,
        "right_rows_lost": share(lost, len(right)),
    }


def _kind(name: str, wrong: Sequence[Seen], stages: Sequence[str]) -> dict[str, Any]:
    rows = [seen for seen in wrong if seen.row.kind == name]
    plain = [one for one in WITHOUT_JUDGE if one in stages]
    return {
        "caught": share(sum(seen.rejected_by(plain) is not None for seen in rows), len(rows)),
        "caught_with_nano_judge": share(sum(seen.rejected_by(stages) is not None for seen in rows), len(rows)),
        "by": _reasons(rows, stages),
    }


def _reasons(rows: Iterable[Seen], stages: Sequence[str]) -> dict[str, int]:
    found = (seen.rejected_by(stages) for seen in rows)
    return dict(Counter(str(verdict.reason) for verdict in found if verdict is not None).most_common())


def share(hits: int, of: int) -> dict[str, float | int]:
    """A share with its 95 % Wilson score interval."""
    if of == 0:
        return {"n": 0, "of": 0, "share": 0.0, "low": 0.0, "high": 1.0}
    p, weight = hits / of, Z * Z / of
    middle, half = p + weight / 2, Z * math.sqrt(p * (1 - p) / of + weight / (4 * of))
    low, high = (middle - half) / (1 + weight), (middle + half) / (1 + weight)
    return {"n": hits, "of": of, "share": round(p, 4), "low": round(max(low, 0.0), 4), "high": round(min(high, 1.0), 4)}


def _gsm8k(line: Line) -> dict[str, Any]:
    """Real solutions, written by people, that the checks of `agree` would lose; their programs are of grade A or better."""
    source = SourceSettings(name="gsm8k", reader="gsm8k", path=str(GSM8K), limit=GSM8K_ROWS)
    judged = unify_seeds(read_source(source), "gsm8k", line.services.sandbox())
    least = Grade.A  # the default of `seeds.min_seed_grade`
    found = [one.record for one in judged if one.verdict.kept]
    rows = [_gsm8k_row(record) for record in found if record.grade is not None and record.grade.reaches(least)]
    seen = line.look(rows, ("execute", "reverse", "solve", "agree"))  # agree needs the problem
    lost = [one for one in seen if one.rejected_by(("solve", "agree")) is not None]
    return {"right_rows_lost": share(len(lost), len(seen)), "because": _reasons(lost, ("solve", "agree"))}


def _gsm8k_row(record: Any) -> Row:
    return Row(
        key=record.seed.seed_id, family="gsm8k", problem=record.seed.problem, program=record.program.code,
        solution=f"{record.seed.solution}\n#### {record.seed.answer}", answer=record.seed.answer,
    )  # fmt: skip


def sample_of(row: Row) -> Sample:
    """A row before anything was said of it."""
    program = Program(program_id=program_id(row.program), code=row.program)
    return Sample(sample_id=content_id("planted", row.key, row.kind), program=program)


def _ran(sample: Sample) -> bool:
    return sample.execution is not None and sample.execution.output_json is not None


def _text(stage: str, row: Row) -> str:
    return {"reverse": row.problem, "solve": row.solution}.get(stage, "")
