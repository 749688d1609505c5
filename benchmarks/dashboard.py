"""How soon a reader sees something: each page of the dashboard in a real browser, beside an empty Streamlit page.

`python -m benchmarks.dashboard --leads 1000000`: a small company is made up and refreshed, and what it published is
repeated until there are so many leads. A dashboard on that file and an empty page are then opened with Chromium, on the
same machine. Nothing that is measured has been asked before, unless it is called warm: each load has a period of its
own, so that no answer kept by the server helps.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from benchmarks.__main__ import PROJECT_DIR
from benchmarks.repeated_company import repeat

SMALL_LEADS = 1_500
AS_OF = "2026-11-01T00:00:00Z"
# Seconds: a first useful paint over the empty page; a switch of pages or filters.
PAINT_BOUND, CHANGE_BOUND = 1.0, 0.5
USUAL_PERIOD = "12M"
OTHER_PERIODS = ("6M", "3M", "YTD", "QTD", "Last Q")
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EMPTY_PAGE = "import streamlit as st\n\nst.markdown('ready')\n"
LONG = 120_000

# Runs in the browser. A moment counts from the click, or without one from the beginning of the load, until the frame
# after the one in which the page is as asked for.
WATCH = """
(() => {
    const said = () => [...document.querySelectorAll('.st-key-cards [data-testid="stMetric"]')]
        .map(card => card.innerText).join('|');
    const first = () => document.querySelector('[data-testid="stMetricLabel"]')?.innerText;
    const title = () => document.querySelector('h1')?.innerText;
    const rests = () => document.querySelector(".stApp[data-test-script-state='notRunning']")
        && !document.querySelector('[data-testid="stSkeleton"]')
        && [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')]
            .every(chart => chart.querySelector('canvas, svg'));
    const useful = () => document.querySelector(
        '[data-testid="stMetricValue"], .st-key-state, .st-key-sentence, .st-key-nothing_matches'
    );
    const asked = {
        empty: () => document.querySelector('[data-testid="stMarkdownContainer"]'),
        load: () => document.querySelector('h1') && useful(),
        page: before => title() === before.to && useful() && (!before.first || first() !== before.first),
        filter: before => said() !== before.said,
    };
    window.watch = (kind, to) => {
        const before = {said: said(), first: first(), to};
        const found = window.found = {began: kind === 'empty' || kind === 'load' ? 0 : null};
        if (found.began === null)
            addEventListener('click', () => { found.began = performance.now(); }, {capture: true, once: true});
        let rested = 0;
        const look = now => {
            if (found.began !== null) {
                if (found.painted === undefined && asked[kind](before))
                    requestAnimationFrame(later => { found.painted ??= (later - found.began) / 1000; });
                if (found.painted !== undefined) {
                    if (rests()) { rested ||= now; } else { rested = 0; }
                    if (rested && now - rested > 250) { found.drawn = (rested - found.began) / 1000; return; }
                }
            }
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    };
})();
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="leads (default: 1,000,000)")
    parser.add_argument("--keep", type=Path, help="where the company is put, and found again (default: nowhere)")
    parser.add_argument("--small", type=Path, help="the data directory of a published company to repeat (default: new)")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is taken (default: 3)")
    parser.add_argument("--pages", nargs="*", help="addresses of pages (default: all)")
    parser.add_argument("--queries", action="store_true", help="no browser: the time of every page's queries")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        large = folder / "large"
        if not (large / "serving" / "current.duckdb").exists():
            shutil.rmtree(large, ignore_errors=True)
            repeat(given.small or refreshed(folder), large, given.leads)
        os.environ["FUNNELHOUSE_DATA_DIR"] = str(large)
        if given.queries:
            time_queries(given.pages)
        else:
            time_pages(Path(temporary), given.runs, given.pages)


def refreshed(folder: Path) -> Path:
    """Make up a small company and refresh it; return its data directory."""
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(folder / "small"),
        "FUNNELHOUSE_FILES_DIR": str(folder / "inbox"),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_AS_OF": AS_OF,
        "FUNNELHOUSE_PLAYBOOK_DIR": "",
    }
    write = ["ingestion.simulator", "write", "--leads", str(SMALL_LEADS), "--as-of", AS_OF]
    for command in ([*write, "--out", str(folder / "inbox")], ["dagster_project", "refresh"]):
        subprocess.run(
            [sys.executable, "-m", *command],
            cwd=PROJECT_DIR,
            env=os.environ | environment,
            check=True,
            capture_output=True,
        )
    return folder / "small"


