"""Secrets stay out of config.toml: a value `env:NAME` or `file:PATH` says where to look one up."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from monitor.domain.errors import ConfigError

SIZE_LIMIT = 64 * 1024


def secret(value: str) -> str:
    """The secret a setting points to; any other value is taken as it stands.

    Raises ConfigError when the variable is not set, or the file is missing, or others on this machine may read it.

    >>> secret("plain")
    'plain'
    """
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ConfigError(f"the environment variable {name} is not set", hint="a setting says its secret is there")
        return os.environ[name]
    if value.startswith("file:"):
        return _read(Path(value.removeprefix("file:")).expanduser())
    return value


def _read(path: Path) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP:
            raise ConfigError(f"{path}: others on this machine may read this secret", hint=f"chmod 600 {path}")
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT).decode().strip()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: this is no text in UTF-8", hint="a setting says its secret is in this file"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", hint="a setting says its secret is in this file") from error
