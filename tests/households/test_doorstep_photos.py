"""Promises of photos: they come in parts that resume, whole or not at all, sealed, for few eyes, and can be erased."""

from __future__ import annotations

import hashlib
import io
import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from app.core import crypto
from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.vault import Vault, vault
from app.households.merging import services as merging
from app.households.onboarding import services as doorstep
from app.households.onboarding.errors import NoSuchPhoto
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn
from tests.households.test_doorstep_sync import bring, registration, the

PHOTOS = "/api/v1/onboarding/photos"
PART = 40_000


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (320, 240)) -> bytes:
    """A noisy picture of some 100 KB."""
    image = Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))
    out = io.BytesIO()
    image.save(out, kind, quality=90)
    return out.getvalue()


def announcement(content: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "kind": "house",
        "media_type": "image/jpeg",
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **changes,
    }


def announced(browser: Browser, content: bytes, **changes: Any) -> tuple[str, str]:
    """(photo id, household code) of a photo that a record announced."""
    photo = announcement(content, **changes)
    (stored,) = bring(browser, registration(photos=[photo]))
    assert stored["outcome"] == "stored"
    return photo["id"], stored["household_code"]


def put(browser: Browser, photo_id: str, offset: int, part: bytes, **headers: str) -> Any:
    return browser.client.put(
        f"{PHOTOS}/{photo_id}?offset={offset}", data=part, headers=browser.headers | headers, content_type="image/jpeg"
    )


def put_all(browser: Browser, photo_id: str, content: bytes) -> Any:
    answer = None
    for offset in range(0, len(content), PART):
        answer = put(browser, photo_id, offset, content[offset : offset + PART])
        assert answer.status_code in (200, 422)
    assert answer is not None
    return answer


def test_a_photo_comes_in_parts_and_goes_on_where_it_stood(neighbour: Browser) -> None:
    content = a_picture()
    photo_id, code = announced(neighbour, content)
    assert neighbour.get(f"{PHOTOS}/{photo_id}").get_json() == {"received_bytes": 0, "complete": False}
    first = put(neighbour, photo_id, 0, content[:PART], **{"Upload-Length": str(len(content))})
    assert first.get_json() == {"received_bytes": PART, "complete": False}
    for wrong in (0, PART - 1, PART + 1, 5):
        answer = put(neighbour, photo_id, wrong, content[PART : 2 * PART])
        assert (answer.status_code, answer.get_json()["received_bytes"]) == (409, PART)
    for offset in range(PART, len(content), PART):
        answer = put(neighbour, photo_id, offset, content[offset : offset + PART])
    assert answer.get_json() == {"received_bytes": len(content), "complete": True}
    assert put(neighbour, photo_id, 0, content[:PART]).get_json()["complete"]
    key = db.session.get_one(crypto.DataKey, the(code).data_key_id)
    assert vault().get(key, UUID(photo_id)) == content


def test_what_lies_on_disk_is_sealed_and_goes_with_the_household(neighbour: Browser, officer: Browser) -> None:
    content = a_picture()
    photo_id, code = announced(neighbour, content)
    put_all(neighbour, photo_id, content)
    (file,) = vault()._root.glob(f"*/{UUID(photo_id).hex}.*")
    assert content[100:140] not in file.read_bytes() and file.suffix == ".sealed"
    seen = officer.get(f"/to-cong-nghe/anh/{photo_id}")
    assert (seen.status_code, seen.data, seen.mimetype) == (200, content, "image/jpeg")
    assert seen.headers["Cache-Control"] == "no-store"
    with transaction():
        crypto.destroy_data_key(the(code).data_key_id, clock=SYSTEM_CLOCK)
    assert officer.get(f"/to-cong-nghe/anh/{photo_id}").status_code == 404


def test_another_picture_than_announced_starts_again_from_nothing(neighbour: Browser) -> None:
    content = a_picture()
    photo_id, _code = announced(neighbour, content)
    mangled = content[:-50] + bytes(50)
    answer = put_all(neighbour, photo_id, mangled)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "photo_broken")
    assert neighbour.get(f"{PHOTOS}/{photo_id}").get_json() == {"received_bytes": 0, "complete": False}
    assert put_all(neighbour, photo_id, content).get_json()["complete"]


