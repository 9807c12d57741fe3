"""Secrets: looked up where a setting says, never world-readable, never half read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.domain.errors import ConfigError
from monitor.domain.secrets import SIZE_LIMIT, secret

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of files are those of POSIX")


def kept(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "password"
    path.write_bytes(content)
    path.chmod(mode)
    return f"file:{path}"


def test_an_environment_variable_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVYUE_TEST_PASSWORD", " a:b ")
    assert secret("env:LVYUE_TEST_PASSWORD") == " a:b "


def test_a_variable_that_is_not_set_is_named_and_no_empty_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LVYUE_TEST_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="LVYUE_TEST_PASSWORD is not set"):
        secret("env:LVYUE_TEST_PASSWORD")


def test_a_file_is_read_without_the_line_end_an_editor_adds(tmp_path: Path) -> None:
    assert secret(kept(tmp_path, "口令 hunter2\r\n".encode())) == "口令 hunter2"


@posix
@pytest.mark.parametrize("mode", [0o604, 0o660, 0o602, 0o644, 0o601])
def test_a_secret_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="others on this machine may read") as refused:
        secret(kept(tmp_path, b"hunter2", mode))
    assert "chmod 600" in refused.value.hint
    assert "hunter2" not in str(refused.value)


@posix
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_a_secret_of_its_own_account_or_group_is_read(tmp_path: Path, mode: int) -> None:
    assert secret(kept(tmp_path, b"hunter2", mode)) == "hunter2"


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password: No such file"):
        secret(f"file:{tmp_path / 'password'}")


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "password").mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="password"):
        secret(f"file:{tmp_path / 'password'}")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no text in UTF-8") as refused:
        secret(kept(tmp_path, b"\xff\xfe secret"))
    assert "secret" not in refused.value.message


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    assert len(secret(kept(tmp_path, b"x" * (SIZE_LIMIT + 1)))) == SIZE_LIMIT


@pytest.mark.parametrize("value", ["", "hunter2", "environment:X", "ENV:X", "Bearer file:x"])
def test_any_other_value_is_taken_as_it_stands(value: str) -> None:
    assert secret(value) == value
