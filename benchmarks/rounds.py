"""Measure in turns: what is compared runs side by side several times, and the middle ratio counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Rates = Mapping[str, list[float]]


@dataclass(frozen=True)
class Row:
    """One line of the table: our rate and a yardstick's, one of each per round."""

    name: str
    unit: str
    ours: list[float]
    yardstick_name: str
    yardstick: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ours by the yardstick, in the order of the rounds."""
        return [mine / other for mine, other in zip(self.ours, self.yardstick, strict=True)]

    def as_json(self) -> dict[str, object]:
        """Middle values, and each round's ratio."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": round(median(self.ours), 1),
            "yardstick": self.yardstick_name,
            "yardstick_value": round(median(self.yardstick), 1),
            "ratio": round(median(self.ratios), 3),
            "ratios": [round(ratio, 3) for ratio in self.ratios],
        }


def in_turns(measures: Mapping[str, Callable[[], float]], rounds: int) -> Rates:
    """Run all of them one after the other, `rounds` times over: what slows the machine slows both sides."""
    rates: dict[str, list[float]] = {name: [] for name in measures}
    for _round in range(rounds):
        for name, measure in measures.items():
            rates[name].append(measure())
    return rates


def table(rows: list[Row]) -> str:
    """For a screen; the last figures are the lowest and highest ratio of the rounds."""
    lines = ["", f"{'what':38} {'ours':>10} {'yardstick':>12}  {'ratio':>7}  {'lowest–highest':15}"]
    for row in rows:
        told = row.as_json()
        figures = f"{told['ours']!s:>10} {told['yardstick_value']!s:>12}  {told['ratio']!s:>7}"
        spread = f"{min(row.ratios):.3f}–{max(row.ratios):.3f}"
        lines.append(f"{row.name:38} {figures}  {spread:15}  {row.yardstick_name} ({row.unit})")
    return "\n".join(lines)
