"""What a page holds, before it is drawn: the sentence, the cards, the charts and tables behind them.

A view makes a `Page` out of a frame and draws nothing itself. So the same content goes onto the screen, into the
meeting pack and into files, and a test can read it without a screen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Card:
    """One headline number.

    `pill` says what stands beside it, `compared` with what; `tone` is good, bad, warning or plain, and `arrow` whether
    the pill tells of a rise or a fall. `meaning` is the definition, one click away. `trend` are its latest months.
    """

    label: str
    value: str
    pill: str | None = None
    compared: str | None = None
    tone: str = "plain"
    arrow: bool = False
    meaning: str | None = None
    trend: Sequence[float] = ()


@dataclass(frozen=True)
class NextStep:
    """What to do next: a text and the page that helps, by its address."""

    text: str
    page: str


@dataclass(frozen=True)
class Chart:
    """A chart with the rows behind it, which can be saved as they are.

    `title` states what it shows, `note` how to read it: kind, unit and period. `alt` says it to who cannot see it.
    `choices` are the keys of the choices drawn on top of it, `width` its least width in rem before it scrolls. Where
    there is something `behind` its marks, it makes the table of one of them out of the `code` that the mark's row has.
    """

    key: str
    title: str
    note: str
    spec: Mapping
    alt: str
    rows: pd.DataFrame
    choices: Sequence[str] = ()
    footnote: str = ""
    width: int | None = None
    behind: "Callable[[str], Table | Words] | None" = None


@dataclass(frozen=True)
class Table:
    """A table of finished texts, which may hold Markdown, and the rows behind it, which can be saved as they are.

    `numbers` are aligned to the right, `unbroken` columns stay on one line, `wide` ones have room to read. Where
    `opens` names a page's address, each row leads there with the parameters of `links`, one mapping a row. `width` is
    the least width in rem before it scrolls. `next_steps` stand below it.
    """

    key: str
    title: str
    note: str
    texts: pd.DataFrame
    rows: pd.DataFrame
    alt: str
    numbers: Sequence[str] = ()
    unbroken: Sequence[str] = ()
    wide: Sequence[str] = ()
    choices: Sequence[str] = ()
    footnote: str = ""
    opens: str | None = None
    links: Sequence[Mapping[str, str]] = ()
    next_steps: Sequence[NextStep] = ()
    is_folded: bool = False
    width: int = 46


@dataclass(frozen=True)
class Words:
    """A card that says something: why there is no chart, or what is to be known. `text` is Markdown."""

    key: str
    title: str
    note: str
    text: str
    choices: Sequence[str] = ()


Block = Chart | Table | Words
Row = Block | Sequence[tuple[int, Block]]


@dataclass(frozen=True)
class Page:
    """A page's content. `rows` makes its blocks from top to bottom: one alone, or several side by side by weight.

    They are made once sentence and cards stand there: who opens the page for its number need not wait for the charts.
    `choices` are the keys of the choices that stand above all of it.
    """

    sentence: str
    cards: Sequence[Card] = ()
    rows: Callable[[], Sequence[Row]] = tuple
    next_steps: Sequence[NextStep] = ()
    choices: Sequence[str] = ()
    remarks: Sequence[str] = ()

    @property
    def blocks(self) -> list[Block]:
        """All blocks in order."""
        return [
            block for row in self.rows() for block in ([row] if isinstance(row, Block) else [part for _, part in row])
        ]


@dataclass(frozen=True)
class State:
    """Why there is nothing to show, and what makes it: 'Nothing matches', 'Not connected: needs …'."""

    title: str
    next_step: str
    icon: str = ":material/hourglass_empty:"
    can_widen: bool = False
