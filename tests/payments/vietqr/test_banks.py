"""The list of banks."""

import pytest

from app.payments.vietqr.banks import Transfer, all_banks, bank_by_bin, payee_banks
from app.payments.vietqr.codec import VietQR


def test_a_bank_is_found_by_its_bin() -> None:
    bank = bank_by_bin("970405")
    assert bank is not None
    assert (bank.short_name, bank.swift, bank.may_be_payee) == ("Agribank", "VBAAVNVX", True)


@pytest.mark.parametrize("bank_bin", ["", "000000", "97040", "9704051", "970405 "])
def test_an_unknown_bin_has_no_bank(bank_bin: str) -> None:
    assert bank_by_bin(bank_bin) is None


def test_bins_are_unique_and_fit_a_code() -> None:
    bins = [bank.bin for bank in all_banks()]
    assert len(bins) == len(set(bins)) == 62
    for bank_bin in bins:
        VietQR(bank_bin, "0011012345678")


def test_a_bank_without_a_swift_code_says_so() -> None:
    bank = bank_by_bin("970446")
    assert bank is not None
    assert bank.swift is None


@pytest.mark.parametrize(
    ("bank_bin", "payee"), [("970436", True), ("970457", True), ("971025", False), ("999888", False)]
)
def test_only_banks_known_to_receive_may_be_payees(bank_bin: str, payee: bool) -> None:
    bank = bank_by_bin(bank_bin)
    assert bank is not None
    assert bank.may_be_payee is payee
    assert (bank in payee_banks()) is payee


def test_forms_are_offered_every_payee_and_no_lead() -> None:
    assert len(payee_banks()) == len([bank for bank in all_banks() if bank.transfer is not Transfer.LEAD]) == 57
    assert list(payee_banks()) == sorted(payee_banks(), key=lambda bank: (bank.short_name.casefold(), bank.bin))


def test_the_file_is_read_once() -> None:
    assert all_banks() is all_banks()
