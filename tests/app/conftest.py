"""Ways to open the dashboard without a browser, on the refreshed company or on a changed copy of it."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

# The project for `app`, this folder for `dashboard_helpers`, however pytest was started.
PROJECT_FOLDER = Path(__file__).resolve().parents[2]
for folder in (PROJECT_FOLDER, Path(__file__).resolve().parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from app import data, filters, shell  # noqa: E402
from app.viewer import Viewer  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def nothing_stays_open() -> Iterator[None]:
    """What the dashboard keeps open may read no other file, and whoever else opens it in this process would neither."""
    yield
    with data._opening:
        while data._opened:
            data._opened.popitem()[1].connection.close()


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit makes the page that it runs `__main__`, which a process started later would run as its own."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def changed_company(published_demo: Path, tmp_path: Path) -> Callable[..., Path]:
    """Publish a copy of the refreshed company with some statements applied to it."""

    def publish(*statements: str, last_run: dict | str | None = None) -> Path:
        serving = tmp_path / f"company_{len(list(tmp_path.iterdir()))}" / "serving"
        serving.mkdir(parents=True)
        source = (published_demo / "serving" / "current.duckdb").resolve()
        file = serving / "20300101T000000.duckdb"
        shutil.copyfile(source, file)
        with duckdb.connect(str(file)) as connection:
            for statement in statements:
                connection.execute(statement)
        (serving / "current.duckdb").symlink_to(file.name)
        if last_run is not None:
            text = last_run if isinstance(last_run, str) else json.dumps(last_run)
            (serving / "last_run.json").write_text(text, encoding="utf-8")
        return serving.parent

    return publish


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Open a page of the dashboard, its filters given as they stand in the URL, in a browser of some language."""

    def open_(
        data_folder: Path, page: str = "views/overview.py", browser: str | None = None, **url: str | list[str]
    ) -> AppTest:
        monkeypatch.setenv("FUNNELHOUSE_DATA_DIR", str(data_folder))
        test = AppTest.from_file(str(PROJECT_FOLDER / "app" / "streamlit_app.py"), default_timeout=30)
        if browser:
            test.context["locale"] = browser
        for name, value in url.items():
            test.query_params[name] = value
        if page != "views/overview.py":
            test.run()
            test.switch_page(page)
            for name, value in url.items():
                test.query_params[name] = value
        test.run()
        assert not test.exception, test.exception
        return test

    return open_


@pytest.fixture
def framed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., shell.Frame]:
    """A frame of a company, as the screen would make it of the filters."""

    def frame(
        company: Path,
        period: str = "12M",
        viewer: Viewer = Viewer("", "engineer", None),  # noqa: B008 - frozen
        model: str | None = None,
        choices: dict[str, str] | None = None,
        parameters: dict[str, str] | None = None,
        **selection: tuple[str, ...],
    ) -> shell.Frame:
        monkeypatch.setenv("FUNNELHOUSE_DATA_DIR", str(company))
        file = data.current_file()
        models = data.attribution_models(file)
        return shell.Frame(
            file,
            data.published_run(file),
            data.build(file),
            data.dimension_labels(file),
            filters.Chosen(period, None, data.Selection(**selection), model or next(iter(models))),
            viewer,
            code_of=lambda key, options: {**(parameters or {}), **(choices or {})}.get(key) or next(iter(options)),
            parameters=parameters or {},
        )

    return frame
