"""A vendor's passing faults are waited out as the vendor asks; lasting ones become one line."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings, ask, session, told_at

QUICK = HttpSettings(timeout_seconds=0.5, attempts=4, pause_seconds=0.01)


class Vendor:
    """A server that gives the answers it is told, one a request: a status, a status with a header, or a fault."""

    def __init__(self) -> None:
        self.answers: list = []
        self.asked_at: list[float] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vendor.asked_at.append(time.monotonic())
                status, headers, body = vendor.answers.pop(0)
                if status == "silence":
                    time.sleep(1.0)
                    return
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) + (10 if "Broken" in headers else 0)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/things"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.server.shutdown()


GOOD = (200, {}, b"good")


@pytest.mark.parametrize(
    "fault",
    [(429, {}, b""), (500, {}, b""), (503, {}, b""), ("silence", {}, b""), (200, {"Broken": "yes"}, b"ha")],
    ids=["429", "500", "503", "time-out", "broken off"],
)
def test_a_fault_that_passes_is_tried_again(vendor, fault):
    vendor.answers = [fault, GOOD]
    assert ask(session(QUICK), "Vendor", "GET", vendor.url).text == "good"


def test_the_vendor_says_how_long_to_wait(vendor):
    vendor.answers = [(429, {"Retry-After": "1"}, b""), GOOD]
    ask(session(QUICK), "Vendor", "GET", vendor.url)
    assert 1.0 <= vendor.asked_at[1] - vendor.asked_at[0] < 2.0


def test_what_the_caller_calls_passing_is_tried_again(vendor):
    vendor.answers = [(200, {}, b"busy"), GOOD]
    patient = session(QUICK, lambda response, error: response is not None and response.text == "busy")
    assert ask(patient, "Vendor", "GET", vendor.url).text == "good"


def test_an_answer_that_stays_bad_is_given_back(vendor):
    vendor.answers = [(500, {}, b"no")] * 4
    assert ask(session(QUICK), "Vendor", "GET", vendor.url).status_code == 500
    assert len(vendor.asked_at) == 4


def test_silence_that_lasts_is_one_line(vendor):
    vendor.answers = [("silence", {}, b"")] * 4
    with pytest.raises(Fault, match=r"^Vendor: http://127.0.0.1:\d+/things did not answer in time.*try later\.$"):
        ask(session(QUICK), "Vendor", "GET", vendor.url)


def test_an_address_where_nobody_is_is_one_line():
    with pytest.raises(Fault, match=r"^Vendor: http://127.0.0.1:9/ cannot be reached .*try later\.$"):
        ask(session(QUICK), "Vendor", "GET", "http://127.0.0.1:9/")


@pytest.mark.parametrize("text", ["soon", "0", "-1"])
def test_patience_that_is_no_number_is_refused(text):
    settings = Settings.from_environment({"FUNNELHOUSE_HTTP_ATTEMPTS": text})
    with pytest.raises(Fault, match=f"^FUNNELHOUSE_HTTP_ATTEMPTS: '{text}' is not a number above 0"):
        HttpSettings.from_settings(settings)


def test_an_answer_tells_the_moment_by_the_vendors_clock(vendor):
    vendor.answers.append((200, {"Date": "Tue, 01 Sep 2026 08:00:00 +0200"}, b"good"))
    answer = ask(session(QUICK), "Vendor", "GET", vendor.url)
    assert told_at(answer) == datetime(2026, 9, 1, 6)
