"""Merging per field agrees with the plain model: whoever changed a field last on an untouched base has it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.households.onboarding.merge import complete, three_way
from app.households.registry.fields import NAMES, TOGETHER

VALUES = st.sampled_from([None, "a", "b", "c"])
FULL = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
EDIT = st.dictionaries(st.sampled_from(NAMES), VALUES)


def plain_model(
    base: dict[str, str | None], current: dict[str, str | None], sent: dict[str, str | None]
) -> tuple[dict[str, str | None], set[str]]:
    """(household afterwards, fields that wait), told group by group as a person would."""
    after, waiting = dict(current), set()
    for group in TOGETHER:
        meant = tuple(sent.get(name, base[name]) for name in group)
        was = tuple(base[name] for name in group)
        now = tuple(current[name] for name in group)
        if not any(name in sent for name in group) or meant == now:
            continue
        if now == was:
            after.update(zip(group, meant, strict=True))
        else:
            waiting |= {name for name, mine, theirs in zip(group, meant, now, strict=True) if mine != theirs}
    return after, waiting


@given(FULL, FULL, EDIT)
@settings(max_examples=400)
def test_it_agrees_with_the_plain_model(
    base: dict[str, str | None], current: dict[str, str | None], sent: dict[str, str | None]
) -> None:
    merged = three_way(base, current, complete(base, current, sent))
    assert ({**current, **merged.take}, set(merged.stand_off)) == plain_model(base, current, sent)


@given(FULL, EDIT, EDIT)
def test_two_edits_of_different_groups_end_the_same_in_either_order(
    base: dict[str, str | None], one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    groups = {name: index for index, group in enumerate(TOGETHER) for name in group}
    other = {name: value for name, value in other.items() if groups[name] not in {groups[each] for each in one}}

    def apply(current: dict[str, str | None], sent: dict[str, str | None]) -> dict[str, str | None]:
        merged = three_way(base, current, complete(base, current, sent))
        assert merged.stand_off == {}
        return {**current, **merged.take}

    assert apply(apply(base, one), other) == apply(apply(base, other), one)


@given(FULL, EDIT)
def test_the_same_edit_again_changes_nothing(base: dict[str, str | None], sent: dict[str, str | None]) -> None:
    once = three_way(base, base, complete(base, base, sent))
    after = {**base, **once.take}
    again = three_way(base, after, complete(base, after, sent))
    assert (again.take, again.stand_off) == ({}, {})


@given(FULL, EDIT)
def test_without_the_base_every_difference_waits(current: dict[str, str | None], sent: dict[str, str | None]) -> None:
    merged = three_way(None, current, complete(None, current, sent))
    assert merged.take == {}
    assert merged.stand_off == {name: value for name, value in sent.items() if value != current[name]}