# ---------------------------------------------------------------------------------------------------------------------
# Without a browser


def time_queries(addresses: list[str] | None) -> None:
    """Print how long each page's content takes, made once with nothing kept, and each of its slow queries."""
    from app import data, filters, pages, shell
    from app.viewer import Viewer

    took: list[tuple[float, float, int, str]] = []
    read = data._read

    def timed(file: str, sql: str, parameters: tuple[tuple[str, object], ...]):
        read.clear()
        began, worked = time.perf_counter(), time.process_time()
        rows = read(file, sql, parameters)
        words = " ".join(sql.split())[:100]
        took.append((time.perf_counter() - began, time.process_time() - worked, len(rows), words))
        return rows

    data._read = timed
    file = data.current_file()
    frame = shell.Frame(
        file,
        data.published_run(file),
        data.build(file),
        data.dimension_labels(file),
        filters.Chosen(USUAL_PERIOD, None, data.Selection(), next(iter(data.attribution_models(file)))),
        Viewer("", "engineer", None),
        code_of=lambda key, options: next(iter(options)),
    )
    print("page             seconds  of the processors  queries")
    for address in addresses or pages.ENTRIES:
        took.clear()
        began, worked = time.perf_counter(), time.process_time()
        pages.ENTRIES[address].content(frame)
        clock, processors = time.perf_counter() - began, time.process_time() - worked
        print(f"{address:<16} {clock:7.2f} {processors:18.2f} {len(took):8}")
        for seconds, processor_seconds, rows, words in sorted(took, reverse=True):
            if seconds > 0.05:
                print(f"{'':<16} {seconds:7.2f} {processor_seconds:18.2f}   {rows:,} rows of {words}")


# ---------------------------------------------------------------------------------------------------------------------
# In a browser


def time_pages(folder: Path, runs: int, addresses: list[str] | None) -> None:
    """Print one table: for each page how soon it is there, and whether that is within the bounds."""
    from playwright.sync_api import sync_playwright

    from app import data, pages

    entries = [pages.ENTRIES[address] for address in addresses or pages.ENTRIES]
    last_day = data.published_run(data.current_file()).as_of_date
    segments = list(data.dimension_labels(data.current_file())["segment"].values())
    days = new_days(last_day)
    (folder / "empty.py").write_text(EMPTY_PAGE)
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with (
        served("app/streamlit_app.py", folder) as dashboard,
        served(str(folder / "empty.py"), folder) as empty,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=list(BROWSER_OPTIONS))
        load(browser, empty, "empty")
        load(browser, f"{dashboard}/", "load")
        floor = median(load(browser, empty, "empty")[0] for _ in range(max(runs, 5)))
        print(f"an empty Streamlit page: {floor:.2f} s; bounds: {floor + PAINT_BOUND:.2f} s to load, {CHANGE_BOUND} s")
        print(
            f"{'page':<14} {'load':>11} {'all':>6} {'switch':>11} {'all':>6} {'period':>11} {'all':>6} {'warm':>11} "
            f"{'segment':>11} {'all':>6} {'warm':>11}"
        )
        for entry in entries:
            loads = [
                load(browser, f"{dashboard}/{'' if entry.address == 'overview' else entry.address}{next(days)}", "load")
                for _ in range(runs)
            ]
            figures = [*cell(loads, floor + PAINT_BOUND)]
            switches = [switched(browser, dashboard, next(days), entry, pages) for _ in range(runs)]
            figures += cell(switches, CHANGE_BOUND)
            cold, warm = periods(browser, dashboard, entry, runs) if "period" in entry.filters else ([], [])
            figures += [*cell(cold, CHANGE_BOUND), cell(warm, CHANGE_BOUND)[0]]
            cold, warm = chosen(browser, dashboard, next(days), entry, segments[:runs])
            figures += [*cell(cold, CHANGE_BOUND), cell(warm, CHANGE_BOUND)[0]]
            print(f"{entry.address:<14} {' '.join(figures)}", flush=True)
        browser.close()


