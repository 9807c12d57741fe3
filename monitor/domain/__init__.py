"""Nouns, money, dates, working days, errors. Imports nothing else of ours."""
