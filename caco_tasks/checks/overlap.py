"""Finding protected benchmark items in a text: an index built once, and rules of rising blindness.

exact: the same words. ngram: half of an item's word runs, stock phrases left out. masked: the same wording with other
numbers. numbers: the same numbers and the same answer in other words. review: wording less alike than `masked` asks for,
which a person should look at. Items of few words are protected against exact copies only: their wording is common
property.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from caco_tasks.checks.benchmarks import Item, benchmark_version, read_benchmark
from caco_tasks.checks.ngrams import CoverageIndex, Hashes, JaccardIndex, gram_hashes
from caco_tasks.checks.normal_text import final_answer, is_number, words
from caco_tasks.config import DecontaminationSettings
from caco_tasks.context import Context
from caco_tasks.ids import content_id
from caco_tasks.records import Overlap, Reason, Sample, Verdict, fail, unknown
from caco_tasks.store.file_store import write_whole

MASKED_TOKENS = 3  # size of the n-grams of the number-masked twin
MIN_NGRAMS = 3  # an item needs so many that are not stock phrases, or its coverage says nothing
MATCHED_CHARS = 300  # of the matched text that is kept as evidence
REVIEW = "review"  # the rule of what is less alike than `masked` asks for
VERSION = "overlap.v2"
_MASK = 0  # token id of every number in the masked twin


class BenchmarkIndex:
    """The protected items, ready to be looked up.

    `hash` names the files, the limits and the rules; `counts` has the number of items of each benchmark.
    """

    def __init__(self, items: Sequence[Item], settings: DecontaminationSettings) -> None:
        self._take(items, [words(item.problem) for item in items], settings)
        grams = [self._grams(text) if _length(text) >= settings.min_tokens else _NO_GRAMS for text in self._texts]
        self._ngrams = CoverageIndex(
            [runs for runs, _ in grams], max_items=settings.ngram_max_items, min_grams=MIN_NGRAMS
        )
        self._masked = JaccardIndex([runs for _, runs in grams], threshold=settings.review_jaccard)

    def _take(self, items: Sequence[Item], texts: Sequence[list[str]], settings: DecontaminationSettings) -> None:
        """Takes the items as they are, without the runs of their words."""
        self.hash = index_hash(settings)
        self.counts = dict(Counter(item.benchmark for item in items))
        self._items, self._texts, self._settings = items, texts, settings
        self._ids: dict[str, int] = {}
        for token in (token for text in texts for token in text):
            self._ids.setdefault(token, len(self._ids) + 1)
        self._exact = _grouped(" ".join(text) for text in texts)
        self._numbers = _grouped(self._numbers_of(text, item.answer) for text, item in zip(texts, items, strict=True))

    @classmethod
    def build(cls, settings: DecontaminationSettings) -> "BenchmarkIndex":
        """Reads and indexes the benchmarks that `settings` name.

        Raises:
            SourceError: a file is missing or malformed; names the file and the line.
        """
        return cls([item for benchmark in settings.protected for item in read_benchmark(benchmark)], settings)

    def save(self, path: Path) -> None:
        """Writes the index to a file, whole or not at all."""
        kept = {"items": [asdict(item) for item in self._items], "texts": self._texts, "hash": self.hash}
        arrays: Any = {f"{name}.{part}": array for name, part, array in self._parts()}
        text = np.frombuffer(json.dumps(kept).encode(), dtype=np.uint8)
        write_whole(path, lambda file: np.savez(file, kept=text, **arrays))

    @classmethod
    def restore(cls, path: Path, settings: DecontaminationSettings) -> "BenchmarkIndex | None":
        """The index that `save` wrote for the same settings and files; None where the file is missing or damaged."""
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            kept = json.loads(arrays.pop("kept").tobytes())
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        index = cls.__new__(cls)
        index._take([Item(**item) for item in kept["items"]], kept["texts"], settings)
        parts = {name: _below(name, arrays) for name in ("ngrams", "masked")}
        index._ngrams = CoverageIndex.of_arrays(parts["ngrams"], min_grams=MIN_NGRAMS)
        index._masked = JaccardIndex.of_arrays(parts["masked"], threshold=settings.review_jaccard)
        return index if kept["hash"] == index.hash else None

    def _parts(self) -> Iterator[tuple[str, str, NDArray[Any]]]:
        for name, index in (("ngrams", self._ngrams), ("masked", self._masked)):
            for part, array in index.arrays().items():
                yield name, part, array

    def overlaps(self, text: str, answer: str | None = None) -> tuple[Overlap, ...]:
        """The protected items that a problem overlaps, each once, by the least blind rule that found it.

        `answer` is the problem's final answer, or a solution that ends in it; None: equal numbers are not looked for.
        """
        tokens = words(text)
        found: dict[int, Overlap] = {}
        if tokens and self._items:
            for item, overlap in self._matches(tokens, answer):
                found.setdefault(item, overlap)
        return tuple(found.values())

    def _matches(self, tokens: list[str], answer: str | None) -> Iterator[tuple[int, Overlap]]:
        for item in self._exact.get(" ".join(tokens), ()):
            yield item, self._overlap(item, "exact", 1.0, " ".join(tokens))
        runs, masked_runs = self._grams(tokens)
        for item, score in self._ngrams.covered(runs, self._settings.ngram_coverage):
            yield item, self._overlap(item, "ngram", score, self._longest_common(item, tokens))
        alike = self._masked.alike(masked_runs)
        for item, score in alike:
            if score >= self._settings.masked_jaccard:
                yield item, self._overlap(item, "masked", score, " ".join(tokens))
        numbers = self._numbers_of(tokens, answer)
        for item in self._numbers.get(numbers, ()) if numbers is not None else ():
            yield item, self._overlap(item, "numbers", 1.0, numbers or "")
        for item, score in alike:
            yield item, self._overlap(item, REVIEW, score, " ".join(tokens))

    def _overlap(self, item: int, rule: str, score: float, matched: str) -> Overlap:
        found = self._items[item]
        matched = matched[:MATCHED_CHARS]
        return Overlap(
            benchmark=found.benchmark, item=found.key, rule=rule, score=round(score, 4), matched_text=matched
        )

    def _grams(self, tokens: list[str]) -> tuple[Hashes, Hashes]:
        """The hashed runs of a text, and of its number-masked twin; words that no item has get numbers of their own."""
        new: dict[str, int] = {}
        known, first_new = self._ids, len(self._ids) + 1
        ids = [known.get(token) or new.setdefault(token, first_new + len(new)) for token in tokens]
        masked = [_MASK if is_number(token) else one for token, one in zip(tokens, ids, strict=True)]
        return gram_hashes(ids, self._settings.ngram_tokens), gram_hashes(masked, MASKED_TOKENS)

    def _numbers_of(self, tokens: list[str], answer: str | None) -> str | None:
        """A text's numbers and its answer; None where too few differ, or they are too small, to mean anything."""
        if not answer or not self._settings.min_numbers:
            return None
        numbers = sorted(token for token in tokens if is_number(token))
        if len(set(numbers)) < self._settings.min_numbers:
            return None
        key = f"{' '.join(numbers)} -> {final_answer(answer)}"
        return key if sum(map(str.isdecimal, key)) >= self._settings.min_digits else None

    def _longest_common(self, item: int, tokens: list[str]) -> str:
        """The longest stretch of `tokens` all of whose runs are the item's."""
        size = self._settings.ngram_tokens
        of_item = self._texts[item]
        runs = {tuple(of_item[start : start + size]) for start in range(len(of_item) - size + 1)}
        best, begin = (0, 0), 0
        for start in range(len(tokens) - size + 2):
            if tuple(tokens[start : start + size]) in runs:
                continue
            best = max(best, (start - begin, begin))
            begin = start + 1
        length, begin = best
        return " ".join(tokens[begin : begin + length + size - 1])


