"""Readers of seed sources: the bundled bank, public datasets as their authors publish them, and tables of any kind.

A reader yields one judged seed per record of its source, in order. A malformed record is a seed that failed with
`unreadable_record` or `no_answer`; only a source that is missing, or is not what it claims to be, is an error.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial

from caco_tasks import __version__
from caco_tasks.config import SourceSettings
from caco_tasks.errors import ConfigError
from caco_tasks.format import offer_nearest
from caco_tasks.records import JudgedRecord, Seed
from caco_tasks.sources.bundled import read_bank
from caco_tasks.sources.code_problems import humaneval, kodcode, mbpp
from caco_tasks.sources.competitions import big_math, deepscaler, math, olympiadbench, omni_math, theoremqa
from caco_tasks.sources.gsm_variations import gsm_plus, gsm_symbolic
from caco_tasks.sources.reading import read_file
from caco_tasks.sources.source_files import content_revision
from caco_tasks.sources.table_files import NO_LICENCE, dataset_revision, read_huggingface, read_table
from caco_tasks.sources.word_problems import asdiv, gsm8k, mathqa, mawps, svamp

Reader = Callable[[SourceSettings], Iterator[JudgedRecord[Seed]]]

READERS: dict[str, Reader] = {
    "bank": read_bank,
    "gsm8k": partial(read_file, to_fields=gsm8k, licence="MIT"),
    "svamp": partial(read_file, to_fields=svamp, licence="MIT"),
    "asdiv": partial(read_file, to_fields=asdiv, licence="CC-BY-NC-4.0", container="xml"),
    "mawps": partial(read_file, to_fields=mawps, licence="MIT"),
    "draw1k": partial(read_file, to_fields=mawps, licence="MIT"),
    "alg514": partial(read_file, to_fields=mawps, licence="MIT"),
    "mathqa": partial(read_file, to_fields=mathqa, licence="Apache-2.0"),
    "math": partial(read_file, to_fields=math, licence="MIT"),
    "deepscaler": partial(read_file, to_fields=deepscaler, licence="MIT"),
    "big_math": partial(read_file, to_fields=big_math, licence=NO_LICENCE),
    "omni_math": partial(read_file, to_fields=omni_math, licence="Apache-2.0"),
    "olympiadbench": partial(read_file, to_fields=olympiadbench, licence="MIT"),
    "theoremqa": partial(read_file, to_fields=theoremqa, licence="MIT"),
    "gsm_plus": partial(read_file, to_fields=gsm_plus, licence="CC-BY-SA-4.0"),
    "gsm_symbolic": partial(read_file, to_fields=gsm_symbolic, licence="LicenseRef-Apple-Sample-Code"),
    "kodcode": partial(read_file, to_fields=kodcode, licence="CC-BY-NC-4.0"),
    "mbpp": partial(read_file, to_fields=mbpp, licence="CC-BY-4.0"),
    "humaneval": partial(read_file, to_fields=humaneval, licence="MIT"),
    "jsonl": partial(read_table, container="json"),
    "parquet": partial(read_table, container="parquet"),
    "csv": partial(read_table, container="csv"),
    "huggingface": read_huggingface,
}

READERS_BY_COLUMNS = ("jsonl", "parquet", "csv", "huggingface")


def read_source(source: SourceSettings) -> Iterator[JudgedRecord[Seed]]:
    """One judged seed per record of `source`, in its order, at most `source.limit`.

    Streams, except that a JSON document and an XML file are parsed whole.

    Raises:
        ConfigError: there is no such reader, or it does not take one of the settings.
        SourceError: the source is missing, damaged, empty, or not what it claims to be.
    """
    if source.reader not in READERS:
        near = offer_nearest(source.reader, READERS)
        raise ConfigError(
            f"The source '{source.name}' names no reader '{source.reader}'{near}: use {', '.join(READERS)}."
        )
    _check_settings(source)
    rows = READERS[source.reader](source)
    # rejects pass: they are counted with their own reason
    highest = source.max_solve_rate
    return (
        rows
        if highest is None
        else (row for row in rows if not row.verdict.kept or _read_solve_rate(row.record) <= highest)
    )


def source_revision(source: SourceSettings) -> str:
    """What names the content of a source: the revision that its settings give, else the hash of its files.

    Raises:
        SourceError: a file cannot be read, or a dataset on the Hub has no revision.
    """
    if source.revision is not None:
        return source.revision
    match source.reader:
        case "bank":
            return __version__  # the bank is part of the package
        case "huggingface":
            return dataset_revision(source)
    return content_revision(source)


def _read_solve_rate(seed: Seed) -> float:
    """How often a model solved the problem, from 0 to 1, by its source; 1 where the source gives no rate."""
    rate = json.loads(seed.annotation or "{}").get("solve_rate")
    return float(rate) if isinstance(rate, int | float) else 1.0


def _check_settings(source: SourceSettings) -> None:
    """Refuses settings that the reader of a source would ignore."""
    ignored = {
        "columns": source.columns and source.reader not in READERS_BY_COLUMNS,
        "path": source.path and source.reader == "bank",
        "subset": source.subset and source.reader != "huggingface",
        "split": source.split and source.reader != "huggingface",
        "max_solve_rate": source.max_solve_rate is not None and source.reader != "big_math",
    }
    for setting, is_ignored in ignored.items():
        if is_ignored:
            raise ConfigError(
                f"The source '{source.name}' sets {setting}, which '{source.reader}' cannot use: remove it."
            )
