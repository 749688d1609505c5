"""How far each model of attribution lies from the pipeline that channels truly brought, over made-up companies.

`python -m benchmarks.attribution_truth --seeds 10 --leads 3000`: for each seed a company is made up, its records are
loaded and built as by a refresh, and the shares of pipeline that each model gives to channels stand beside the true
ones. They go to a CSV file beside the page that `--out` names; `--again` writes the page anew from that file.
"""

import argparse
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
from tqdm import tqdm

from benchmarks.__main__ import PROJECT_DIR
from benchmarks.attribution_page import NOBODY, page
from benchmarks.companies import built
from ingestion.simulator.company import CHANNELS
from ingestion.simulator.mess import USUAL_MESS
from ingestion.simulator.simulate import Life, live
from ingestion.simulator.truth import channel_increments, expectations, missing_without

AS_OF = datetime(2026, 11, 1)
CHANNEL_OF_WORD = {word: name for name, entry in CHANNELS.items() for word in entry.lead_source_words}
PAGE = PROJECT_DIR / "docs" / "attribution_accuracy.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attribution_truth", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many companies, two at least (default: 10)")
    parser.add_argument("--leads", type=int, default=3_000, help="leads of each company (default: 3,000)")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write (default: the one in docs/)")
    parser.add_argument("--again", action="store_true", help="only write the page, from the shares beside it")
    given = parser.parse_args()
    if given.seeds < 2:
        parser.error("a spread needs two seeds at least")
    beside = given.out.with_suffix(".csv")
    if not given.again:
        seeds = tqdm(range(1, given.seeds + 1), unit="company")
        shares = pd.concat([shares_in_company(given.leads, seed) for seed in seeds], ignore_index=True)
        shares.to_csv(beside, index=False, float_format="%.6f", lineterminator="\n")
    given.out.write_text(page(pd.read_csv(beside)), encoding="utf-8")


def shares_in_company(leads: int, seed: int) -> pd.DataFrame:
    """One row per channel, and one of nobody: seed, channel, leads, deals, true shares of pipeline and each model's.

    Channels' shares add up to 1, but for those of truth_of_touches, which are a part of those of truth. Nobody's is the
    part of all pipeline that a model gives to no channel.
    """
    life = live(leads, seed, AS_OF, USUAL_MESS)
    with tempfile.TemporaryDirectory() as folder:
        warehouse = built(life, Path(folder), "+fct_attribution_monthly +fct_channel_attribution")
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            credits, deals = credited(connection), new_deals(connection, life)
    firsts = deals[deals["is_first"]]
    true = true_amounts(life, deals)
    shares = {name: as_shares(true[name]) for name in true}
    shares["truth_of_touches"] = true["truth_of_touches"] / true["truth"].sum()
    for model, rows in credits.groupby("model"):
        shares[model] = as_shares(rows.set_index("channel")["amount"])
    for name in ("origin", "lead_source"):
        shares[name] = as_shares(firsts.groupby(name)["amount"].sum())
    came_by = life.world.people["channel"]
    counts = {"leads": came_by.value_counts(), "deals": came_by[firsts["lead"]].value_counts()}
    rows = pd.DataFrame(counts | shares, index=[*CHANNELS, NOBODY]).rename_axis("channel").reset_index()
    rows.insert(0, "seed", seed)
    return rows.fillna({"leads": 0, "deals": 0, "truth_of_touches": 0.0}).astype({"leads": int, "deals": int})


def credited(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Model, channel, amount of pipeline: what the marts say, of Markov and Shapley over all deals there are."""
    return connection.execute(
        """
        select attribution_model as model, channel, sum(amount) as amount
        from marts.fct_attribution_monthly
        where conversion_type = 'opportunity' and date_basis = 'conversion' and not is_repeat
        group by attribution_model, channel
        union all
        select attribution_model, channel, amount
        from marts.fct_channel_attribution
        where conversion_type = 'opportunity' and refusal is null
        order by model, channel
        """
    ).df()


def new_deals(connection: duckdb.DuckDBPyConnection, life: Life) -> pd.DataFrame:
    """New business that the warehouse has seen: amount, is_first (of its company), lead, origin, lead_source."""
    deals = connection.execute(
        """
        select opportunity_id, amount, conversion_number = 1 as is_first, channel as origin
        from marts.fct_conversions
        where conversion_type = 'opportunity' and opportunity_type = 'new'
        order by opportunity_id
        """
    ).df()
    ids = life.entities["opportunities"]["opportunity_id"]
    lead_of_deal = dict(zip(ids, life.world.deals.opportunities["lead"], strict=True))
    lead = deals["opportunity_id"].map(lead_of_deal)
    words = life.entities["leads"]["lead_source"].loc[lead].to_numpy()
    return deals.assign(lead=lead, lead_source=pd.Series(words).map(CHANNEL_OF_WORD).fillna(NOBODY))


def true_amounts(life: Life, deals: pd.DataFrame) -> pd.DataFrame:
    """By channel: the pipeline that would be missing without it.

    Of companies' first deals (and what would be if its touches were missing, but not its leads), of all new deals, and
    of everybody ever.
    """
    expected = expectations(life.world)
    rows = {}
    for channel in CHANNELS:
        untouched = 1 - expectations(life.world, channel)["opportunity"] / expected["opportunity"]
        # The chance that a deal, now that it is there, would not be.
        missing = missing_without(life.world, channel, expected)["opportunity"] / expected["opportunity"]
        of_deals = deals["amount"] * missing.loc[deals["lead"]].to_numpy()
        of_touches = deals["amount"] * untouched.loc[deals["lead"]].to_numpy()
        rows[channel] = {
            "truth": of_deals[deals["is_first"]].sum(),
            "truth_of_touches": of_touches[deals["is_first"]].sum(),
            "truth_of_new_deals": of_deals.sum(),
        }
    ever = channel_increments(life.world).set_index("channel")["incremental_pipeline_amount"]
    return pd.DataFrame.from_dict(rows, orient="index").assign(truth_of_everybody=ever)


def as_shares(amounts: pd.Series) -> pd.Series:
    """The channels' shares of what they have together, and nobody's share of all."""
    of_channels = amounts.reindex(list(CHANNELS), fill_value=0.0)
    shares = of_channels / of_channels.sum()
    shares[NOBODY] = amounts.get(NOBODY, 0.0) / amounts.sum()
    return shares


if __name__ == "__main__":
    main()
