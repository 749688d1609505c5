"""What the dashboard may reach: nothing but the serving file, and nothing outside this machine."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
MODULES = sorted((PROJECT_FOLDER / "app").rglob("*.py"))
CONFIG = tomllib.loads((PROJECT_FOLDER / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def imported(module: Path) -> set[str]:
    """The first names of everything that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}: import by full name"
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_app_knows_only_itself_and_its_display_libraries(module: Path):
    allowed = {"app", "streamlit", "altair", "babel", "fpdf", "pandas", "duckdb", "vl_convert"} | set(
        sys.stdlib_module_names
    )
    assert imported(module) <= allowed


def test_only_one_module_opens_the_serving_file():
    assert [module.name for module in MODULES if "duckdb" in imported(module)] == ["data.py"]


def test_the_dashboard_binds_to_loopback_and_reports_to_nobody():
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"


def test_tables_are_saved_through_exports_alone():
    assert CONFIG["client"]["disableDataExport"] is True
    saving = [module.name for module in MODULES if "download_button" in module.read_text(encoding="utf-8")]
    writing = [module.name for module in MODULES if "to_csv" in module.read_text(encoding="utf-8")]
    assert saving == writing == ["exports.py"]


def test_the_theme_loads_no_font_from_outside():
    assert CONFIG["theme"]["font"] == "sans-serif"
    assert "fontFaces" not in CONFIG["theme"]
