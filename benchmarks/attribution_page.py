"""The page about how near attribution comes to the truth: errors of shares, and the sentences that they bear out."""

import re
import textwrap
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.__main__ import PROJECT_DIR
from ingestion.simulator.company import INCREMENTAL_LEAD_SHARES

PLAYBOOK = PROJECT_DIR / "dbt_project" / "seeds" / "playbook"
# The row of what a model gives to no channel.
NOBODY = "unattributed"
COUNTS = ["leads", "deals"]
# What may be held true, and how the page calls it.
TRUTHS = {
    "truth": "first deals, as above",
    "truth_of_new_deals": "all new deals",
    "truth_of_everybody": "everybody, ever",
    "truth_of_touches": "first deals, touches alone",
}
# What needs no model: the same to every channel, and what is known without touches or with one alone.
EVEN = "even"
BASELINES = (EVEN, "origin", "lead_source")
OTHER_LABELS = {
    "markov": "Markov",
    "shapley": "Shapley",
    "origin": "The lead's origin",
    "lead_source": "The CRM's lead source",
    EVEN: "The same to every channel",
}
# What chance brings about more often than that is no difference.
SIGNIFICANCE = 0.05
LINE_WIDTH = 120

INTRODUCTION = """
# How near attribution comes to the truth

What a channel brought is what would be missing without it. No company can look that up; a made-up one can. So
{companies} made-up companies of {leads:,} leads each were loaded and built as by a refresh, with visits that lost their
tags and lead sources that are empty or wrong. What each model says that the {channels} channels brought stands here
beside what they truly did.

`python -m benchmarks.attribution_truth --seeds {companies} --leads {leads}` makes this page, its sentences too; the
shares behind every figure are in [attribution_accuracy.csv](attribution_accuracy.csv), a row per seed and channel: how
many leads and first deals truly came by it, its true shares, and what each model gives it.
"""

METHOD = """
## What is compared

- **Given**: of the amounts, at their creation, of each account's first deal ({deals} deals per made-up company), the
  share that a model gives to each channel, in the headline window, as the headlines have it. *The lead's origin* gives
  a deal to the channel of its primary lead (`dim_leads.channel`), *the CRM's lead source* to what its users typed
  there. What is given to no channel is left out (deals without a lead source: {wordless} of the pipeline).
- **True**: of the same deals and amounts, what would be missing without the channel. Each deal counts with the chance
  that it would not be there, by the laws that made it: its person would never have come (of each channel's leads a part
  would have come another way), or would not have gone on without the channel's touches. The deals are the same, so the
  luck of who bought, and for how much, is on both sides.
- These increments overlap: one deal may have needed two channels, another none. They do not add up to the pipeline, so
  shares of their sum are compared.
- **Misplaced share**: half the sum of the differences between the shares, the part of a budget that would lie in the
  wrong place if it followed the model. **Rank correlation**: Spearman's, 1 where the channels come in their true order.

What remains between the two: Markov and Shapley look at all deals, an account's later ones too, and cannot be asked for
the first alone. Behind each deal the truth knows one person, who opened it; colleagues move nobody here, while models
credit what everybody at the account did. And all of these companies obey the same laws: where touches have other
effects, models may come in another order.
"""

BLIND_SPOTS = """
What no model can see, whatever its figures: which leads would have come anyway (here {most_own} of those of
{most_channel} would never have come without it, of {least_channel} {least_own}), how much more one touch moves people
than another, and when they had made up their minds: what they visit between that moment and the deal earns credit like
the rest. Only an experiment that leaves a channel out tells.
"""

OTHER_COMPARISONS = """
Mean misplaced share where something else is compared: budgets alone, as if {others} were no channels; all new deals,
also an account's later ones; everybody, in expectation, whether or not their deal has come (`channel_increments` of the
simulator's truth); and what touches alone did for the first deals, had all leads come anyway.
"""


def misplaced_share(given: pd.Series, true: pd.Series) -> float:
    """Half the sum of the differences between two divisions of a whole: the part that lies in the wrong place."""
    return (given - true).abs().sum() / 2


def rank_correlation(given: pd.Series, true: pd.Series) -> float:
    """Spearman's: whether the order of the channels is the true one; NaN where all are given the same."""
    return given.corr(true, method="spearman") if given.nunique() > 1 else np.nan


