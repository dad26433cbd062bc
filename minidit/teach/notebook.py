"""What a reader has done, kept between sessions: predictions made, exercises solved, hints taken."""

import json
import os
from pathlib import Path
from typing import Any

from minidit.files import write_whole


def place(name: str) -> Path:
    """The file called `name`, in the folder of MINIDIT_HOME, or in .minidit in the reader's home."""
    home = os.environ.get("MINIDIT_HOME")
    return (Path(home) if home else Path.home() / ".minidit") / f"{name}.json"


def noted(name: str) -> dict[str, Any]:
    """What is written there; nothing where there is no such file, or it cannot be read."""
    try:
        return json.loads(place(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def note(name: str, values: dict[str, Any]) -> None:
    """Write it anew, whole or not at all."""
    write_whole(place(name), json.dumps(values, indent=1).encode())
