"""Promises of the office's pages and API: a decision in two taps, nothing lost, nothing shown in full unasked."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.registry import amendments
from app.households.registry import queries as registry
from app.households.registry import services as registry_services
from app.households.registry.models import Household, Status
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn

QUEUE, AMENDMENTS, MERGES = "/dieu-hanh/duyet-ho", "/dieu-hanh/sua-doi", "/dieu-hanh/gop-ho"
WHY = "Ghi lại địa chỉ cho rõ"


def at(household: Household) -> Household:
    with acting_as(make.an_officer(household.commune_code)):
        db.session.rollback()
        found = registry.get(household.id)
        db.session.refresh(found)
        return found


def asked(household: Household, **changes: str) -> UUID:
    actor = make.a_team_member()
    with transaction(actor=actor):
        home = registry.get(household.id, for_update=True)
        return amendments.propose(
            actor, home, amendment_id=uuid4(), changes=changes, base_version=home.version, source="doorstep",
            clock=SYSTEM_CLOCK,
        ).id  # fmt: skip


def waiting(*names: str) -> list[Household]:
    return [make.register(clock=SYSTEM_CLOCK, head_name=name) for name in names]


def test_a_new_office_finds_warm_empty_pages(officer: Browser) -> None:
    assert "Không còn hồ sơ nào chờ duyệt" in officer.get(QUEUE).get_data(as_text=True)
    assert "Không có đề nghị nào chờ xét" in officer.get(AMENDMENTS).get_data(as_text=True)
    assert "Chưa có lần gộp nào" in officer.get(MERGES).get_data(as_text=True)


def test_the_queue_says_how_many_wait_and_filters(officer: Browser) -> None:
    waiting("Lê Thị Một", "Phạm Văn Hai")
    page = officer.get(QUEUE).get_data(as_text=True)
    assert "2 hồ sơ chờ duyệt" in page
    assert "Lê T. M." in page
    assert "Lê Thị Một" not in page
    assert "Không có hồ sơ nào hợp với bộ lọc" in officer.get(f"{QUEUE}?ngay=7&nguoi=x&xom=").get_data(as_text=True)


def test_approving_leads_to_the_next_one(officer: Browser) -> None:
    first, second = waiting("Lê Thị Một", "Phạm Văn Hai")
    page = f"{QUEUE}/{first.code}"
    answer = officer.post(f"{page}/duyet", {}, page)
    assert answer.status_code == 302
    assert answer.location.endswith(f"{QUEUE}/{second.code}")
    assert at(first).status == Status.VERIFIED
    last = officer.post(f"{QUEUE}/{second.code}/tra-lai", {"reason": WHY}, f"{QUEUE}/{second.code}")
    assert last.location.endswith(QUEUE)
    assert at(second).return_reason == WHY


def test_a_return_without_a_reason_says_so_on_the_page(officer: Browser) -> None:
    (home,) = waiting("Lê Thị Một")
    answer = officer.post(f"{QUEUE}/{home.code}/tra-lai", {"reason": ""}, f"{QUEUE}/{home.code}")
    assert answer.status_code == 422
    assert "Ghi lý do ngắn gọn" in answer.get_data(as_text=True)


def test_both_decisions_are_taken_back_on_the_page(officer: Browser) -> None:
    first, second = waiting("Lê Thị Một", "Phạm Văn Hai")
    for home, there, back in ((first, "duyet", "rut-duyet"), (second, "tra-lai", "rut-tra-lai")):
        page = f"{QUEUE}/{home.code}"
        officer.post(f"{page}/{there}", {"reason": WHY}, page)
        assert officer.post(f"{page}/{back}", {"reason": "no"}, page).status_code == 422
        assert officer.post(f"{page}/{back}", {"reason": "Bấm nhầm nút"}, page).status_code == 302
        assert at(home).status == Status.SUBMITTED
        assert "Bấm nhầm nút" in officer.get(page).get_data(as_text=True)


def test_what_changed_since_the_return_and_who_may_be_the_same_is_shown(officer: Browser, neighbour: Browser) -> None:
    data = make.a_registration(head_name="Lê Thị Một", phone="0912000111")
    home = registry_services.register_household(actor=neighbour.actor, data=data, clock=SYSTEM_CLOCK)
    twin = make.register(clock=SYSTEM_CLOCK, head_name="Phạm Văn Hai", phone="0912000111")
    registry_services.return_to_team(actor=officer.actor, household_id=home.id, reason=WHY, clock=SYSTEM_CLOCK)
    from dataclasses import replace

    better = replace(data, address="Ngõ cạnh trạm xá")
    registry_services.resubmit(actor=neighbour.actor, household_id=home.id, data=better, clock=SYSTEM_CLOCK)
    page = officer.get(f"{QUEUE}/{home.code}").get_data(as_text=True)
    assert "Ngõ •••" in page
    assert "trạm xá" not in page
    assert "Cùng số điện thoại" in page
    assert f"giu={twin.code}" in page


def test_ticked_ones_are_approved_together_and_the_rest_is_named(officer: Browser) -> None:
    plain, one, other = waiting("Lê Thị Một", "Phạm Văn Hai", "Đỗ Thị Sáu")
    twin = make.register(clock=SYSTEM_CLOCK, head_name="Vũ Văn Ba", phone="0912000111")
    make.register(clock=SYSTEM_CLOCK, head_name="Bùi Văn Tư", phone="0912000111")
    form = {"codes": [plain.code, one.code, twin.code], "viec": "duyet", "bulk_id": str(uuid4())}
    answer = officer.post(QUEUE, form, QUEUE)  # type: ignore[arg-type]  # a list is a field sent several times
    assert answer.status_code == 302
    page = officer.get(answer.location).get_data(as_text=True)
    assert "Xong 2 trên 3 hồ sơ" in page
    assert "Có thể trùng với hộ khác" in page
    assert {at(home).status for home in (plain, one)} == {Status.VERIFIED}
    assert {at(home).status for home in (twin, other)} == {Status.SUBMITTED}
    undone = officer.post(
        f"{answer.location}/hoan-tac", {"reason": "Bấm nhầm nút", "bulk_id": str(uuid4())}, answer.location
    )
    assert undone.status_code == 302
    assert {at(home).status for home in (plain, one)} == {Status.SUBMITTED}


def test_nothing_ticked_is_said_and_typed_reasons_stay(officer: Browser) -> None:
    waiting("Lê Thị Một")
    answer = officer.post(QUEUE, {"viec": "tra-lai", "reason": WHY}, QUEUE)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Đánh dấu từ 1 đến 500" in page
    assert WHY in page


def test_a_change_is_shown_masked_then_in_full_with_a_reason_and_accepted(officer: Browser) -> None:
    home = make.verified(clock=SYSTEM_CLOCK, phone="0912000111")
    amendment = asked(home, phone="0987654321")
    page = f"{AMENDMENTS}/{amendment}"
    shown = officer.get(page).get_data(as_text=True)
    assert "09•• ••• 111" in shown
    assert "09•• ••• 321" in shown
    assert officer.post(f"{page}/xem", {"look_reason": ""}, page).status_code == 422
    full = officer.post(f"{page}/xem", {"look_reason": "So với đơn"}, page).get_data(as_text=True)
    assert "0987 654 321" in full or "0987654321" in full
    assert officer.post(f"{page}/nhan", {"version": "7"}, page).status_code == 409
    assert officer.post(f"{page}/nhan", {"version": "1"}, page).status_code == 302
    assert at(home).version == 2
    assert officer.post(f"{page}/rut-lai", {"reason": "Số mới chưa đúng"}, page).status_code == 302
    assert at(home).version == 3
    assert officer.post(f"{page}/khong-nhan", {"reason": "Số mới chưa đúng"}, page).status_code == 302
    assert "Số mới chưa đúng" in officer.get(page).get_data(as_text=True)


def test_two_records_are_compared_proposed_confirmed_and_parted(officer: Browser, sign_in: SignIn) -> None:
    other = sign_in(Role.COMMUNE_OFFICER)
    winner = make.verified(clock=SYSTEM_CLOCK, head_name="Lê Thị Một", address="Ngõ cạnh trạm xá")
    loser = make.verified(clock=SYSTEM_CLOCK, head_name="Phạm Văn Hai", phone="0912000111")
    compare = f"{MERGES}/moi?giu={winner.code}&dong={loser.code}"
    page = officer.get(compare).get_data(as_text=True)
    assert "09•• ••• 111" in page
    form = {
        "giu": winner.code,
        "dong": loser.code,
        "merge_id": str(uuid4()),
        "lay_phone": "dong",
        "reason": "Vợ chồng một nhà",
    }
    answer = officer.post(f"{MERGES}/moi", form, compare)
    assert answer.status_code == 302
    merge = answer.location
    assert "Bạn là người đề nghị gộp" in officer.get(merge).get_data(as_text=True)
    assert officer.post(f"{merge}/xac-nhan", {}, merge).status_code == 403
    assert other.post(f"{merge}/xac-nhan", {}, merge).status_code == 302
    assert at(loser).status == Status.MERGED
    closed = officer.get(f"{QUEUE}/{loser.code}").get_data(as_text=True)
    assert "đã gộp vào hồ sơ khác" in closed
    assert winner.code[-4:] in closed
    assert other.post(f"{merge}/hoan-tac", {"reason": "Hai nhà khác nhau"}, merge).status_code == 302
    assert at(loser).status == Status.VERIFIED


def test_the_form_for_two_codes_tells_which_is_unknown(officer: Browser) -> None:
    assert officer.get(f"{MERGES}/moi").status_code == 200
    page = officer.get(f"{MERGES}/moi?giu=HG00000000&dong=").get_data(as_text=True)
    assert "Không tìm thấy hộ này" in page


def test_only_officers_of_the_commune_come_in(officer: Browser, neighbour: Browser, sign_in: SignIn) -> None:
    (home,) = waiting("Lê Thị Một")
    verified = make.verified(clock=SYSTEM_CLOCK)
    amendment = asked(verified, address="Ngõ cạnh trạm xá")
    elsewhere, operator = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC), sign_in(Role.PROVINCE_OPERATOR, "*")
    pages = (QUEUE, f"{QUEUE}/{home.code}", AMENDMENTS, f"{AMENDMENTS}/{amendment}", MERGES)
    for path in pages:
        assert officer.get(path).status_code == 200
        assert neighbour.get(path).status_code == 403
        assert operator.get(path).status_code == 200
    for path in (f"{QUEUE}/{home.code}", f"{AMENDMENTS}/{amendment}"):
        assert elsewhere.get(path).status_code == 404
    assert operator.post(f"{QUEUE}/{home.code}/duyet", {}, QUEUE).status_code == 403
    assert at(home).status == Status.SUBMITTED


class TestApi:
    def test_the_queue_and_a_bulk(self, officer: Browser) -> None:
        first, second = waiting("Lê Thị Một", "Phạm Văn Hai")
        page = officer.client.get("/api/v1/office/queue?limit=1", headers=officer.headers).get_json()
        assert [one["code"] for one in page["items"]] == [first.code]
        bulk_id = str(uuid4())
        body = {"id": bulk_id, "kind": "approve", "codes": [first.code, second.code]}
        for _n in range(2):
            answer = officer.api("/api/v1/office/bulks", body)
            assert answer.status_code == 201
            assert answer.get_json() == {"id": bulk_id, "kind": "approve", "waiting": 0, "done": 2, "left_out": []}
        undone = officer.api(f"/api/v1/office/bulks/{bulk_id}/undo", {"id": str(uuid4()), "reason": "Bấm nhầm nút"})
        assert undone.get_json()["done"] == 2
        assert at(first).status == Status.SUBMITTED

    def test_taking_back(self, officer: Browser) -> None:
        home = make.verified(clock=SYSTEM_CLOCK)
        path = f"/api/v1/households/{home.code}"
        assert officer.api(f"{path}/take-back-approval", {"reason": WHY}).get_json()["status"] == "submitted"
        assert officer.api(f"{path}/take-back-approval", {"reason": WHY}).status_code == 409
        assert officer.api(f"{path}/return", {"reason": WHY}).status_code == 200
        assert officer.api(f"{path}/take-back-return", {"reason": WHY}).get_json()["return_reason"] is None

    def test_amendments(self, officer: Browser) -> None:
        home = make.verified(clock=SYSTEM_CLOCK)
        amendment = asked(home, phone="0987654321")
        (listed,) = officer.client.get("/api/v1/amendments", headers=officer.headers).get_json()["items"]
        assert listed["changes"][0]["new"] == "09•• ••• 321"
        path = f"/api/v1/amendments/{amendment}"
        accepted = officer.api(f"{path}/accept", {"version": listed["version"]})
        assert accepted.get_json()["status"] == "accepted"
        assert officer.api(f"{path}/take-back", {"reason": WHY}).get_json()["status"] == "waiting"
        assert officer.api(f"{path}/refuse", {"reason": WHY}).get_json()["status"] == "refused"

    def test_a_merge(self, officer: Browser, sign_in: SignIn) -> None:
        other = sign_in(Role.COMMUNE_OFFICER)
        winner, loser = make.verified(clock=SYSTEM_CLOCK), make.verified(clock=SYSTEM_CLOCK)
        merge_id = str(uuid4())
        body = {"id": merge_id, "winner_code": winner.code, "loser_code": loser.code, "takes": ["phone"], "reason": WHY}
        for _n in range(2):
            assert officer.api("/api/v1/household-merges", body).status_code == 201
        path = f"/api/v1/household-merges/{merge_id}"
        assert officer.api(f"{path}/confirm").status_code == 403
        assert other.api(f"{path}/confirm").get_json()["status"] == "done"
        shown = officer.client.get(path, headers=officer.headers).get_json()
        assert (shown["winner_code"], shown["loser_code"]) == (winner.code, loser.code)
        assert other.api(f"{path}/undo", {"reason": WHY}).get_json()["status"] == "undone"

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("office/bulks", {"id": str(uuid4()), "kind": "approve", "codes": ["HG1"]}),
            ("household-merges", {"id": str(uuid4()), "winner_code": "HG1", "loser_code": "HG2", "reason": "abcdef"}),
            (f"amendments/{UUID(int=1)}/accept", {"version": 1}),
        ],
    )
    def test_a_team_member_decides_nothing(self, neighbour: Browser, path: str, body: dict[str, object]) -> None:
        assert neighbour.api(f"/api/v1/{path}", body).status_code == 403
