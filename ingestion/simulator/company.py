"""The truth about Kolibri, a made-up software company that sells in Poland and Germany.

Every number that shapes it stands here, so that a measured effect can be compared with the real one.
Money is in EUR, shares and rates are 0-1, odds are multipliers against the average lead.
"""

from dataclasses import dataclass
from typing import NamedTuple

HISTORY_MONTHS = 18
ACCOUNTS_PER_LEAD = 0.3
WEBSITE = "https://www.kolibri.example"

# ---------------------------------------------------------------------------------------------------------------------
# When leads come. Local time, Europe/Warsaw, which is also Berlin's.

MONTHLY_GROWTH_RATE = 0.025
# January to December: budgets are spent in autumn, nobody reads in August and at Christmas.
SEASON_WEIGHTS = (1.0, 1.05, 1.1, 1.0, 0.95, 0.95, 0.8, 0.7, 1.1, 1.2, 1.15, 0.7)
# Monday to Sunday.
WEEKDAY_WEIGHTS = (1.1, 1.2, 1.15, 1.1, 0.9, 0.25, 0.3)
# Midnight to 23 h: office hours with a lunch dip and a small evening peak.
HOUR_WEIGHTS = (1, 1, 0, 0, 0, 1, 3, 8, 16, 22, 24, 22, 16, 20, 22, 20, 15, 10, 8, 8, 9, 8, 5, 2)
OFFICE_OPENS_HOUR = 8
OFFICE_CLOSES_HOUR = 17


# ---------------------------------------------------------------------------------------------------------------------
# What makes a lead progress.


class Odds(NamedTuple):
    """How much likelier than the average lead one is to take each step, given that it took the one before."""

    mql: float = 1.0
    sql: float = 1.0
    opportunity: float = 1.0
    won: float = 1.0


# The eventual share that takes each step. Those seen by as-of are a little lower (about 0.30, 0.42, 0.50), because
# young leads are still under way.
CONVERSION_RATES = Odds(mql=0.315, sql=0.44, opportunity=0.53, won=0.27)

PERSONA_ODDS = {
    "Economic buyer": Odds(1.1, 1.4, 1.5, 1.5),
    "Champion": Odds(1.4, 1.3, 1.3, 1.2),
    "Technical evaluator": Odds(1.0, 1.0, 1.0, 0.9),
    "End user": Odds(0.7, 0.6, 0.6, 0.7),
}
SEGMENT_ODDS = {
    "SMB": Odds(1.0, 0.9, 1.0, 1.1),
    "Mid-market": Odds(1.1, 1.2, 1.1, 1.0),
    "Enterprise": Odds(0.9, 1.1, 1.0, 0.8),
}
# The industries the product was built for.
IDEAL_INDUSTRIES = ("Manufacturing", "Logistics", "Retail")
IDEAL_INDUSTRY_ODDS = Odds(1.5, 1.3, 1.2, 1.2)
# Interest is a hidden, normally distributed trait; each standard deviation multiplies the odds. It also drives how
# much a person does on the website, which is why behaviour predicts progress.
INTENT_ODDS = Odds(2.0, 1.6, 1.3, 1.2)
INTENT_VISIT_EFFECT = 0.45
# Those who consent to e-mails are a little keener than those who do not.
CONSENT_SHARE = 0.75
CONSENT_ODDS = Odds(mql=1.15)
# A late answer costs acceptance by sales: odds for each doubling of the hours (by the clock on the wall) from the
# hand-over to the first answer. Each hand-over that a rep already has in a week, as a share of what the rep can take
# on in a week, slows the next answer down: at full capacity by this factor.
ANSWER_HOURS_MEDIAN = 5.0
ANSWER_HOURS_SPREAD = 1.1
ANSWER_DOUBLING_ODDS = 0.88
QUEUE_SLOWDOWN = 3.0
UNANSWERED_SHARE = 0.1
UNANSWERED_ODDS = 0.35
# A deal with more people behind it is won more often; odds for each contact beyond the first.
CONTACT_ODDS = 1.15


@dataclass(frozen=True)
class Channel:
    """Where people come from.

    Shares are of first visits, of lead creations and of later visits that no e-mail brought; each column sums to 1.
    `lead_source_words` are what the CRM's users type; the playbook's channel rules know them.
    """

    first_visit_share: float
    lead_share: float
    return_share: float
    odds: Odds
    lead_source_words: tuple[str, ...]


