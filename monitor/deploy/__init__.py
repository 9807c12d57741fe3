"""Files for the system that runs Lvyue, printed by `lvyue deploy` to be read, changed and put where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

Kind = Literal["systemd", "docker", "prometheus"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FILES: dict[Kind, str] = {"systemd": "lvyue.service", "docker": "Dockerfile", "prometheus": "alerts.yml"}


def text_of(kind: Kind) -> str:
    """The file as it ships; its head says where it belongs.

    >>> text_of("systemd").splitlines()[0]
    '# Lvyue 履约 as a service of systemd. Put it into /etc/systemd/system/lvyue.service, then:'
    """
    return Path(__file__).with_name(FILES[kind]).read_text(encoding="utf-8")
