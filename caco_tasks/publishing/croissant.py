"""What a dataset is, in the form of Croissant (https://docs.mlcommons.org/croissant/docs/croissant-spec.html, version 1.0).

Search engines and loaders read it without knowing this platform: files with their hashes, and every column with its type and
meaning. `croissant.json` lies beside the files that it names, so it holds for a copy of the folder, too.
"""

import hashlib
import json
from typing import Any

import pyarrow as pa

from caco_tasks.publishing.dataset_row import COLUMNS, SCHEMA
from caco_tasks.store import Store
from caco_tasks.store.registry import DatasetRecord, dataset_folder

FILE = "croissant.json"
PARQUET = "application/x-parquet"
PAPER = "arXiv:2510.04081, Caco: Scaling Code-Assisted Chain-of-Thoughts and Instructions"
TYPES = {pa.string(): "sc:Text", pa.int64(): "sc:Integer", pa.float64(): "sc:Float"}

# the context that the specification asks every file to repeat
_TERMS = (
    "citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    **{term: f"cr:{term}" for term in _TERMS},
}


def croissant(record: DatasetRecord) -> dict[str, Any]:
    """The metadata of a dataset as JSON-LD."""
    licence = record.facts.get("licence")
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": record.dataset,
        "alternateName": f"{record.dataset}/{record.version}",  # the specification wants `version` as three numbers
        "description": (
            f"{record.rows} problems with a chain of thought, the program behind it and the answer that both give, "
            f"for {record.partition}. Made by Caco {record.code_version}."
        ),
        "url": f"caco://datasets/{record.dataset}/{record.version}",
        "license": f"https://spdx.org/licenses/{licence}"
        if licence and " " not in licence
        else licence or "NOASSERTION",
        "citeAs": PAPER,
        "inLanguage": "en",
        "distribution": [*_files(record), _all_files()],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "default",
                "name": "default",
                "key": {"@id": "default/sample_id"},
                "field": [_field(column) for column in SCHEMA],
            }
        ],
    }


def put_croissant(store: Store, record: DatasetRecord) -> DatasetRecord:
    """Writes the metadata beside the files of a dataset; returns its manifest with their hash, which is still to be written.

    Raises:
        StoreError: the store cannot be used.
    """
    data = json.dumps(croissant(record), indent=1, ensure_ascii=False).encode()
    store.put(f"{dataset_folder(record.dataset, record.version)}/{FILE}", data)
    return record.model_copy(update={"facts": {**record.facts, "croissant_sha256": hashlib.sha256(data).hexdigest()}})


def _files(record: DatasetRecord) -> list[dict[str, Any]]:
    names = [file.uri.rpartition("/")[2] for file in record.files]
    return [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{file.bytes} B",
            "encodingFormat": PARQUET,
            "sha256": file.sha256,
        }
        for name, file in zip(names, record.files, strict=True)
    ]


def _all_files() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": "rows",
        "name": "rows",
        "encodingFormat": PARQUET,
        "includes": "train-*.parquet",
    }


def _field(column: pa.Field) -> dict[str, Any]:
    is_list = pa.types.is_list(column.type)
    return {
        "@type": "cr:Field",
        "@id": f"default/{column.name}",
        "name": column.name,
        "description": COLUMNS[column.name],
        "dataType": TYPES[column.type.value_type if is_list else column.type],
        **({"repeated": True} if is_list else {}),
        "source": {"fileSet": {"@id": "rows"}, "extract": {"column": column.name}},
    }
