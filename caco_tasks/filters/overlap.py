"""Finding protected benchmark items in a text: an index built once, and four rules of rising blindness.

exact: the same words. ngram: half of an item's word runs, stock phrases left out. masked: the same wording with other
numbers. numbers: the same numbers and the same answer in other words. Items of few words are protected against exact
copies only: their wording is common property.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from caco_tasks.config import DecontaminationSettings
from caco_tasks.filters.benchmarks import Item, read_benchmark
from caco_tasks.filters.grams import CoverageIndex, Hashes, JaccardIndex, gram_hashes
from caco_tasks.filters.wording import final_answer, is_number, words
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.records import Overlap, Reason, Sample, Seed, Verdict, fail

MASKED_TOKENS = 3  # size of the n-grams of the number-masked twin
LEAST_NGRAMS = 3  # an item needs so many that are not stock phrases, or its coverage says nothing
MATCHED_CHARS = 300  # of the matched text that is kept as evidence
VERSION = "overlap.v1"
_MASK = 0  # token id of every number in the masked twin


class BenchmarkIndex:
    """The protected items, ready to be looked up.

    `hash` names the files, the limits and the rules; `counts` has the number of items of each benchmark.
    """

    def __init__(self, items: Sequence[Item], settings: DecontaminationSettings, *, file_hashes: Sequence[str]) -> None:
        limits = settings.model_dump(mode="json", exclude={"benchmarks"})
        self.hash = content_id("benchmarks", VERSION, list(file_hashes), limits)
        self.counts = dict(Counter(item.benchmark for item in items))
        self._items = items
        self._settings = settings
        self._ids: dict[str, int] = {}
        texts = [words(item.problem) for item in items]
        for token in (token for text in texts for token in text):
            self._ids.setdefault(token, len(self._ids) + 1)
        self._exact = _grouped(" ".join(text) for text in texts)
        self._numbers = _grouped(self._numbers_of(text, item.answer) for text, item in zip(texts, items, strict=True))
        grams = [self._grams(text) if _length(text) >= settings.least_tokens else _NO_GRAMS for text in texts]
        self._ngrams = CoverageIndex(
            [runs for runs, _ in grams], most_items=settings.ngram_most_items, least_grams=LEAST_NGRAMS
        )
        self._masked = JaccardIndex([runs for _, runs in grams], threshold=settings.masked_jaccard)

    @classmethod
    def build(cls, settings: DecontaminationSettings) -> "BenchmarkIndex":
        """Reads and indexes the benchmarks that `settings` name.

        Raises:
            SourceError: a file is missing or malformed; names the file and the line.
        """
        items = [item for benchmark in settings.benchmarks for item in read_benchmark(benchmark)]
        hashes = [f"{benchmark.name} {file_sha256(benchmark.path)}" for benchmark in settings.benchmarks]
        return cls(items, settings, file_hashes=hashes)

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
        for item, score in self._masked.alike(masked_runs):
            yield item, self._overlap(item, "masked", score, " ".join(tokens))
        numbers = self._numbers_of(tokens, answer)
        for item in self._numbers.get(numbers, ()) if numbers is not None else ():
            yield item, self._overlap(item, "numbers", 1.0, numbers or "")

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
        if not answer or not self._settings.least_numbers:
            return None
        numbers = sorted(token for token in tokens if is_number(token))
        if len(set(numbers)) < self._settings.least_numbers:
            return None
        key = f"{' '.join(numbers)} -> {final_answer(answer)}"
        return key if sum(map(str.isdecimal, key)) >= self._settings.least_digits else None

    def _longest_common(self, item: int, tokens: list[str]) -> str:
        """The longest stretch of `tokens` all of whose runs are the item's."""
        size = self._settings.ngram_tokens
        of_item = words(self._items[item].problem)
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


@lru_cache(maxsize=2)
def benchmark_index(settings: DecontaminationSettings) -> BenchmarkIndex:
    """The index for `settings`, built once in a process.

    Raises:
        SourceError: a benchmark file is missing or malformed.
    """
    return BenchmarkIndex.build(settings)


def seed_overlap(seed: Seed, settings: DecontaminationSettings) -> Verdict | None:
    """The verdict on a seed that overlaps a protected item; None when it may enter."""
    return overlap_verdict(benchmark_index(settings).overlaps(seed.problem, seed.answer))


def sample_overlaps(sample: Sample, settings: DecontaminationSettings) -> tuple[Overlap, ...]:
    """The protected items that a sample's problem overlaps: asked by `decontaminate`, and again at release."""
    if sample.problem is None:
        return ()
    answer = sample.solution.answer if sample.solution is not None else None
    if answer is None and sample.execution is not None:
        answer = sample.execution.output_text
    return benchmark_index(settings).overlaps(sample.problem.text, answer)


def overlap_verdict(overlaps: Sequence[Overlap]) -> Verdict | None:
    """The rejection that evidence demands, naming the nearest item; None without evidence."""
    if not overlaps:
        return None
    first = overlaps[0]
    more = f" and {len(overlaps) - 1} more" if len(overlaps) > 1 else ""
    return fail(Reason.BENCHMARK_OVERLAP, f"{first.benchmark} {first.item}: {first.rule} {first.score:.2f}{more}")
