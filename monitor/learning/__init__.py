"""Learned risk: what the past record, as it was known on a day, says about what is still open."""