def most_given_too_much(given: pd.Series, true: pd.Series) -> tuple[str, float]:
    """The channel, and by how much its share is too large."""
    errors = given - true
    return errors.idxmax(), errors.max()


def most_given_too_little(given: pd.Series, true: pd.Series) -> tuple[str, float]:
    """The channel, and by how much its share is too small, as a negative number."""
    errors = given - true
    return errors.idxmin(), errors.min()


class Results:
    """The errors of all models, nearest first; `shares` as of `attribution_truth.shares_in_company`."""

    def __init__(self, shares: pd.DataFrame) -> None:
        of_channels = shares["channel"] != NOBODY
        self.rows = shares[of_channels].set_index(["seed", "channel"])
        self.nobodys = shares[~of_channels].set_index("seed")
        self.channels = list(self.rows.index.unique("channel"))
        self.rows[EVEN] = 1 / len(self.channels)
        models = [name for name in self.rows if name not in (*COUNTS, *TRUTHS)]
        nearest_first = self.measured(misplaced_share, models).mean(axis=1).sort_values(kind="stable").index
        self.models = list(nearest_first)
        self.judged = [model for model in self.models if model != EVEN]
        self.misplaced = self.measured(misplaced_share)
        self.ranks = self.measured(rank_correlation)
        # Mean over seeds: a row per model, a column per channel.
        self.errors = self.rows[self.models].sub(self.rows["truth"], axis=0).groupby("channel", sort=False).mean().T
        self.touches = percent(self.rows["truth_of_touches"].groupby("seed").sum().mean(), digits=0)
        settings = pd.read_csv(PLAYBOOK / "settings.csv", index_col="setting")["value"]
        self.headline = settings["headline_attribution_model"]
        channels = pd.read_csv(PLAYBOOK / "channels.csv", index_col="channel")
        rules = pd.read_csv(PLAYBOOK / "attribution_models.csv", index_col="attribution_model")
        self.labels = {**channels["channel_label"], **rules["attribution_model_label"], **OTHER_LABELS}
        self.marketing = [channel for channel in self.channels if channels["is_marketing"][channel]]

    def measured(
        self,
        metric: Callable,
        models: Iterable[str] | None = None,
        truth: str = "truth",
        among: list[str] | None = None,
    ) -> pd.DataFrame:
        """What the metric says: a row per model (default: all), a column per seed; of shares among these channels."""
        models = self.models if models is None else models
        found = {}
        for seed, rows in self.rows.groupby("seed"):
            shares = rows.droplevel("seed").loc[among or self.channels]
            shares = shares / shares.sum()
            found[seed] = {model: metric(shares[model], shares[truth]) for model in models}
        return pd.DataFrame(found).reindex(models)

    def label(self, name: str) -> str:
        """How people call a model or channel."""
        return self.labels.get(name, name)

    def title(self, model: str) -> str:
        """The same, in a table: the headline model stands out."""
        return f"**{self.label(model)}**" if model == self.headline else self.label(model)

    def named(self, names: Iterable[str]) -> str:
        *others, last = map(self.label, names)
        return f"{', '.join(others)} and {last}" if others else last

    def mean(self, model: str) -> str:
        return percent(self.misplaced.loc[model].mean())

    def error(self, channel: str, error: float) -> str:
        return f"{self.label(channel)} {points(error)}"


def page(shares: pd.DataFrame) -> str:
    """The page in Markdown; for `shares` see `attribution_truth.shares_in_company`."""
    results = Results(shares)
    counts = results.rows[COUNTS].groupby("seed").sum()
    wordless = results.nobodys["lead_source"].mean()
    parts = [
        INTRODUCTION.format(companies=len(counts), leads=counts["leads"].max(), channels=len(results.channels)),
        METHOD.format(deals=round(counts["deals"].mean()), wordless=percent(wordless, digits=0)),
        "## What it teaches",
        *lessons(results),
        overview(results),
        seed_by_seed(results),
        errors_per_channel(results),
        other_comparisons(results),
        orders_and_largest_errors(results),
    ]
    return "\n\n".join(wrapped(block) for part in parts for block in part.strip("\n").split("\n\n")) + "\n"


# ---------------------------------------------------------------------------------------------------------------------
# Sentences


