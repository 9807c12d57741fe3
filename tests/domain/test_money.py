"""Money: whole minor units, exact at every size, never two currencies in one sum."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.money import MINOR_LIMIT, Money, known_currencies, minor_digits


@pytest.mark.parametrize(
    ("currency", "major"), [("JPY", "1234567"), ("CNY", "12345.67"), ("KWD", "1234.567"), ("CLF", "123.4567")]
)
def test_each_currency_has_its_own_decimals(currency: str, major: str) -> None:
    money = Money(1_234_567, currency)
    assert money.major == Decimal(major)
    assert len(major.partition(".")[2]) == minor_digits(currency)


@settings(derandomize=True, database=None, deadline=None)
@given(st.integers(-MINOR_LIMIT, MINOR_LIMIT), st.integers(-MINOR_LIMIT, MINOR_LIMIT), st.sampled_from(["CNY", "JPY"]))
def test_sums_are_exact(a: int, b: int, currency: str) -> None:
    total = Money(a, currency) + Money(b, currency)
    assert total.minor == a + b
    assert int(total.major.scaleb(minor_digits(currency))) == a + b


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="cannot add USD to CNY"):
        Money(1, "CNY") + Money(1, "USD")


@pytest.mark.parametrize(
    ("money", "zh", "en"),
    [
        (Money(-5, "CNY"), "-¥0.05", "-CN¥0.05"),
        (Money(1_234_567, "JPY"), "JP¥1,234,567", "¥1,234,567"),
        (Money(MINOR_LIMIT, "CNY"), "¥92,233,720,368,547,758.07", "CN¥92,233,720,368,547,758.07"),
    ],
    ids=["negative", "no decimals", "nineteen digits"],
)
def test_it_is_written_as_the_reader_writes_it(money: Money, zh: str, en: str) -> None:
    assert (money.text("zh"), money.text("en")) == (zh, en)


def test_every_currency_that_is_known_has_at_most_four_decimals() -> None:
    """The facts and the border move the point by a table of five factors."""
    assert {minor_digits(code) for code in known_currencies()} <= {0, 1, 2, 3, 4}
    assert {"CNY", "USD", "EUR", "JPY", "KWD"} <= known_currencies()
    assert "RMB" not in known_currencies()
