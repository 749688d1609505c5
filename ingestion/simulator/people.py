"""Who there is: the company's own reps and marketers, the accounts, and the leads with the traits that decide."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw, words
from ingestion.simulator.clock import History, days, draw_arrivals, in_office_hours
from ingestion.simulator.marketing import Marketing
from ingestion.simulator.mess import Mess


def users(rng: np.random.Generator, lead_count: int) -> pd.DataFrame:
    """One row per rep or marketer, the columns of entity `users` and `market`; numbered from 0."""
    rows = []
    for team in company.TEAMS:
        for _ in range(max(1, round(team.per_thousand_leads * lead_count / 1000))):
            rows.append((team.name, team.market, team.calendar, team.capacity_per_week))
    staff = pd.DataFrame(rows, columns=["team", "market", "calendar", "capacity_per_week"])
    language = staff["calendar"].str.lower().to_numpy()
    first_names = draw.pick_by(rng, language, words.FIRST_NAMES)
    return staff.assign(
        user_id=draw.labels("U", staff.index.to_numpy() + 1, 3),
        user_name=first_names + " " + draw.pick_by(rng, language, words.SURNAMES),
        region=staff["market"].map(company.REGION_OF_MARKET),
        # The last SDR of the home market has left; the leads still carry the name.
        is_active=staff.index != staff.index[(staff["team"] == "SDR") & (staff["market"] == "PL")][-1],
    )


def accounts(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """One row per company, numbered from 0: the columns of entity `accounts` and the `market` that serves it."""
    segment = draw.pick(rng, {name: entry.share for name, entry in company.SEGMENTS.items()}, count)
    country = draw.pick(rng, {code: entry.share for code, entry in company.COUNTRIES.items()}, count)
    smallest, largest = draw.attributes(segment, company.SEGMENTS, "employees").T
    employees = (smallest * (largest / smallest) ** rng.random(count)).astype(int)
    name_numbers = rng.permutation(count)
    names = np.array([_company_name(number) for number in name_numbers], dtype=object)
    legal_forms = draw.pick_by(rng, country, {c: entry.legal_forms for c, entry in company.COUNTRIES.items()})
    revenue = employees * draw.lognormal(rng, company.REVENUE_PER_EMPLOYEE, company.REVENUE_SPREAD, count)
    return pd.DataFrame(
        {
            "account_id": draw.labels("A", np.arange(1, count + 1), 5),
            "account_name": names + " " + legal_forms,
            "domain": [f"{words.as_address(name)}.example" for name in names],
            "industry": draw.pick(rng, company.INDUSTRIES, count),
            "employee_count": employees,
            "annual_revenue_amount": revenue.round(-4),
            "country": country,
            "region": draw.pick_by(rng, country, {c: entry.regions for c, entry in company.COUNTRIES.items()}),
            "technology_tags": _technologies(rng, count),
            "segment": segment,
            "market": draw.attributes(country, company.COUNTRIES, "market"),
        }
    )


def leads(
    rng: np.random.Generator,
    history: History,
    count: int,
    accounts: pd.DataFrame,
    users: pd.DataFrame,
    marketing: Marketing,
    mess: Mess,
) -> pd.DataFrame:
    """One row per person in order of creation, numbered from 0, with what the CRM knows and what only we know.

    Beside columns of entity `leads` and the contact columns: account, sdr and executive (numbers), channel, market,
    segment, industry, product, intent (standard normal), has_consent, has_newsletter, has_replied_to_outreach,
    answer_hours (infinite: never), and per experiment its variant (None: not in it).
    """
    weight = draw.attributes(accounts["segment"], company.SEGMENTS, "leads_per_account")
    account = rng.choice(len(accounts), size=count, p=weight / weight.sum())
    people = accounts.loc[account, ["market", "segment", "industry", "country", "domain", "account_name"]]
    people = people.reset_index(drop=True).assign(account=account)
    people["channel"] = _channels(rng, people["segment"].to_numpy())
    people["created_at"] = _created_at(rng, history, people["channel"].to_numpy(), marketing)
    people = people.sort_values("created_at", kind="stable", ignore_index=True)

    title = draw.pick(rng, {entry: entry.weight for entry in words.JOB_TITLES}, count)
    for column, attribute in (
        ("job_title", "title"),
        ("job_function", "job_function"),
        ("seniority", "seniority"),
        ("persona", "persona"),
    ):
        people[column] = [getattr(entry, attribute) for entry in title]
    people["language"] = draw.attributes(people["country"], company.COUNTRIES, "language")
    people["product"] = draw.pick(rng, {name: entry.share for name, entry in company.PRODUCTS.items()}, count)
    people["intent"] = rng.normal(0.0, 1.0, count)
    people["has_consent"] = draw.chance(rng, company.CONSENT_SHARE, count) & (people["channel"] != "cold_email")
    people["has_replied_to_outreach"] = (people["channel"] == "cold_email") & draw.chance(
        rng, company.OUTREACH_REPLY_SHARE, count
    )
    people["has_newsletter"] = people["has_consent"] & draw.chance(rng, company.NEWSLETTER_SHARE, count)
    people["sdr"] = _rep(rng, users, "SDR", people["market"].to_numpy())
    people["executive"] = _rep(rng, users, "Account executive", people["market"].to_numpy())
    people["answer_hours"] = draw.lognormal(rng, company.ANSWER_HOURS_MEDIAN, company.ANSWER_HOURS_SPREAD, count)
    people.loc[draw.chance(rng, company.UNANSWERED_SHARE, count), "answer_hours"] = np.inf
    for experiment in company.EXPERIMENTS:
        people[experiment.experiment_id] = _variants(rng, history, experiment, people)
        is_treated = people[experiment.experiment_id] == "treatment"
        people.loc[is_treated, "answer_hours"] *= experiment.answer_hours_factor
    people["lead_id"] = draw.labels("L", people.index.to_numpy() + 1, 6)
    return people.assign(
        **_contact_details(rng, people, mess), lead_source=_lead_sources(rng, people["channel"].to_numpy())
    )


def _company_name(number: int) -> str:
    """A different name for every number; when all pairs of words are used up, they get a numeral."""
    pair_count = len(words.COMPANY_STEMS) * len(words.COMPANY_ENDINGS)
    # 1,013 shares no factor with the number of pairs, so stepping by it visits each pair once.
    stem, ending = divmod(number * 1_013 % pair_count, len(words.COMPANY_ENDINGS))
    name = words.COMPANY_STEMS[stem] + words.COMPANY_ENDINGS[ending]
    return name if number < pair_count else f"{name} {number // pair_count + 1}"


def _technologies(rng: np.random.Generator, count: int) -> list[str | None]:
    uses = rng.random((count, len(company.TECHNOLOGIES))) < 0.25
    names = np.array(company.TECHNOLOGIES)
    return [";".join(names[row]) or None for row in uses]


def _channels(rng: np.random.Generator, segments: np.ndarray) -> np.ndarray:
    channels = np.full(len(segments), None, dtype=object)
    for segment in company.SEGMENTS:
        tilts = company.CHANNEL_TILTS.get(segment, {})
        shares = {name: entry.lead_share * tilts.get(name, 1.0) for name, entry in company.CHANNELS.items()}
        members = np.flatnonzero(segments == segment)
        channels[members] = draw.pick(rng, shares, members.size)
    return channels


def _created_at(rng: np.random.Generator, history: History, channels: np.ndarray, marketing: Marketing) -> np.ndarray:
    """In the company's rhythm, but those met at a fair when its badge list was uploaded, one to four days later."""
    created_at = draw_arrivals(history, len(channels), rng)
    fairs = marketing.campaigns.query("channel == 'event'")
    held_at = fairs["held_at"].to_numpy()[fairs["ends_at"] <= history.as_of]
    met = np.flatnonzero(channels == "event")
    uploaded_at = rng.choice(held_at, met.size) + days(rng.uniform(1.0, 4.0, met.size))
    created_at[met] = in_office_hours(uploaded_at, np.full(met.size, "PL"), rng)
    return created_at