def lessons(results: Results) -> list[str]:
    """What the figures bear out, whatever they are."""
    found = [nearest(results), touches_alone(results), headline(results), without_touches(results)]
    found += [models_or_companies(results), *shared_errors(results)]
    return ["\n".join(f"- {lesson}" for lesson in found), blind_spots(results)]


def nearest(results: Results) -> str:
    """Which model is nearest, which as near, and which are no better than knowing nothing."""
    best, *others = results.judged
    chances = {model: stats.ttest_rel(results.misplaced.loc[model], results.misplaced.loc[best]) for model in others}
    alike = [model for model, chance in chances.items() if not chance.pvalue < SIGNIFICANCE]
    worse = results.models[results.models.index(EVEN) + 1 :]
    as_near = f"{results.named(alike)} cannot be told apart from it" if alike else "every other lies farther"
    no_better = f"{results.named(worse)} {'do' if len(worse) > 1 else 'does'} no better" if worse else "all do better"
    return (
        f"**{results.label(best)}** comes nearest: on average {results.mean(best)} lies in the wrong place. On these "
        f"companies {as_near} (paired t test, {percent(SIGNIFICANCE, digits=0)}). Who knows nothing and gives every "
        f"channel the same misplaces {results.mean(EVEN)}; {no_better}."
    )


def touches_alone(results: Results) -> str:
    """What the order of the models hangs on: how many leads would have come anyway."""
    misplaced = results.measured(misplaced_share, results.judged, "truth_of_touches").mean(axis=1)
    return (
        f"That hangs on how many leads would have come anyway: touches alone make {results.touches} of what is true "
        f"here, and against that part the nearest is {results.label(misplaced.idxmin())}, which misplaces "
        f"{percent(misplaced.min())}."
    )


def headline(results: Results) -> str:
    """How the model does on which the return KPIs rest."""
    best, own = results.judged[0], results.headline
    place = f"place {results.judged.index(own) + 1} of {len(results.judged)}"
    sentence = f"Our headline model, **{results.label(own)}**, misplaces {results.mean(own)}: {place}"
    if own == best:
        return f"{sentence}."
    farther = results.misplaced.loc[own] - results.misplaced.loc[best]
    bounds = stats.ttest_1samp(farther, 0).confidence_interval(1 - SIGNIFICANCE)
    return (
        f"{sentence}, {points(farther.mean(), signed=False)} points farther from the truth than the nearest "
        f"({percent(1 - SIGNIFICANCE, digits=0)} bounds {points(bounds.low, signed=False)} to "
        f"{points(bounds.high, signed=False)}), and farther in {(farther > 0).sum()} of {len(farther)} companies."
    )


def without_touches(results: Results) -> str:
    """How much the touches are worth: what a CRM says that knows none."""
    models = [model for model in results.judged if model not in BASELINES]
    misplaced = results.misplaced.mean(axis=1)
    farther = sum(misplaced[model] > misplaced["lead_source"] for model in models)
    return (
        f"The CRM's own lead source, empty and wrong as it often is and without any touch, misplaces "
        f"{results.mean('lead_source')}: {farther} of the {len(models)} models lie farther from the truth."
    )


def models_or_companies(results: Results) -> str:
    """Whether models differ more among each other than one of them does between companies."""
    misplaced = results.misplaced.loc[results.judged]
    means = misplaced.mean(axis=1)
    between, within = means.std(), np.sqrt(misplaced.var(axis=1).mean())
    return (
        f"Models differ {'more' if between > within else 'no more'} among each other than one of them does from "
        f"company to company: their means lie between {percent(means.min())} and {percent(means.max())} (standard "
        f"deviation {points(between, signed=False)} points), while those of one model over the companies have a "
        f"standard deviation of {points(within, signed=False)} points."
    )


def shared_errors(results: Results) -> list[str]:
    """What they all get wrong in the same direction."""
    # As the table shows them: what rounds to nothing is no error.
    errors = results.errors.loc[results.judged].round(3)
    too_much = errors.mean()[(errors > 0).all()].sort_values(ascending=False)
    too_little = errors.mean()[(errors < 0).all()].sort_values()
    return [
        f"On average every single one gives too {word} to {results.named(channels.index)}."
        for word, channels in (("much", too_much), ("little", too_little))
        if len(channels)
    ]


