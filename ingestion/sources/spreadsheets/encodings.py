"""Find out which characters the bytes of a CSV file stand for: UTF-8, or what Excel writes in Poland and Germany."""

import codecs
import re
from pathlib import Path

from ingestion.faults import Fault

CENTRAL, WESTERN = "cp1250", "cp1252"
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
POLISH_LETTERS = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
# The same bytes are ¹ ³ ¿ £ ¥ ¯ in the West, where none of them stands within a word, nor ³ and £ before one.
SURELY_POLISH = re.compile(r"(?<=[^\W\d_])[ąłżĄŁŻ](?=[^\W\d_])|\b[łŁ](?=[^\W\d_])")


def encoding_of(path: Path) -> str:
    """The encoding of a text file, by name.

    Polish and German letters are told apart where it matters: most bytes mean the same in both of Excel's encodings.
    Raises Fault, with the line, where a byte may be one letter or another.
    """
    with path.open("rb") as file:
        begins = file.read(3)
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if begins.startswith(mark):
                return encoding
        file.seek(0)
        odd_lines = []
        for line, content in enumerate(file, start=1):
            if b"\0" in content:
                raise Fault(f"{path}, line {line}: is no text that can be read; save the file as 'CSV UTF-8'.")
            if not _is_utf8(content):
                odd_lines.append((line, content))
    if not odd_lines:
        return "utf-8"
    doubtful = [(line, central) for line, content in odd_lines if (central := _doubtful(content))]
    if not doubtful:
        return WESTERN if all(_decoded(content, WESTERN) for _, content in odd_lines) else CENTRAL
    if all(_is_polish(content) for _, content in odd_lines) and any(SURELY_POLISH.search(text) for _, text in doubtful):
        return CENTRAL
    raise Fault(
        f"{path}, line {doubtful[0][0]}: is not UTF-8 text, and its letters may be Western or Central European; save "
        f"the file as 'CSV UTF-8'."
    )


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _doubtful(content: bytes) -> str | None:
    """The line in Central European letters, if it would be another one in Western letters."""
    central = content.decode(CENTRAL, "replace")
    return central if central != content.decode(WESTERN, "replace") else None


def _is_polish(content: bytes) -> bool:
    """Whether all that differs between the two encodings is Polish in one of them."""
    pairs = zip(content.decode(CENTRAL, "replace"), content.decode(WESTERN, "replace"), strict=True)
    return all(central in POLISH_LETTERS for central, western in pairs if central != western)


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None