def cell(found: list[tuple[float, float]], bound: float) -> tuple[str, str]:
    """The median until something useful is painted, marked where it misses its bound, and until all is drawn."""
    if not found:
        return f"{'–':>11}", f"{'–':>6}"
    painted, drawn = (median(values) for values in zip(*found, strict=True))
    return f"{painted:5.2f} {'misses' if painted > bound else '':>5}".rjust(11), f"{drawn:6.2f}"


def new_days(last_day: date) -> Iterator[str]:
    """Parameters of an address: each time a year that ends at the last day but begins on another one."""
    start = last_day - timedelta(days=365)
    while True:
        yield f"?period=custom&from={start}&to={last_day}"
        start += timedelta(days=1)


def load(browser, address: str, kind: str) -> tuple[float, float]:
    """A load by a browser that has never been here: seconds until something useful is there, and until all is."""
    with opened(browser) as page:
        page.add_init_script(f"{WATCH}\nwindow.watch('{kind}')")
        page.goto(address)
        return moments(page)


def switched(browser, dashboard: str, days: str, entry, pages) -> tuple[float, float]:
    """From another page to this one by a click in the sidebar."""
    other = pages.ENTRIES["playbook" if entry.address != "playbook" else "replay"]
    with opened(browser) as page:
        page.add_init_script(f"{WATCH}\nwindow.watch('load')")
        page.goto(f"{dashboard}/{other.address}{days}")
        moments(page)
        page.evaluate("to => window.watch('page', to)", entry.title)
        page.locator("[data-testid=stSidebarNav]").get_by_role("link", name=entry.title, exact=True).click()
        return moments(page)


def periods(browser, dashboard: str, entry, runs: int) -> tuple[list, list]:
    """A period that nobody chose before, and the usual one again; each period once a page."""
    cold, warm = [], []
    with opened(browser) as page:
        page.add_init_script(f"{WATCH}\nwindow.watch('load')")
        page.goto(f"{dashboard}/{'' if entry.address == 'overview' else entry.address}")
        moments(page)
        for name in OTHER_PERIODS[:runs]:
            for to, found in ((name, cold), (USUAL_PERIOD, warm)):
                page.evaluate("window.watch('filter')")
                page.locator(".st-key-period_choice").get_by_role("radio", name=to, exact=True).click()
                found.append(moments(page))
    return cold, warm


def chosen(browser, dashboard: str, days: str, entry, segments: list[str]) -> tuple[list, list]:
    """A segment that nobody chose before for these days, and none again."""
    cold, warm = [], []
    if "segment" not in entry.filters:
        return cold, warm
    with opened(browser) as page:
        page.add_init_script(f"{WATCH}\nwindow.watch('load')")
        page.goto(f"{dashboard}/{'' if entry.address == 'overview' else entry.address}{days}")
        moments(page)
        for segment in segments:
            page.locator(".st-key-filters button").first.click()
            page.locator(".st-key-segment_choice input").click()
            option = page.get_by_role("option", name=segment, exact=True)
            option.wait_for()
            page.evaluate("window.watch('filter')")
            option.click()
            cold.append(moments(page))
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            page.wait_for_timeout(500)
            page.evaluate("window.watch('filter')")
            page.locator(".st-key-reset button").click()
            warm.append(moments(page))
    return cold, warm


@contextmanager
def opened(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(LONG)
    try:
        yield context.new_page()
    finally:
        context.close()


def moments(page) -> tuple[float, float]:
    page.wait_for_function("window.found && window.found.drawn !== undefined", polling=50)
    found = page.evaluate("window.found")
    return found["painted"], found["drawn"]


@contextmanager
def served(script: str, folder: Path) -> Iterator[str]:
    """Streamlit running a script on a port that is free. Its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    with (folder / f"{port}.log").open("w") as log:
        server = subprocess.Popen(command, cwd=PROJECT_DIR, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: is_healthy(address))
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(300):
        if is_so():
            return
        time.sleep(0.2)
    raise TimeoutError("the server does not answer")


def is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main()