_NO_GRAMS = (gram_hashes((), 1), gram_hashes((), 1))


def _length(tokens: list[str]) -> int:
    """How many of `tokens` are words or numbers."""
    return sum(1 for token in tokens if token[0].isalnum())


def _grouped(keys: Iterable[str | None]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            groups.setdefault(key, []).append(place)
    return groups


def index_hash(settings: DecontaminationSettings) -> str:
    """What an index is made of: the benchmarks' content and columns, the limits, and the version of the rules.

    Raises:
        SourceError: a benchmark file is missing.
    """
    limits = settings.model_dump(mode="json", exclude={"benchmarks", "folder", "review"})
    content = [[benchmark_version(one), one.model_dump(mode="json", exclude={"path"})] for one in settings.protected]
    return content_id("benchmarks", VERSION, content, limits)


def index_of(context: Context) -> BenchmarkIndex | None:
    """The index of a run's benchmarks, whose hash goes into the manifest; None where the config protects none.

    Raises:
        SourceError: a benchmark file is missing or malformed.
    """
    if not context.config.decontamination.protected:
        return None
    index = benchmark_index(context.config.decontamination, context.services.index_folder())
    context.facts.setdefault("artifacts", {})["benchmark_index"] = index.hash
    return index


@lru_cache(maxsize=2)
def benchmark_index(settings: DecontaminationSettings, folder: Path) -> BenchmarkIndex:
    """The index for `settings`, made once in a process, and once for all that share `folder`.

    Raises:
        SourceError: a benchmark file is missing or malformed.
    """
    path = folder / f"{index_hash(settings)}.npz"
    index = BenchmarkIndex.restore(path, settings)
    if index is None:
        index = BenchmarkIndex.build(settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        index.save(path)
    return index


def sample_answer(sample: Sample) -> str | None:
    """The final answer of a sample's solution, or else what its program returned."""
    if sample.solution is not None and sample.solution.answer is not None:
        return sample.solution.answer
    return None if sample.execution is None else sample.execution.output_text


def overlap_verdict(overlaps: Sequence[Overlap], review: str = "record") -> Verdict | None:
    """What evidence demands of a problem, naming the nearest item; None where it may stay.

    Evidence of the rule `review` alone is a matter of policy: "record" lets the problem stay, "unknown" holds it back,
    "fail" rejects it.
    """
    certain = [overlap for overlap in overlaps if overlap.rule != REVIEW or review == "fail"]
    if certain:
        return fail(Reason.BENCHMARK_OVERLAP, _told(certain))
    return unknown(Reason.BENCHMARK_REVIEW, _told(overlaps)) if overlaps and review == "unknown" else None


def _told(overlaps: Sequence[Overlap]) -> str:
    first = overlaps[0]
    more = f" and {len(overlaps) - 1} more" if len(overlaps) > 1 else ""
    return f"{first.benchmark} {first.item}: {first.rule} {first.score:.2f}{more}"


def _below(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
