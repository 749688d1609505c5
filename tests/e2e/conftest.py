"""A running dashboard and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import accessibility
import pytest
from browsing import WIDE, settle

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def dashboard(published_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on the refreshed company, started as `make app` does. Its address."""
    with served(published_demo, free_port(), tmp_path_factory.mktemp("dashboard")) as address:
        yield address


def not_tested(reason: str) -> NoReturn:
    """Say loudly what is not tested for want of a tool; on CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def served(data_dir: Path, port: int, folder: Path, *options: str) -> Iterator[str]:
    """A dashboard on a data directory; its log lies in the folder. Its address."""
    log = folder / "streamlit.log"
    address = f"http://127.0.0.1:{port}"
    command = ["streamlit", "run", "app/streamlit_app.py", "--server.port", str(port), *options]
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=PROJECT_FOLDER,
            env={**os.environ, "FUNNELHOUSE_DATA_DIR": str(data_dir)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(f"{address}/_stcore/health", server, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_healthy(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(150):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The dashboard did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium. Without one these tests prove nothing, and say so; on CI they fail."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        reason = "THE DASHBOARD IS NOT TESTED IN A BROWSER: no chromium on the PATH (apt-get install chromium)"
        not_tested(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_OPTIONS))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, dashboard: str) -> Iterator[Callable]:
    """Open a page at a size. At the end, nothing may have been asked of any other machine, and nothing have crashed."""
    contexts, requests = [], []

    def visit_(path: str = "/", size: tuple[int, int] = WIDE, theme: str = "light", locale: str = "en-GB"):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme, locale=locale)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda socket: requests.append(socket.url))
        page.goto(dashboard + path)
        settle(page)
        return page

    yield visit_
    for context in contexts:
        context.close()
    outside = {url for url in requests if urlsplit(url).scheme not in ("data", "blob")}
    outside = {url for url in outside if urlsplit(url).hostname != "127.0.0.1"}
    assert requests
    assert not outside


@pytest.fixture(scope="session")
def faults() -> Callable:
    """What axe-core finds wrong with a page. Without it these tests prove nothing, and say so; on CI they fail."""
    if not accessibility.SCRIPT.exists():
        reason = f"ACCESSIBILITY IS NOT TESTED: no axe-core (make {accessibility.SCRIPT.relative_to(PROJECT_FOLDER)})"
        not_tested(reason)
    return accessibility.faults


@pytest.fixture
def screenshot_folder(tmp_path: Path) -> Path:
    """Where the screenshots go: `FUNNELHOUSE_SCREENSHOT_DIR`, else a temporary folder."""
    folder = Path(os.environ.get("FUNNELHOUSE_SCREENSHOT_DIR") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
