"""Finding protected benchmark items in a text: an index built once, and rules of rising blindness.

exact: the same words. ngram: half of an item's word runs, stock phrases left out. masked: the same wording with other
numbers. numbers: the same numbers and the same answer in other words. review: wording less alike than `masked` asks for,
which a person should look at. Items of few words are protected against exact copies only: their wording is common
property.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from caco_tasks.atomic import replaced_bytes
from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.contained_items import ContainedItems
from caco_tasks.checks.decontamination.benchmarks import Item, benchmark_version, read_benchmark
from caco_tasks.checks.decontamination.markup import drawings
from caco_tasks.checks.decontamination.ngrams import CoverageIndex, Hashes, JaccardIndex, gram_hashes
from caco_tasks.checks.decontamination.normal_text import final_answer, is_number, is_unspaced, words
from caco_tasks.checks.decontamination.problem_frames import problem_words
from caco_tasks.ids import content_id
from caco_tasks.records import PASS, Finding, Overlap, Reason, Verdict, fail, unknown

MASKED_TOKENS = 3  # size of the n-grams of the number-masked twin
MIN_NGRAMS = 3  # an item needs so many that are not stock phrases, or its coverage says nothing
MATCHED_CHARS = 300  # of the matched text that is kept as evidence
REVIEW = "review"  # the rule of what is less alike than `masked` asks for
VERSION = "overlap.v4"
LETTER_WORDS = 0.5  # what a letter of a script without spaces counts as where wording is compared
_DIGITS = re.compile(r"[0-9]+")
_MASK = 0  # token id of every number in the masked twin


class BenchmarkIndex:
    """The protected items, ready to be looked up.

    `hash` names the files, the limits and the rules; `counts` has the number of items of each benchmark.
    """

    def __init__(self, items: Sequence[Item], settings: DecontaminationSettings) -> None:
        self._hold_items(items, [problem_words(item.problem) for item in items], settings)
        runs, masked_runs = zip(*map(self._item_grams, self._texts), strict=True) if items else ((), ())
        self._ngrams = CoverageIndex(runs, max_items=settings.ngram_max_items, min_grams=MIN_NGRAMS)
        self._masked = JaccardIndex(masked_runs, threshold=settings.review_jaccard)

    def _hold_items(self, items: Sequence[Item], texts: Sequence[list[str]], settings: DecontaminationSettings) -> None:
        """All but the two indexes of word runs, which a file may hold: making them takes most of the time."""
        self.hash = index_hash(settings)
        self.counts = dict(Counter(item.benchmark for item in items))
        self._items, self._texts, self._settings = items, texts, settings
        self._ids: dict[str, int] = {}
        for token in (token for text in texts for token in text):
            self._ids.setdefault(token, len(self._ids) + 1)
        self._exact = _group_places(" ".join(text) for text in texts)
        self._contained = ContainedItems([text if _length(text) < settings.min_tokens else [] for text in texts])
        self._numbers = _group_places(
            self._numbers_of(text, item.answer) for text, item in zip(texts, items, strict=True)
        )

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
        indexes = {"ngrams": self._ngrams, "masked": self._masked}
        arrays: Any = {
            f"{name}.{field}": array for name, index in indexes.items() for field, array in index.arrays().items()
        }
        text = np.frombuffer(json.dumps(kept).encode(), dtype=np.uint8)
        with replaced_bytes(path) as file:
            np.savez(file, kept=text, **arrays)

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
        index._hold_items([Item(**item) for item in kept["items"]], kept["texts"], settings)
        parts: dict[str, dict[str, NDArray[Any]]] = {"ngrams": {}, "masked": {}}  # as `save` named them
        for name, array in arrays.items():
            part, _, field = name.partition(".")
            parts.setdefault(part, {})[field] = array
        index._ngrams = CoverageIndex.of_arrays(parts["ngrams"], min_grams=MIN_NGRAMS)
        index._masked = JaccardIndex.of_arrays(parts["masked"], threshold=settings.review_jaccard)
        return index if kept["hash"] == index.hash else None

    def overlaps(self, text: str, answer: str | None = None) -> tuple[Overlap, ...]:
        """The protected items that a problem overlaps, each once, by the least blind rule that found it.

        A rule that is off is not looked at. A rule that rejects comes before one that only records: what either finds
        is rejected.

        `answer` is the problem's final answer, or a solution that ends in it; None: equal numbers are not looked for.
        """
        tokens = problem_words(text)
        found: dict[int, Overlap] = {}
        for item, overlap in self._find_matches(text, tokens, answer) if tokens and self._items else ():
            if overlap.rule == "exact" and self._is_drawn_otherwise(item, text):
                continue
            known = found.setdefault(item, overlap)
            if _strictness(overlap, self._settings) > _strictness(known, self._settings):
                found[item] = overlap
        return tuple(found.values())

    def _find_matches(self, raw: str, tokens: list[str], answer: str | None) -> Iterator[tuple[int, Overlap]]:
        settings, text = self._settings, " ".join(tokens)
        if settings.exact != "off":
            whole = self._exact.get(text, ())
            inside = [] if whole else self._contained.find(raw, tokens)
            for item in (*whole, *(same for one in inside for same in self._exact[" ".join(self._texts[one])])):
                yield item, self._overlap(item, "exact", 1.0, " ".join(self._texts[item]))
        runs, masked_runs = self._grams(tokens)
        for item, score in self._ngrams.covered(runs, settings.ngram_coverage) if settings.ngram != "off" else ():
            yield item, self._overlap(item, "ngram", score, self._longest_common(item, tokens))
        # one look-up for both rules that mask numbers
        is_masked, is_review = settings.masked != "off", settings.benchmark_review != "off"
        alike = self._masked.alike(masked_runs) if is_masked or is_review else []
        for item, score in alike if is_masked else ():
            if score >= settings.masked_jaccard:
                yield item, self._overlap(item, "masked", score, text)
        numbers = self._numbers_of(tokens, answer) if settings.numbers != "off" else None
        for item in self._numbers.get(numbers, ()) if numbers is not None else ():
            yield item, self._overlap(item, "numbers", 1.0, numbers or "")
        for item, score in alike if is_review else ():
            yield item, self._overlap(item, REVIEW, score, text)

    def _is_drawn_otherwise(self, item: int, text: str) -> bool:
        """Whether few words ("find x in the diagram") stand beside one drawing in an item, and beside another in a text."""
        if _length(self._texts[item]) >= self._settings.min_tokens:
            return False
        drawn, drawn_in_item = ([words(code) for code in drawings(one)] for one in (text, self._items[item].problem))
        return bool(drawn and drawn_in_item and drawn != drawn_in_item)

    def _overlap(self, item: int, rule: str, score: float, matched: str) -> Overlap:
        found = self._items[item]
        matched = matched[:MATCHED_CHARS]
        return Overlap(
            benchmark=found.benchmark, item=found.key, rule=rule, score=round(score, 4), matched_text=matched
        )

    def _item_grams(self, tokens: list[str]) -> tuple[Hashes, Hashes]:
        """As `_grams`, but none where an item has too few words for them."""
        runs, masked_runs = self._grams(tokens)
        length, least = _length(tokens), self._settings.min_tokens
        worded = length - (1 - LETTER_WORDS) * sum(map(is_unspaced, tokens))
        return runs if length >= least else _NO_GRAMS, masked_runs if worded >= least else _NO_GRAMS

    def _grams(self, tokens: list[str]) -> tuple[Hashes, Hashes]:
        """The hashed runs of a text, and of its number-masked twin; words that no item has get numbers of their own."""
        new: dict[str, int] = {}  # per text, so that the index does not grow with every text looked up
        known, first_new = self._ids, len(self._ids) + 1
        ids = [known.get(token) or new.setdefault(token, first_new + len(new)) for token in tokens]
        masked = [_MASK if is_number(token) else one for token, one in zip(tokens, ids, strict=True)]
        return gram_hashes(ids, self._settings.ngram_tokens), gram_hashes(masked, MASKED_TOKENS)

    def _numbers_of(self, tokens: list[str], answer: str | None) -> str | None:
        """A text's numbers and its answer; None where too few differ, or they are too small, to mean anything."""
        if not answer or not self._settings.min_numbers:
            return None
        # `one` is said without counting, so 1 tells nothing
        numbers = sorted(token for token in filter(is_number, tokens) if token != "1")
        if len(set(numbers)) < self._settings.min_numbers:
            return None
        key = f"{' '.join(numbers)} -> {final_answer(answer)}"
        return key if _count_digits(key) >= self._settings.min_digits else None

    def _longest_common(self, item: int, tokens: list[str]) -> str:
        """The longest stretch of `tokens` all of whose runs are the item's."""
        size = self._settings.ngram_tokens
        of_item = self._texts[item]
        runs = {tuple(of_item[start : start + size]) for start in range(len(of_item) - size + 1)}
        best, begin = (0, 0), 0
        # a start past the last run ends the last stretch too
        for start in range(len(tokens) - size + 2):
            if tuple(tokens[start : start + size]) in runs:
                continue
            best = max(best, (start - begin, begin))
            begin = start + 1
        length, begin = best
        return " ".join(tokens[begin : begin + length + size - 1])


