"""Speed, as ratios between two ways to do the same thing on the same machine. Not part of the usual run: `pytest -m bench`."""