CHANNELS = {
    "paid_search": Channel(0.20, 0.15, 0.08, Odds(1.2, 1.1, 1.0, 1.0), ("Google Ads", "Paid Search", "SEM")),
    "organic_search": Channel(0.23, 0.15, 0.20, Odds(1.1, 1.1, 1.1, 1.1), ("Organic Search", "SEO")),
    "paid_social": Channel(0.15, 0.09, 0.05, Odds(0.8, 0.6, 0.8, 0.8), ("Paid Social", "LinkedIn Ads")),
    "organic_social": Channel(0.09, 0.05, 0.07, Odds(0.9, 0.9, 1.0, 1.0), ("Social Media", "LinkedIn")),
    "cold_email": Channel(0.02, 0.10, 0.00, Odds(0.5, 0.7, 0.8, 0.7), ("Outbound", "Cold e-mail")),
    "marketing_email": Channel(0.01, 0.03, 0.01, Odds(1.1, 1.0, 1.0, 1.0), ("Newsletter", "E-mail")),
    "nurture": Channel(0.00, 0.02, 0.00, Odds(1.2, 1.1, 1.0, 1.0), ("Nurture",)),
    "content": Channel(0.09, 0.09, 0.05, Odds(0.8, 0.9, 1.0, 1.0), ("Content", "E-book", "Blog")),
    "webinar": Channel(0.01, 0.07, 0.01, Odds(1.6, 1.2, 1.1, 1.2), ("Webinar",)),
    "event": Channel(0.01, 0.06, 0.01, Odds(1.2, 1.3, 1.2, 1.2), ("Trade show", "Event", "Conference")),
    "referral": Channel(0.04, 0.05, 0.03, Odds(2.0, 1.8, 1.4, 1.6), ("Referral", "Recommendation")),
    "partner": Channel(0.02, 0.04, 0.02, Odds(1.8, 1.7, 1.4, 1.5), ("Partner", "Reseller")),
    "retargeting": Channel(0.00, 0.02, 0.09, Odds(1.4, 1.1, 1.0, 1.0), ("Retargeting",)),
    "display": Channel(0.06, 0.02, 0.02, Odds(0.5, 0.6, 0.8, 0.8), ("Display", "Banner")),
    "direct": Channel(0.06, 0.05, 0.35, Odds(1.5, 1.3, 1.1, 1.1), ("Direct", "Website")),
    "unclassified": Channel(0.01, 0.01, 0.01, Odds(), ("Other",)),
}
# Large companies are met at fairs and through partners, small ones search: the confounder of every naive comparison.
CHANNEL_TILTS = {
    "Enterprise": {"event": 2.2, "partner": 2.0, "cold_email": 1.5, "paid_search": 0.6, "paid_social": 0.7},
    "SMB": {"paid_search": 1.2, "event": 0.6, "partner": 0.7},
}
# What a touch does: the odds of each step are multiplied by this for each touch that a person had before they made up
# their mind. A touch is a visit to the website, a click in an e-mail or on a banner, a registration for a webinar, a
# visit to a stand or an engagement in a social network; not the one that made the lead. (The odds of a channel, above,
# are those of the people it brings, and no effect of the channel.) Retargeting follows those who would come anyway.
TOUCH_EFFECTS = {
    "paid_search": Odds(1.16, 1.05),
    "organic_search": Odds(1.14, 1.05),
    "paid_social": Odds(1.10, 1.02),
    "organic_social": Odds(1.08, 1.02),
    "cold_email": Odds(1.05),
    "marketing_email": Odds(1.20, 1.05),
    "nurture": Odds(1.50, 1.15),
    "content": Odds(1.20, 1.08),
    "webinar": Odds(1.90, 1.30),
    "event": Odds(1.70, 1.30),
    "referral": Odds(1.50, 1.20),
    "partner": Odds(1.40, 1.20),
    "retargeting": Odds(1.02),
    "display": Odds(1.04),
    "direct": Odds(),
    "unclassified": Odds(),
}
# Of the leads that a channel made, those who would never have come without it; the others would have come by another
# way, as the same people.
INCREMENTAL_LEAD_SHARES = {
    "paid_search": 0.55,
    "organic_search": 0.60,
    "paid_social": 0.80,
    "organic_social": 0.60,
    "cold_email": 0.90,
    "marketing_email": 0.35,
    "nurture": 0.30,
    "content": 0.65,
    "webinar": 0.60,
    "event": 0.75,
    "referral": 0.70,
    "partner": 0.80,
    "retargeting": 0.10,
    "display": 0.50,
    "direct": 0.0,
    "unclassified": 0.0,
}
LEAD_SOURCE_EMPTY_SHARE = 0.12
LEAD_SOURCE_WRONG_SHARE = 0.07

# ---------------------------------------------------------------------------------------------------------------------
# The ways a lead goes. The first key is the furthest stage it reaches; within it, routes and their shares. Each route
# starts after `lead`. A route that leaves a stage out skips it.

