"""The settings of `.env`. `python -m dagster_project.environment streamlit run …` runs a tool of this environment with
them."""

import io
import os
import sys
from pathlib import Path

from dotenv import load_dotenv
from dotenv.parser import parse_stream

from ingestion.config import PROJECT_DIR
from ingestion.faults import Fault


def main() -> str:
    """Become the tool; return why not."""
    try:
        load_env(PROJECT_DIR / ".env")
    except Fault as fault:
        return f"✗ {fault}"
    tool = Path(sys.executable).with_name(sys.argv[1])
    os.execv(tool, [str(tool), *sys.argv[2:]])


def load_env(path: Path) -> None:
    """Take over the settings of a file, where there is one; the shell's own win. Raises Fault, which shows none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Fault(f"{path}, line {line}: is not UTF-8; save the file as UTF-8.") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise Fault(f"{path}, line {binding.original.line}: is not NAME=value, or a quotation mark is not closed.")
    load_dotenv(stream=io.StringIO(text))


if __name__ == "__main__":
    sys.exit(main())
