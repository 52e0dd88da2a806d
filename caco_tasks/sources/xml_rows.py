"""The records of an XML corpus; documents that could hide entities are refused."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from caco_tasks.errors import SourceError
from caco_tasks.sources.fields import Row


def xml_rows(document: bytes, path: Path) -> Iterator[Row]:
    """One row per element `Problem`: its attributes and the texts of its children, by name.

    Raises:
        SourceError: the document is not valid XML, or declares a document type and with it perhaps entities.
    """

    def refuse_doctype(*_declared: object) -> NoReturn:
        raise SourceError(
            f"The source file {path} declares a document type, which may hide entities: remove the DOCTYPE."
        )

    # expat itself, because ElementTree's own parser cannot be told to refuse a DOCTYPE
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(document, True)
        root = builder.close()
    except (expat.ExpatError, LookupError, ValueError) as exc:  # the latter two of a strange encoding
        raise SourceError(f"The source file {path} is not valid XML: {exc}.") from exc
    return ({**problem.attrib, **{part.tag: part.text or "" for part in problem}} for problem in root.iter("Problem"))