LEAD_ROUTES = {
    "lead": {(): 0.86, ("disqualified",): 0.14},
    "mql": {
        ("mql",): 0.22,
        ("mql", "recycled"): 0.40,
        ("mql", "recycled", "mql"): 0.08,
        ("mql", "recycled", "mql", "recycled"): 0.06,
        ("mql", "disqualified"): 0.20,
        ("mql", "recycled", "disqualified"): 0.04,
    },
    "sql": {
        ("mql", "sql"): 0.18,
        ("mql", "sql", "recycled"): 0.34,
        ("mql", "sql", "recycled", "mql"): 0.06,
        ("mql", "sql", "mql"): 0.07,
        ("mql", "sql", "mql", "recycled"): 0.07,
        ("mql", "sql", "disqualified"): 0.18,
        ("sql", "recycled"): 0.06,
        ("sql",): 0.04,
    },
    "opportunity": {
        ("mql", "sql", "opportunity"): 0.70,
        ("sql", "opportunity"): 0.08,
        ("mql", "opportunity"): 0.06,
        ("opportunity",): 0.02,
        ("mql", "recycled", "mql", "sql", "opportunity"): 0.05,
        ("mql", "sql", "recycled", "sql", "opportunity"): 0.04,
        ("mql", "sql", "mql", "sql", "opportunity"): 0.05,
    },
}
OPPORTUNITY_ROUTES = {
    "won": {
        ("proposal", "negotiation", "won"): 0.74,
        ("proposal", "won"): 0.12,
        ("negotiation", "won"): 0.05,
        ("won",): 0.03,
        ("proposal", "negotiation", "proposal", "negotiation", "won"): 0.06,
    },
    "lost": {
        ("lost",): 0.40,
        ("proposal", "lost"): 0.32,
        ("proposal", "negotiation", "lost"): 0.22,
        ("negotiation", "lost"): 0.03,
        ("proposal", "negotiation", "proposal", "lost"): 0.03,
    },
}


class Leg(NamedTuple):
    """Days from one stage to the next: lognormal with this median, and this standard deviation of the logarithm."""

    median_days: float
    spread: float


# How long people take to make up their minds, whatever they decide. Who is for it qualifies in that moment.
DECISION_LEG = Leg(10.0, 1.1)
LEAD_LEGS = {
    ("lead", "mql"): DECISION_LEG,
    ("lead", "sql"): DECISION_LEG,
    ("lead", "opportunity"): DECISION_LEG,
    ("lead", "disqualified"): Leg(20.0, 1.0),
    ("mql", "sql"): Leg(5.0, 0.8),
    ("mql", "opportunity"): Leg(9.0, 0.8),
    ("mql", "recycled"): Leg(12.0, 0.8),
    ("mql", "disqualified"): Leg(6.0, 0.9),
    ("sql", "opportunity"): Leg(12.0, 0.7),
    ("sql", "mql"): Leg(9.0, 0.7),
    ("sql", "recycled"): Leg(18.0, 0.8),
    ("sql", "disqualified"): Leg(11.0, 0.8),
    ("recycled", "mql"): Leg(60.0, 0.6),
    ("recycled", "sql"): Leg(50.0, 0.6),
    ("recycled", "disqualified"): Leg(45.0, 0.6),
}
OPPORTUNITY_LEGS = {
    ("opportunity", "proposal"): Leg(12.0, 0.7),
    ("opportunity", "negotiation"): Leg(18.0, 0.7),
    ("opportunity", "won"): Leg(10.0, 0.7),
    ("opportunity", "lost"): Leg(30.0, 0.8),
    ("proposal", "negotiation"): Leg(14.0, 0.7),
    ("proposal", "won"): Leg(16.0, 0.7),
    ("proposal", "lost"): Leg(26.0, 0.8),
    ("negotiation", "proposal"): Leg(9.0, 0.6),
    ("negotiation", "won"): Leg(11.0, 0.7),
    ("negotiation", "lost"): Leg(20.0, 0.7),
}
SEGMENT_SLOWNESS = {"SMB": 0.75, "Mid-market": 1.0, "Enterprise": 1.7}

RECYCLE_REASONS = {"No response": 0.34, "Bad timing": 0.27, "No budget": 0.19, "Wrong contact": 0.12, "Not ready": 0.08}
DISQUALIFY_REASONS = {
    "Not in our market": 0.30,
    "Too small": 0.25,
    "Student or job seeker": 0.20,
    "Competitor": 0.10,
    "Invalid contact data": 0.15,
}
LOST_REASONS = {"No decision": 0.33, "Price": 0.26, "Competitor": 0.21, "Timing": 0.12, "Missing feature": 0.08}

# ---------------------------------------------------------------------------------------------------------------------
# Who buys, and from whom.


@dataclass(frozen=True)
class Country:
    """A country we sell to; `market` decides which reps, campaigns and currency serve it."""

    share: float
    market: str
    language: str
    legal_forms: tuple[str, ...]
    regions: tuple[str, ...]


