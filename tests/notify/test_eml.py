"""Letters laid into a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.domain.errors import DeliveryError
from monitor.notify.eml import EmlFolder
from tests.notify.letters import MORGAN, digest, warning
from tests.notify.reading import read

WHO = {"sender": "alerts@lvyue.example", "sender_name": "Lvyue", "reply_to": ""}


def test_each_letter_is_one_file_that_a_mail_program_opens(tmp_path: Path) -> None:
    folder = EmlFolder(tmp_path / "state" / "letters", **WHO)
    letter, other = warning(), digest(MORGAN)
    paths = [Path(folder.send(letter)), Path(folder.send(other))]
    assert [path.name for path in paths] == [
        f"2017-12-31-warning-zh-{letter.key[:12]}.eml",
        f"2017-12-31-digest-en-{other.key[:12]}.eml",
    ]
    assert [read(path.read_bytes()).message["To"].addresses[0].addr_spec for path in paths] == [
        "chen@office.example",
        "morgan@office.example",
    ]
    assert sorted(folder.folder.iterdir()) == sorted(paths), "nothing half written stays behind"


def test_sending_again_changes_nothing(tmp_path: Path) -> None:
    folder = EmlFolder(tmp_path, **WHO)
    first = Path(folder.send(warning()))
    before = first.read_bytes()
    assert folder.send(warning()) == str(first)
    assert first.read_bytes() == before
    assert list(tmp_path.iterdir()) == [first]


def test_a_folder_that_cannot_be_made_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("a file stands where the folder should be", encoding="utf-8")
    with pytest.raises(DeliveryError, match="cannot be written") as fault:
        EmlFolder(tmp_path / "letters", **WHO).send(warning())
    assert not fault.value.permanent


def test_a_folder_in_the_way_of_the_file_leaves_no_half_letter(tmp_path: Path) -> None:
    folder = EmlFolder(tmp_path, **WHO)
    letter = warning()
    (tmp_path / f"2017-12-31-warning-zh-{letter.key[:12]}.eml").mkdir()
    with pytest.raises(DeliveryError) as fault:
        folder.send(letter)
    assert not fault.value.permanent
    assert len(list(tmp_path.iterdir())) == 1
