"""XML files: parse whole, or stream the elements of one tag; texts without markup."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from medsins.corpora._raw import RawFile


def parse_xml(file: RawFile, root: str = "") -> Element:
    """The root element.

    Raises:
        InvalidFile: not well-formed (line and column), or another root than ``root``.
    """
    try:
        element = ElementTree.parse(io.BytesIO(file.read())).getroot()
    except ElementTree.ParseError as error:
        _refuse(file, error)
    if root and element.tag != root:
        file.invalid(f"has the root element <{element.tag}> where <{root}> is expected")
    return element


def stream_xml(file: RawFile, tag: str) -> Iterator[Element]:
    """Each element of a tag as it is read; its content is freed after use, so that memory stays bounded."""
    try:
        with file.open() as stream:
            events = ElementTree.iterparse(stream, events=("start", "end"))
            _, root = next(events)
            for event, element in events:
                if event == "end" and element.tag == tag:
                    yield element
                    element.clear()
                    root.clear()
    except ElementTree.ParseError as error:
        _refuse(file, error)


def text_of(element: Element | None) -> str:
    """The element's text with that of all elements in it, as it stands; empty where there is no element."""
    return "" if element is None else "".join(element.itertext())


def _refuse(file: RawFile, error: ElementTree.ParseError) -> None:
    line, column = error.position
    file.invalid(f"is not well-formed XML: {error.msg.split(':')[0]}", f"line {line}, column {column + 1}")
