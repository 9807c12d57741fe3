"""A trained model as one file that can do nothing but be read.

The file is a zip: the two members as skops writes them, which holds arrays and names of types and no code, and
`lvyue.json` with everything else. Whoever stored it keeps its SHA-256 elsewhere; a file of another sum is not even opened.
Types are those of a list in this program, never those that the file itself asks for.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec
import sklearn
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from monitor.domain.errors import ModelError
from monitor.learning.blend import Blend, BlendSettings, Members
from monitor.learning.encoder import Encoder

TRUSTED = (
    "functools.partial",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""What the two members are made of beyond what skops trusts by itself. A new release of either may need another line."""

MOST_PACKED, MOST_UNPACKED, MOST_PARTS = 128 * 2**20, 512 * 2**20, 50_000
"""Bytes of the file, bytes of all its parts together, parts. A usual model is a file of 4 MB, unpacked 20 MB."""

OURS, FORMAT = "lvyue.json", 2  # 1 mixed logits: its share of the forest is not one of probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is in `lvyue.json`. `release` is scikit-learn's: its insides are stored, so another one may not read them."""

    format: int
    release: str
    share: float
    rows: int
    settings: BlendSettings
    encoder: Encoder
    notes: dict[str, object]


def write(path: Path, blend: Blend, *, notes: Mapping[str, object]) -> str:
    """Store a model and return the file's SHA-256, which `read` wants back. `notes` are plain JSON, for the caller.

    The file is there whole or not at all. Storing the same model twice gives two sums: skops names its parts by chance.
    What was said of the past (`forward`) is not stored. Raises ModelError when the disk does not take it.
    """
    about = About(
        format=FORMAT, release=_release(), share=blend.share, rows=blend.rows, settings=blend.settings,
        encoder=blend.members.encoder, notes=dict(notes),
    )  # fmt: skip
    packed = io.BytesIO()
    members = {"forest": blend.members.forest, "boosting": blend.members.boosting}
    skops.io.dump(members, packed, compression=ZIP_DEFLATED, compresslevel=6)
    with ZipFile(packed, "a", compression=ZIP_DEFLATED) as file:
        file.writestr(ZipInfo(OURS), msgspec.json.encode(about), compress_type=ZIP_DEFLATED)
    content = packed.getvalue()
    try:
        _store(path, content)
    except OSError as error:
        raise ModelError(
            f"{path}: the model cannot be written: {error.strerror or error}",
            hint="make room on the disk, or allow writing",
        ) from error
    return hashlib.sha256(content).hexdigest()


def read(path: Path, *, sha256: str) -> tuple[Blend, dict[str, object]]:
    """The model and the caller's notes; its scores are those of the stored one, to the last bit.

    Raises ModelError when the file is gone, is not the one of that sum, is too large, or holds what a model does not.
    """
    content = _content(path)
    if not compare_digest(hashlib.sha256(content).hexdigest().encode(), sha256.lower().encode()):
        raise _refused(path, "it is not the file that was stored: its SHA-256 is another")
    try:
        return _parsed(path, content)
    except ModelError:
        raise
    except (
        Exception
    ) as error:  # the edge: over made-up files zip, JSON, NumPy and skops were seen to raise a dozen types
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise _refused(path, f"it is no model of Lvyue: {reason}") from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            large = os.fstat(file.fileno()).st_size > MOST_PACKED
            content = b"" if large else file.read(MOST_PACKED)
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror or error}") from error
    if large:
        raise _refused(path, f"it is larger than {MOST_PACKED // 2**20} MB")
    return content


def _parsed(path: Path, content: bytes) -> tuple[Blend, dict[str, object]]:
    with ZipFile(io.BytesIO(content)) as file:
        parts = file.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise _refused(path, f"unpacked it is larger than {MOST_UNPACKED // 2**20} MB or {MOST_PARTS} parts")
        about = msgspec.json.decode(file.read(OURS), type=About)
    if about.format != FORMAT:
        raise _refused(path, f"it is of format {about.format}, this release reads {FORMAT}")
    if about.release != _release():
        raise _refused(path, f"it was made with scikit-learn {about.release}, this is {_release()}")
    stored = skops.io.loads(content, trusted=list(TRUSTED))
    forest, boosting = stored["forest"], stored["boosting"]
    if not isinstance(forest, Pipeline) or not isinstance(boosting, HistGradientBoostingClassifier):
        raise _refused(path, "its members are not a forest and a boosting")
    if {forest.n_features_in_, boosting.n_features_in_} != {len(about.encoder.names)}:
        raise _refused(path, "its members and its columns do not fit together")
    members = Members(encoder=about.encoder, forest=forest, boosting=boosting)
    return Blend(members=members, share=about.share, rows=about.rows, settings=about.settings), about.notes


def _store(path: Path, content: bytes) -> None:
    """Written beside, flushed, then moved into place."""
    waiting = path.with_name(f"{path.name}.new")
    with waiting.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)


def _release() -> str:
    """scikit-learn's release without its patch: 1.9."""
    return ".".join(str(sklearn.__version__).split(".")[:2])


def _refused(path: Path, why: str) -> ModelError:
    return ModelError(f"{path}: the model is not used: {why}", hint="train it again (`lvyue model train`); rules go on")