COUNTRIES = {
    "PL": Country(0.42, "PL", "pl", ("sp. z o.o.", "S.A."), ("Mazowieckie", "Śląskie", "Małopolskie", "Dolnośląskie")),
    "DE": Country(0.34, "DE", "de", ("GmbH", "AG"), ("Bayern", "Nordrhein-Westfalen", "Berlin", "Hessen")),
    "CZ": Country(0.06, "PL", "en", ("s.r.o.", "a.s."), ("Praha", "Jihomoravský kraj")),
    "AT": Country(0.06, "DE", "de", ("GmbH",), ("Wien", "Oberösterreich")),
    "NL": Country(0.04, "INT", "en", ("B.V.",), ("Noord-Holland", "Utrecht")),
    "GB": Country(0.04, "INT", "en", ("Ltd",), ("Greater London", "North West")),
    "SE": Country(0.02, "INT", "en", ("AB",), ("Stockholm", "Skåne")),
    "US": Country(0.02, "INT", "en", ("Inc.",), ("New York", "Illinois")),
}
# How careless hands write a country; the playbook's value mappings know these spellings.
COUNTRY_SPELLINGS = {
    "PL": ("Poland", "Polska", "POLAND", "Polen"),
    "DE": ("Germany", "Deutschland", "GERMANY", "Niemcy"),
    "CZ": ("Czechia", "Czech Republic"),
    "AT": ("Austria", "Österreich"),
    "NL": ("Netherlands", "The Netherlands"),
    "GB": ("UK", "United Kingdom"),
    "SE": ("Sweden",),
    "US": ("USA", "United States"),
}

INDUSTRIES = {
    "Manufacturing": 0.22,
    "Logistics": 0.15,
    "Retail": 0.14,
    "Software": 0.13,
    "Financial services": 0.11,
    "Professional services": 0.10,
    "Healthcare": 0.08,
    "Energy": 0.07,
}
TECHNOLOGIES = ("sap", "dynamics", "oracle", "aws", "azure", "google-cloud", "power-bi", "kubernetes", "snowflake")
REVENUE_PER_EMPLOYEE = 130_000
REVENUE_SPREAD = 0.5


@dataclass(frozen=True)
class Segment:
    """A size of company: how common, how many employees, how many leads per account, and how it buys."""

    share: float
    employees: tuple[int, int]
    leads_per_account: float
    largest_buying_group: int
    contract_months: int
    renewal_rate: float


SEGMENTS = {
    "SMB": Segment(0.55, (10, 200), 2.0, 3, 6, 0.80),
    "Mid-market": Segment(0.32, (200, 2_000), 4.0, 5, 12, 0.90),
    "Enterprise": Segment(0.13, (2_000, 25_000), 9.0, 6, 12, 0.94),
}


@dataclass(frozen=True)
class Product:
    """A product: share of interest, median contract value per segment, and gross margin of its invoices."""

    share: float
    contract_value: dict[str, float]
    gross_margin_rate: float


PRODUCTS = {
    "Kolibri Plan": Product(0.50, {"SMB": 9_000, "Mid-market": 34_000, "Enterprise": 95_000}, 0.80),
    "Kolibri Flow": Product(0.30, {"SMB": 6_000, "Mid-market": 22_000, "Enterprise": 70_000}, 0.76),
    "Kolibri Insight": Product(0.20, {"SMB": 8_000, "Mid-market": 40_000, "Enterprise": 130_000}, 0.71),
}
PRODUCT_INTEREST_UNKNOWN_SHARE = 0.08
CONTRACT_VALUE_SPREAD = 0.45
# What entering a stage does to a deal's amount: median factor and spread.
AMOUNT_FACTORS = {"proposal": (1.0, 0.10), "negotiation": (0.95, 0.05), "won": (0.99, 0.02)}
AMOUNT_REVISION_SHARE = 0.12
AMOUNT_REVISION_SPREAD = 0.15
MARGIN_UNKNOWN_SHARE = 0.04
ROLE_OF_PERSONA = {
    "Economic buyer": "Decision maker",
    "Champion": "Champion",
    "Technical evaluator": "Technical evaluator",
    "End user": "User",
}
OPENING_SKEW_MINUTES = 20.0
EXPECTED_CYCLE_DAYS = 45.0
EXPANSION_SHARE = 0.30
EXPANSION_LEG = Leg(110.0, 0.5)
EXPANSION_WON_RATE = 0.5
EXPANSION_VALUE_FACTOR = 0.45
RENEWAL_NOTICE_DAYS = 50
RENEWAL_VALUE_FACTOR = 1.04
# Nobody evaluates anew what they already use.
RENEWAL_SLOWNESS = 0.45

FREE_MAIL_DOMAINS = {"gmail.com": 0.5, "wp.pl": 0.15, "gmx.de": 0.15, "outlook.com": 0.1, "web.de": 0.1}
# People whom nobody in the CRM has tied to their company; only their e-mail's domain says where they work.
UNLINKED_SHARE = 0.06
UNLINKED_SHARE_OF_FREE_MAIL = 0.5

CURRENCY_OF_MARKET = {"PL": "PLN", "DE": "EUR", "INT": "USD"}
# EUR per one unit when the history begins, and the daily standard deviation of the logarithm of the rate.
EXCHANGE_RATES = {"PLN": (0.234, 0.0028), "USD": (0.91, 0.0042)}


