"""How this room's words are shown to people."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.actor import Actor
from app.households.registry import words as registry
from app.households.registry.fields import Fields
from app.households.registry.people import Field
from app.payments.vietqr.banks import bank_by_bin

from .models import Kind, PrivacyRequest, Relation, RequestStatus
from .queries import Act


def relations(*, may_be_contact: bool) -> list[tuple[str, str]]:
    """What somebody who is added may be to the household."""
    kin = [
        (str(Relation.SPOUSE), _("Vợ hoặc chồng")),
        (str(Relation.CHILD), _("Con")),
        (str(Relation.PARENT), _("Bố mẹ")),
        (str(Relation.OTHER), _("Người khác trong nhà")),
    ]
    return [*kin, (str(Relation.CONTACT), _("Người tin cậy liên hệ giúp"))] if may_be_contact else kin


def relation(value: str) -> str:
    """One relation in words."""
    known: dict[str, str] = {str(Relation.HEAD): _("Chủ hộ"), **dict(relations(may_be_contact=True))}
    return known[value]


def fields(shown: Fields, hamlet: str) -> list[tuple[str, str]]:
    """Everything on the household's papers: (name, value), in the order a person looks for them."""
    bank = bank_by_bin(shown["account_bin"] or "")
    account = f"{bank.short_name if bank else ''} {shown['account_number']}, {shown['account_holder']}"
    phone = registry.plain(Field.PHONE, shown["phone"])
    return [
        (_("Chủ hộ"), shown["head_name"] or ""),
        (_("Số căn cước"), shown["citizen_id"] or ""),
        (_("Điện thoại"), f"{phone} {_('(của người thân)')}" if shown["phone_is_contact"] else phone),
        (_("Địa chỉ"), shown["address"] or ""),
        (_("Xóm"), hamlet),
        (_("Tài khoản bán hàng"), account if shown["account_number"] else _("Chưa có")),
    ]


def field_names() -> dict[str, str]:
    """Names of fields, as the log and corrections speak of them."""
    return {
        "head_name": _("Họ tên chủ hộ"), "citizen_id": _("Số căn cước"), "phone": _("Điện thoại"),
        "phone_is_contact": _("Số của người thân"), "address": _("Địa chỉ"), "hamlet_code": _("Xóm"),
        "account_bin": _("Ngân hàng"), "account_number": _("Số tài khoản"), "account_holder": _("Chủ tài khoản"),
        "sales_account": _("Tài khoản bán hàng"),
    }  # fmt: skip


def request(value: PrivacyRequest) -> str:
    """What was asked, in a few words."""
    if value.kind == Kind.ERASE:
        return str(_("Xóa hết dữ liệu của nhà"))
    return str(_("Rút đồng ý: %(name)s", name=purpose(value.purpose or "")))


def purpose(value: str) -> str:
    """The short name of a consent."""
    return {str(one): name for one, name, _sentence in registry.purposes()}.get(value, value)


def request_status(value: PrivacyRequest, *, overdue: bool) -> tuple[str, str]:
    """(words, tone) of a request."""
    if value.status == RequestStatus.DONE:
        return _("Đã xong"), "good"
    if value.status == RequestStatus.TAKEN_BACK:
        return _("Đã thôi"), ""
    if overdue:
        return _("Quá hạn"), "bad"
    return (_("Đã trả lời, đang làm"), "warn") if value.answered_at else (_("Chờ xã trả lời"), "warn")


def act(one: Act) -> str:
    """One line of the log: what was done."""
    words = _acts().get(one.action, _("Việc khác trên hồ sơ"))
    if one.field:
        return f"{words}: {field_names().get(one.field, one.field)}"
    return f"{words}: {purpose(one.purpose)}" if one.purpose else words


def actor(one: Act, commune: str) -> str:
    """Who did it: in which part, and what they are called."""
    if one.through_contact:
        part = _("Người tin cậy liên hệ giúp")
    elif one.by_household:
        part = _("Người trong nhà")
    elif "commune_officer" in one.role:
        part = _("Cán bộ %(commune)s", commune=commune[:1].lower() + commune[1:])
    elif "team_member" in one.role:
        part = _("Tổ công nghệ số")
    elif "province_operator" in one.role:
        part = _("Điều hành tỉnh")
    elif one.role == Actor().label:
        part = _("Khách")
    else:
        part = _("Máy làm tự động")
    return f"{part}: {one.who}" if one.who else part


def _acts() -> dict[str, str]:
    return {
        "household_unmasked": _("Xem đầy đủ"),
        "household_opened_for_correction": _("Mở hồ sơ để sửa"),
        "amendment_unmasked": _("Xem đầy đủ chỗ xin sửa"),
        "doorstep_conflict_opened": _("Mở hai bản khác nhau để so"),
        "doorstep_conflict_settled": _("Chọn bản đúng trong hai bản"),
        "doorstep_photo_seen": _("Xem ảnh trong hồ sơ"),
        "own_data_opened": _("Xem thông tin nhà mình"),
        "own_data_exported": _("Tải thông tin nhà mình"),
        "household_registered": _("Đăng ký hồ sơ"),
        "household_resubmitted": _("Gửi lại hồ sơ đã sửa"),
        "household_edited": _("Sửa hồ sơ"),
        "household_verified": _("Duyệt hồ sơ"),
        "household_returned": _("Trả hồ sơ lại để sửa"),
        "household_unverified": _("Thôi duyệt hồ sơ, xem lại"),
        "household_return_taken_back": _("Thôi trả lại hồ sơ"),
        "household_merged": _("Gộp hai hồ sơ trùng nhau"),
        "consent_given": _("Đồng ý"),
        "consent_withdrawn": _("Rút đồng ý"),
        "poverty_status_proposed": _("Ghi quyết định hộ nghèo, cận nghèo, chờ duyệt"),
        "poverty_end_proposed": _("Đề nghị đưa ra khỏi danh sách hộ nghèo, chờ duyệt"),
        "poverty_status_set": _("Duyệt quyết định hộ nghèo, cận nghèo"),
        "poverty_status_revoked": _("Duyệt việc ra khỏi danh sách hộ nghèo"),
        "amendment_proposed": _("Xin sửa thông tin"),
        "amendment_accepted": _("Nhận chỗ xin sửa"),
        "amendment_refused": _("Không nhận chỗ xin sửa"),
        "amendment_withdrawn": _("Thôi xin sửa"),
        "amendment_decision_taken_back": _("Xem lại chỗ xin sửa"),
        "amendment_through_contact": _("Nhờ người liên hệ giúp xin sửa"),
        "member_added": _("Thêm người trong nhà"),
        "member_removed": _("Bỏ người khỏi nhà"),
        "privacy_request_made": _("Gửi yêu cầu về dữ liệu"),
        "privacy_request_answered": _("Trả lời yêu cầu về dữ liệu"),
        "privacy_request_done": _("Làm xong yêu cầu về dữ liệu"),
        "privacy_request_taken_back": _("Thôi yêu cầu về dữ liệu"),
        "assisted_listed": _("Ghi giúp một món để bán"),
        "assisted_sent_again": _("Gửi lại mã của món ghi giúp"),
        "assisted_confirmed": _("Đồng ý bày bán món ghi giúp"),
        "assisted_refused": _("Từ chối món ghi giúp"),
        "assisted_undone": _("Thôi bán món ghi giúp"),
        "assisted_cancelled": _("Rút lại món ghi giúp"),
        "assisted_expired": _("Món ghi giúp hết hạn trả lời"),
    }
