"""A stored model scores the same to the last bit; anything else under its name is refused before it can do harm."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from monitor.domain.errors import LvyueError, ModelError
from monitor.learning.artefact import TRUSTED, read, write
from monitor.learning.blend import Blend
from tests.learning.made import Made, made


@pytest.fixture(scope="module")
def cases() -> Made:
    return made(300)


@pytest.fixture(scope="module")
def blend(cases: Made) -> Blend:
    return cases.blend()


@pytest.fixture
def stored(tmp_path: Path, blend: Blend) -> tuple[Path, str]:
    path = tmp_path / "milestone.model"
    return path, write(path, blend, notes={"recipe": "milestone_slip", "名称": "里程碑延误", "cuts": [1, 2.5, None]})


def test_a_stored_model_says_the_same_to_the_last_bit(cases: Made, blend: Blend, stored: tuple[Path, str]) -> None:
    path, sha256 = stored
    again, notes = read(path, sha256=sha256)
    new = made(400, seed=3).features
    assert again.probability(new).tobytes() == blend.probability(new).tobytes()
    assert again.effects(new).effects.tobytes() == blend.effects(new).effects.tobytes()
    assert (again.doubts(new).outside == blend.doubts(new).outside).all()
    assert again.members.encoder == blend.members.encoder
    assert (again.share, again.rows, again.settings) == (blend.share, blend.rows, blend.settings)
    assert notes == {"recipe": "milestone_slip", "名称": "里程碑延误", "cuts": [1, 2.5, None]}
    assert again.forward is None


def test_the_sum_is_of_the_file_and_nothing_is_left_beside_it(stored: tuple[Path, str]) -> None:
    path, sha256 = stored
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert read(path, sha256=sha256.upper())


def test_a_stored_model_is_stored_again_unchanged(cases: Made, stored: tuple[Path, str], tmp_path: Path) -> None:
    first, notes = read(stored[0], sha256=stored[1])
    second, _ = read(tmp_path / "b", sha256=write(tmp_path / "b", first, notes=notes))
    assert second.probability(cases.features).tobytes() == first.probability(cases.features).tobytes()


def test_no_line_of_the_trust_list_is_idle(stored: tuple[Path, str]) -> None:
    assert sorted(skops.io.get_untrusted_types(file=stored[0])) == sorted(TRUSTED)


def test_another_sum_is_not_even_opened(stored: tuple[Path, str]) -> None:
    path, sha256 = stored
    for wrong in ("0" * 64, "", "零", sha256[:-1]):
        with pytest.raises(ModelError, match="its SHA-256 is another"):
            read(path, sha256=wrong)


def test_one_changed_bit_is_noticed(stored: tuple[Path, str]) -> None:
    path, sha256 = stored
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="it is not the file that was stored"):
        read(path, sha256=sha256)


class Opens:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (self.path, "w")


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", compression=ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def refused(path: Path, content: bytes) -> str:
    """What is said about a file that has the right sum and the wrong content."""
    path.write_bytes(content)
    with pytest.raises(LvyueError) as error:
        read(path, sha256=hashlib.sha256(content).hexdigest())
    assert isinstance(error.value, ModelError)
    assert error.value.exit_code == 10
    assert str(path) in error.value.message
    assert "train it again" in error.value.hint
    assert "\n" not in error.value.message
    return error.value.message


def test_a_file_cut_short_is_refused_wherever_it_ends(stored: tuple[Path, str]) -> None:
    path, _ = stored
    content = path.read_bytes()
    for length in (0, 1, 30, len(content) // 2, len(content) - 30, len(content) - 1):
        assert "it is no model of Lvyue" in refused(path, content[:length])


def test_whatever_is_wrong_inside_is_one_clear_error(stored: tuple[Path, str]) -> None:
    """Thirty files with the right sum and a few wrong bytes, in the zip or in what it holds."""
    path, _ = stored
    content = path.read_bytes()
    parts = unpacked(content)
    random = np.random.default_rng(0)
    arrays = [name for name in parts if name.endswith(".npy")]
    for number in range(30):
        name = ("schema.json", "lvyue.json", arrays[0])[number % 3]
        wrong = bytearray(content if number % 2 else parts[name])
        wrong[int(random.integers(min(200, len(wrong))))] = int(random.integers(256))
        file = bytes(wrong) if number % 2 else packed(parts | {name: bytes(wrong)})
        path.write_bytes(file)
        with suppress(ModelError):
            read(path, sha256=hashlib.sha256(file).hexdigest())


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    told = tmp_path / "was run"
    assert "it is no model of Lvyue" in refused(tmp_path / "m", pickle.dumps(Opens(str(told))))
    assert not told.exists()


def test_a_pickle_inside_is_refused_and_not_run(stored: tuple[Path, str], tmp_path: Path) -> None:
    told = tmp_path / "was run"
    parts = unpacked(stored[0].read_bytes())
    arrays = {name: pickle.dumps(Opens(str(told))) for name in parts if name.endswith(".npy")}
    assert arrays
    refused(stored[0], packed(parts | arrays))
    assert not told.exists()


def test_types_that_no_model_has_are_refused(stored: tuple[Path, str]) -> None:
    parts = unpacked(stored[0].read_bytes())
    schema = parts["schema.json"].decode()
    for module, name in (("os", "system"), ("builtins", "eval"), ("subprocess", "Popen"), ("tests.learning", "Made")):
        other = schema.replace('"sklearn.utils.validation"', f'"{module}"').replace('"check_array"', f'"{name}"')
        assert other != schema
        said = refused(stored[0], packed(parts | {"schema.json": other.encode()}))
        assert f"{module}.{name}" in said


def test_another_kind_of_model_is_refused(stored: tuple[Path, str]) -> None:
    parts = unpacked(stored[0].read_bytes())
    other = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    content = skops.io.dumps({"forest": other, "boosting": other})
    said = refused(stored[0], packed(unpacked(content) | {"lvyue.json": parts["lvyue.json"]}))
    assert "its members are not a forest and a boosting" in said
    assert "it is no model of Lvyue" in refused(stored[0], content)


def test_a_bomb_is_measured_before_it_is_unpacked(stored: tuple[Path, str], tmp_path: Path) -> None:
    """Parts of a megabyte of zeros each, five hundred of them, are a file of a few megabytes."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", compression=ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in unpacked(stored[0].read_bytes()).items():
            file.writestr(name, content)
        for place in range(520):
            file.writestr(f"{place}.npy", bytes(2**20))
    assert len(buffer.getvalue()) < 2**24
    assert "unpacked it is larger than 512 MB" in refused(tmp_path / "bomb", buffer.getvalue())


