"""Which ad accounts of Meta to read, as whom, and how far back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings
from ingestion.windows import Horizon

PREFIX = "FUNNELHOUSE_META_ADS_"
BASE_URL = "https://graph.facebook.com"
VERSION = "v25.0"
# A conversion counts for 28 days at most, but figures are put right for longer, and a job more costs little.
LOOK_BACK_DAYS = 90


@dataclass(frozen=True)
class MetaAdsSettings:
    """`access_token` is that of a system user, which does not expire."""

    account_ids: tuple[int, ...]
    access_token: str = field(repr=False)
    base_url: str
    version: str
    horizon: Horizon
    http: HttpSettings

    @classmethod
    def from_settings(cls, settings: Settings) -> "MetaAdsSettings":
        """Read `FUNNELHOUSE_META_ADS_…`. Raises Fault where one is missing or cannot be understood."""
        environment = settings.environment

        def value(name: str, default: str = "") -> str:
            return environment.get(f"{PREFIX}{name}", "").strip() or default

        if not value("ACCESS_TOKEN"):
            raise Fault(f"{PREFIX}ACCESS_TOKEN is empty; set it to the token of a system user.")
        base_url, version = value("BASE_URL", BASE_URL), value("VERSION", VERSION)
        if not base_url.startswith(("https://", "http://")):
            raise Fault(f"{PREFIX}BASE_URL: '{base_url}' is not an address such as {BASE_URL}.")
        if not re.fullmatch(r"v\d+\.\d+", version):
            raise Fault(f"{PREFIX}VERSION: '{version}' is not a version such as {VERSION}.")
        return cls(
            account_ids=_account_ids(environment),
            access_token=value("ACCESS_TOKEN"),
            base_url=base_url.rstrip("/"),
            version=version,
            horizon=Horizon.from_environment(environment, PREFIX, LOOK_BACK_DAYS),
            http=HttpSettings.from_settings(settings),
        )


def _account_ids(environment: Mapping[str, str]) -> tuple[int, ...]:
    given = [text.strip() for text in environment.get(f"{PREFIX}ACCOUNT_IDS", "").split(",") if text.strip()]
    if not given:
        raise Fault(f"{PREFIX}ACCOUNT_IDS is empty; set it to numbers of Ads Manager, such as 1234567890.")
    for text in given:
        if not text.removeprefix("act_").isdecimal():
            raise Fault(f"{PREFIX}ACCOUNT_IDS: '{text}' is not the number of an ad account such as 1234567890.")
    return tuple(dict.fromkeys(int(text.removeprefix("act_")) for text in given))
