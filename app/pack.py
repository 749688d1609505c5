"""The meeting pack: chosen pages as one PDF, with sentence, numbers, charts and tables as they stand on the screen."""

from collections.abc import Sequence
from io import BytesIO

import pandas as pd
from fpdf import FPDF
from fpdf.fonts import FontFace

from app import charts, formatting
from app.content import Card, Chart, Page, State, Table, Words
from app.formatting import unmarked
from app.languages import _

FONT = "Source Sans"
INK, MUTED, LINE, BLUE = (23, 32, 51), (91, 101, 117), (221, 226, 234), (31, 78, 158)
TONES = {"good": (11, 122, 94), "bad": (179, 57, 11), "warning": (107, 67, 0), "plain": MUTED}
MARGIN, GAP = 12, 4  # millimetres
SHOWN_ROWS = 15


class _Document(FPDF):
    """A4 across, with the day of the numbers and the page number at the foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(orientation="landscape", unit="mm", format="A4")
        folder = charts.font_folder()
        self.add_font(FONT, "", folder / "SourceSansPro-Regular.ttf")
        self.add_font(FONT, "B", folder / "SourceSansPro-Semibold.ttf")
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 4)
        self.foot = foot

    def footer(self) -> None:
        self.set_y(-MARGIN)
        self.write_line(f"{self.foot} · {self.page_no()}", 8, MUTED, align="R")

    def write_line(
        self, text: str, size: float, colour: tuple[int, int, int], style: str = "", align: str = "L"
    ) -> None:
        """A paragraph over the whole width."""
        self.set_font(FONT, style, size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.48, unmarked(text), align=align, new_x="LMARGIN", new_y="NEXT")


def pdf(pages: Sequence[tuple[str, Page | State]], subtitle: str) -> bytes:
    """The pages by their titles as a PDF. `subtitle` says of which period and filters it is, and as of when."""
    document = _Document(f"Funnelhouse · {unmarked(subtitle)}")
    document.set_title("Funnelhouse")
    document.set_creator("Funnelhouse")
    for title, page in pages:
        document.add_page()
        document.write_line(title, 18, INK, "B")
        document.write_line(subtitle, 9, MUTED)
        document.ln(2)
        if isinstance(page, State):
            document.write_line(page.title, 12, INK, "B")
            document.write_line(page.next_step, 10, INK)
            continue
        document.write_line(formatting.sentence_case(page.sentence), 12, INK, "B")
        document.ln(2)
        _write_cards(document, page.cards)
        for row in page.rows():
            _write_row(document, [(1, row)] if isinstance(row, Chart | Table | Words) else row)
    return bytes(document.output())


def _write_cards(document: _Document, cards: Sequence[Card]) -> None:
    if not cards:
        return
    width = (document.epw - GAP * (len(cards) - 1)) / len(cards)
    top, height = document.get_y(), 21
    document.set_draw_color(*LINE)
    for position, card in enumerate(cards):
        left = MARGIN + position * (width + GAP)
        document.rect(left, top, width, height, round_corners=True, corner_radius=1.2)
        lines = [(card.label, 8.5, INK, ""), (card.value, 15, INK, "B")]
        said = " ".join(filter(None, [card.pill, card.compared]))
        lines.append((said, 8, TONES[card.tone], ""))
        line_top = top + 2
        for text, size, colour, style in lines:
            document.set_xy(left + 2.5, line_top)
            document.set_font(FONT, style, size)
            document.set_text_color(*colour)
            document.cell(width - 5, size * 0.42, _fitted(document, unmarked(text), width - 5))
            line_top += size * 0.42 + 1.4
    document.set_xy(MARGIN, top + height + GAP)


def _write_row(document: _Document, row: Sequence[tuple[int, Chart | Table | Words]]) -> None:
    """Charts of a row side by side; tables and words over the whole width, one after the other."""
    drawn = [(weight, block) for weight, block in row if isinstance(block, Chart)]
    if drawn:
        _write_charts(document, drawn)
    for _weight, block in row:
        if isinstance(block, Table):
            _write_table(document, block)
        elif isinstance(block, Words):
            _write_heading(document, block)
            document.write_line(block.text, 9, INK)
            document.ln(GAP)


def _write_heading(document: _Document, block: Table | Words) -> None:
    if document.will_page_break(30):
        document.add_page()
    document.write_line(block.title, 11, INK, "B")
    if block.note:
        document.write_line(block.note, 8, MUTED)
    document.ln(1)


def _write_charts(document: _Document, row: Sequence[tuple[int, Chart]]) -> None:
    """Each picture carries its own title and note; a row that does not fit goes onto the next page."""
    whole = sum(weight for weight, _block in row)
    widths = [(document.epw - GAP * (len(row) - 1)) * weight / whole for weight, _block in row]
    pictures = [
        charts.png(block.spec, unmarked(block.title), unmarked(block.note), width=round(width * 3.4))
        for width, (_weight, block) in zip(widths, row, strict=True)
    ]
    sizes = [charts.png_size(picture) for picture in pictures]
    heights = [width * size[1] / size[0] for width, size in zip(widths, sizes, strict=True)]
    room = document.eph - 10
    shrink = min(1.0, room / max(heights))
    if document.will_page_break(max(heights) * shrink + GAP):
        document.add_page()
    top, left = document.get_y(), float(MARGIN)
    for picture, width, height in zip(pictures, widths, heights, strict=True):
        document.image(BytesIO(picture), x=left, y=top, w=width * shrink, h=height * shrink)
        left += width + GAP
    document.set_xy(MARGIN, top + max(heights) * shrink + GAP)


def _write_table(document: _Document, block: Table) -> None:
    if block.texts.empty:
        return
    _write_heading(document, block)
    shown = block.texts.head(SHOWN_ROWS)
    document.set_font(FONT, "", 8)
    document.set_text_color(*INK)
    document.set_draw_color(*LINE)
    aligns = ["RIGHT" if column in block.numbers else "LEFT" for column in shown.columns]
    with document.table(
        borders_layout="HORIZONTAL_LINES",
        line_height=4.4,
        text_align=tuple(aligns),
        headings_style=FontFace(emphasis="BOLD", color=MUTED),
        col_widths=_column_widths(shown, block),
        padding=0.6,
    ) as table:
        table.row([unmarked(column) for column in shown.columns])
        for cells in shown.itertuples(index=False):
            table.row([unmarked(cell) for cell in cells])
    hidden = len(block.texts) - len(shown)
    if hidden:
        document.write_line(_("{count} more rows on the screen", count=formatting.count(hidden)), 8, MUTED)
    document.ln(GAP)


def _column_widths(texts: pd.DataFrame, block: Table) -> tuple[float, ...]:
    """Relative widths: as much as the longest text asks for, within bounds."""
    longest = [
        max(len(unmarked(text)) for text in [column, *texts.iloc[:, position]])
        for position, column in enumerate(texts.columns)
    ]
    return tuple(float(min(max(length, 6), 40)) for length in longest)


def _fitted(document: _Document, text: str, width: float) -> str:
    """A text cut to a width, with an ellipsis."""
    if document.get_string_width(text) <= width:
        return text
    while text and document.get_string_width(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
