"""Protected benchmarks: how they are read, what overlaps them, and what does not."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caco_tasks.check_settings import PUBLIC_BENCHMARKS, BenchmarkSettings, DecontaminationSettings
from caco_tasks.checks.decontamination.benchmarks import read_benchmark
from caco_tasks.checks.decontamination.normal_text import final_answer, words
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules, benchmark_index, index_hash
from caco_tasks.checks.decontamination.problem_frames import problem_words
from caco_tasks.errors import SourceError
from caco_tasks.records import Outcome, Overlap, Reason

TRAM = (
    "A tram leaves the harbour with 48 passengers. At the museum 17 of them get off and 25 others get on. "
    "At the market half of the passengers get off. How many passengers are then on the tram?"
)
FIRST_HALF = TRAM.partition(" of the passengers")[0]
SHORT = "Solve $x^2 - 5x = 14$ for x."
JARS = 1250
ITEMS = [
    {"id": "tram", "text": TRAM, "gold": "#### 28"},
    {"id": "short", "text": SHORT, "gold": "\\boxed{7}"},
    {
        "id": "shop",
        "text": f"Nora sells {JARS} jars of honey at 640 cents and 75 candles; how much in all?",
        "gold": 8000,
    },
]


def settings_of(path: Path, **changes: object) -> DecontaminationSettings:
    benchmark = BenchmarkSettings(
        name="trams", path=str(path), problem_column="text", answer_column="gold", id_column="id"
    )
    return DecontaminationSettings(benchmarks=(benchmark,), **changes)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path) -> DecontaminationSettings:
    path = tmp_path / "trams.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in ITEMS), encoding="utf-8")
    return settings_of(path)


@pytest.fixture
def index(settings: DecontaminationSettings) -> BenchmarkIndex:
    return BenchmarkIndex.build(settings)


def found(index: BenchmarkIndex, text: str, answer: str | None = None) -> list[tuple[str, str]]:
    return [(overlap.item, overlap.rule) for overlap in index.overlaps(text, answer)]


OVERLAPPING = {
    "the item itself": (TRAM, "tram", "exact"),
    "set otherwise": (TRAM.upper().replace(". ", " ;\n"), "tram", "exact"),
    "a short item": ("solve  x^{2}-5x=14 for $x$", "short", "exact"),
    "half of it": (FIRST_HALF + " How many stay?", "tram", "ngram"),
    "inside a longer text": (f"It is a rainy day in town. {TRAM} Give a number.", "tram", "ngram"),
    "other numbers": (TRAM.replace("48", "90").replace("17", "31").replace("25", "8"), "tram", "masked"),
}
APART = {
    "another story": "A baker bakes 48 rolls, sells 17 of them by noon and bakes 25 more. How many are there?",
    "a short item with another number": "Solve $x^2 - 5x = 24$ for x.",
    "a short item with another sign": "Solve $x^2 + 5x = 14$ for x.",
    "one stretch of eight words": "A tram leaves the harbour with 48 passengers and every one wants to see the sea.",
    "no words": "?!",
    "nothing": "",
}


@pytest.mark.parametrize(("text", "item", "rule"), OVERLAPPING.values(), ids=OVERLAPPING.keys())
def test_a_copy_is_found_with_its_rule(index: BenchmarkIndex, text: str, item: str, rule: str) -> None:
    assert found(index, text) == [(item, rule)]


@pytest.mark.parametrize("text", APART.values(), ids=APART.keys())
def test_a_text_of_its_own_overlaps_nothing(index: BenchmarkIndex, text: str) -> None:
    assert found(index, text) == []


def test_the_same_numbers_and_answer_in_other_words_are_found(index: BenchmarkIndex) -> None:
    text = "With 75 boxes, 1,250 jars and a price of 640, what is the sum?"
    assert found(index, text, "8000.0") == [("shop", "numbers")]
    assert found(index, text, "8001") == []
    assert found(index, text) == []


def test_small_numbers_that_agree_by_chance_do_not_count(index: BenchmarkIndex) -> None:
    assert found(index, "A cup holds 48 beans, 17 peas and 25 nuts.", "28") == [("tram", "numbers")]
    strict = BenchmarkIndex.build(index._settings.model_copy(update={"min_digits": 9}))
    assert found(strict, "A cup holds 48 beans, 17 peas and 25 nuts.", "28") == []


def test_evidence_names_item_score_and_text(index: BenchmarkIndex) -> None:
    (overlap,) = index.overlaps(FIRST_HALF)
    assert (overlap.benchmark, overlap.item) == ("trams", "tram")
    assert 0.5 <= overlap.score < 1
    assert overlap.matched_text == " ".join(problem_words(FIRST_HALF))


def test_a_stock_phrase_does_not_count(tmp_path: Path) -> None:
    stock = "let m and n be relatively prime positive integers find the sum of m and n"
    rows = [{"id": number, "text": f"{stock} {number}", "gold": "1"} for number in range(12)]
    path = tmp_path / "stock.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    text = f"A wheel turns by a fraction of the circle, m over n, where it stops by chance; {stock} then"
    assert {rule for _, rule in found(BenchmarkIndex.build(settings_of(path)), text)} == {"review"}
    assert len(found(BenchmarkIndex.build(settings_of(path, ngram_max_items=12)), text)) == 12


def test_one_problem_in_two_benchmarks_is_named_twice(settings: DecontaminationSettings) -> None:
    again = settings.benchmarks[0].model_copy(update={"name": "again"})
    index = BenchmarkIndex.build(settings.model_copy(update={"benchmarks": (*settings.benchmarks, again)}))
    assert [overlap.benchmark for overlap in index.overlaps(TRAM)] == ["trams", "again"]
    assert index.counts == {"trams": 3, "again": 3}


def test_without_benchmarks_nothing_is_protected() -> None:
    index = BenchmarkIndex.build(DecontaminationSettings())
    assert index.overlaps(TRAM) == ()
    assert index.counts == {}


def test_the_hash_follows_the_files_and_the_limits(settings: DecontaminationSettings, tmp_path: Path) -> None:
    hashes = {BenchmarkIndex.build(settings).hash, index_hash(settings)}
    hashes.add(
        index_hash(settings.model_copy(update={"benchmark_review": "reject", "exact": "off"}))
    )  # a policy on what was found
    assert len(hashes) == 1
    hashes.add(BenchmarkIndex.build(settings.model_copy(update={"masked_jaccard": 0.7})).hash)
    (tmp_path / "trams.jsonl").write_text(json.dumps(ITEMS[0]), encoding="utf-8")
    hashes.add(BenchmarkIndex.build(settings).hash)
    assert len(hashes) == 3


ALIKE = TRAM.replace("How many passengers are then on the tram?", "How many riders does it carry to the next station?")


def test_wording_below_the_threshold_is_kept_for_review(index: BenchmarkIndex) -> None:
    text = ALIKE.replace("48", "90").replace("At the museum 17 of them", "By noon 31 of these")
    (overlap,) = index.overlaps(text)
    assert (overlap.item, overlap.rule) == ("tram", "review")
    assert 0.4 <= overlap.score < 0.6


def evidence(rule: str, score: float = 0.5) -> Overlap:
    return Overlap(benchmark="trams", item=rule, rule=rule, score=score, matched_text="a tram")


POLICIES = {
    "recorded": ("record", ("review",), Outcome.PASS, None),
    "held back": ("unknown", ("review",), Outcome.UNKNOWN, Reason.BENCHMARK_REVIEW),
    "rejected": ("reject", ("review",), Outcome.FAIL, Reason.BENCHMARK_OVERLAP),
    "certain beside it": ("record", ("review", "masked"), Outcome.FAIL, Reason.BENCHMARK_OVERLAP),
    "certain, held back": ("unknown", ("review", "exact"), Outcome.FAIL, Reason.BENCHMARK_OVERLAP),
    "nothing": ("unknown", (), Outcome.PASS, None),
}


@pytest.mark.parametrize(("review", "rules", "outcome", "reason"), POLICIES.values(), ids=POLICIES.keys())
def test_what_becomes_of_what_needs_review_is_a_policy(
    review: str, rules: tuple[str, ...], outcome: Outcome, reason: Reason | None
) -> None:
    settings = DecontaminationSettings(benchmark_review=review)  # type: ignore[arg-type]
    verdict, _ = apply_overlap_rules([evidence(rule) for rule in rules], settings, stage="reverse")
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_a_rejection_names_the_nearest_item() -> None:
    found = [evidence("review"), evidence("exact", 1.0), evidence("ngram", 0.75)]
    verdict, _ = apply_overlap_rules(found, DecontaminationSettings(), stage="reverse")
    assert verdict.detail == "trams exact: exact 1.00 and 1 more"


def test_an_index_is_made_once_for_all_that_share_a_folder(settings: DecontaminationSettings, tmp_path: Path) -> None:
    made = BenchmarkIndex.build(settings)
    file = tmp_path / "index.npz"
    made.save(file)
    restored = BenchmarkIndex.restore(file, settings)
    assert restored is not None
    assert (restored.hash, restored.counts) == (made.hash, made.counts)
    for text in (TRAM, FIRST_HALF, ALIKE, SHORT, *(text for text, _, _ in OVERLAPPING.values()), *APART.values()):
        assert restored.overlaps(text, "28") == made.overlaps(text, "28")


def test_a_second_task_finds_the_index_of_the_first(settings: DecontaminationSettings, tmp_path: Path) -> None:
    folder = tmp_path / "indexes"
    assert benchmark_index(settings, folder).overlaps(TRAM)
    (file,) = folder.iterdir()
    assert file.stem == index_hash(settings)
    written = file.stat().st_mtime_ns
    benchmark_index.cache_clear()  # as in another process
    assert benchmark_index(settings, folder).overlaps(TRAM)
    assert file.stat().st_mtime_ns == written


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [_cut, _flip, lambda data: b"", lambda data: b"no index"], ids=["cut off", "a bit", "empty", "other"]
)
def test_a_damaged_index_is_made_again(
    settings: DecontaminationSettings, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    benchmark_index.cache_clear()
    benchmark_index(settings, tmp_path / "indexes")
    (file,) = (tmp_path / "indexes").iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    benchmark_index.cache_clear()
    assert benchmark_index(settings, tmp_path / "indexes").overlaps(TRAM)
    assert len(file.read_bytes()) == len(whole)


def test_the_index_of_other_settings_is_not_taken(settings: DecontaminationSettings, tmp_path: Path) -> None:
    BenchmarkIndex.build(settings).save(tmp_path / "index.npz")
    other = settings.model_copy(update={"masked_jaccard": 0.7})
    assert BenchmarkIndex.restore(tmp_path / "index.npz", other) is None
    assert BenchmarkIndex.restore(tmp_path / "none.npz", settings) is None


def test_a_folder_protects_all_public_benchmarks(tmp_path: Path) -> None:
    own = BenchmarkSettings(name="math", path="elsewhere.jsonl")
    settings = DecontaminationSettings(folder=str(tmp_path), benchmarks=(own,))
    names = [benchmark.name for benchmark in settings.protected]
    assert sorted(names) == sorted(name for name, *_ in PUBLIC_BENCHMARKS)
    assert settings.protected[0] == own
    with pytest.raises(SourceError, match=r"elsewhere\.jsonl cannot be read"):
        index_hash(settings)
    with pytest.raises(SourceError, match=r"gsm8k/test\.jsonl cannot be read"):
        BenchmarkIndex.build(DecontaminationSettings(folder=str(tmp_path)))


def test_a_name_on_the_hub_needs_a_revision() -> None:
    benchmark = BenchmarkSettings(name="far", path="nobody/nothing", format="huggingface")
    with pytest.raises(SourceError, match="needs a revision"):
        list(read_benchmark(benchmark))
    with pytest.raises(SourceError, match="needs a revision"):
        index_hash(DecontaminationSettings(benchmarks=(benchmark,)))


def test_a_review_band_above_its_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="review_jaccard is above masked_jaccard"):
        DecontaminationSettings(review_jaccard=0.7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $1,234.50!", ["it", "costs", "1234.5"]),
        ("\\left( \\dfrac{1}{2} \\right) \\cdot x", ["1", "/", "2", "x"]),
        ("\\text{Anna's} two-thirds", ["annas", "2", "/", "3"]),
        ("\u2460 \uff11\uff12 3\u22124", ["1", "12", "3", "-", "4"]),
        ("10{,}000", ["10000"]),
        ("(1,200)", ["1200"]),
        ("1,2,3", ["1", "2", "3"]),
    ],
    ids=["money", "latex", "apostrophe", "wide digits", "latex comma", "thousands", "a list"],
)
def test_words_are_blind_to_layout(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so #### 1,200", "1200"),
        ("so $\\boxed{\\frac{1}{2}}$.", "1/2"),
        ("0.50", "1/2"),
        ("3/6", "1/2"),
        ("1/0", "1 / 0"),
    ],
    ids=["gsm8k", "boxed", "decimal", "fraction", "by zero"],
)
def test_a_final_answer_has_one_spelling(text: str, expected: str) -> None:
    assert final_answer(text) == expected


def write(path: Path, rows: list[dict[str, object]]) -> None:
    match path.suffix:
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        case ".csv":
            lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
            path.write_text("\n".join(lines), encoding="utf-8")
        case ".json":
            path.write_text(json.dumps(rows), encoding="utf-8")
        case _:
            path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.parquet", "parquet"), ("a.csv", "csv"), ("a.json", "json"), ("a.jsonl.gz", "jsonl")],
    ids=["parquet", "csv", "json", "packed jsonl"],
)
def test_every_format_gives_the_same_items(tmp_path: Path, name: str, kind: str) -> None:
    rows: list[dict[str, object]] = [{"q": "One, two?", "a": "3", "n": "x1"}, {"q": "Four\nfive", "a": "9", "n": "x2"}]
    write(tmp_path / name, rows)
    columns = {"problem_column": "q", "answer_column": "a", "id_column": "n"}
    settings = BenchmarkSettings.model_validate({"name": "b", "path": str(tmp_path / name), "format": kind, **columns})
    read = [(item.key, item.problem, item.answer) for item in read_benchmark(settings)]
    assert read == [("x1", "One, two?", "3"), ("x2", "Four\nfive", "9")]


BROKEN = {
    "broken JSON": ("jsonl", b'{"problem": "a"}\n{"problem": "b"\n', "record 2 .*: not JSON"),
    "not UTF-8 in JSONL": ("jsonl", b'{"problem": "a"}\n{"problem": "\xff"}\n', "record 2 .* not UTF-8"),
    "a number alone": ("jsonl", b'{"problem": "a"}\n\n7\n', "record 2 .*: a int, not a record"),
    "no such column": ("jsonl", b'{"question": "a"}\n', "no text under 'problem' in record 1"),
    "an empty problem": ("jsonl", b'{"problem": "a"}\n{"problem": " "}\n', "no text under 'problem' in record 2"),
    "a problem that is no text": ("json", b'[{"problem": "a"}, {"problem": 7}]', "no text under 'problem' in record 2"),
    "JSON cut off": ("json", b'[{"problem": "a"},\n', "not valid JSON: .* line 2"),
    "not UTF-8 in JSON": ("json", b'[\n{"problem": "\xff"}]', "record 1 .* not UTF-8"),
    "nested beyond reason": ("json", b"[" * 100_000, "not valid JSON"),
    "nothing": ("jsonl", b"\n", "holds no record"),
    "a short row": ("csv", b"problem,answer\na,1\nb\n", "record 2 .* 1 cells under a header of 2"),
    "not UTF-8 in CSV": ("csv", b"problem\na\n\xff\n", "record 2 .* not UTF-8"),
    "an open quote": ("csv", b'problem\n"a', "record 1 .*: not CSV"),
    "no Parquet": ("parquet", b"problem", "cannot be read as parquet"),
}


@pytest.mark.parametrize(("kind", "content", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_a_malformed_benchmark_is_an_error_that_names_the_place(
    tmp_path: Path, kind: str, content: bytes, message: str
) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    settings = BenchmarkSettings.model_validate({"name": "b", "path": str(path), "format": kind})
    with pytest.raises(SourceError, match=message) as error:
        list(read_benchmark(settings))
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["missing.jsonl", "."], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_benchmark(BenchmarkSettings(name="b", path=str(tmp_path / name))))


@pytest.mark.parametrize("column", ["answer_column", "id_column"])
def test_a_column_that_is_not_there_is_an_error(tmp_path: Path, column: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"problem": "a"}', encoding="utf-8")
    settings = BenchmarkSettings.model_validate({"name": "b", "path": str(tmp_path / "a.jsonl"), column: "gone"})
    with pytest.raises(SourceError, match="There is no 'gone' in record 1"):
        list(read_benchmark(settings))