class Team(NamedTuple):
    """People of one job in one market; `per_thousand_leads` keeps the work per head the same at every scale.

    `capacity_per_week` is how many hand-overs (SDRs) or deals (executives) one can take on beside other work.
    """

    name: str
    market: str
    calendar: str
    per_thousand_leads: float
    capacity_per_week: int
    monthly_cost: float
    cost_currency: str


TEAMS = (
    Team("SDR", "PL", "PL", 0.8, 5, 14_500, "PLN"),
    Team("SDR", "DE", "DE", 0.6, 5, 5_400, "EUR"),
    Team("SDR", "INT", "PL", 0.2, 5, 15_500, "PLN"),
    Team("Account executive", "PL", "PL", 0.6, 8, 24_000, "PLN"),
    Team("Account executive", "DE", "DE", 0.6, 8, 9_200, "EUR"),
    Team("Account executive", "INT", "DE", 0.2, 8, 9_200, "EUR"),
    Team("Marketing", "PL", "PL", 0.6, 0, 16_000, "PLN"),
    Team("Marketing", "DE", "DE", 0.2, 0, 6_100, "EUR"),
)
REGION_OF_MARKET = {"PL": "Poland", "DE": "DACH", "INT": "International"}


class MonthlyCost(NamedTuple):
    """A bill that comes each month: its amount in its currency at 1,000 leads, growing with them."""

    team: str
    cost_type: str
    phase: str
    amount: float
    currency: str


# What the invoices and payroll of other things than people and media come to.
MONTHLY_COSTS = (
    MonthlyCost("marketing", "tools", "nurture", 900, "EUR"),
    MonthlyCost("marketing", "tools", "acquire", 450, "USD"),
    MonthlyCost("marketing", "agencies", "acquire", 3_200, "PLN"),
    MonthlyCost("marketing", "events", "acquire", 1_500, "EUR"),
    MonthlyCost("sales", "tools", "close", 700, "USD"),
    MonthlyCost("sales", "agencies", "acquire", 350, "EUR"),
)
# Which phase a team's salaries serve.
PHASES_OF_TEAM = {
    "SDR": {"acquire": 1.0},
    "Account executive": {"close": 1.0},
    "Marketing": {"acquire": 0.6, "nurture": 0.4},
}
# How much more than can be expected is asked for.
TARGET_STRETCH = 1.1
# The ledger holds fees that the ad platforms do not report.
MEDIA_FEE_RATE = 0.02

# ---------------------------------------------------------------------------------------------------------------------
# What marketing runs.


class Media(NamedTuple):
    """A bought channel: EUR of media per lead that it creates, EUR per click, and clicks per impression."""

    cost_per_lead: float
    cost_per_click: float
    click_through_rate: float


MEDIA = {
    "paid_search": Media(190.0, 4.2, 0.045),
    "paid_social": Media(270.0, 6.0, 0.007),
    "retargeting": Media(130.0, 1.9, 0.006),
    "display": Media(420.0, 0.9, 0.0011),
}
# Platforms claim conversions of others' making.
PLATFORM_CONVERSIONS_PER_CLICK = 0.035
# The ad groups (LinkedIn's campaigns, Meta's ad sets) of a campaign and how its delivery is split over them; a campaign
# without any is one that the platform steers by itself.
AD_GROUPS = {
    "paid_search": {"exact": 5, "broad": 3},
    "paid_social": {"job titles": 4, "lookalike": 2, "interests": 1},
    "retargeting": {"visitors": 1},
    "display": {},
}
# What a platform says of a day changes: clicks and their cost until invalid ones have been credited, so many days and
# by this share at first; conversions come in late, half of what is missing in each half-life, until they are final.
CLICKS_FINAL_AFTER_DAYS = 3
INVALID_CLICK_SHARE = 0.03
CONVERSIONS_FINAL_AFTER_DAYS = 90
LATE_CONVERSION_SHARE = 0.4
LATE_CONVERSION_HALF_LIFE_DAYS = 14.0


class CampaignPlan(NamedTuple):
    """A campaign: months are counted from the beginning of the history; `months` None means it never ends."""

    name: str
    channel: str
    market: str | None
    platform: str
    programme: str
    weight: float
    first_month: float = 0.0
    months: float | None = None


