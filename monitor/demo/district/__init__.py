"""A made district: three years of a government's contracts, told by a seed. Nothing in it is real, and it says so.

`district(seed)` tells the lives of some 600 contracts of 云屏区（虚构）; `District.rows(day)` is the ledger as the office
would have it on that day: what had happened and been entered by then, and nothing else. `workbook` writes it as the Excel
ledger of an office, `play_district` lets an office live through its last three months.

To add a case: a function in the `provoke_…` module of its chapter that breaks one thing of a contract.
"""

from __future__ import annotations

from monitor.demo.district.book import workbook
from monitor.demo.district.made import DECLARED, District, Provoked, district
from monitor.demo.district.play import play_district
from monitor.demo.district.world import NAME

__all__ = ["DECLARED", "NAME", "District", "Provoked", "district", "play_district", "workbook"]
