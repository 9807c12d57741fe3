"""The log on stderr: text for a person, or one JSON object a line for a machine. UTC, Chinese as it is, no local variables.

Libraries speak here too, through `logging`, and some of them say too much: httpx writes whole addresses, in which robots have
their keys, and SQLAlchemy writes parameters. They are heard from WARNING on, and every address loses what may be a secret.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from loguru import Record

Form = Literal["text", "json"]

CHATTY = ("httpx", "httpcore", "sqlalchemy", "apscheduler", "waitress", "asyncio", "hpack", "urllib3")
ADDRESS = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?(?P<host>[^\s/?#'\"]*?)(?P<rest>[/?#][^\s'\"]*?)?(?=[:,.;)]*(?:[\s'\"]|$))"
)


def to_stderr(level: str, form: Form = "text") -> None:
    """Log from `level` on, and nowhere else. loguru's `diagnose` and `backtrace` stay off: they print values."""
    from loguru import logger

    logger.remove()
    logger.configure(patcher=_clean)
    write = _as_json if form == "json" else _as_text
    logger.add(lambda message: _put(write(message.record)), level=level, backtrace=False, diagnose=False)
    logging.basicConfig(handlers=[_Passed()], level=logging.INFO, force=True)
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def without_secrets(text: str) -> str:
    """Addresses cut down to scheme and host: keys of robots stand in paths and questions, passwords before the host.

    >>> without_secrets("POST https://open.feishu.cn/open-apis/bot/v2/hook/0b1c2d3e?sign=x failed")
    'POST https://open.feishu.cn/… failed'
    >>> without_secrets("postgresql://lvyue:secret@db.example/lvyue")
    'postgresql://db.example/…'
    """
    return ADDRESS.sub(lambda found: f"{found['scheme']}{found['host']}{'/…' if found['rest'] else ''}", text)


def _clean(record: Record) -> None:
    record["message"] = without_secrets(record["message"])
    for name, value in record["extra"].items():
        if isinstance(value, str):
            record["extra"][name] = without_secrets(value)


class _Passed(logging.Handler):
    """What libraries log, handed on. Of an exception its kind and words, never its frames."""

    def emit(self, record: logging.LogRecord) -> None:
        from loguru import logger

        said = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            said = f"{said}: {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        known = record.levelname in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        logger.bind(library=record.name).log(record.levelname if known else "INFO", said)


def _as_json(record: Record) -> str:
    """loguru's own `serialize` writes two kilobytes for each event."""
    told: dict[str, object] = {
        "at": _at(record),
        "level": record["level"].name.lower(),
        "message": record["message"],
        "where": record["name"],
    }
    told |= {name: value for name, value in record["extra"].items() if name not in told}
    if error := _error(record):
        told["error"] = error
    return json.dumps(told, ensure_ascii=False, default=str)


def _as_text(record: Record) -> str:
    error = _error(record)
    beside = " ".join(f"{name}={value}" for name, value in record["extra"].items())
    words = (_at(record), record["level"].name, record["message"], error, f"[{beside}]" if beside else "")
    return " ".join(" ".join(word.split()) for word in words if word)


def _at(record: Record) -> str:
    return record["time"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _error(record: Record) -> str:
    """Of an exception its kind and words, never its frames."""
    raised = record["exception"]
    return "" if raised is None else without_secrets(f"{type(raised.value).__name__}: {raised.value}")


def _put(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