def _rep(rng: np.random.Generator, users: pd.DataFrame, team: str, markets: np.ndarray) -> np.ndarray:
    team_members = users[users["team"] == team]
    by_market = {market: members.index for market, members in team_members.groupby("market")}
    return draw.pick_by(rng, markets, by_market).astype(int)


def _variants(
    rng: np.random.Generator, history: History, experiment: company.Experiment, people: pd.DataFrame
) -> np.ndarray:
    """Of those who fill in a form on the website while the experiment runs, half each."""
    first_month, months = experiment.first_month, experiment.months
    until = history.as_of if months is None else history.month(first_month + months)
    is_in = people["created_at"].between(history.month(first_month), until)
    is_in &= (people["channel"] != "event") & ~people["has_replied_to_outreach"]
    return np.where(is_in, draw.pick_any(rng, ("control", "treatment"), len(people)), None)


def _lead_sources(rng: np.random.Generator, channels: np.ndarray) -> np.ndarray:
    """The CRM's words: mostly right, sometimes those of another channel, sometimes none."""
    typed_for = channels.copy()
    is_wrong = draw.chance(rng, company.LEAD_SOURCE_WRONG_SHARE, len(channels))
    typed_for[is_wrong] = draw.pick_any(rng, company.CHANNELS, is_wrong.sum())
    typed = draw.pick_by(rng, typed_for, {name: entry.lead_source_words for name, entry in company.CHANNELS.items()})
    typed[draw.chance(rng, company.LEAD_SOURCE_EMPTY_SHARE, len(channels))] = None
    return typed


def _contact_details(rng: np.random.Generator, people: pd.DataFrame, mess: Mess) -> dict[str, np.ndarray]:
    """Columns full_name, email, phone, company_name; no address and no number can belong to anybody."""
    count = len(people)
    language = people["language"].to_numpy()
    first_names = draw.pick_by(rng, language, words.FIRST_NAMES)
    surnames = draw.pick_by(rng, language, words.SURNAMES)
    local_parts = pd.Series(
        [f"{words.as_address(f)}.{words.as_address(s)}" for f, s in zip(first_names, surnames, strict=True)]
    )
    address = local_parts + "@" + people["domain"]
    namesake = address.groupby(address).cumcount()
    address = local_parts + (namesake + 1).astype(str).where(namesake > 0, "") + "@" + people["domain"]
    private = "made-up-person-" + people["lead_id"].str.lower() + "@" + draw.pick(rng, company.FREE_MAIL_DOMAINS, count)
    is_private = draw.chance(rng, mess.free_mail, count)
    company_name = people["account_name"].astype(object).where(draw.chance(rng, 0.85, count), None)
    return {
        "full_name": first_names + " " + surnames,
        "email": np.where(is_private, private, address),
        # No country has the code +00.
        "phone": np.where(draw.chance(rng, 0.6, count), draw.labels("+00 555 ", people.index.to_numpy(), 7), None),
        "company_name": company_name.to_numpy(),
    }
