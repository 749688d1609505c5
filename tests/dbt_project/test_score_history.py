"""Scores through time: the SQL of the marts against scoring anew, from nothing, on each day by what was known then."""

import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest
from refreshing import compiled

pytestmark = pytest.mark.refresh

EXACT = 1e-9
SEEDS = range(8)
LAST_DATE = date(2026, 11, 1)  # that of the made-up company; the clocks change on 25 October
FIRST_DATE = LAST_DATE - timedelta(days=110)
ZONE = ZoneInfo("Europe/Warsaw")
FIRST_LOAD = datetime(2026, 9, 10, 4)
MODELS = (
    "intermediate.int_activities_known",
    "intermediate.int_attributes_dated",
    "intermediate.int_scoring_signals",
    "intermediate.int_score_events",
    "intermediate.int_fit_points",
    "marts.fct_lead_score_changes",
)
MACROS = ("score_history", "score_as_of")
INPUTS = (
    "intermediate.int_activities_classified",
    "intermediate.int_leads_described",
    "unified.activities",
    "unified.content",
    "unified.leads",
    "unified.accounts",
    "unified.lead_attribute_changes",
    "unified.account_attribute_changes",
    "playbook.scoring_groups",
    "playbook.scoring_rules",
    "playbook.free_mail_domains",
    "playbook.value_mappings",
)
FROM_THE_WAREHOUSE = ("playbook.settings", "marts.dim_build")


