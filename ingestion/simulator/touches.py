"""What people come across before they make up their minds, and how often: what moves them (`company.TOUCH_EFFECTS`)."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw, encounters, mailings, website
from ingestion.simulator.world import Encounters, Scene

CHANNEL_OF_TYPE = {
    "webinar_registered": "webinar",
    "event_attended": "event",
    "social_engaged": "organic_social",
    "ad_clicked": "display",
}


def encountered(seed: int, scene: Scene) -> Encounters:
    """Everything that happens to people whatever they decide."""
    return Encounters(
        visits=website.early_visits(seed, scene),
        making=website.making_a_lead(draw.generator(seed, "visits making a lead"), scene),
        mails=mailings.first_mails(draw.generator(seed, "first mails"), scene),
        met=encounters.met(draw.generator(seed, "met"), scene),
    )


def happened(scene: Scene, found: Encounters) -> pd.DataFrame:
    """One row per touch, whenever it is: lead, channel, at."""
    clicked = mailings.until_unsubscribed(found.mails).dropna(subset="clicked_at")
    met = found.met[found.met["activity_type"].isin(CHANNEL_OF_TYPE)]
    # The badge that made the lead is no touch beside it.
    made_at = scene.people["created_at"].to_numpy()[met["lead"]]
    met = met[(met["activity_type"] != "event_attended") | (met["occurred_at"].to_numpy() > made_at)]
    touches = pd.concat(
        [
            found.visits[["lead", "channel", "started_at"]].rename(columns={"started_at": "at"}),
            pd.DataFrame(
                {
                    "lead": clicked["lead"],
                    "channel": clicked["mail_channel"],
                    "at": clicked["clicked_at"] + mailings.CLICK_TO_VISIT,
                }
            ),
            pd.DataFrame(
                {"lead": met["lead"], "channel": met["activity_type"].map(CHANNEL_OF_TYPE), "at": met["occurred_at"]}
            ),
        ],
        ignore_index=True,
    )
    return touches[touches["at"] >= scene.history.start].reset_index(drop=True)


def counted(scene: Scene, found: Encounters, decided_at: np.ndarray) -> pd.DataFrame:
    """How many touches each person had before they made up their mind: a row per person, a column per channel."""
    touches = happened(scene, found)
    touches = touches[touches["at"].to_numpy() < decided_at[touches["lead"]]]
    counts = touches.groupby(["lead", "channel"]).size().unstack(fill_value=0)
    return counts.reindex(index=scene.people.index, columns=list(company.CHANNELS), fill_value=0)
