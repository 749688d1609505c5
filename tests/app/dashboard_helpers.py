"""What the tests of the dashboard share: questions to the tables, and what a page says."""

from pathlib import Path

import duckdb
from streamlit.testing.v1 import AppTest

OVERVIEW = "views/overview.py"
FUNNEL = "views/funnel.py"
DATA_HEALTH = "views/data_health.py"


def ask(data_folder: Path, sql: str, *parameters: object) -> list[tuple]:
    """Rows straight from the published tables: what the pages are held against."""
    file = (data_folder / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql, parameters or None).fetchall()


def texts(test: AppTest) -> str:
    """Every word of a page that is not in a chart or a table, without Markdown's escapes."""
    elements = [*test.markdown, *test.caption, *test.header, *test.title, *test.warning]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """'1 lead', '2 leads'."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def metrics(test: AppTest) -> dict[str, tuple[str, str]]:
    """The cards: label → value and what stands in the pill below, without Markdown's escapes."""
    return {
        metric.label.replace("\\", ""): (metric.value.replace("\\", ""), metric.delta.replace("\\", ""))
        for metric in test.metric
    }


def chart_words(test: AppTest) -> list[str]:
    """What each chart says to a reader who cannot see it."""
    return [element.proto.alt for element in test.get("vega_lite_chart")]
