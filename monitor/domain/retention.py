"""`[retention]`: how long what is no proof is kept. Versions, warnings and their events are kept for good.

The law knows least times, never most: a value below one is refused with its article.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LEAST = 15
"""Years for which papers of a government purchase are kept from its end, its contract and acceptance among them."""
ARTICLE = "《中华人民共和国政府采购法》第四十二条"
"""采购文件的保存期限为从采购结束之日起至少保存十五年; contract and acceptance are among the papers it lists.

Confirmed as quoted by 郑州大学招投标办公室 (24 November 2021), and as to the fifteen years by 六盘水市财政局 (16 December
2020). Not confirmed from the law's own text, nor for amendments since. That what a source sent is such a paper is our careful
reading, no court's.
"""


class RetentionSettings(BaseModel):
    """Years after which something goes; 0 keeps it for good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    payload_years: Annotated[
        int,
        Field(
            ge=0, le=100,
            description="Years for which what sources sent is kept, byte for byte; its hash stays. 0: for good. "
            f"In China at least {LEAST} ({ARTICLE}).",
        ),
    ] = 0  # fmt: skip
    run_years: Annotated[
        int,
        Field(ge=0, le=100, description="Years for which runs that nothing came of stay in the ledger. 0: for good."),
    ] = 0
    letter_years: Annotated[
        int,
        Field(
            ge=0, le=100, description="Years for which the text of sent letters is kept; who got it stays. 0: for good."
        ),
    ] = 0

    @property
    def anything(self) -> bool:
        """Whether anything ever goes."""
        return any((self.payload_years, self.run_years, self.letter_years))

    def lawful(self, country: str) -> None:
        """Raises ValueError with the article where a country's law asks for longer."""
        if country == "CN" and 0 < self.payload_years < LEAST:
            raise ValueError(
                f"retention.payload_years = {self.payload_years}: papers of a government purchase are kept for at least "
                f"{LEAST} years from its end ({ARTICLE}); write {LEAST} or more, or 0 for good"
            )
