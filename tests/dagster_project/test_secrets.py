"""Secrets stay in the environment: vendors that repeat them in their answers, and tracebacks, cannot bring them out."""

import dataclasses
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from refreshing import PROJECT_DIR, run_funnelhouse
from scanning import texts_of

from ingestion.config import Settings
from ingestion.load import FAILED, load
from ingestion.sources.google_ads.settings import GoogleAdsSettings
from ingestion.sources.google_analytics.settings import GoogleAnalyticsSettings
from ingestion.sources.hubspot.settings import HubSpotSettings
from ingestion.sources.linkedin_ads.settings import LinkedInAdsSettings
from ingestion.sources.marketo.settings import MarketoSettings
from ingestion.sources.meta_ads.settings import MetaAdsSettings
from ingestion.sources.salesforce.settings import SalesforceSettings

APIS = ("google_ads", "google_analytics", "hubspot", "linkedin_ads", "marketo", "meta_ads", "salesforce")
EXAMPLE = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
SECRET_VARIABLES = sorted(set(re.findall(r"FUNNELHOUSE_\w+_(?:SECRET|TOKEN|PASSWORD)\b", EXAMPLE)))
PLANTED = {variable: f"planted/{number}+{variable.lower()}" for number, variable in enumerate(SECRET_VARIABLES)}


class Repeating(BaseHTTPRequestHandler):
    """A vendor that refuses everything and repeats what it was sent wherever vendors write their reasons."""

    def do_GET(self) -> None:
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        words = f"not valid: {self.path} {given} {' '.join(self.headers.values())}"
        reason = {"code": words, "message": words, "error_description": words, "errorCode": words, "type": words}
        answer = {
            **reason,
            "error": reason,
            "errors": [reason],
            "success": False,
            "status": "ERROR",
            "details": [reason],
        }
        content = json.dumps(answer).encode()
        self.send_response(400 if "oauth" in self.path.lower() or "token" in self.path.lower() else 403, "Refused")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repeating() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Repeating) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def environment(folder: Path, address: str, *without: str) -> dict[str, str]:
    """All APIs at one address, a planted secret in every variable that is one, but for some."""
    own = {
        f"FUNNELHOUSE_{api.upper()}_{name}": value
        for api in APIS
        for name, value in (
            *((name, address) for name in ("BASE_URL", "TOKEN_URL", "LOGIN_URL")),
            ("CLIENT_ID", "a-client"),
            *((name, "1230001234") for name in ("CUSTOMER_IDS", "ACCOUNT_IDS", "PROPERTY_IDS")),
            ("USERNAME", "somebody"),
        )
    }
    patience = {"FUNNELHOUSE_HTTP_ATTEMPTS": "2", "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.01"}
    planted = {variable: secret for variable, secret in PLANTED.items() if variable not in without}
    return own | patience | planted | {"FUNNELHOUSE_DATA_DIR": str(folder), "FUNNELHOUSE_SOURCES": ",".join(APIS)}


def leaked(text: str) -> list[str]:
    """The variables whose secret stands in a text, plain or as addresses, forms and JSON spell it."""
    return [
        variable
        for variable, secret in PLANTED.items()
        if any(form in text for form in (secret, quote(secret, safe=""), quote(secret), secret.replace("/", "\\/")))
    ]


# HubSpot and LinkedIn take either a token or what one is made from.
MADE = ("FUNNELHOUSE_HUBSPOT_TOKEN", "FUNNELHOUSE_LINKEDIN_ADS_ACCESS_TOKEN")


@pytest.mark.parametrize("without", [(), MADE], ids=["tokens", "what tokens are made from"])
@pytest.mark.parametrize("is_dead", [False, True], ids=["repeating", "dead"])
def test_a_source_that_is_refused_names_no_secret(tmp_path, repeating, capfd, is_dead, without):
    address = "http://127.0.0.1:9" if is_dead else repeating
    settings = Settings.from_environment(environment(tmp_path, address, *without))
    for api in APIS:
        result = load(api, settings)
        assert result.status == FAILED, api
        assert leaked(" ".join((result.message, *result.notices))) == [], result.message
    assert leaked("".join(capfd.readouterr())) == []
    assert leaked("\n".join(texts_of(tmp_path))) == []


def test_a_refresh_with_refused_secrets_leaves_them_in_no_byte(tmp_path, repeating):
    result = run_funnelhouse("refresh", environment(tmp_path, repeating))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert leaked(result.stdout + result.stderr) == []
    assert leaked("\n".join(texts_of(tmp_path))) == []


@pytest.mark.parametrize(
    "kind",
    [
        GoogleAdsSettings,
        GoogleAnalyticsSettings,
        HubSpotSettings,
        LinkedInAdsSettings,
        MarketoSettings,
        MetaAdsSettings,
        SalesforceSettings,
    ],
)
def test_settings_that_are_printed_show_no_secret(tmp_path, kind):
    settings = Settings.from_environment(environment(tmp_path, "http://127.0.0.1:9"))
    own = kind.from_settings(settings)
    assert dataclasses.is_dataclass(own)
    assert leaked(repr(settings) + repr(own) + str(vars(own).keys())) == []


@pytest.mark.parametrize("user", ["somebody:hush", "somebody:hu@sh", "hush"])
def test_an_address_is_shown_without_the_password_or_token_in_it(user):
    settings = Settings.from_environment({})
    told = settings.without_secrets(f"https://{user}@vendor.example:8080/token cannot be reached; see a@b.example")
    assert told == "https://…@vendor.example:8080/token cannot be reached; see a@b.example"
