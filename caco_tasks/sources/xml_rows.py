"""The records of an XML corpus; documents that could hide entities are refused."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import partial
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
    root = _xml_root(document, path)
    return ({**problem.attrib, **{part.tag: part.text or "" for part in problem}} for problem in root.iter("Problem"))


def _xml_root(document: bytes, path: Path) -> ET.Element:
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = partial(_refuse_doctype, path)
    try:
        parser.Parse(document, True)
        return builder.close()
    except (expat.ExpatError, LookupError, ValueError) as exc:  # the latter two of a strange encoding
        raise SourceError(f"The source file {path} is not valid XML: {exc}.") from exc


def _refuse_doctype(path: Path, *_declared: object) -> NoReturn:
    raise SourceError(f"The source file {path} declares a document type, which may hide entities: remove the DOCTYPE.")
