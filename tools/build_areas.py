"""Write the area reference data from `vietnamadminunits` (MIT, PyPI; a development dependency only).

Run after a reform: `python -m tools.build_areas`. Rows are sorted by code, so a diff shows what a reform changed.

`areas.csv`: code, kind (province | commune), unit (tỉnh, thành phố, xã, phường, đặc khu), name, parent, latitude,
longitude. `area_changes.csv`: one row per old unit and new commune; `choose` is 1 where the old unit was split, so that
a person must say which part is meant; `main` is 1 on the part that took most of it. Islands that had no commune stand
with their district's code.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import vietnamadminunits

SOURCE = Path(vietnamadminunits.__file__).parent / "data"
TARGET = Path(__file__).parent.parent / "app" / "households" / "areas" / "data"
AREA_COLUMNS = ("code", "kind", "unit", "name", "parent", "latitude", "longitude")
CHANGE_COLUMNS = ("old_code", "old_name", "old_parent", "new_code", "choose", "main")


def read_areas(source: sqlite3.Connection) -> list[tuple[str, ...]]:
    """All provinces and communes in force since July 2025, sorted by kind (provinces first) and code."""
    provinces = source.execute("SELECT DISTINCT provinceCode, province, provinceLat, provinceLon FROM admin_units")
    communes = source.execute("SELECT wardCode, ward, provinceCode, wardLat, wardLon FROM admin_units")
    rows: list[tuple[str, ...]] = [
        (code, "province", _unit(name), name, "", f"{latitude:.4f}", f"{longitude:.4f}")
        for code, name, latitude, longitude in sorted(provinces)
    ]
    rows += [
        (code, "commune", _unit(name), name, parent, f"{latitude:.4f}", f"{longitude:.4f}")
        for code, name, parent, latitude, longitude in sorted(communes)
    ]
    return rows


def read_changes(source: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Each old commune with the new one(s) it went to, sorted by old and new code."""
    new_codes = {
        (province, ward): code
        for province, ward, code in source.execute("SELECT provinceKey, wardKey, wardCode FROM admin_units")
    }
    old_units = {
        f"{province}_{district}_{ward or ''}": row
        for province, district, ward, *row in source.execute(
            "SELECT provinceKey, districtKey, wardKey, wardCode, ward, districtCode, district, province"
            " FROM admin_units_legacy"
        )
    }
    converter = json.loads((SOURCE / "converter_2025.json").read_text(encoding="utf-8"))
    rows: list[tuple[str, ...]] = []
    for province, merged in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, old_keys in merged.items():
            rows += [(*_old(old_units[key]), new_codes[province, ward], "0", "1") for key in old_keys]
    for province, split in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, parts in split.items():
            rows += [
                (*_old(old_units[key]), new_codes[province, part["newWardKey"]], "1", "01"[part["isDefaultNewWard"]])
                for part in parts
            ]
    return sorted(rows)


def _unit(name: str) -> str:
    lowered = name.lower()
    return next(unit for unit in ("thành phố", "đặc khu", "tỉnh", "phường", "xã") if lowered.startswith(unit))


def _old(row: list[str]) -> tuple[str, str, str]:
    ward_code, ward, district_code, district, province = row
    return (ward_code, ward, f"{district}, {province}") if ward else (district_code, district, province)


def write(name: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """One CSV with a heading line and Unix line ends."""
    with (TARGET / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> None:
    """Rewrite both files."""
    with sqlite3.connect(f"file:{SOURCE / 'dataset.db'}?mode=ro", uri=True) as source:
        write("areas.csv", AREA_COLUMNS, read_areas(source))
        write("area_changes.csv", CHANGE_COLUMNS, read_changes(source))


if __name__ == "__main__":
    main()
