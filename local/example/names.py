"""Made-up people, hamlets and needs. Every head of household bears the last word "Mẫu", so nobody is meant."""

from __future__ import annotations

from random import Random

from app.core.texts import fold

SURNAMES = ("Nguyễn", "Trần", "Lê", "Hoàng", "Nông", "Lường", "Dương", "Phạm", "Vũ", "Triệu", "Ma", "Hà", "Đặng", "Lý")
WOMEN = ("Hoa", "Lan", "Huệ", "Thắm", "Mai", "Nhung", "Xuân", "Liên", "Thơm", "Yến", "Hằng", "Bích", "Nga", "Duyên")
MEN = ("Hùng", "Quân", "Sơn", "Thành", "Dũng", "Cường", "Bình", "Tuấn", "Khánh", "Lâm", "Thắng", "Long", "Hải", "Đức")
LAST = "Mẫu"

HAMLETS = (
    "Hồng Thái", "Nam Đồng", "Đồng Tâm", "Tân Lập", "Làng Chè", "Bản Cọ", "Đồi Sim", "Suối Mơ", "Cây Đa", "Giếng Ngọc",
    "Đồng Lạng", "Nà Mòn", "Khuôn Lặng", "Bến Đá", "Ao Sen", "Gốc Gạo", "Ba Nhất", "Tân Tiến", "Đồng Bẩm", "Phú Hưng",
    "Lũng Trò", "Pác Nặm", "Thanh Trà", "Hạ Đạt", "Thượng Đồng", "Cầu Mai", "Núi Guộc", "Khe Vàng", "Đèo Bụt",
    "Vân Long",
)  # fmt: skip

NEEDS = (
    "Sửa mái nhà đã dột trước mùa mưa",
    "Tiền ăn bán trú cho hai cháu đang học tiểu học",
    "Mua đôi dê giống để gây dựng lại chuồng",
    "Thuốc men hằng tháng cho người ốm lâu ngày",
    "Bể chứa nước sạch dùng cho cả nhà",
    "Sách vở, áo ấm cho con đi học",
    "Cây chè giống trồng lại nương bị sạt",
    "Nhà vệ sinh hợp vệ sinh cho gia đình có người già",
    "Xe lăn cho người khuyết tật trong nhà",
    "Lợn giống và thức ăn lứa đầu",
    "Chăn ấm và than cho mùa rét",
    "Máy vò chè nhỏ để tự chế biến tại nhà",
    "Đóng bảo hiểm y tế cho cả nhà năm nay",
    "Sửa đường điện trong nhà cho an toàn",
    "Học nghề may cho con gái lớn",
)


def head_name(chance: Random, *, woman: bool) -> str:
    """A head of household's full name."""
    middle, given = ("Thị", chance.choice(WOMEN)) if woman else ("Văn", chance.choice(MEN))
    return f"{chance.choice(SURNAMES)} {middle} {given} {LAST}"


def bank_spelling(name: str) -> str:
    """A name as banks print it: capitals without accents."""
    return fold(name).upper()


def hamlet_name(number: int, *, in_town: bool) -> str:
    """The name of the commune's hamlet with this number (from 1)."""
    word = "Tổ dân phố" if in_town else "Xóm"
    round_, place = divmod(number - 1, len(HAMLETS))
    return f"{word} {HAMLETS[place]}" + (f" {round_ + 1}" if round_ else "")


def household_label(number: int) -> str:
    """How an example household is called where everybody can read it."""
    return f"Hộ mẫu {number:03d}"
