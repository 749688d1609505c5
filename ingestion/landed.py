"""Files that others drop into a folder and go on writing: which there are, and their whole lines from a place on."""

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ingestion.faults import Fault

HEAD_BYTES = 1_024
# So deep no event is meant to be; what goes through one value after another would have no end to its stack.
DEEPEST = 100


@dataclass(frozen=True)
class Place:
    """How far a file has been read: `read_to` bytes of its unpacked content, which ended `line_count` lines.

    `size` is that of the file on disk when it was read to its end, None amid it. `head` is a hash of its first bytes,
    by which the file that lies under the name later is known to be the same.
    """

    size: int | None = None
    read_to: int = 0
    line_count: int = 0
    head: str = ""


@dataclass(frozen=True)
class Line:
    """A line with its number from 1, and the place after it; where the file is damaged, `content` is None."""

    number: int
    content: bytes | None
    place: Place


class NoJson(ValueError):
    """Why a line cannot be read as JSON, in words that follow on what it is (`is not JSON`) and tell no value."""


def json_of(content: bytes) -> Any:
    """What a line of JSON holds. Raises NoJson, also where of two values under one name one would be lost."""
    try:
        value = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_each_once)
    except RecursionError as error:
        raise NoJson("is nested too deeply") from error
    except NoJson:
        raise
    except ValueError as error:
        raise NoJson("is not JSON") from error
    # As deep as it has brackets at most: only few lines need a closer look.
    if content.count(b"[") + content.count(b"{") > DEEPEST and _is_deep(value):
        raise NoJson("is nested too deeply")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NoJson("has one name twice")
    return found


class LandedFile:
    """A file of a landing folder, as it is now. Raises FileNotFoundError where it has just gone.

    When its lines have been read, `is_unfinished` says whether it ends amid one.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self.name = path.relative_to(folder).as_posix()
        self.path = path
        self.size = path.stat().st_size
        self.is_unfinished = False

    def place_from(self, noted: Place) -> Place:
        """Where to go on: the noted place, or the beginning where another file lies under the name by now."""
        length, _, _ = noted.head.partition(":")
        is_same = length.isdigit() and int(length) <= self.size and self._head(int(length)) == noted.head
        if not is_same or (not self._is_packed and noted.read_to > self.size):
            return Place(head=self._head(HEAD_BYTES))
        return noted

    def has_news(self, place: Place) -> bool:
        """Whether anything may have been written since."""
        return place.size != self.size

    def lines(self, place: Place) -> Iterator[Line]:
        """The whole lines after a place; one that is still being written waits for the next load. Raises Fault."""
        try:
            yield from self._lines(place)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Fault(f"{self.path}: cannot be read ({error.strerror}); let Funnelhouse's user read it.") from error

    def end(self, place: Place) -> Place:
        """The place after the last line that was read."""
        return Place(self.size, place.read_to, place.line_count, self._head(HEAD_BYTES))

    @property
    def _is_packed(self) -> bool:
        return self.name.lower().endswith(".gz")

    def _lines(self, place: Place) -> Iterator[Line]:
        read_to, line_count = place.read_to, place.line_count
        with self._opened() as file:
            try:
                file.seek(read_to)
                for content in file:
                    is_ended = content.endswith(b"\n")
                    if not is_ended and not _is_object(content):
                        self.is_unfinished = True
                        return
                    read_to += len(content)
                    line_count += is_ended
                    number = line_count + (not is_ended)
                    yield Line(number, content, Place(None, read_to, line_count, place.head))
            except EOFError:  # it is still being packed
                self.is_unfinished = True
            except (gzip.BadGzipFile, zlib.error):
                yield Line(line_count + 1, None, Place(None, read_to, line_count, place.head))

    def _opened(self) -> IO[bytes]:
        return gzip.open(self.path) if self._is_packed else self.path.open("rb")

    def _head(self, length: int) -> str:
        with self.path.open("rb") as file:
            first = file.read(min(length, self.size))
        return f"{len(first)}:{hashlib.sha256(first).hexdigest()}"


def landed_files(folder: Path, names: re.Pattern[str]) -> Iterator[LandedFile]:
    """The files of such names in a folder and those within it, in the order of their names."""
    for path in _visible_files(folder):
        if names.fullmatch(path.name):
            try:
                yield LandedFile(folder, path)
            except FileNotFoundError:  # rotated away since; its lines come under another name
                continue


def other_files(folder: Path, names: re.Pattern[str]) -> list[str]:
    """What else lies there and is not read."""
    return [path.relative_to(folder).as_posix() for path in _visible_files(folder) if not names.fullmatch(path.name)]


def check_name(path: Path) -> None:
    """Raises Fault where a file's name is no text: it could neither be noted nor shown."""
    told = os.fsencode(path).decode(errors="replace")
    if told != str(path):
        raise Fault(f"{told}: its name is not in UTF-8; rename it.")


def _visible_files(folder: Path) -> list[Path]:
    """All but hidden ones, such as what a copying program writes before it gives the file its name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    shown = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    for path in shown:
        check_name(path)
    return sorted(shown, key=lambda path: path.relative_to(folder).as_posix())


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _is_object(content: bytes) -> bool:
    """Whether a last line without its end is whole: half of a JSON object is none."""
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False
