"""How large an example province is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Exact counts of what is made; `stalls` is for one market.

    `communes` are those with hamlets; empty means all of the province.
    """

    households: int
    shops: int
    products: int
    markets: int
    stalls: int
    teams: int
    members: int
    welfare: int
    communes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """About how much work there is, for the progress bar."""
        return self.households + self.products + self.members


TAN_CUONG = "05503"

SCALES = {
    "small": Scale(
        households=300,
        shops=240,
        products=1_200,
        markets=3,
        stalls=12,
        teams=12,
        members=72,
        welfare=40,
        communes=(TAN_CUONG, "05488", "05692", "05611", "05641", "01933"),
    ),
    "province": Scale(
        households=140_000,
        shops=100_000,
        products=300_000,
        markets=82,
        stalls=30,
        teams=2_255,
        members=15_000,
        welfare=25_000,
    ),
}


def scale_of(name: str) -> Scale:
    """The scale of this name.

    Raises:
        ValueError: there is none; the message names those that are.
    """
    try:
        return SCALES[name]
    except KeyError:
        raise ValueError(f"DEMO_SCALE must be one of {', '.join(SCALES)}, not {name!r}") from None
