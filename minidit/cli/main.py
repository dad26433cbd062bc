"""`minidit ...`: one table of commands, and one place where errors become a sentence."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from minidit.errors import MiniditError

ABOUT = """A textbook that runs: train, sample and judge real diffusion transformers.

Begin with `minidit train`: it trains a small one on handwritten digits in about half a minute."""

COMMANDS = (
    *("train", "sample", "evaluate", "vae", "ledger", "doctor"),
    *("exercises", "classroom", "evidence", "claims", "book"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 2 bad input, 130 interrupted."""
    import tyro

    app = tyro.extras.SubcommandApp()
    for name in COMMANDS:
        app.command(import_module(f"minidit.cli.{name}").command, name=name)
    try:
        return app.cli(args=arguments, prog="minidit", description=ABOUT, sort_subcommands=False) or 0
    except MiniditError as error:
        print(f"minidit: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nminidit: stopped. Start the same command again to go on.", file=sys.stderr)
        return 130
