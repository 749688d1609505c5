"""E-mails that machines send: nurture sequences, newsletters, outreach; what becomes of each, and who objects."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import HOUR, days, seconds, to_utc
from ingestion.simulator.world import Scene, World

OUTREACH_DAYS = (2.0, 6.0)
REENGAGEMENT_DAYS = (7.0, 21.0)
UTM_OF_CHANNEL = {
    "nurture": ("kolibri", "email"),
    "marketing_email": ("newsletter", "email"),
    "cold_email": ("outreach", "cold-email"),
}


CLICK_TO_VISIT = np.timedelta64(3, "s")


def first_mails(rng: np.random.Generator, scene: Scene) -> pd.DataFrame:
    """The mails that each person would get if they stayed in their first stage, one row each, and what becomes of them.

    lead, sent_at, mail_channel (nurture, marketing_email or cold_email), asset, is_sequence, and the columns of
    `_with_reactions`.
    """
    people = scene.people
    has_consent, is_outreach = people["has_consent"].to_numpy(), (people["channel"] == "cold_email").to_numpy()
    sequences = [
        _sequence(rng, scene, people.index[is_due], people["created_at"][is_due], channel, send_days, assets)
        for channel, is_due, send_days, assets in (
            ("nurture", has_consent, company.NURTURE_DAYS, company.NURTURE_ASSETS),
            ("cold_email", is_outreach, OUTREACH_DAYS, ("Outbound e-mail",) * 2),
        )
    ]
    mails = pd.concat([*sequences, _newsletters(rng, scene)], ignore_index=True)
    return _with_reactions(rng, scene, mails)


def rows(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """Activities of all mails; `mail_channel` is nurture, marketing_email or cold_email."""
    mails = pd.concat([_while_in_first_stage(world), _to_recycled(rng, world)], ignore_index=True)
    mails = mails[mails["sent_at"] <= world.history.as_of].reset_index(drop=True)
    mails["campaign"] = world.marketing.choose(
        rng,
        mails["mail_channel"].to_numpy(),
        world.people["market"].to_numpy()[mails["lead"]],
        mails["sent_at"].to_numpy(),
    )
    mails = until_unsubscribed(mails)
    sent = [
        _events(world, mails, "email_sent", "sent_at", "automation"),
        _events(world, mails, "email_delivered", "delivered_at", "automation"),
        _events(world, mails, "email_bounced", "bounced_at", "automation"),
    ]
    done = [
        _events(world, mails, activity_type, f"{activity_type.removeprefix('email_')}_at", "person")
        for activity_type in ("email_opened", "email_clicked", "email_replied", "unsubscribed")
    ]
    return pd.concat([*sent, *done, _first_replies(rng, world)], ignore_index=True)


def consent_rows(rng: np.random.Generator, world: World, mails: pd.DataFrame) -> pd.DataFrame:
    """Entity `consents`: given with the form that made the lead, withdrawn by unsubscribing."""
    people = world.people
    by_phone = people[draw.chance(rng, company.PHONE_CONSENT_SHARE, len(people)) & people["has_consent"]]
    by_mail = people[people["has_consent"]]
    withdrawn = mails[mails["activity_type"] == "unsubscribed"]
    consents = [
        pd.DataFrame({"lead_id": lead_ids, "purpose": purpose, "status": status, "changed_at": changed_at})
        for lead_ids, purpose, status, changed_at in (
            (by_mail["lead_id"], "marketing_email", "granted", by_mail["created_at"]),
            (by_phone["lead_id"], "phone", "granted", by_phone["created_at"]),
            (
                people["lead_id"].to_numpy()[withdrawn["lead"]],
                "marketing_email",
                "withdrawn",
                withdrawn["occurred_at"].to_numpy(),
            ),
        )
    ]
    consents = pd.concat(consents).query("changed_at <= @as_of", local_dict={"as_of": world.history.as_of})
    return consents.sort_values(["lead_id", "changed_at", "purpose"], ignore_index=True)


def _while_in_first_stage(world: World) -> pd.DataFrame:
    """The first mails; a sequence stops when the stage is left."""
    mails = world.encounters.mails
    first = world.stage_visits[world.stage_visits["step"] == 0].set_index("lead")["left_at"]
    left_at = first.reindex(mails["lead"]).to_numpy()
    return mails[~(mails["is_sequence"] & (mails["sent_at"].to_numpy() > left_at))]


def _to_recycled(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """Nurture mails to those whom sales returned, as long as they stay there."""
    stays = world.stage_visits[world.stage_visits["stage"] == "recycled"]
    stays = stays[world.people["has_consent"].to_numpy()[stays["lead"]]].reset_index(drop=True)
    assets = company.NURTURE_ASSETS[-2:]
    mails = _sequence(rng, world, stays["lead"], stays["changed_at"], "nurture", REENGAGEMENT_DAYS, assets)
    mails = mails[~(mails["sent_at"].to_numpy() > np.tile(stays["left_at"].to_numpy(), len(assets)))]
    return _with_reactions(rng, world, mails.reset_index(drop=True))


def _sequence(
    rng: np.random.Generator,
    scene: Scene,
    leads: pd.Series,
    since: pd.Series,
    channel: str,
    send_days: tuple[float, ...],
    assets: tuple[str, ...],
) -> pd.DataFrame:
    """A mail to each of the leads on each of those days."""
    mails = [
        pd.DataFrame(
            {
                "lead": np.asarray(leads),
                "sent_at": since.to_numpy() + days(day + rng.uniform(-0.1, 0.1, len(since))),
                "mail_channel": channel,
                "asset": scene.marketing.asset_number(asset),
                "is_sequence": True,
            }
        )
        for day, asset in zip(send_days, assets, strict=True)
    ]
    return pd.concat(mails, ignore_index=True)


def _newsletters(rng: np.random.Generator, world: Scene) -> pd.DataFrame:
    """On the second Tuesday of each month at nine, to those who ordered it by then."""
    tuesdays = np.busday_offset(world.history.month_starts, 1, roll="forward", weekmask="Tue")
    subscribers = world.people[world.people["has_newsletter"]]
    mails = []
    for sent_at in to_utc(tuesdays + 9 * HOUR):
        readers = subscribers.index[subscribers["created_at"] < sent_at]
        mails.append(
            pd.DataFrame(
                {
                    "lead": readers,
                    "sent_at": sent_at + seconds(rng.integers(0, 900, len(readers))),
                    "mail_channel": "marketing_email",
                    "asset": world.marketing.asset_number("Newsletter"),
                    "is_sequence": False,
                }
            )
        )
    return pd.concat(mails, ignore_index=True)


def _with_reactions(rng: np.random.Generator, world: Scene, mails: pd.DataFrame) -> pd.DataFrame:
    """Per mail when it was bounced or delivered, opened, clicked, replied to and objected to; NaT: it was not."""
    count = len(mails)
    intent = world.people["intent"].to_numpy()[mails["lead"]]
    is_delivered = ~draw.chance(rng, company.BOUNCE_RATE, count)
    is_opened = is_delivered & draw.chance(rng, company.OPEN_RATE, count)
    click_rate = company.CLICK_RATE / company.OPEN_RATE * np.exp(company.INTENT_VISIT_EFFECT * intent)
    is_clicked = is_opened & draw.chance(rng, click_rate, count)
    is_outreach = (mails["mail_channel"] == "cold_email").to_numpy()
    is_replied = is_delivered & is_outreach & draw.chance(rng, company.REPLY_RATE, count)
    is_unsubscribed = is_delivered & draw.chance(rng, company.UNSUBSCRIBE_RATE, count)
    delivered_at = mails["sent_at"] + seconds(rng.integers(1, 30, count))
    opened_at = delivered_at + days(rng.exponential(0.3, count))
    clicked_at = opened_at + seconds(rng.integers(5, 60, count))
    return mails.assign(
        bounced_at=delivered_at.where(~is_delivered),
        delivered_at=delivered_at.where(is_delivered),
        opened_at=opened_at.where(is_opened),
        clicked_at=clicked_at.where(is_clicked),
        replied_at=(clicked_at + 2 * HOUR).where(is_replied),
        unsubscribed_at=(opened_at + 2 * HOUR).where(is_unsubscribed),
    )


def until_unsubscribed(mails: pd.DataFrame) -> pd.DataFrame:
    """Nobody writes to those who objected, and nobody objects twice."""
    objected_at = mails.groupby("lead")["unsubscribed_at"].transform("min")
    is_first = mails["unsubscribed_at"] == objected_at
    mails = mails.assign(unsubscribed_at=mails["unsubscribed_at"].where(is_first))
    return mails[~(mails["sent_at"] > objected_at)]


def _events(world: World, mails: pd.DataFrame, activity_type: str, moment: str, actor: str) -> pd.DataFrame:
    happened = mails[mails[moment].notna()]
    tag = draw.named(world.marketing.campaigns["tag"], happened["campaign"])
    # Links carry tags; of the mails themselves only the outreach tool's do.
    is_tagged = (happened["mail_channel"] == "cold_email") | (activity_type == "email_clicked")
    source, medium = zip(*happened["mail_channel"].map(UTM_OF_CHANNEL), strict=True) if len(happened) else ((), ())
    return pd.DataFrame(
        {
            "lead": happened["lead"],
            "activity_type": activity_type,
            "occurred_at": happened[moment],
            "actor": actor,
            "campaign": happened["campaign"],
            "asset": happened["asset"],
            "mail_channel": happened["mail_channel"],
            "utm_source": pd.Series(source, index=happened.index, dtype=object).where(is_tagged, None),
            "utm_medium": pd.Series(medium, index=happened.index, dtype=object).where(is_tagged, None),
            "utm_campaign": pd.Series(tag, index=happened.index, dtype=object).where(is_tagged, None),
        }
    )


def _first_replies(rng: np.random.Generator, world: World) -> pd.DataFrame:
    """The answers to outreach that made their senders leads."""
    people = world.people[world.people["has_replied_to_outreach"]]
    source, medium = UTM_OF_CHANNEL["cold_email"]
    return pd.DataFrame(
        {
            "lead": people.index,
            "activity_type": "email_replied",
            "occurred_at": people["created_at"] - seconds(rng.integers(0, 60, len(people))),
            "actor": "person",
            "mail_channel": "cold_email",
            "asset": world.marketing.asset_number("Outbound e-mail"),
            "campaign": world.marketing.choose(
                rng, people["channel"].to_numpy(), people["market"].to_numpy(), people["created_at"].to_numpy()
            ),
            "utm_source": source,
            "utm_medium": medium,
        }
    )
