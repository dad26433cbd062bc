"""What a run says of its steps: a record each, and the log that keeps them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from minidit.errors import MiniditError
from minidit.files import write_whole
from minidit.training.world import world

LOG = "log.jsonl"


@dataclass(frozen=True)
class Record:
    """One finished step, counted from 1; seconds of wall clock and of processor for this step alone.

    said: a sentence, where the run went back to its last checkpoint before this step.
    """

    step: int
    loss: float
    gradient_norm: float
    lr: float
    seconds: float
    cpu_seconds: float
    said: str = ""

    def line(self) -> str:
        """This record in the log."""
        values = asdict(self)
        return json.dumps(values if self.said else {k: v for k, v in values.items() if k != "said"}) + "\n"


def log(folder: Path, record: Record) -> None:
    """Add a line to the run's log; of several processes the first does.

    Raises:
        MiniditError: it cannot be written.
    """
    if not world().first:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG).open("a", encoding="utf-8") as file:
            file.write(record.line())
    except OSError as error:
        raise MiniditError(
            f"{folder / LOG} could not be written ({error.strerror}). Choose another --out."
        ) from error


def read_log(folder: str | Path) -> list[Record]:
    """The records of the run in `folder`, in order; a line cut short by a crash is left out."""
    path, records = Path(folder) / LOG, []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            records.append(Record(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return records


def forget_after(folder: Path, step: int) -> None:
    """A killed run may have logged steps that its checkpoint does not hold, or half a line of one."""
    path = folder / LOG
    if path.is_file() and world().first:
        kept = [record.line() for record in read_log(folder) if record.step <= step]
        write_whole(path, "".join(kept).encode())