class Company:
    """A made-up company of ten leads: `tables`, named as the models' inputs, and rules of two versions."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        leads = self.leads()
        rules, groups = self.rules()
        changes = self.attribute_changes(leads)
        activities = self.activities(leads)
        self.tables = {
            "intermediate.int_activities_classified": activities,
            "intermediate.int_leads_described": leads[
                ["lead_id", "created_at", "created_at_precision", "created_date"]
            ],
            "unified.activities": activities[["activity_id", "source", "loaded_at"]],
            "unified.content": pd.DataFrame(
                [("C1", "case study", False), ("C2", "blog", False), ("C3", "Case Study", True)],
                columns=["content_id", "content_type", "is_deleted"],
            ),
            "unified.leads": leads[["lead_id", "account_id", "seniority", "email_domain"]],
            "unified.accounts": pd.DataFrame(
                [("A1", 40, "sap; azure"), ("A2", 700, None), ("A3", None, "oracle")],
                columns=["account_id", "employee_count", "technology_tags"],
            ).assign(is_deleted=False),
            "unified.lead_attribute_changes": changes[changes["entity_id"].str.startswith("L")].rename(
                columns={"entity_id": "lead_id"}
            ),
            "unified.account_attribute_changes": changes[changes["entity_id"].str.startswith("A")].rename(
                columns={"entity_id": "account_id"}
            ),
            "playbook.scoring_groups": groups,
            "playbook.scoring_rules": rules,
            "playbook.free_mail_domains": pd.DataFrame({"domain": ["mail.example"]}),
            "playbook.value_mappings": pd.DataFrame(),
        }

    def pick(self, *values: object) -> object:
        return values[self.random.integers(len(values))]

    def moment(self, first: date = FIRST_DATE, last: date = LAST_DATE) -> datetime:
        """A moment, UTC, of a local day before the last."""
        seconds = int(self.random.integers((last - first).days * 86400))
        return datetime.combine(first, time()) - timedelta(hours=2) + timedelta(seconds=seconds)

    def leads(self) -> pd.DataFrame:
        rows = []
        for number in range(10):
            precision = self.pick("second", "second", "day")
            created_at = self.moment(last=FIRST_DATE + timedelta(days=60))
            if precision == "day":
                created_at = datetime.combine(created_at.date(), time())
            rows.append(
                {
                    "lead_id": f"L{number}",
                    "account_id": self.pick("A1", "A2", "A3", None),
                    "seniority": self.pick("Boss", "clerk", None),
                    "email_domain": self.pick("mail.example", "one.example", None),
                    "created_at": created_at,
                    "created_at_precision": precision,
                    "created_date": local_date(created_at, precision),
                }
            )
        return pd.DataFrame(rows)

    def activities(self, leads: pd.DataFrame) -> pd.DataFrame:
        """Some known at once, some with a later load, some only once their person was recognised or created."""
        rows = []
        for number in range(500):
            precision = self.pick("second", "second", "second", "day")
            # A few days on which much happens, so that caps hold something back.
            busy_day = FIRST_DATE + timedelta(days=int(self.random.integers(4)) * 25)
            occurred_at = self.moment(busy_day, busy_day + timedelta(days=2)) if number % 3 else self.moment()
            if precision == "day":
                occurred_at = datetime.combine(occurred_at.date(), time())
            latest = datetime.combine(LAST_DATE, time())
            late = occurred_at + timedelta(days=float(self.random.exponential(12)))
            activity_type = self.pick("page_view", "page_view", "demo_requested", "chat", "note", "unsubscribed")
            rows.append(
                {
                    "activity_id": f"E{number}",
                    "lead_id": leads["lead_id"][self.random.integers(len(leads))] if number % 20 else None,
                    "activity_type": activity_type,
                    "actor": self.pick("person", "person", "rep", None),
                    "outcome": self.pick("reached", "missed", None),
                    "channel": self.pick("email", "direct"),
                    "content_id": self.pick("C1", "C2", "C3", None),
                    "page": self.pick("/Pricing", "/pricing/eu", "/blog") if activity_type == "page_view" else None,
                    "occurred_at": occurred_at,
                    "occurred_at_precision": precision,
                    "recognised_at": min(late, latest) if self.random.random() < 0.3 else None,
                    "source": "web" if number % 2 else "crm",
                    "loaded_at": max(min(late, latest), FIRST_LOAD),
                }
            )
        return pd.DataFrame(rows)

    def attribute_changes(self, leads: pd.DataFrame) -> pd.DataFrame:
        """Of half of the leads and two companies; some change twice on a day."""
        rows = [
            (lead, "seniority", self.pick("boss", "Clerk", None)) for lead in leads["lead_id"][:5] for _ in range(4)
        ]
        rows += [("A1", "employee_count", str(self.pick(40, 400, 4000))) for _ in range(4)]
        rows += [("A2", "technology_tags", self.pick("sap", "azure; Oracle", None)) for _ in range(4)]
        changes = pd.DataFrame(rows, columns=["entity_id", "attribute", "value"])
        days = [FIRST_DATE + timedelta(days=int(day)) for day in self.random.integers(10, 110, len(changes))]
        hours = self.random.permutation(len(changes)) / len(changes) * 20
        changes["changed_at"] = [
            datetime.combine(day, time()) + timedelta(hours=float(hour)) for day, hour in zip(days, hours, strict=True)
        ]
        changes.loc[1, "changed_at"] = changes.loc[0, "changed_at"] + timedelta(seconds=60)
        return changes.assign(is_deleted=False)

    def rules(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rules of two versions and their groups: what fades, stays, lapses, and fades until it lapses."""
        groups, rules = [], []
        for version in (1, 2):
            for name, half_life, valid_days in (
                ("fading", self.random.uniform(2, 20), None),
                ("slow", 30.0, None),
                ("staying", None, None),
                ("lapsing", None, int(self.random.integers(3, 30))),
                ("both", self.random.uniform(2, 20), int(self.random.integers(3, 30))),
            ):
                cap = float(self.random.integers(10, 40))
                groups.append((version, name, "intent", cap, half_life, valid_days))
                for number in range(4):
                    rules += self.intent_rule(version, name, f"{name}_{number}")
            for name in ("who", "where"):
                groups.append((version, name, "fit", float(self.random.integers(10, 30)), None, None))
                rules += self.fit_rules(version, name)
        group_columns = ["score_version", "rule_group", "dimension", "points_cap", "half_life_days", "valid_days"]
        return pd.DataFrame(rules), pd.DataFrame(groups, columns=group_columns)

    def intent_rule(self, version: int, group: str, rule_id: str) -> list[dict]:
        signal, operator, value = self.pick(
            (None, None, None),
            (None, None, None),
            ("activity.page", "matches", ".*/pricing.*"),
            ("activity.channel", "matches", "email"),
            ("activity.outcome", "matches", "reached"),
            ("content.content_type", "matches", "case stud.*"),
        )
        least_days = self.pick(None, None, 1, 2, 3)
        rule = {
            "rule_id": rule_id,
            "score_version": version,
            "rule_group": group,
            "activity_type": self.pick("page_view", "page_view|chat", "demo_.*", "unsubscribed", None),
            "actor": self.pick("person", ".*", None),
            "signal": signal,
            "operator": operator,
            "value": value,
            "least_days": least_days,
            "within_days": int(self.random.integers(3, 30)) if least_days else None,
            "points": self.points(),
        }
        return self.edited(rule)

    def fit_rules(self, version: int, group: str) -> list[dict]:
        asked = (
            ("lead.seniority", "matches", "boss|owner"),
            ("lead.has_free_mail", "matches", "true"),
            ("account.employee_count", "between", "50..500"),
            ("account.employee_count", "at_least", "501"),
            ("account.technology_tags", "has_tag", "sap|oracle"),
        )
        return [
            row
            for signal, operator, value in asked
            for row in self.edited(
                {
                    "rule_id": f"{group} {signal} {operator}",
                    "score_version": version,
                    "rule_group": group,
                    "signal": signal,
                    "operator": operator,
                    "value": value,
                    "points": self.points(),
                }
            )
        ]

    def points(self) -> float:
        return float(self.pick(-1, 1, 1, 1)) * float(self.random.integers(1, 200)) / 10

    def edited(self, rule: dict) -> list[dict]:
        """The rule, or, of some, the rule as it was until a day and from that day on."""
        if self.random.random() < 0.7:
            return [rule | {"valid_from": None, "valid_to": None}]
        day = FIRST_DATE + timedelta(days=int(self.random.integers(10, 100)))
        return [
            rule | {"valid_from": None, "valid_to": day},
            rule | {"valid_from": day, "valid_to": None, "points": self.points()},
        ]


