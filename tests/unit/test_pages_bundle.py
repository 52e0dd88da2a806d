"""The built pages that are committed: made of the sources that are committed, small, and asking no other host."""

import gzip
import hashlib
import json
import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "plugins" / "caco" / "www"
BUNDLE = PAGES / "dist"
MAX_FIRST_BYTES = 600_000  # packed: what is loaded before a page shows
BUILT_OF = ("package-lock.json", "vite.config.ts")
REBUILD = "run `make pages`"


def test_the_bundle_is_built_of_the_sources_beside_it() -> None:
    sources = [str(path.relative_to(PAGES)) for path in (PAGES / "src").rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for name in sorted([*BUILT_OF, *sources]):
        digest.update(f"{name}\n".encode() + (PAGES / name).read_bytes() + b"\n")
    assert json.loads((BUNDLE / "manifest.json").read_text())["sources"] == digest.hexdigest(), REBUILD


def test_the_first_file_is_there_and_small() -> None:
    main = BUNDLE / json.loads((BUNDLE / "manifest.json").read_text())["main"]
    statically_imported = re.findall(rb'(?:from|import)"\./([\w.-]+\.js)"', main.read_bytes())
    parts = [main, *(BUNDLE / name.decode() for name in statically_imported)]
    assert sum(len(gzip.compress(part.read_bytes())) for part in parts) < MAX_FIRST_BYTES


def test_every_name_but_the_manifests_holds_a_hash_so_that_a_browser_may_keep_the_file() -> None:
    names = {path.name for path in BUNDLE.rglob("*") if path.is_file()} - {"manifest.json"}
    assert {name for name in names if not re.search(r"-[A-Za-z0-9_-]{8}\.(js|css|woff2)$", name)} == set()


def test_no_source_is_longer_than_300_lines() -> None:
    lengths = {
        path.relative_to(PAGES): len(path.read_text().splitlines())
        for path in (PAGES / "src").rglob("*.ts*")
        if path.name != "schema.ts"  # generated
    }
    assert {path: length for path, length in lengths.items() if length > 300} == {}
