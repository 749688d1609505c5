"""Make the templates for marketers: `python -m ingestion.sources.spreadsheets [folder]`, by default examples/templates.

Writes `empty.xlsx`, `filled.xlsx` and the tables of columns in `README.md`, all from templates.yml and samples.yml.
"""

import sys
from pathlib import Path

from ingestion.config import PROJECT_DIR
from ingestion.sources.spreadsheets.workbook_maker import column_tables, empty_workbook, filled_workbook

FOLDER = PROJECT_DIR / "examples" / "templates"
BEGIN, END = "<!-- columns: made from templates.yml -->\n", "<!-- end of columns -->\n"


def make(folder: Path = FOLDER) -> None:
    """Write the workbooks into a folder, and the tables into its README, if it has one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "empty.xlsx").write_bytes(empty_workbook())
    (folder / "filled.xlsx").write_bytes(filled_workbook())
    readme = folder / "README.md"
    if readme.exists():
        readme.write_text(with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """A README with its tables of columns as templates.yml has them."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{column_tables()}\n{END}{after}"


if __name__ == "__main__":
    make(*(Path(argument) for argument in sys.argv[1:2]))
