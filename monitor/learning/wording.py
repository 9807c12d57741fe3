"""What the words of a title have gone with so far: no vocabulary, so any language and any trade.

A word is a run of letters or digits; Chinese, which has no spaces, is read in overlapping pieces of two characters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.learning.history import Real, Whole

LONGEST = 64  # pieces of one title that count; the longest of the open sets has 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """Distinct titles as lists of pieces, one after the other: those of title t lie at `starts[t]:starts[t + 1]`."""

    starts: Whole
    pieces: Whole

    def expand(self, titles: Whole) -> tuple[Whole, Whole]:
        """(which of `titles`, piece) for every piece of each; -1 is no title and has none."""
        begins, lengths = self.starts[titles], np.where(titles < 0, 0, np.diff(self.starts, append=0)[titles])
        owner = np.repeat(np.arange(len(titles)), lengths)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return owner, self.pieces[begins[owner] + within]


def read_titles(titles: pa.Array) -> Titles:
    """The pieces of each title, once each, in an order that the text alone decides.

    >>> pieces = read_titles(pa.array(["排水管网改造", "Roof repair, roof 2"]))
    >>> pieces.starts.tolist(), pieces.pieces.tolist()
    ([0, 5, 8], [3, 4, 5, 6, 7, 0, 1, 2])
    """
    text = pc.utf8_lower(pc.utf8_normalize(titles, form="NFKC"))
    lists = [pc.split_pattern_regex(pc.replace_substring_regex(text, r"\p{Han}+", " "), r"[^\pL\pN]+")]
    if pc.any(pc.match_substring_regex(text, r"\p{Han}")).as_py():
        shifted = pc.replace_substring_regex(text, r"(^|\P{Han})\p{Han}", r"\1 ")
        for each in (text, shifted):  # pieces from the first and from the second character of each run
            pairs = pc.replace_substring_regex(each, r"(\p{Han}\p{Han})|(?s:.)", r"\1 ")
            lists.append(pc.split_pattern(pairs, " "))
    owner = np.concatenate([pc.list_parent_indices(each).to_numpy() for each in lists])
    words = pa.concat_arrays([each.flatten() for each in lists])
    spoken = pc.not_equal(words, "").to_numpy(zero_copy_only=False)
    coded = words.filter(pa.array(spoken)).dictionary_encode()
    return _in_order(owner[spoken].astype(np.int64), coded.indices.to_numpy().astype(np.int64), len(titles))


def _in_order(owner: Whole, pieces: Whole, titles: int) -> Titles:
    top = int(pieces.max(initial=0)) + 1
    once = np.sort(np.unique(owner * top + pieces, return_index=True)[1])
    once = once[np.argsort(owner[once], kind="stable")]
    owner, pieces = owner[once], pieces[once]
    starts = np.searchsorted(owner, np.arange(titles + 1))
    kept = np.arange(len(owner)) - starts[owner] < LONGEST
    return Titles(starts=np.searchsorted(owner[kept], np.arange(titles + 1)), pieces=pieces[kept])


def mean_of(scores: Real, owner: Whole, size: int) -> Real:
    """Mean score of the pieces of each of `size` owners; NaN where it has none."""
    count = np.bincount(owner, minlength=size)
    # bincount adds one after the other, in the title's own order: another order would differ in the last bit.
    total = np.bincount(owner, weights=scores, minlength=size)
    mean: Real = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    return mean
