"""Money is whole minor units with a currency; Decimal only at the edges, float never."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel.core import get_global
from babel.numbers import format_currency

MINOR_LIMIT = 2**63 - 1


@cache
def minor_digits(currency: str) -> int:
    """Decimal places of a currency (ISO 4217, as CLDR has them).

    >>> minor_digits("CNY"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    fractions = get_global("currency_fractions")
    digits: int = fractions.get(currency, fractions["DEFAULT"])[0]
    return digits


@cache
def known_currencies() -> frozenset[str]:
    """ISO 4217 codes that are or were money somewhere."""
    return frozenset(get_global("all_currencies"))


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units of `currency`; adding two currencies raises.

    >>> Money(12_345_00, "CNY") + Money(55, "CNY")
    Money(minor=1234555, currency='CNY')
    >>> Money(1, "CNY") + Money(1, "USD")
    Traceback (most recent call last):
    ...
    ValueError: cannot add USD to CNY
    """

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.minor + other.minor, self.currency)

    @property
    def major(self) -> Decimal:
        """The amount in whole units, exactly."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def text(self, lang: str) -> str:
        """As a reader of that language writes it.

        >>> Money(50_000_000, "CNY").text("zh"), Money(50_000_000, "CNY").text("en")
        ('¥500,000.00', 'CN¥500,000.00')
        """
        return str(format_currency(self.major, self.currency, locale={"zh": "zh_CN"}.get(lang, "en")))