CAMPAIGN_PLANS = (
    CampaignPlan("PL_search_brand", "paid_search", "PL", "Google Ads", "Always-on search", 2.0),
    CampaignPlan("PL_search_generic", "paid_search", "PL", "Google Ads", "Always-on search", 3.0),
    CampaignPlan("PL_search_competitor", "paid_search", "PL", "Google Ads", "Always-on search", 1.0, 5, 6),
    CampaignPlan("DE_search_brand", "paid_search", "DE", "Google Ads", "Always-on search", 1.5),
    CampaignPlan("DE_search_generic", "paid_search", "DE", "Google Ads", "Always-on search", 3.0),
    CampaignPlan("DE_search_bing", "paid_search", "DE", "Microsoft Ads", "Always-on search", 0.8, 3),
    CampaignPlan("INT_search_generic", "paid_search", "INT", "Google Ads", "Always-on search", 1.2),
    CampaignPlan("PL_search_insight-launch", "paid_search", "PL", "Google Ads", "Insight launch", 2.0, 9, 3),
    CampaignPlan("DE_search_insight-launch", "paid_search", "DE", "Google Ads", "Insight launch", 2.0, 9, 3),
    CampaignPlan("PL_social_lead-ads", "paid_social", "PL", "LinkedIn Ads", "Always-on social", 2.0),
    CampaignPlan("DE_social_lead-ads", "paid_social", "DE", "LinkedIn Ads", "Always-on social", 2.0),
    CampaignPlan("INT_social_lead-ads", "paid_social", "INT", "LinkedIn Ads", "Always-on social", 0.7),
    CampaignPlan("PL_social_awareness", "paid_social", "PL", "Meta Ads", "Always-on social", 1.0, 2),
    # Two that ignore the naming convention, as there always are.
    CampaignPlan("LinkedIn test (copy)", "paid_social", "DE", "LinkedIn Ads", "Always-on social", 0.6, 7, 4),
    CampaignPlan("nowa kampania display", "display", "PL", "Google Ads", "Banners", 0.7, 11, 3),
    CampaignPlan("PL_display_awareness", "display", "PL", "Google Ads", "Banners", 1.0),
    CampaignPlan("DE_display_awareness", "display", "DE", "Google Ads", "Banners", 1.0),
    CampaignPlan("INT_display_awareness", "display", "INT", "Google Ads", "Banners", 0.3),
    CampaignPlan("PL_retargeting_pricing", "retargeting", "PL", "Google Ads", "Retargeting", 1.0),
    CampaignPlan("DE_retargeting_pricing", "retargeting", "DE", "Google Ads", "Retargeting", 1.0),
    CampaignPlan("INT_retargeting_pricing", "retargeting", "INT", "Meta Ads", "Retargeting", 0.4),
    CampaignPlan("PL_newsletter", "marketing_email", "PL", "E-mail", "Newsletter", 1.0),
    CampaignPlan("DE_newsletter", "marketing_email", "DE", "E-mail", "Newsletter", 1.0),
    CampaignPlan("INT_newsletter", "marketing_email", "INT", "E-mail", "Newsletter", 1.0),
    CampaignPlan("PL_nurture_welcome", "nurture", "PL", "E-mail", "Nurture", 1.0),
    CampaignPlan("DE_nurture_welcome", "nurture", "DE", "E-mail", "Nurture", 1.0),
    CampaignPlan("INT_nurture_welcome", "nurture", "INT", "E-mail", "Nurture", 1.0),
    CampaignPlan("PL_outbound_operations", "cold_email", "PL", "Outreach", "Outbound", 1.0),
    CampaignPlan("DE_outbound_operations", "cold_email", "DE", "Outreach", "Outbound", 1.0),
    CampaignPlan("INT_outbound_operations", "cold_email", "INT", "Outreach", "Outbound", 1.0),
    CampaignPlan("ALL_content_guest-posts", "content", None, "Website", "Content", 1.0),
    CampaignPlan("ALL_content_planning-guide", "content", None, "Website", "Content", 1.5, 4),
    CampaignPlan("ALL_partner_resellers", "partner", None, "Partner portal", "Partners", 1.0),
    CampaignPlan("ALL_partner_consultants", "partner", None, "Partner portal", "Partners", 0.7, 6),
)
WEBINAR_TOPICS = ("planning", "automation", "reporting", "integration", "change")
# People can register this many days before a webinar begins.
WEBINAR_REGISTRATION_DAYS = 35
WEBINAR_ATTENDANCE_RATE = 0.55
FAIR_CITIES = ("poznan", "hannover", "warszawa", "muenchen", "krakow", "berlin", "wien", "katowice", "koeln")
MONTHS_BETWEEN_FAIRS = 2


class Signal(NamedTuple):
    """What a visit of a channel leaves behind at the website; None is left empty."""

    weight: float
    utm_source: str | None = None
    utm_medium: str | None = None
    click_kind: str | None = None
    referrer: str | None = None
    is_campaign_tagged: bool = True