def local_date(moment: datetime, precision: str = "second") -> date:
    return moment.date() if precision == "day" else moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE).date()


def matches(pattern: str | None, value: object) -> bool:
    return pattern is None or (value is not None and re.fullmatch(pattern, str(value).lower()) is not None)


def meets(rule: dict, value: object) -> bool:
    """Whether a value is what a rule asks for."""
    if value is None:
        return False
    if rule["operator"] == "matches":
        return matches(rule["value"], value)
    if rule["operator"] == "has_tag":
        return any(matches(rule["value"], tag.strip()) for tag in str(value).split(";"))
    if rule["operator"] == "at_least":
        return float(value) >= float(rule["value"])
    least, most = rule["value"].split("..")
    return float(least) <= float(value) <= float(most)


def is_valid(rule: dict, day: date) -> bool:
    return (rule["valid_from"] is None or rule["valid_from"] <= day) and (
        rule["valid_to"] is None or day < rule["valid_to"]
    )


def records(table: pd.DataFrame) -> list[dict]:
    """The rows of a table, with None where there is nothing."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


class DayByDay:
    """The scores of a company as its rules say them, worked out anew for each day from all that was known on it."""

    def __init__(self, company: Company) -> None:
        self.tables = {name: records(table) for name, table in company.tables.items()}
        self.groups = {
            (group["score_version"], group["rule_group"]): group for group in self.tables["playbook.scoring_groups"]
        }
        self.leads = {row["lead_id"]: row for row in self.tables["unified.leads"]}
        self.created = {row["lead_id"]: row for row in self.tables["intermediate.int_leads_described"]}
        self.accounts = {row["account_id"]: row for row in self.tables["unified.accounts"]}
        self.content = {row["content_id"]: row for row in self.tables["unified.content"] if not row["is_deleted"]}
        # What tells whether the company puts the SQL to the test.
        self.met = Counter()
        self.matches = self.matched()
        self.histories = self.attribute_histories()

    def matched(self) -> dict[tuple[int, str], list[tuple[dict, dict]]]:
        """The activities that a rule asks for, each with the rule, by version and lead."""
        first_loads: dict[str, datetime] = {}
        for row in self.tables["unified.activities"]:
            first_loads[row["source"]] = min(row["loaded_at"], first_loads.get(row["source"], row["loaded_at"]))
        found: dict[tuple[int, str], list[tuple[dict, dict]]] = {}
        for activity in self.tables["intermediate.int_activities_classified"]:
            if activity["lead_id"] is None:
                continue
            moments = [activity["occurred_at"], self.created[activity["lead_id"]]["created_at"]]
            if activity["recognised_at"]:
                moments.append(activity["recognised_at"])
            if activity["loaded_at"] > first_loads[activity["source"]]:
                moments.append(activity["loaded_at"])
            is_at_once = max(moments) == activity["occurred_at"]
            occurred_date = local_date(activity["occurred_at"], activity["occurred_at_precision"])
            known = activity | {
                "occurred_date": occurred_date,
                "known_at": max(moments),
                "known_date": occurred_date if is_at_once else local_date(max(moments)),
            }
            for rule in self.tables["playbook.scoring_rules"]:
                if self.groups[rule["score_version"], rule["rule_group"]]["dimension"] == "intent" and self.asks_for(
                    rule, known
                ):
                    found.setdefault((rule["score_version"], known["lead_id"]), []).append((rule, known))
                    self.met["late"] += known["known_date"] > known["occurred_date"]
        return found

    def asks_for(self, rule: dict, activity: dict) -> bool:
        kind, _, column = (rule["signal"] or "").partition(".")
        subject = self.content.get(activity["content_id"], {}) if kind == "content" else activity
        return (
            matches(rule["activity_type"], activity["activity_type"])
            and matches(rule["actor"], activity["actor"] or "")
            and is_valid(rule, activity["occurred_date"])
            and (rule["signal"] is None or meets(rule, subject.get(column)))
        )

    def attribute_histories(self) -> dict[tuple[str, str], list[tuple[datetime, object]]]:
        histories: dict[tuple[str, str], list[tuple[datetime, object]]] = {}
        for name, key in (("lead", "lead_id"), ("account", "account_id")):
            for row in self.tables[f"unified.{name}_attribute_changes"]:
                signal = f"{name}.{row['attribute']}"
                histories.setdefault((signal, row[key]), []).append((row["changed_at"], row["value"]))
        return {key: sorted(history, key=lambda change: change[0]) for key, history in histories.items()}

    def intent(self, version: int, lead_id: str, day: date) -> float:
        known = [match for match in self.matches.get((version, lead_id), []) if match[1]["known_date"] <= day]
        counted = [
            (rule, activity, activity["known_date"]) for rule, activity in known if (rule["least_days"] or 1) == 1
        ]
        counted += self.repeated(known)
        counted.sort(
            key=lambda event: (event[2], event[1]["occurred_at"], event[1]["activity_id"], event[0]["rule_id"])
        )
        room: dict[tuple[str, date], float] = {}
        score = 0.0
        for rule, activity, known_date in counted:
            group = self.groups[version, rule["rule_group"]]
            key = (rule["rule_group"], activity["occurred_date"])
            left = room.setdefault(key, group["points_cap"])
            points = min(abs(rule["points"]), left)
            self.met["capped"] += points < abs(rule["points"])
            room[key] = left - points
            age = (day - activity["occurred_date"]).days
            if group["valid_days"] is not None and age >= group["valid_days"]:
                self.met["lapsed"] += (known_date - activity["occurred_date"]).days < group["valid_days"]
                continue
            fading = 1.0 if group["half_life_days"] is None else 2.0 ** (-age / group["half_life_days"])
            score += np.sign(rule["points"]) * points * fading
        return score

    def repeated(self, known: list[tuple[dict, dict]]) -> list[tuple[dict, dict, date]]:
        """What counts only where it happens again: once on each day with enough others before it."""
        days: dict[str, dict[date, tuple[dict, dict]]] = {}
        for rule, activity in known:
            if (rule["least_days"] or 1) == 1:
                continue
            first = days.setdefault(rule["rule_id"], {}).setdefault(activity["occurred_date"], (rule, activity))
            if learning_order(activity) < learning_order(first[1]):
                days[rule["rule_id"]][activity["occurred_date"]] = (rule, activity)
        events = []
        for days_of_rule in days.values():
            for day, (rule, activity) in days_of_rule.items():
                earlier = [
                    other["known_date"]
                    for other_day, (_, other) in days_of_rule.items()
                    if 0 < (day - other_day).days <= rule["within_days"]
                ]
                if len(earlier) >= rule["least_days"] - 1:
                    known_date = max(activity["known_date"], sorted(earlier)[int(rule["least_days"]) - 2])
                    events.append((rule, activity, known_date))
                    self.met["repeated"] += 1
        return events

    def fit(self, version: int, lead_id: str, day: date) -> float:
        if day < self.created[lead_id]["created_date"]:
            return 0.0
        points: dict[str, float] = {}
        for rule in self.tables["playbook.scoring_rules"]:
            group = self.groups[rule["score_version"], rule["rule_group"]]
            if rule["score_version"] != version or group["dimension"] != "fit" or not is_valid(rule, day):
                continue
            if meets(rule, self.value_on(rule["signal"], lead_id, day)):
                points[rule["rule_group"]] = points.get(rule["rule_group"], 0.0) + rule["points"]
        caps = {name: self.groups[version, name]["points_cap"] for name in points}
        self.met["fit capped"] += any(abs(sum_of_group) > caps[name] for name, sum_of_group in points.items())
        return sum(max(min(sum_of_group, caps[name]), -caps[name]) for name, sum_of_group in points.items())

    def value_on(self, signal: str, lead_id: str, day: date) -> object:
        """An attribute at the end of a day; its first value reaches back, without a history the present one holds."""
        lead = self.leads[lead_id]
        entity = lead if signal.startswith("lead.") else self.accounts.get(lead["account_id"], {})
        attribute = signal.partition(".")[2]
        if attribute == "has_free_mail":
            return "true" if lead["email_domain"] == "mail.example" else "false"
        history = self.histories.get((signal, lead_id if entity is lead else lead["account_id"]))
        if not history:
            return entity.get(attribute)
        before = [value for changed_at, value in history if local_date(changed_at) <= day]
        self.met["fit changed"] += 0 < len(before) < len(history)
        return before[-1] if before else history[0][1]


def learning_order(activity: dict) -> tuple:
    return activity["known_date"], activity["known_at"], activity["occurred_at"], activity["activity_id"]


class Marts:
    """The models of scoring, built by their own SQL from a company's tables."""

    def __init__(self, data_dir: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(f"attach '{data_dir / 'warehouse.duckdb'}' as warehouse (read_only)")
        for schema in ("unified", "playbook", "intermediate", "marts"):
            self.connection.execute(f"create schema {schema}")
        for name in (*INPUTS, *MODELS):
            self.connection.execute(f"create table {name} as from warehouse.{name} limit 0")
        for name in FROM_THE_WAREHOUSE:
            self.connection.execute(f"create table {name} as from warehouse.{name}")
        comments = self.connection.execute(
            """
            select comment from duckdb_functions()
            where database_name = 'warehouse' and schema_name = 'marts' and list_contains(?, function_name)
            """,
            [list(MACROS)],
        ).fetchall()
        for (definition,) in comments:
            self.connection.execute(definition)
        self.connection.execute("detach warehouse")
        self.selects = {
            model: compiled(data_dir, model.partition(".")[2]).replace('"warehouse".', "") for model in MODELS
        }

    def build(self, company: Company) -> None:
        for name, rows in company.tables.items():
            self.connection.execute(f"delete from {name}")
            if len(rows):
                self.connection.execute(f"insert into {name} by name from rows")
        for model in MODELS:
            self.connection.execute(f"create or replace table {model} as {self.selects[model]}")

    def ask(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def marts(published_demo: Path):
    by_hand = Marts(published_demo)
    yield by_hand
    by_hand.connection.close()


def scores_told(marts: Marts, version: int) -> dict[tuple[str, date], tuple[float, float]]:
    rows = marts.ask(
        f"""
        select lead_id, scored_date, fit_score, intent_score
        from marts.score_history(from_date := date '{FIRST_DATE}', in_version := {version})
        """
    )
    told = {(lead_id, day): (fit, intent) for lead_id, day, fit, intent in rows}
    assert len(told) == len(rows)
    return told


@pytest.mark.parametrize("seed", SEEDS)
def test_each_days_scores_are_those_of_scoring_anew_by_what_was_known_then(marts, seed):
    company = Company(seed)
    marts.build(company)
    anew = DayByDay(company)
    for version in (1, 2):
        told = scores_told(marts, version)
        for lead_id in anew.leads:
            days = [FIRST_DATE + timedelta(days=number) for number in range((LAST_DATE - FIRST_DATE).days + 1)]
            for day in days:
                found = told.get((lead_id, day), (0.0, 0.0))
                expected = anew.fit(version, lead_id, day), anew.intent(version, lead_id, day)
                assert np.abs(np.subtract(found, expected)).max() < EXACT, (version, lead_id, day, found, expected)
            # From the first score on, there is one on each day.
            told_days = [day for day in days if (lead_id, day) in told]
            assert told_days == days[len(days) - len(told_days) :]
    for case in ("late", "capped", "lapsed", "repeated", "fit capped", "fit changed"):
        assert anew.met[case] > 20, f"this company puts nothing to the test that is {case}"


def test_the_score_of_a_day_is_that_of_the_history(marts):
    marts.build(Company(0))
    for version in (1, 2):
        told = scores_told(marts, version)
        for day in (FIRST_DATE + timedelta(days=50), LAST_DATE):
            rows = marts.ask(
                f"""
                select lead_id, fit_score, intent_score
                from marts.score_as_of(day := '{day}', in_version := {version})
                """
            )
            expected = {lead_id: scores for (lead_id, scored_date), scores in told.items() if scored_date == day}
            assert expected
            assert {lead_id for lead_id, *_ in rows} == expected.keys()
            for lead_id, *scores in rows:
                assert scores == pytest.approx(expected[lead_id], abs=EXACT)


def test_scores_do_not_depend_on_the_order_of_the_rows(marts):
    company = Company(1)
    marts.build(company)
    changes = "select * from marts.fct_lead_score_changes order by all"
    before = marts.ask(changes)
    company.tables = {name: rows.sample(frac=1, random_state=1) for name, rows in company.tables.items()}
    marts.build(company)
    assert len(before) > 100
    assert marts.ask(changes) == before
