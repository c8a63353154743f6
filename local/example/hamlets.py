"""Made-up hamlets below the real communes, one community team to each."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

from app.core.texts import fold
from app.households.areas import queries as areas

from .names import hamlet_name
from .scales import TAN_CUONG, Scale
from .tables import Tables

PROVINCE = "19"
TURN_DEGREES = 137.5  # the golden angle: hamlets round a centre, none on another
METRES_PER_DEGREE = 111_320


@dataclass(frozen=True)
class Commune:
    """A commune of the example, with the codes of its hamlets."""

    code: str
    name: str
    hamlets: tuple[str, ...]
    latitude: float | None
    longitude: float | None


def make_hamlets(tables: Tables, scale: Scale) -> list[Commune]:
    """Share the teams' hamlets out over the communes; Tân Cương, where the people to sign in as live, comes first.

    Raises:
        LookupError: the reference data of areas is not loaded.
    """
    units = {unit.code: unit for unit in areas.children(PROVINCE) if unit.kind == "commune"}
    codes = list(scale.communes or units)
    if TAN_CUONG not in units or not units.keys() >= set(codes):
        raise LookupError("areas are not loaded: run `flask --app wsgi areas load`")
    codes.sort(key=lambda code: (code != TAN_CUONG, code))
    communes = []
    for place, code in enumerate(codes):
        unit = units[code]
        count = scale.teams // len(codes) + (place < scale.teams % len(codes))
        known = {hamlet.code for hamlet in areas.children(code)}
        hamlets = tuple(f"{code}-{number:02d}" for number in range(1, count + 1))
        for number, hamlet in enumerate(hamlets, start=1):
            if hamlet not in known:
                in_town = unit.unit == "phường"
                name = hamlet_name(number, in_town=in_town)
                word = "tổ dân phố" if in_town else "xóm"
                place_of = round_about(unit.latitude, unit.longitude, number)
                tables.add("area", hamlet, "hamlet", word, name, code, fold(name), *place_of)
        communes.append(Commune(code, unit.name, hamlets, unit.latitude, unit.longitude))
    return communes


def round_about(latitude: float | None, longitude: float | None, number: int) -> tuple[float | None, float | None]:
    """Where the commune's hamlet of this number lies (degrees): made up, within a few kilometres of the centre."""
    if latitude is None or longitude is None:
        return None, None
    away, turn = 900 * number**0.5 / METRES_PER_DEGREE, radians(TURN_DEGREES * number)
    return round(latitude + away * cos(turn), 5), round(longitude + away * sin(turn) / cos(radians(latitude)), 5)