# Written as the tools write them; the playbook's channel rules turn them back into channels.
SIGNALS = {
    "paid_search": (
        Signal(0.70, "google", "cpc", "gclid", "https://www.google.com/"),
        Signal(0.10, "bing", "cpc", "msclkid", "https://www.bing.com/"),
        Signal(0.20, None, None, "gclid", "https://www.google.com/", is_campaign_tagged=False),
    ),
    "organic_search": (
        Signal(0.45, referrer="https://www.google.com/", is_campaign_tagged=False),
        Signal(0.20, referrer="https://www.google.pl/", is_campaign_tagged=False),
        Signal(0.20, referrer="https://www.google.de/", is_campaign_tagged=False),
        Signal(0.05, referrer="https://duckduckgo.com/", is_campaign_tagged=False),
        Signal(0.10, "google", "organic", referrer="https://www.google.com/", is_campaign_tagged=False),
    ),
    "paid_social": (
        Signal(0.60, "linkedin", "paid_social", "li_fat_id", "https://www.linkedin.com/"),
        Signal(0.30, "facebook", "cpc", "fbclid", "https://l.facebook.com/"),
        Signal(0.10, "instagram", "cpm", "fbclid"),
    ),
    "organic_social": (
        Signal(0.50, referrer="https://www.linkedin.com/", is_campaign_tagged=False),
        Signal(0.35, "linkedin", "social", referrer="https://lnkd.in/", is_campaign_tagged=False),
        Signal(0.15, None, None, "fbclid", "https://l.facebook.com/", is_campaign_tagged=False),
    ),
    "cold_email": (Signal(0.7, "outreach", "cold-email"), Signal(0.3, "outreach", "sequence")),
    "marketing_email": (Signal(0.8, "newsletter", "email"), Signal(0.2, "kolibri", "e-mail")),
    "nurture": (Signal(1.0, "kolibri", "email"),),
    "content": (
        Signal(0.5, "industry-portal", "guest-post", referrer="https://www.industry-portal.example/"),
        Signal(0.5, "planning-guide", "ebook"),
    ),
    "webinar": (Signal(1.0, "webinar-platform", "webinar"),),
    "event": (Signal(1.0, "fair-stand", "event"),),
    "referral": (
        Signal(0.8, referrer="https://www.software-reviews.example/", is_campaign_tagged=False),
        Signal(0.2, "software-reviews", "referral", is_campaign_tagged=False),
    ),
    "partner": (
        Signal(0.7, "wdrozenia-partner", "partner", referrer="https://www.wdrozenia-partner.example/"),
        Signal(0.3, "beratung-partner", "reseller"),
    ),
    "retargeting": (
        Signal(0.7, "google", "cpc", "gclid", "https://www.google.com/"),
        Signal(0.3, "facebook", "paid_social", "fbclid", "https://l.facebook.com/"),
    ),
    "display": (
        Signal(0.7, "programmatic", "display", referrer="https://www.news-portal.example/"),
        Signal(0.3, "industry-portal", "banner", referrer="https://www.industry-portal.example/"),
    ),
    "direct": (Signal(1.0, is_campaign_tagged=False),),
    "unclassified": (
        Signal(0.6, "flyer", "print", is_campaign_tagged=False),
        Signal(0.4, "podcast", "audio", is_campaign_tagged=False),
    ),
}


class Asset(NamedTuple):
    """A piece of content; `path` is its place on the website, None for what has none."""

    name: str
    content_type: str
    topic: str
    funnel_phase: str
    path: str | None


ASSETS = (
    Asset("Home", "page", "company", "awareness", "/"),
    Asset("Pricing", "page", "pricing", "decision", "/pricing"),
    Asset("Product: Plan", "page", "planning", "consideration", "/products/plan"),
    Asset("Product: Flow", "page", "automation", "consideration", "/products/flow"),
    Asset("Product: Insight", "page", "reporting", "consideration", "/products/insight"),
    Asset("Integrations", "page", "integration", "consideration", "/integrations"),
    Asset("Security", "page", "security", "decision", "/security"),
    Asset("Request a demo", "page", "demo", "decision", "/demo"),
    Asset("Case study: a factory", "case study", "planning", "decision", "/customers/factory"),
    Asset("Case study: a carrier", "case study", "automation", "decision", "/customers/carrier"),
    Asset("Case study: a shop chain", "case study", "reporting", "decision", "/customers/shop-chain"),
    Asset("Blog: seven planning mistakes", "blog post", "planning", "awareness", "/blog/seven-planning-mistakes"),
    Asset("Blog: the end of spreadsheets", "blog post", "planning", "awareness", "/blog/end-of-spreadsheets"),
    Asset("Blog: automation for beginners", "blog post", "automation", "awareness", "/blog/automation-for-beginners"),
    Asset("Blog: which figures matter", "blog post", "reporting", "awareness", "/blog/which-figures-matter"),
    Asset("Blog: how to choose a tool", "blog post", "integration", "consideration", "/blog/how-to-choose"),
    Asset("E-book: the planning guide", "e-book", "planning", "awareness", "/guides/planning"),
    Asset("E-book: the automation handbook", "e-book", "automation", "consideration", "/guides/automation"),
    Asset("E-book: business case template", "e-book", "pricing", "decision", "/guides/business-case"),
    Asset("Welcome e-mail", "email", "company", "awareness", None),
    Asset("E-mail: how others plan", "email", "planning", "awareness", None),
    Asset("E-mail: the automation handbook", "email", "automation", "consideration", None),
    Asset("E-mail: the business case", "email", "pricing", "decision", None),
    Asset("Newsletter", "email", "company", "awareness", None),
    Asset("Outbound e-mail", "email", "company", "awareness", None),
)
NURTURE_ASSETS = (
    "Welcome e-mail",
    "E-mail: how others plan",
    "E-mail: the automation handbook",
    "E-mail: the business case",
)
NURTURE_DAYS = (1.0, 5.0, 12.0, 25.0)
# Where a visit of a channel lands; other channels land anywhere.
LANDING_TYPES = {
    "content": ("e-book", "blog post"),
    "organic_search": ("blog post", "page"),
    "organic_social": ("blog post", "case study"),
    "marketing_email": ("blog post", "case study"),
    "nurture": ("e-book", "case study"),
    "retargeting": ("case study", "page"),
}