_NO_GRAMS = gram_hashes((), 1)


def _length(tokens: list[str]) -> int:
    """How many of `tokens` are words, numbers, or letters of a script without spaces."""
    return sum(1 for token in tokens if token[0].isalnum())


def _count_digits(numbers: str) -> int:
    """How many digits numbers have without the zeros at their ends: 40 and 1200 agree by chance as 4 and 12 do."""
    return sum(len(digits.rstrip("0")) for digits in _DIGITS.findall(numbers))


def _group_places(keys: Iterable[str | None]) -> dict[str, list[int]]:
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
    policy = {"benchmarks", "folder", *settings.rule_choices()}  # what is made of a finding changes no index
    limits = settings.model_dump(mode="json", exclude=policy)
    content = [[benchmark_version(one), one.model_dump(mode="json", exclude={"path"})] for one in settings.protected]
    return content_id("benchmarks", VERSION, content, limits)


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


def apply_overlap_rules(
    overlaps: Sequence[Overlap], settings: DecontaminationSettings, *, stage: str
) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict on a problem with this evidence, and the findings that stay with it.

    The rule that found an item decides about it: what any `reject` rejects, what `benchmark_review = "unknown"` holds
    back. A verdict and a finding name the nearest item of their kind.
    """
    set_to: dict[str, list[Overlap]] = {}
    for overlap in overlaps:
        set_to.setdefault(_rule_of(overlap, settings), []).append(overlap)
    if "reject" in set_to:
        return fail(Reason.BENCHMARK_OVERLAP, _describe(set_to["reject"])), ()
    if "unknown" in set_to:
        return unknown(Reason.BENCHMARK_REVIEW, _describe(set_to["unknown"])), ()
    recorded = set_to.get("record", [])
    return PASS, tuple(
        Finding(stage=stage, reason=reason, detail=_describe(found))
        for reason, found in (
            (Reason.BENCHMARK_OVERLAP, [one for one in recorded if one.rule != REVIEW]),
            (Reason.BENCHMARK_REVIEW, [one for one in recorded if one.rule == REVIEW]),
        )
        if found
    )


def _rule_of(overlap: Overlap, settings: DecontaminationSettings) -> str:
    """What the rule that found an item is set to."""
    return settings.benchmark_review if overlap.rule == REVIEW else settings.rules[overlap.rule]


def _strictness(overlap: Overlap, settings: DecontaminationSettings) -> int:
    return ("off", "record", "unknown", "reject").index(_rule_of(overlap, settings))


def _describe(overlaps: Sequence[Overlap]) -> str:
    first = overlaps[0]
    more = f" and {len(overlaps) - 1} more" if len(overlaps) > 1 else ""
    return f"{first.benchmark} {first.item}: {first.rule} {first.score:.2f}{more}"
