"""What is counted while a stage works: that no record is lost or doubled, and what its manifest says of its rows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from caco_tasks.errors import ConservationError
from caco_tasks.pipeline import StageSpec
from caco_tasks.records import Generation, JudgedRecord, Outcome


class Conservation:
    """Holds what leaves a stage against what entered it, record by record, as they stream through."""

    def __init__(self, stage: str, shard: int) -> None:
        """Names the place for an error."""
        self._place = f"Stage '{stage}', shard {shard}"
        self._read = 0
        self._inside: set[str] = set()  # entered and not judged yet: few, where a stage works in order
        self._doubled = self._invented = 0

    def entering(self, records: Iterable[Any]) -> Iterator[Any]:
        """The records, each noted as it is read."""
        for record in records:
            self._read += 1
            self._doubled += record.id in self._inside
            self._inside.add(record.id)
            yield record

    def leaving(self, judged: Iterable[JudgedRecord[Any]]) -> Iterator[JudgedRecord[Any]]:
        """The judged records, each held against those that entered."""
        for row in judged:
            self._invented += row.id not in self._inside
            self._inside.discard(row.id)
            yield row

    def check(self) -> None:
        """Ends the count.

        Raises:
            ConservationError: a record that entered did not leave, or one left that had not entered, or one left twice.
        """
        if self._inside or self._doubled or self._invented:
            raise ConservationError(
                f"{self._place}: {self._read} records read, {len(self._inside)} lost, {self._invented} invented or "
                f"judged twice, {self._doubled} read twice; nothing was written."
            )


class OutputCounts:
    """What a manifest says of its rows, counted as they are written."""

    def __init__(self, spec: StageSpec) -> None:
        """Counts for one stage: the part of the record that it adds tells what its model cost."""
        self._spec = spec
        self._outcomes: Counter[Outcome] = Counter()
        self._reasons: Counter[str] = Counter()
        self._recorded: Counter[str] = Counter()
        self._kept = 0
        self._models: set[str] = set()
        self._prompts: set[str] = set()
        self._sums: Counter[str] = Counter()
        self._cut_away: Counter[str] = Counter()
        self._cost_usd = 0.0

    def counting(
        self, judged: Iterable[JudgedRecord[Any]], previous: Mapping[str, JudgedRecord[Any]]
    ) -> Iterator[JudgedRecord[Any]]:
        """The judged records, counted on their way; what was known in `previous` is kept, and was paid for there."""
        for row in judged:
            self._outcomes[row.verdict.outcome] += 1
            if row.verdict.reason is not None:
                self._reasons[str(row.verdict.reason)] += 1
            for finding in getattr(row.record, "findings", ()):
                if finding.stage == self._spec.name:
                    self._recorded[str(finding.reason)] += 1
            before = previous.get(row.id)
            if before is not None and before.verdict.outcome is not Outcome.UNKNOWN:
                self._kept += 1
            else:
                self._count_generations(row.record)
            yield row

    def facts(self) -> dict[str, Any]:
        """The counts, as a manifest names them."""
        return {
            "read": self._outcomes.total(),
            "passed": self._outcomes[Outcome.PASS],
            "failed": self._outcomes[Outcome.FAIL],
            "unknown": self._outcomes[Outcome.UNKNOWN],
            "reasons": dict(sorted(self._reasons.items())),
            "recorded": dict(sorted(self._recorded.items())),
            "kept": self._kept,
            "models": tuple(sorted(self._models)),
            "prompts": tuple(sorted(self._prompts)),
            "cut_away": dict(sorted(self._cut_away.items())),
            "cost_usd": round(self._cost_usd, 6),
            **self._sums,
        }

    def _count_generations(self, record: Any) -> None:
        """Adds what the replies of a model cost, where the part that the stage added was written by a model."""
        part = getattr(record, self._spec.adds, None) if self._spec.adds else None
        for one in getattr(part, "candidates", ()) or (part,):  # of several replies the part itself is but one
            made: Generation | None = getattr(one, "generation", None)
            if made is not None:
                self._count(made)

    def _count(self, made: Generation) -> None:
        self._models.add(made.model_id)
        self._prompts.add(made.prompt)
        self._cost_usd += made.cost_usd
        self._cut_away.update(made.cut_away)
        self._sums.update(
            requests=1,
            prompt_tokens=made.prompt_tokens,
            completion_tokens=made.completion_tokens,
            replayed=made.is_replayed,
            cut_off=made.finish_reason == "length",
        )