# ---------------------------------------------------------------------------------------------------------------------
# What people do. Counts are per lead.

VISITS_BEFORE_LEAD = 1.5
VISITS_AFTER_LEAD = 0.9
VISITS_BEFORE_QUALIFIED = 1.4
VISITS_DURING_DEAL = 1.0
PRICING_RATE_DURING_DEAL = 0.3
DAYS_BEFORE_LEAD = Leg(12.0, 1.0)
DAYS_AFTER_LEAD = Leg(9.0, 1.2)
PAGES_PER_VISIT = {1: 0.45, 2: 0.28, 3: 0.17, 4: 0.10}
# People who look and never leave an address, per lead.
STRANGERS_PER_LEAD = 0.25
SECOND_DEVICE_SHARE = 0.15
SECOND_DEVICE_USE_RATE = 0.4
RETURNS_OF_STRANGERS = 0.3
# What turns an anonymous visit into a lead, or a lead into a qualified one.
SOFT_CONVERSIONS = {"form_submitted": 0.5, "content_downloaded": 0.5}
STRONG_CONVERSIONS = {
    "demo_requested": 0.5,
    "price_requested": 0.2,
    "trial_started": 0.15,
    "chat": 0.05,
    "meeting_booked": 0.1,
}
# A lead of average interest makes a strong request at its creation this often; more interest, more often.
STRONG_AT_CREATION_RATE = 0.22
STRONG_WHEN_QUALIFYING_RATE = 0.7
CLOCK_SKEW_SHARE = 0.15
NEWSLETTER_SHARE = 0.22
PHONE_CONSENT_SHARE = 0.4
# Of those who came by outreach, who simply wrote back; the others clicked and filled in a form.
OUTREACH_REPLY_SHARE = 0.5
BOUNCE_RATE = 0.015
OPEN_RATE = 0.36
CLICK_RATE = 0.055
REPLY_RATE = 0.05
UNSUBSCRIBE_RATE = 0.006
WEBINARS_PER_LEAD = 0.12
FAIR_VISITS_PER_LEAD = 0.03
SOCIAL_ENGAGEMENTS_PER_LEAD = 0.25
AD_IMPRESSIONS_PER_LEAD = 0.8
AD_CLICKS_PER_LEAD = 0.05
FOLLOW_UPS_PER_HANDOVER = 2.6
DEAL_ACTIONS_OF_PRIMARY = 7.0
DEAL_ACTIONS_OF_OTHERS = 2.0
SALES_ACTIONS = {"call": 0.42, "email_sent": 0.36, "message_sent": 0.06, "note": 0.10, "task": 0.06}
DEAL_ACTIONS = {"meeting_held": 0.30, "call": 0.27, "email_sent": 0.28, "note": 0.10, "task": 0.05}
FIRST_ANSWERS = {"call": 0.60, "email_sent": 0.34, "message_sent": 0.06}
INBOUND_CALL_SHARE = 0.06
CALL_OUTCOMES = {"no answer": 0.45, "voicemail": 0.15, "connected": 0.40}
REPLY_TO_REP_RATE = 0.25

# Records that are put right, or passed on, some time later.
ATTRIBUTE_CHANGE_SHARE = 0.04
CORRECTION_LEG = Leg(30.0, 0.8)
OWNER_CHANGE_SHARE = 0.05
OWNER_CHANGE_LEG = Leg(6.0, 0.6)


# ---------------------------------------------------------------------------------------------------------------------
# What was tried out on half of the leads.


@dataclass(frozen=True)
class Experiment:
    """A test on leads, assigned at creation; months are counted from the beginning of the history."""

    experiment_id: str
    name: str
    hypothesis: str
    bottleneck_stage: str
    primary_metric: str
    first_month: float
    months: float | None
    horizon_days: int
    minimum_effect: float
    learning: str | None
    odds: Odds
    answer_hours_factor: float


EXPERIMENTS = (
    Experiment(
        "X01",
        "Short welcome form",
        "Fewer fields and a call-back option make more leads qualify",
        "lead",
        "mql",
        8,
        4,
        60,
        0.05,
        "Kept: the shorter form does not cost quality",
        Odds(mql=1.5),
        1.0,
    ),
    Experiment(
        "X02",
        "Answer within the hour",
        "A queue that rings at once makes more MQLs become SQLs",
        "mql",
        "sql",
        14,
        None,
        60,
        0.05,
        None,
        Odds(),
        0.3,
    ),
)
