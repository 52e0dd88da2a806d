"""The site is built as `make site` builds it: without a warning, whole, and so that no page needs another host."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FORGE = "https://forge.invalid/caco/blob/main"
OPTIONS = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "-b", "html")
FETCHED = {
    "script",
    "img",
    "source",
    "iframe",
    "audio",
    "video",
    "embed",
    "object",
    "use",
    "image",
}  # by what they name
CSS_ADDRESS = re.compile(r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""")


def build(folder: Path, *more: str) -> Path:
    """Builds the site into a folder; any warning is an error."""
    doctrees = ("--doctree-dir", str(folder / "doctrees"))
    command = [sys.executable, "-m", "sphinx", *OPTIONS, *more, *doctrees, str(DOCS), str(folder / "html")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built where nobody names the repository's address."""
    return build(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def settings() -> ModuleType:
    """`docs/conf.py`."""
    spec = importlib.util.spec_from_file_location("docs_conf", DOCS / "conf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages() -> list[str]:
    """Every page, by its path below `docs/` without suffix; the README is the index of both readers."""
    found = [path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")]
    return sorted(page for page in found if page != "README" and not page.startswith("_build/"))


class Addresses(HTMLParser):
    """What a page has its reader fetch, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value for name, value in attrs if value}
        if tag == "a":
            self.links.append(named.get("href", ""))
        elif (
            tag == "link"
            and "stylesheet preload prefetch icon preconnect dns-prefetch".find(named.get("rel", "?")) >= 0
        ):
            self.fetched.append(named.get("href", ""))
        elif tag in FETCHED:
            self.fetched += [named[name] for name in ("src", "srcset", "href", "data", "poster") if name in named]
        self.fetched += CSS_ADDRESS.findall(named.get("style", ""))


def addresses(path: Path) -> Addresses:
    """Reads one built page."""
    reader = Addresses()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def elsewhere(found: list[str]) -> list[str]:
    """Those addresses that are of another host."""
    return [address for address in found if re.match(r"(?i)\s*(?:[a-z]+:)?//", address)]


def test_every_page_is_built_and_reached_from_the_table_of_contents(site: Path) -> None:
    contents = re.search(
        r'<nav class="bd-docs-nav.*?</nav>', (site / "commands.html").read_text(encoding="utf-8"), re.DOTALL
    )
    assert contents is not None
    linked = set(re.findall(r'href="([^"#]+)\.html"', contents[0])) | {"commands", "index"}
    decisions = {page for page in pages() if page.startswith("decisions/0")}
    assert len(decisions) >= 20
    assert set(pages()) - decisions <= linked
    assert {
        f"decisions/{link}"
        for link in re.findall(r'href="(0[^"#/]+)\.html"', (site / "decisions/README.html").read_text())
    } >= decisions
    assert [page for page in pages() if not (site / f"{page}.html").is_file()] == []


def test_no_page_asks_another_host_for_anything(site: Path) -> None:
    built = list(site.rglob("*.html"))
    assert len(built) > len(pages())  # and the search
    assert {path.name: found for path in built if (found := elsewhere(addresses(path).fetched))} == {}


def test_no_style_and_no_picture_asks_another_host_for_anything(site: Path) -> None:
    styles = [*site.rglob("*.css"), *site.rglob("*.svg")]
    assert len(styles) > 3
    found = {path.name: CSS_ADDRESS.findall(path.read_text(encoding="utf-8")) for path in styles}
    assert {name: hosts for name, hosts in found.items() if hosts} == {}


def test_what_a_page_fetches_is_there(site: Path) -> None:
    def missing() -> Iterator[str]:
        for path in set(site.rglob("*.html")) - set(
            (site / "_static").rglob("*.html")
        ):  # there lie the theme's templates
            for address in addresses(path).fetched:
                local = address.partition("?")[0].partition("#")[0]
                if local and not local.startswith("data:") and not (path.parent / local).is_file():
                    yield f"{path.name}: {address}"

    assert list(missing()) == []


def test_a_request_to_another_host_would_be_seen() -> None:
    reader = Addresses()
    reader.feed(
        '<script src="https://a.invalid/x.js"></script><link rel="stylesheet" href="//b.invalid/x.css">'
        '<img src="_static/x.png"><p style="background: url(https://c.invalid/x.png)"><a href="https://d.invalid">d</a>'
    )
    assert [address.split("/")[2] for address in elsewhere(reader.fetched)] == ["a.invalid", "b.invalid", "c.invalid"]


def test_a_link_to_a_file_of_the_repository_is_words_where_no_address_is_named(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    assert re.search(r'<span class="file">(<[^>]+>)?CONTRIBUTING<', index)
    assert not (site / "_downloads").exists()
    assert [link for link in addresses(site / "index.html").links if link.startswith("..")] == []


def test_a_link_to_a_file_of_the_repository_leads_to_the_address_that_is_named(tmp_path: Path) -> None:
    built = build(tmp_path, "-D", f"source_url={FORGE}/")
    assert f"{FORGE}/CONTRIBUTING.md" in addresses(built / "index.html").links


def test_a_link_that_is_called_by_the_name_of_a_page_gets_its_title(site: Path) -> None:
    index = re.sub(r"<[^>]+>", "", (site / "index.html").read_text(encoding="utf-8"))
    assert "Quick start" in index
    assert re.findall(r"\b[\w/]+\.md\b", index) == []


def test_no_page_that_people_read_in_the_repository_holds_a_directive() -> None:
    held = [
        path
        for path in DOCS.rglob("*.md")
        if re.search(r"^(```|:::)\{", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert [path.name for path in held] == ["index.md"]


def test_the_contents_are_the_tables_of_an_index_in_their_order(settings: ModuleType) -> None:
    text = (
        "# Title\n\n[a](before.md)\n\n## One\n\n| page |\n|---|\n| [b.md](b.md) | is |\n| [c](../c.md) | is not |\n"
        "\n## Two\n\nWords.\n\n## Three\n\n| page |\n|---|\n| [d](folder/d.md) | see [b](b.md) |\n"
    )
    assert list(settings.contents(text)) == [("One", ["b"]), ("Three", ["folder/d"])]