def test_a_file_beyond_all_bounds_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(129 * 2**20)
    with pytest.raises(ModelError, match="larger than 128 MB"):
        read(path, sha256="0" * 64)


def test_a_model_of_another_scikit_learn_is_refused_by_name(stored: tuple[Path, str]) -> None:
    parts = unpacked(stored[0].read_bytes())
    about = json.loads(parts["lvyue.json"])
    old = packed(parts | {"lvyue.json": json.dumps(about | {"release": "1.2"}).encode()})
    assert "made with scikit-learn 1.2, this is 1.9" in refused(stored[0], old)


def test_a_model_of_an_older_format_is_refused_by_name(stored: tuple[Path, str]) -> None:
    parts = unpacked(stored[0].read_bytes())
    about = json.loads(parts["lvyue.json"])
    old = packed(parts | {"lvyue.json": json.dumps(about | {"format": 1}).encode()})
    assert "it is of format 1, this release reads 2" in refused(stored[0], old)


@pytest.mark.parametrize(
    "wrong", [{"share": "much"}, {"encoder": {}}, {"notes": 3}, {"settings": None}, {"format": 99}]
)
def test_what_is_said_about_a_model_is_checked(stored: tuple[Path, str], wrong: dict[str, object]) -> None:
    parts = unpacked(stored[0].read_bytes())
    about = json.loads(parts["lvyue.json"])
    refused(stored[0], packed(parts | {"lvyue.json": json.dumps(about | wrong).encode()}))


def test_columns_that_do_not_fit_are_refused(stored: tuple[Path, str]) -> None:
    parts = unpacked(stored[0].read_bytes())
    about = json.loads(parts["lvyue.json"])
    about["encoder"]["numbers"].pop()
    said = refused(stored[0], packed(parts | {"lvyue.json": json.dumps(about).encode()}))
    assert "do not fit together" in said


def test_a_model_that_is_gone_or_cannot_be_written_is_said_so(tmp_path: Path, blend: Blend) -> None:
    with pytest.raises(ModelError, match="it cannot be read: No such file"):
        read(tmp_path / "none", sha256="0" * 64)
    with pytest.raises(ModelError, match="the model cannot be written"):
        write(tmp_path / "no such folder" / "m", blend, notes={})
