"""Plain counts of how earlier cases ended: what a model must beat, and what answers while it does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.learning.features import Features
from monitor.learning.layout import Layout

Floats = NDArray[np.float64]

PAST_RECORD, KIND_AND_UNIT = "past_record", "kind_and_unit"
SIMPLE_ROLES = 2
"""The first roles of a recipe are what a simple lookup would use: kind and unit."""


def lookups(layout: Layout, features: Features) -> dict[str, Floats]:
    """The probability by the record of every role, and by that of the first two, each as known on the day of the row."""
    return {
        PAST_RECORD: _by_record(layout.roles, features),
        KIND_AND_UNIT: _by_record(layout.roles[:SIMPLE_ROLES], features),
    }


def _by_record(roles: tuple[str, ...], features: Features) -> Floats:
    """The base rate's logit, and how far each role's record lies from it."""
    held = np.clip(features.base, 0.003, 0.997)
    columns = [features.names.index(f"history.{role}") for role in roles if f"history.{role}" in features.names]
    said = np.log(held / (1 - held)) + np.nan_to_num(features.numbers[:, columns]).astype(np.float64).sum(axis=1)
    return np.asarray(1 / (1 + np.exp(-said)), dtype=np.float64)
