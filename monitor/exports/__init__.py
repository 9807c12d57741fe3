"""What Lvyue holds, for other programs: open data (OCDS), a calendar (iCalendar), the ledger workbook again.

Each is made from what was known by one instant, as it stood on one day, and is the same bytes for the same two.
"""