def blind_spots(results: Results) -> str:
    own = {channel: share for channel, share in INCREMENTAL_LEAD_SHARES.items() if share > 0}
    most, least = max(own, key=own.get), min(own, key=own.get)
    return BLIND_SPOTS.format(
        most_own=percent(own[most], digits=0),
        most_channel=results.label(most),
        least_own=percent(own[least], digits=0),
        least_channel=results.label(least),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def overview(results: Results) -> str:
    rows = []
    for model, misplaced in results.misplaced.iterrows():
        errors = results.errors.loc[model]
        rows.append(
            [
                results.title(model),
                percent(misplaced.mean()),
                points(misplaced.std(), signed=False),
                f"{percent(misplaced.min())} – {percent(misplaced.max())}",
                correlation(results.ranks.loc[model].mean()),
                results.error(errors.idxmax(), errors.max()),
                results.error(errors.idxmin(), errors.min()),
            ]
        )
    header = ["model", "misplaced share", "standard deviation", "least – most", "rank correlation"]
    text = "Means over the companies; standard deviations in points, the largest errors as given minus true."
    return section("How far each model lies from the truth", text, [*header, "most too much", "most too little"], rows)


def seed_by_seed(results: Results) -> str:
    rows = [[results.title(model), *map(percent, of_seeds)] for model, of_seeds in results.misplaced.iterrows()]
    return section("Misplaced share, seed by seed", "", ["model", *results.misplaced], rows)


def errors_per_channel(results: Results) -> str:
    true = results.rows["truth"].groupby("channel", sort=False).mean().sort_values(ascending=False, kind="stable")
    rows = [
        [results.label(channel), percent(share), *map(points, results.errors[channel])]
        for channel, share in true.items()
    ]
    text = "Points of share, given minus true, mean over the companies: plus is too much."
    return section("Which channels", text, ["channel", "true share", *map(results.title, results.models)], rows)


def other_comparisons(results: Results) -> str:
    means = {label: results.measured(misplaced_share, truth=name).mean(axis=1) for name, label in TRUTHS.items()}
    budgets = results.measured(misplaced_share, among=results.marketing).mean(axis=1)
    table = pd.DataFrame(means)
    table.insert(1, "first deals, budgets alone", budgets)
    rows = [[results.title(model), *map(percent, of_truths)] for model, of_truths in table.iterrows()]
    text = OTHER_COMPARISONS.format(
        others=results.named(channel for channel in results.channels if channel not in results.marketing),
    )
    return section("Does it hang on what is compared?", text, ["model", *table], rows)


def orders_and_largest_errors(results: Results) -> str:
    header = ["model", *results.ranks]
    ranks = [[results.title(model), *map(correlation, of_seeds)] for model, of_seeds in results.ranks.iterrows()]
    parts = [section("Rank correlation, seed by seed", "", header, ranks)]
    for word, metric in (("much", most_given_too_much), ("little", most_given_too_little)):
        found = results.measured(metric)
        rows = [[results.title(model), *(results.error(*pair) for pair in found.loc[model])] for model in found.index]
        parts.append(section(f"What is given most too {word}, seed by seed", "In points of share.", header, rows))
    return "\n\n".join(parts)


def section(title: str, text: str, header: list[object], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(map(str, cells)) + " |" for cells in (header, ["---"] * len(header), *rows)]
    return "\n\n".join(part.strip("\n") for part in (f"## {title}", text, "\n".join(lines)) if part)


def wrapped(block: str) -> str:
    """A paragraph or a list in lines of no more than LINE_WIDTH; headings and tables as they are."""
    if block.startswith(("#", "|")):
        return block
    items = [re.sub(r" *\n *", " ", item) for item in re.split(r"\n(?=- )", block)]
    return "\n".join(
        textwrap.fill(
            item,
            LINE_WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for item in items
    )


def percent(share: float, digits: int = 1) -> str:
    # A space at which no line breaks.
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def points(difference: float, signed: bool = True) -> str:
    # What rounds to nothing has no sign.
    rounded = round(100 * difference, 1) + 0.0
    return minus(f"{rounded:{'+' if signed and rounded else ''}.1f}")


def correlation(value: float) -> str:
    return "" if np.isnan(value) else minus(f"{value:.2f}")


def minus(number: str) -> str:
    return number.replace("-", "−")
