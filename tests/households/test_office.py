"""Promises of the commune office: another pair of eyes each time, a way back each time, nobody approved unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.database import acting_as, db, transaction
from app.core.errors import AppError, BadInput
from app.households.office import differences, errors, queries, services
from app.households.office.models import Bulk, BulkItem, Kind, Outcome
from app.households.office.queries import Wanted
from app.households.registry import amendments, fields, flags, versions
from app.households.registry import errors as registry_errors
from app.households.registry import queries as registry
from app.households.registry import services as registry_services
from app.households.registry.flags import Flag
from app.households.registry.models import Household, HouseholdAmendment, Status
from app.identity import queries as identity
from app.market.catalogue import queries as catalogue
from tests.factories import households as make
from tests.factories.market import make_product, make_seller
from tests.fakes.clock import FrozenClock

WHY = "Gọi lại thì số điện thoại không đúng"


def at(household: Household, actor: Actor | None = None) -> Household:
    with acting_as(actor or SYSTEM):
        db.session.rollback()
        found = registry.get(household.id)
        db.session.refresh(found)
        return found


def actions(household: Household) -> list[str]:
    wanted = sa.select(AuditEvent.action).where(AuditEvent.subject_id == household.id).order_by(AuditEvent.id)
    return list(db.session.scalars(wanted))


def ask(actor: Actor, household: Household, clock: FrozenClock, **changes: str | None) -> HouseholdAmendment:
    with transaction(actor=actor):
        return amendments.propose(
            actor, registry.get(household.id, for_update=True), amendment_id=uuid4(), changes=changes,
            base_version=1, source="doorstep", clock=clock,
        )  # fmt: skip


def said(household: Household, name: str) -> str | None:
    with acting_as(SYSTEM):
        db.session.rollback()
        return fields.of(registry.get(household.id))[name]


class TestTakingBack:
    def test_an_approval_taken_back_waits_again_and_can_be_given_again(self, app: Flask, clock: FrozenClock) -> None:
        household, officer = make.verified(clock=clock), make.an_officer()
        services.take_back_approval(actor=officer, household_id=household.id, reason=WHY, clock=clock)
        assert at(household).status == Status.SUBMITTED
        assert at(household).verified_by is None
        registry_services.verify(actor=officer, household_id=household.id, clock=clock)
        assert at(household).status == Status.VERIFIED
        assert [act for act in actions(household) if act.endswith("verified")] == [
            "household_verified",
            "household_unverified",
            "household_verified",
        ]

    def test_it_needs_a_reason_an_officer_of_the_commune_and_an_approval(self, app: Flask, clock: FrozenClock) -> None:
        household, officer = make.verified(clock=clock), make.an_officer()

        def refused(actor: Actor, kind: type[AppError], reason: str = WHY) -> None:
            with pytest.raises(kind):
                services.take_back_approval(actor=actor, household_id=household.id, reason=reason, clock=clock)

        refused(officer, BadInput, " ")
        refused(make.a_team_member(), registry_errors.NotAnOfficer)
        refused(make.an_officer(make.DAI_PHUC), registry_errors.NoSuchHousehold)
        services.take_back_approval(actor=officer, household_id=household.id, reason=WHY, clock=clock)
        refused(officer, registry_errors.WrongStep)

    def test_a_shop_sells_nothing_while_the_approval_is_gone_and_again_when_it_is_back(
        self, app: Flask, clock: FrozenClock
    ) -> None:
        seller = make_seller(clock=clock)
        product = make_product(clock=clock, seller=seller)
        household_id, officer = seller.shop.household_id, make.an_officer()
        with app.test_client() as buyer:
            assert "Cho vào giỏ" in buyer.get(f"/san-pham/{product.code}").get_data(as_text=True)
            services.take_back_approval(actor=officer, household_id=household_id, reason=WHY, clock=clock)
            page = buyer.get(f"/san-pham/{product.code}").get_data(as_text=True)
            assert "Cho vào giỏ" not in page
            assert "tạm nghỉ" in buyer.get(f"/gian-hang/{seller.shop.code}").get_data(as_text=True)
            assert product.code not in buyer.get("/cho").get_data(as_text=True)
            registry_services.verify(actor=officer, household_id=household_id, clock=clock)
            assert "Cho vào giỏ" in buyer.get(f"/san-pham/{product.code}").get_data(as_text=True)

    def test_a_seller_who_closed_stays_closed_when_the_approval_is_back(self, app: Flask, clock: FrozenClock) -> None:
        from app.market.catalogue import services as shops

        seller, officer = make_seller(clock=clock), make.an_officer()
        services.take_back_approval(actor=officer, household_id=seller.shop.household_id, reason=WHY, clock=clock)
        shops.set_shop_open(actor=seller.actor, shop_id=seller.shop.id, is_open=True, clock=clock)
        assert not catalogue.shop_by_code(seller.shop.code).is_open, "the seller's own word does not lift the hold"
        shops.set_shop_open(actor=seller.actor, shop_id=seller.shop.id, is_open=False, clock=clock)
        registry_services.verify(actor=officer, household_id=seller.shop.household_id, clock=clock)
        db.session.expire_all()
        assert not catalogue.shop_by_code(seller.shop.code).is_open

    def test_a_return_is_taken_back_only_while_nobody_sent_it_again(self, app: Flask, clock: FrozenClock) -> None:
        member, officer = make.a_team_member(), make.an_officer()
        data = make.a_registration()
        household = registry_services.register_household(actor=member, data=data, clock=clock)
        registry_services.return_to_team(actor=officer, household_id=household.id, reason=WHY, clock=clock)
        services.take_back_return(actor=officer, household_id=household.id, reason="Bấm nhầm", clock=clock)
        assert at(household).status == Status.SUBMITTED
        registry_services.return_to_team(actor=officer, household_id=household.id, reason=WHY, clock=clock)
        registry_services.resubmit(actor=member, household_id=household.id, data=data, clock=clock)
        with pytest.raises(registry_errors.WrongStep):
            services.take_back_return(actor=officer, household_id=household.id, reason="Bấm nhầm", clock=clock)


class TestDifferences:
    def test_what_changed_since_the_return_is_shown_masked(self, app: Flask, clock: FrozenClock) -> None:
        member, officer = make.a_team_member(), make.an_officer()
        data = make.a_registration(phone="0912345678")
        household = registry_services.register_household(actor=member, data=data, clock=clock)
        assert differences.since_return(at(household)) is None
        registry_services.return_to_team(actor=officer, household_id=household.id, reason=WHY, clock=clock)
        better = replace(data, phone="0912345999", address="Nhà cạnh suối lớn")
        registry_services.resubmit(actor=member, household_id=household.id, data=better, clock=clock)
        with acting_as(officer):
            found = differences.since_return(registry.get(household.id)) or []
        assert [(one.name, one.old, one.new) for one in found] == [
            ("phone", "09•• ••• 678", "09•• ••• 999"),
            ("address", "Nhà •••", "Nhà •••"),
        ]
        assert [one.hidden for one in found] == [False, True]


class TestDuplicates:
    def test_the_same_phone_and_near_names_are_told_within_the_commune(self, app: Flask, clock: FrozenClock) -> None:
        first = make.register(clock=clock, phone="0912000111", head_name="Nguyễn Thị Thử", citizen_id="019180111111")
        phone = make.register(clock=clock, phone="0912000111", head_name="Trần Văn Mẫu", citizen_id="019070222222")
        near = make.register(clock=clock, head_name="Nguyen Ngoc Thu", citizen_id="019180999999")
        make.register(clock=clock, head_name="Nguyễn Thị Thử", citizen_id="019181111112")
        make.register(
            clock=clock, head_name="Nguyễn Thị Thử", citizen_id="019180111113", hamlet_code=f"{make.DAI_PHUC}-01"
        )
        with acting_as(make.an_officer()):
            db.session.rollback()
            found = queries.twins([first.id, phone.id])
        assert {(twin.code, twin.same_phone, twin.near) for twin in found[first.id]} == {
            (phone.code, True, False), (near.code, False, True),
        }  # fmt: skip
        assert [twin.code for twin in found[phone.id]] == [first.code]

    def test_a_relatives_phone_may_stand_for_many(self, app: Flask, clock: FrozenClock) -> None:
        first = make.register(clock=clock, phone="0912000111", phone_is_contact=True, head_name="Lê Thị Một")
        make.register(clock=clock, phone="0912000111", phone_is_contact=True, head_name="Phạm Văn Hai")
        with acting_as(make.an_officer()):
            assert queries.twins([first.id]) == {}


class TestQueue:
    def test_the_oldest_comes_first_by_hamlet_registrar_and_age(self, app: Flask, clock: FrozenClock) -> None:
        member = make.a_team_member(f"{make.TAN_CUONG}-02")
        old = make.register(clock=clock, head_name="Lê Thị Một")
        clock.advance(days=5)
        new = make.register(clock=clock, actor=member, head_name="Phạm Văn Hai", hamlet_code=f"{make.TAN_CUONG}-02")
        make.verified(clock=clock, head_name="Đỗ Văn Ba")
        officer = make.an_officer()

        def codes(**wanted: Any) -> list[str]:
            page = queries.listing(officer, Wanted(**wanted), cursor=None, limit=10, clock=clock)
            return [one.code for one in page.items]

        with acting_as(officer):
            assert codes() == [old.code, new.code]
            assert codes(hamlet_code=f"{make.TAN_CUONG}-02") == [new.code]
            assert codes(registered_by=member.user_id) == [new.code]
            assert codes(days=3) == [old.code]
            assert queries.beside(officer, at(old, officer), Wanted(), clock=clock) == (None, new.code)
            first = queries.listing(officer, Wanted(), cursor=None, limit=1, clock=clock)
            rest = queries.listing(officer, Wanted(), cursor=first.next_cursor, limit=1, clock=clock)
            assert [one.code for one in rest.items] == [new.code]
            assert queries.backlog(officer).waiting == 2
        with acting_as(make.an_officer(make.DAI_PHUC)):
            db.session.rollback()
            assert queries.backlog(make.an_officer(make.DAI_PHUC)).waiting == 0


class TestBulk:
    def start(
        self, officer: Actor, codes: list[str], clock: FrozenClock, kind: Kind = Kind.APPROVE, why: str = ""
    ) -> Bulk:
        return services.start_bulk(actor=officer, bulk_id=uuid4(), kind=kind, codes=codes, reason=why, clock=clock)

    def outcome(self, officer: Actor, bulk: Bulk) -> tuple[dict[Outcome, int], dict[str, str]]:
        with acting_as(officer):
            db.session.rollback()
            return queries.outcomes(bulk.id), dict(queries.left_out(bulk.id))

    def test_only_what_no_one_need_look_at_is_approved_and_the_rest_says_why(
        self, app: Flask, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        officer = make.an_officer()
        plain = make.register(clock=clock, head_name="Lê Thị Một")
        twin = make.register(clock=clock, head_name="Phạm Văn Hai", phone="0912000111")
        make.register(clock=clock, head_name="Đỗ Văn Ba", phone="0912000111")
        own = make.register(clock=clock, actor=replace(officer, areas=officer.areas), head_name="Hà Thị Bốn")
        elsewhere = make.register(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01", head_name="Vũ Văn Năm")
        flagged = make.register(clock=clock, head_name="Bùi Thị Sáu")
        monkeypatch.setattr(
            flags, "_SOURCES", [lambda ids: {flagged.id: [Flag("Đăng ký quá nhanh")]} if flagged.id in ids else {}]
        )
        all_of_them = [one.code for one in (plain, twin, own, elsewhere, flagged)]
        bulk = self.start(officer, all_of_them, clock)
        counts, why = self.outcome(officer, bulk)
        assert counts == {Outcome.WAITING: 0, Outcome.DONE: 1, Outcome.LEFT_OUT: 3}
        assert set(why) == {twin.code, own.code, flagged.code}
        assert why[flagged.code] == "Đăng ký quá nhanh"
        assert at(plain).status == Status.VERIFIED
        assert {at(one).status for one in (twin, own, elsewhere, flagged)} == {Status.SUBMITTED}

    def test_sent_twice_it_is_one_and_with_other_content_it_is_refused(self, app: Flask, clock: FrozenClock) -> None:
        officer, bulk_id = make.an_officer(), uuid4()
        household = make.register(clock=clock)
        for _n in range(2):
            services.start_bulk(actor=officer, bulk_id=bulk_id, kind=Kind.APPROVE, codes=[household.code], clock=clock)
        assert actions(household).count("household_verified") == 1
        with pytest.raises(registry_errors.OtherContent):
            services.start_bulk(
                actor=officer, bulk_id=bulk_id, kind=Kind.RETURN, codes=[household.code], reason=WHY, clock=clock
            )

    def test_many_are_worked_off_by_a_job_with_the_makers_own_rights(self, app: Flask, clock: FrozenClock) -> None:
        from app.core.clock import SYSTEM_CLOCK
        from app.identity import services as people
        from app.identity.operations import NewGrant
        from app.identity.roles import Role

        user = people.create_user(
            phone=make.a_phone(), display_name="Cán bộ thử", grants=[NewGrant(Role.COMMUNE_OFFICER, make.TAN_CUONG)],
            clock=SYSTEM_CLOCK,
        )  # fmt: skip
        officer = identity.actor_of(user, clock=SYSTEM_CLOCK)
        names = [f"Lê Thị {chr(65 + n // 5)}{'abcde'[n % 5]}" for n in range(services.AT_ONCE + 3)]
        codes = [make.register(clock=clock, head_name=name).code for name in names]
        bulk = self.start(officer, codes, clock)
        assert self.outcome(officer, bulk)[0][Outcome.WAITING] == 3
        services.work_bulk_as_its_maker(bulk_id=bulk.id, clock=SYSTEM_CLOCK)
        assert self.outcome(officer, bulk)[0] == {Outcome.WAITING: 0, Outcome.DONE: len(codes), Outcome.LEFT_OUT: 0}

    def test_many_are_returned_with_one_reason_and_the_whole_is_taken_back(
        self, app: Flask, clock: FrozenClock
    ) -> None:
        officer = make.an_officer()
        homes = [make.register(clock=clock, head_name=name) for name in ("Lê Thị Một", "Phạm Văn Hai")]
        codes = [one.code for one in homes]
        with pytest.raises(BadInput):
            self.start(officer, codes, clock, Kind.RETURN)
        bulk = self.start(officer, codes, clock, Kind.RETURN, WHY)
        assert {at(one).return_reason for one in homes} == {WHY}
        undo = services.undo_bulk(actor=officer, bulk_id=bulk.id, undo_id=uuid4(), reason="Bấm nhầm", clock=clock)
        assert self.outcome(officer, undo)[0][Outcome.DONE] == 2
        assert {at(one).status for one in homes} == {Status.SUBMITTED}

    def test_taking_back_leaves_out_what_somebody_else_approved_since(self, app: Flask, clock: FrozenClock) -> None:
        officer, other = make.an_officer(), make.an_officer()
        home = make.register(clock=clock)
        bulk = self.start(officer, [home.code], clock)
        services.take_back_approval(actor=other, household_id=home.id, reason=WHY, clock=clock)
        registry_services.verify(actor=other, household_id=home.id, clock=clock)
        undo = services.undo_bulk(actor=officer, bulk_id=bulk.id, undo_id=uuid4(), reason="Bấm nhầm", clock=clock)
        assert self.outcome(officer, undo)[0][Outcome.LEFT_OUT] == 1
        assert at(home).status == Status.VERIFIED

    def test_nobody_else_sees_a_bulk_even_without_the_scoped_query(self, app: Flask, clock: FrozenClock) -> None:
        officer = make.an_officer()
        bulk = self.start(officer, [make.register(clock=clock).code], clock)
        for actor, count in ((officer, 1), (make.an_officer(), 0), (SYSTEM, 1)):
            with transaction(actor=actor):
                assert len(db.session.scalars(sa.select(Bulk)).all()) == count
                assert len(db.session.scalars(sa.select(BulkItem)).all()) == count
        stranger = make.an_officer()
        with pytest.raises(errors.NoSuchBulk), acting_as(stranger):
            db.session.rollback()
            queries.bulk(bulk.id, actor=stranger)

    def test_nothing_ticked_and_too_many_are_said_so(self, app: Flask, clock: FrozenClock) -> None:
        for codes in ([], [f"HG-{n}" for n in range(services.MOST + 1)], ["HG-nobody"]):
            with pytest.raises(errors.NothingTicked):
                self.start(make.an_officer(), codes, clock)
        with pytest.raises(registry_errors.NotAnOfficer):
            self.start(make.a_team_member(), ["HG-1"], clock)


class TestAmendments:
    def test_a_yes_holds_at_once_and_taking_it_back_restores_what_was(self, app: Flask, clock: FrozenClock) -> None:
        household, officer = make.verified(clock=clock), make.an_officer()
        before = said(household, "phone")
        asked = ask(make.a_team_member(), household, clock, phone="0987654321")
        services.accept_amendment(actor=officer, amendment_id=asked.id, seen_version=1, clock=clock)
        assert said(household, "phone") == "+84987654321"
        assert at(household).status == Status.VERIFIED
        services.take_back_decision(actor=officer, amendment_id=asked.id, reason=WHY, clock=clock)
        assert said(household, "phone") == before
        with acting_as(officer):
            db.session.rollback()
            assert [change.source for change in versions.history(household.id)] == ["doorstep", "office", "office"]
            assert amendments.by_id(asked.id).status == "waiting"  # type: ignore[union-attr]

    def test_who_holds_the_new_number_speaks_for_the_household_and_the_old_one_no_longer(
        self, app: Flask, clock: FrozenClock
    ) -> None:
        household = make.verified(clock=clock, phone="0912000111")
        asked = ask(make.a_team_member(), household, clock, phone="0987654321")
        services.accept_amendment(actor=make.an_officer(), amendment_id=asked.id, seen_version=1, clock=clock)
        old, new = identity.by_phone("0912000111"), identity.by_phone("0987654321")
        assert old
        assert new
        clock.advance(seconds=1)
        assert identity.actor_of(old, clock=clock).household_id is None
        assert identity.actor_of(new, clock=clock).household_id == household.id

    def test_the_proposer_a_stranger_and_the_late_cannot_say_yes(self, app: Flask, clock: FrozenClock) -> None:
        household, officer = make.verified(clock=clock), make.an_officer()
        asked = ask(officer, household, clock, address="Nhà cạnh suối")

        def refused(actor: Actor, kind: type[AppError], seen: int = 1) -> None:
            with pytest.raises(kind):
                services.accept_amendment(actor=actor, amendment_id=asked.id, seen_version=seen, clock=clock)

        refused(officer, errors.OwnProposal)
        refused(make.a_team_member(), registry_errors.NotAnOfficer)
        refused(make.an_officer(make.DAI_PHUC), errors.NoSuchAmendment)
        refused(make.an_officer(), errors.HouseholdMoved, seen=2)
        services.take_back_approval(actor=officer, household_id=household.id, reason=WHY, clock=clock)
        refused(make.an_officer(), registry_errors.WrongStep)
        services.refuse_amendment(actor=make.an_officer(), amendment_id=asked.id, reason=WHY, clock=clock)
        refused(make.an_officer(), errors.AmendmentDecided)

    def test_two_officers_at_once_decide_once(self, app: Flask, clock: FrozenClock) -> None:
        household = make.verified(clock=clock)
        asked = ask(make.a_team_member(), household, clock, address="Nhà cạnh suối")

        def decide(_n: int) -> bool:
            with app.app_context():
                try:
                    services.accept_amendment(
                        actor=make.an_officer(), amendment_id=asked.id, seen_version=1, clock=clock
                    )
                except (errors.AmendmentDecided, errors.HouseholdMoved):
                    return False
                return True

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(decide, range(4))) == [False, False, False, True]

    def test_a_citizens_number_known_elsewhere_is_refused_without_a_word_more(
        self, app: Flask, clock: FrozenClock
    ) -> None:
        known = make.a_citizen_id()
        make.register(clock=clock, citizen_id=known, hamlet_code=f"{make.DAI_PHUC}-01")
        household = make.verified(clock=clock)
        asked = ask(make.a_team_member(), household, clock, citizen_id=known)
        with pytest.raises(registry_errors.HouseholdKnown):
            services.accept_amendment(actor=make.an_officer(), amendment_id=asked.id, seen_version=1, clock=clock)
        assert at(household).version == 1

    def test_what_was_changed_again_is_not_taken_back(self, app: Flask, clock: FrozenClock) -> None:
        household, officer = make.verified(clock=clock), make.an_officer()
        first = ask(make.a_team_member(), household, clock, address="Nhà cạnh suối")
        second = ask(make.a_team_member(), household, clock, address="Nhà trên đồi")
        services.accept_amendment(actor=officer, amendment_id=first.id, seen_version=1, clock=clock)
        services.accept_amendment(actor=officer, amendment_id=second.id, seen_version=2, clock=clock)
        with pytest.raises(errors.ChangedSince):
            services.take_back_decision(actor=officer, amendment_id=first.id, reason=WHY, clock=clock)
        services.take_back_decision(actor=officer, amendment_id=second.id, reason=WHY, clock=clock)
        assert said(household, "address") == "Nhà cạnh suối"

    def test_only_the_proposer_withdraws(self, app: Flask, clock: FrozenClock) -> None:
        household, member = make.verified(clock=clock), make.a_team_member()
        asked = ask(member, household, clock, address="Nhà cạnh suối")
        with pytest.raises(errors.NoSuchAmendment):
            services.withdraw_amendment(actor=make.a_team_member(), amendment_id=asked.id, clock=clock)
        services.withdraw_amendment(actor=member, amendment_id=asked.id, clock=clock)
        with pytest.raises(errors.AmendmentDecided):
            services.withdraw_amendment(actor=member, amendment_id=asked.id, clock=clock)

    def test_a_look_without_masks_is_written_down_first(self, app: Flask, clock: FrozenClock) -> None:
        household, officer = make.verified(clock=clock), make.an_officer()
        asked = ask(make.a_team_member(), household, clock, address="Nhà cạnh suối")
        old, new = services.open_amendment(actor=officer, amendment_id=asked.id, reason="So với giấy", clock=clock)
        assert (old, new) == ({"address": "Nhà sau đình xóm"}, {"address": "Nhà cạnh suối"})
        assert actions(household)[-1] == "amendment_unmasked"
