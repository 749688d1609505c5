"""How careless the company's hands and systems are: a share per kind of mess, each of which can be switched off."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Mess:
    """Shares, 0-1, per kind of mess; 0 switches a kind off."""

    # Records (`careless.py`). Of people and of companies, those that somebody records a second time …
    duplicates: float = 0.03
    # … and of these second records, those that somebody merges into the first.
    merges: float = 0.6
    # Of people, companies and deals, those that are deleted once nothing happens to them any more.
    deletions: float = 0.01
    # Of people, those who have their data erased (GDPR).
    erasures: float = 0.005
    # Of activities, those that their system learns up to 30 days late.
    late_events: float = 0.02
    # Of what reps log by hand, that with the local clock's time as if it were UTC.
    local_times: float = 0.02
    # Of deals whose first person came by a campaign, those that do not name it.
    missing_campaigns: float = 0.3

    # Values. Of tagged visits, those that lost all their UTM tags, and those with a campaign's tag that no alias knows.
    missing_tags: float = 0.04
    mistyped_tags: float = 0.03
    # Of people, those with an address of a free-mail provider.
    free_mail: float = 0.08
    # Of people and companies, those whose country is spelled out, one way or another.
    country_spellings: float = 0.06
    # Of people, those whose title is written differently from its usual form.
    title_spellings: float = 0.08
    # Of deals outside the euro area, those in the currency of their market (PLN, USD); all others are in EUR.
    other_currencies: float = 0.65

    def __post_init__(self) -> None:
        for kind in self.kinds():
            share = getattr(self, kind)
            if not 0 <= share <= 1:
                raise ValueError(f"the share of {kind} must lie between 0 and 1, not {share}")

    @classmethod
    def kinds(cls) -> list[str]:
        """The names of all kinds of mess."""
        return [field.name for field in fields(cls)]

    @classmethod
    def none(cls) -> "Mess":
        """A company without any mess."""
        return cls().without(*cls.kinds())

    def without(self, *kinds: str) -> "Mess":
        """The same mess but for these kinds. Raises ValueError for a kind that there is not."""
        unknown = sorted(set(kinds) - set(self.kinds()))
        if unknown:
            raise ValueError(f"there is no mess {', '.join(unknown)}; there are {', '.join(self.kinds())}")
        return replace(self, **dict.fromkeys(kinds, 0.0))


USUAL_MESS = Mess()