@pytest.mark.parametrize(
    "content", [b"<html>not a picture</html>", a_picture()[:2000], a_picture("PNG"), a_picture(size=(4100, 3000))]
)
def test_what_is_no_such_picture_is_refused(neighbour: Browser, content: bytes) -> None:
    content = content[:1_500_000]
    photo_id, _code = announced(neighbour, content)
    answer = put_all(neighbour, photo_id, content)
    assert answer.status_code == 422
    assert neighbour.get(f"{PHOTOS}/{photo_id}").get_json()["received_bytes"] == 0


def test_more_than_announced_is_refused_and_what_came_stays(neighbour: Browser) -> None:
    content = a_picture()
    photo_id, _code = announced(neighbour, content)
    put(neighbour, photo_id, 0, content[:PART])
    for part, headers in (
        (b"", {}),
        (content, {}),
        (content[PART:][:PART], {"Upload-Length": "7"}),
        (bytes(262_145), {}),
    ):
        answer = put(neighbour, photo_id, PART, part, **headers)
        assert (answer.status_code, answer.get_json()["received_bytes"]) == (422, PART)
    assert neighbour.get(f"{PHOTOS}/{photo_id}").get_json()["received_bytes"] == PART


def test_the_same_part_on_parallel_lines_is_taken_once(app: Flask, neighbour: Browser) -> None:
    content = a_picture()
    photo_id, _code = announced(neighbour, content)
    start = threading.Barrier(4)
    found: list[int] = []

    def send() -> None:
        with app.app_context():
            browser = Browser(app.test_client(), neighbour.actor, neighbour.headers)
            start.wait()
            found.append(put(browser, photo_id, 0, content[:PART]).status_code)

    threads = [threading.Thread(target=send) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200, 409, 409, 409]
    for offset in range(PART, len(content), PART):
        answer = put(neighbour, photo_id, offset, content[offset : offset + PART])
    assert answer.get_json()["complete"]


def test_only_who_announced_it_sends_it_and_few_may_look(neighbour: Browser, sign_in: SignIn) -> None:
    content = a_picture()
    photo_id, _code = announced(neighbour, content)
    other = sign_in(Role.TEAM_MEMBER, f"{make.TAN_CUONG}-01")
    stranger = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)
    for browser in (other, stranger):
        assert put(browser, photo_id, 0, content[:PART]).status_code == 404
        assert browser.get(f"{PHOTOS}/{photo_id}").status_code == 404
    assert put(neighbour, str(uuid4()), 0, content[:PART]).status_code == 404
    put_all(neighbour, photo_id, content)
    assert neighbour.get(f"/to-cong-nghe/anh/{photo_id}").status_code == 200
    for browser in (other, stranger):
        assert browser.get(f"/to-cong-nghe/anh/{photo_id}").status_code == 404


def test_a_refused_record_announces_nothing_and_a_repeat_announces_more(neighbour: Browser) -> None:
    content = a_picture()
    photo = announcement(content)
    record = registration(photos=[photo], fields={"phone": "1"})
    bring(neighbour, record)
    assert put(neighbour, photo["id"], 0, content[:PART]).status_code == 404
    mended = {**record, "attempt": 2, "fields": {**record["fields"], "phone": make.a_phone()}}
    assert [result["outcome"] for result in bring(neighbour, mended)] == ["stored"]
    more = [announcement(content) for _one in range(6)]
    assert [result["outcome"] for result in bring(neighbour, {**mended, "photos": more})] == ["same"]
    known = [neighbour.get(f"{PHOTOS}/{one['id']}").status_code for one in [photo, *more]]
    assert sorted(known) == [200] * 6 + [404]


def test_a_vault_gives_back_only_what_it_kept_under_that_name(app: Flask, tmp_path: Path) -> None:
    store, name = Vault(tmp_path), uuid4()
    with transaction():
        mine, other = crypto.new_data_keys(2, clock=SYSTEM_CLOCK)
    store.put(mine, name, b"one")
    store.put(mine, name, b"two")
    store.put(mine, name, b"part", part=0)
    assert (store.get(mine, name), store.get(mine, name, part=0)) == (b"two", b"part")
    with pytest.raises(ValueError):
        store.get(other, name)
    (whole,) = tmp_path.glob("*/*.sealed")
    whole.rename(whole.with_name(f"{uuid4().hex}.sealed"))
    with pytest.raises(FileNotFoundError):
        store.get(mine, name)
    store.drop_parts(name)
    store.drop(name)
    assert [path.suffix for path in tmp_path.glob("*/*")] == [".sealed"]


