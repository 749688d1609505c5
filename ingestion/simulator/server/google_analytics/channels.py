"""Google Analytics' default channel group of a session, by the rules that Google documents, first match first."""

import re
from collections.abc import Callable

# Those of Google's lists of sites that the company's visitors come from.
SEARCH = re.compile(r"(.*\.)?(google|bing|duckduckgo|ecosia\.org|yahoo|baidu|yandex)(\..*)?")
SOCIAL = re.compile(r"(.*\.)?(facebook|instagram|linkedin|lnkd\.in|twitter|x\.com|t\.co|tiktok|xing|reddit)(\..*)?")
VIDEO = re.compile(r"(.*\.)?(youtube|vimeo)(\..*)?")
PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
EMAIL = re.compile(r"e[-_ ]?mail")
SOCIAL_MEDIA = {"social", "social-network", "social-media", "sm", "social network", "social media"}
BANNERS = {"display", "banner", "expandable", "interstitial", "cpm"}
Rule = Callable[[str, str, str], object]
RULES: tuple[tuple[str, Rule], ...] = (
    ("Direct", lambda source, medium, _: source == "(direct)" and medium in ("(not set)", "(none)")),
    ("Cross-network", lambda _, medium, campaign: "cross-network" in campaign),
    ("Paid Search", lambda source, medium, _: SEARCH.fullmatch(source) and PAID.fullmatch(medium)),
    ("Paid Social", lambda source, medium, _: SOCIAL.fullmatch(source) and PAID.fullmatch(medium)),
    ("Paid Video", lambda source, medium, _: VIDEO.fullmatch(source) and PAID.fullmatch(medium)),
    ("Display", lambda _, medium, __: medium in BANNERS),
    ("Paid Other", lambda _, medium, __: PAID.fullmatch(medium)),
    ("Organic Social", lambda source, medium, _: SOCIAL.fullmatch(source) or medium in SOCIAL_MEDIA),
    ("Organic Video", lambda source, medium, _: VIDEO.fullmatch(source) or "video" in medium),
    ("Organic Search", lambda source, medium, _: SEARCH.fullmatch(source) or medium == "organic"),
    ("Referral", lambda _, medium, __: medium in ("referral", "app", "link")),
    ("Email", lambda source, medium, _: EMAIL.fullmatch(source) or EMAIL.fullmatch(medium)),
    ("Affiliates", lambda _, medium, __: medium == "affiliate"),
    ("Audio", lambda _, medium, __: medium == "audio"),
    ("SMS", lambda source, medium, _: "sms" in (source, medium)),
)


def channel_group(source: str, medium: str, campaign: str) -> str:
    """The group, or `Unassigned` where no rule matches; the comparison is blind to case."""
    given = (source.lower(), medium.lower(), campaign.lower())
    return next((name for name, matches in RULES if matches(*given)), "Unassigned")
