"""How `make site` builds the pages of this folder with Sphinx. GitHub shows the same files as they are.

No page holds a directive of Sphinx: the table of contents follows from the tables of `README.md`, and of
`decisions/README.md`, so that both readers have the same order. `docs/decisions/0020-the-site.md` says why.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

DOCS = Path(__file__).parent
ROOT = DOCS.parent
CONTENTS = {"index": DOCS / "README.md", "decisions/README": DOCS / "decisions" / "README.md"}  # by page

project = "Caco"
extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["_build", "README.md"]  # the README is what `index` includes
templates_path = ["_templates"]
myst_heading_anchors = 4

html_theme = "pydata_sphinx_theme"
html_title = "Caco"
html_sidebars = {"**": ["contents.html"]}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_center": [],  # the sidebar has all pages
    "secondary_sidebar_items": ["page-toc"],
    "primary_sidebar_end": [],
    "footer_start": [],
    "footer_end": [],
}

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| \[[^\]]+\]\(([\w./-]+)\.md\)", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx: what this site does beyond its settings."""
    app.add_config_value(
        "source_url", "", "html", str, "Where the repository's files can be read, such as .../blob/main."
    )
    app.connect("source-read", add_contents)
    app.add_transform(PageLinks)
    return {"parallel_read_safe": True}


def add_contents(_: Sphinx, docname: str, source: list[str]) -> None:
    """Adds to a page of `CONTENTS` the tables of contents that Sphinx reads."""
    if docname in CONTENTS:
        blocks = [
            "\n".join(["```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```"])
            for title, pages in contents(CONTENTS[docname].read_text(encoding="utf-8"))
        ]
        source[0] = "\n\n".join([source[0], *blocks])


def contents(text: str) -> Iterator[tuple[str, list[str]]]:
    """The sections of an index and the pages that their tables name; files beside the folder are none.

    >>> list(contents("## Start\\n\\n| page |\\n|---|\\n| [quickstart.md](quickstart.md) | what to type |"))
    [('Start', ['quickstart'])]
    """
    _, *parts = _SECTION.split(text)
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        pages = [page for page in _ROW.findall(body) if not page.startswith("../")]
        if pages:
            yield title, pages


class PageLinks(SphinxTransform):
    """Links that stand for a file, as they do in the repository, as a reader of the site wants them.

    One that is called by the name of its page, such as `ledger.md`, gets the title of where it leads. One to a file that is
    no page leads to `source_url` where that is set; else its words stay alone. Sphinx would copy the file into the site.
    """

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Changes the links of one page."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            self._repair(link, f"{link['reftarget']}.md")  # Sphinx names a page without its suffix
            link["refexplicit"] = not re.fullmatch(r"[\w/-]+\.md", link.astext())
        for link in list(self.document.findall(addnodes.download_reference)):
            self._repair(link, link["reftarget"])

    def _repair(self, link: nodes.Element, name: str) -> None:
        target = (DOCS / self.env.docname).parent.joinpath(name).resolve()
        if target.is_relative_to(ROOT) and not target.is_relative_to(DOCS) and target.is_file():
            address, path = self.config.source_url.rstrip("/"), target.relative_to(ROOT).as_posix()
            new = nodes.reference(refuri=f"{address}/{path}") if address else nodes.inline(classes=["file"])
            new += link.children
            link.replace_self(new)
