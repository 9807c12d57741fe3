"""A second reading of the catalogue, in plain Python: slow, simple, and without a line of what it checks.

Nothing here imports the program. Each `checks_….py` holds one small function a rule, written from the words of the rule
catalogue and the notes of the rule files, never from their expressions. `CHECKS` of each module names the subject of every
rule that it knows. `tests/test_district.py` holds the answers against those of the program.
"""