def photo_of(browser: Browser, **changes: Any) -> tuple[str, str]:
    """(photo id, household code) of a photo that has come whole."""
    content = a_picture("PNG" if changes.get("media_type") == "image/png" else "JPEG")
    photo_id, code = announced(browser, content, **changes)
    put_all(browser, photo_id, content)
    return photo_id, code


def looks(code: str) -> list[str]:
    home = the(code)
    with acting_as(SYSTEM):
        found = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "doorstep_photo_seen"))
        return [str(one.details["photo_id"]) for one in found if one.subject_id == home.id]


def test_the_officer_sees_what_was_photographed_on_both_pages(neighbour: Browser, officer: Browser) -> None:
    photo_id, code = photo_of(neighbour, kind="signature", media_type="image/png")
    for page in (f"/dieu-hanh/duyet-ho/{code}", f"/dieu-hanh/ho-gia-dinh/{code}"):
        folded = officer.get(page).get_data(as_text=True)
        assert "Xem ảnh (1)" in folded and photo_id not in folded
        shown = officer.get(f"{page}?anh=1").get_data(as_text=True)
        assert f'src="/to-cong-nghe/anh/{photo_id}/nho"' in shown and f'href="/to-cong-nghe/anh/{photo_id}"' in shown
        assert 'loading="lazy"' in shown and 'alt="Chữ ký của bà con' in shown
    assert looks(code) == []  # nothing was opened by showing the page
    small = officer.get(f"/to-cong-nghe/anh/{photo_id}/nho")
    with Image.open(io.BytesIO(small.get_data())) as image:
        assert (image.format, max(image.size)) == ("JPEG", 320)
    assert small.headers["Cache-Control"] == "no-store"
    assert officer.get(f"/to-cong-nghe/anh/{photo_id}").content_type == "image/png"
    assert looks(code) == [photo_id, photo_id]


def test_a_photo_is_for_officers_who_reach_the_household_and_for_nobody_else(
    neighbour: Browser, officer: Browser, sign_in: SignIn
) -> None:
    photo_id, code = photo_of(neighbour)
    others = [
        sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC),
        sign_in(Role.TEAM_MEMBER, f"{make.TAN_CUONG}-01"),
        sign_in(Role.PROVINCE_OPERATOR, "*"),
    ]
    for browser in others:
        for address in (f"/to-cong-nghe/anh/{photo_id}", f"/to-cong-nghe/anh/{photo_id}/nho"):
            assert browser.get(address).status_code in (403, 404)
    assert photo_id not in others[2].get(f"/dieu-hanh/duyet-ho/{code}?anh=1").get_data(as_text=True)
    assert looks(code) == []
    # Who sent it, but works elsewhere now, sees it no more.
    moved = make.a_team_member(f"{make.TAN_CUONG}-02")
    with pytest.raises(NoSuchPhoto):
        doorstep.open_photo(
            actor=replace(moved, user_id=neighbour.actor.user_id), photo_id=UUID(photo_id), vault=vault(),
            clock=SYSTEM_CLOCK,
        )  # fmt: skip


def test_photos_follow_a_household_into_the_one_it_was_merged_into(neighbour: Browser, officer: Browser) -> None:
    photo_id, code = photo_of(neighbour)
    _other, winner = photo_of(neighbour)
    second = make.an_officer()
    merge = merging.propose(
        actor=officer.actor, merge_id=uuid4(), winner_code=winner, loser_code=code, takes=(), reason="Một nhà",
        clock=SYSTEM_CLOCK,
    )  # fmt: skip
    merging.confirm(actor=second, merge_id=merge.id, clock=SYSTEM_CLOCK)
    assert photo_id in officer.get(f"/dieu-hanh/duyet-ho/{winner}?anh=1").get_data(as_text=True)
    assert officer.get(f"/to-cong-nghe/anh/{photo_id}").status_code == 200
