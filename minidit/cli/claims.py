"""`minidit claims`: the cards, their trials, and what the rule says of them."""

from pathlib import Path
from typing import Annotated, Literal

import tyro

from minidit.claims.card import Card
from minidit.errors import MiniditError
from minidit.teach.progress import progress

Action = Literal["list", "show", "rehearse", "run", "verdict", "table", "calibrate", "page"]


def command(
    action: Annotated[
        tyro.conf.Positional[Action],
        tyro.conf.arg(metavar="{list,show,rehearse,run,verdict,table,calibrate,page}"),
    ] = "list",
    claim: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CLAIM")] = "",
    *,
    scale: Literal["cpu", "a100"] = "cpu",
    jobs: int | None = None,
    out: Path = Path("book/evidence"),
) -> int:
    """Read claim cards, try them, and apply the rule that each card fixed beforehand.

    Args:
        action: list names the cards; show prints one, with the smallest effect it could see; rehearse tries
            every arm for 20 steps and records nothing; run makes the runs that are not done yet and writes
            the evidence; verdict applies the rule to it; table shows all verdicts; calibrate measures what
            a step of each arm costs, for cards that compare at equal time; page writes book/claims.md.
        claim: such as C06 (not for list, table and page).
        scale: cpu, or a100 on a GPU (bfloat16, compiled).
        jobs: one-thread processes at a time; 2 on a processor and 1 on a GPU unless given.
        out: folder of the evidence.
    """
    from minidit.claims import cards, table

    if action == "list":
        print(table.listing(cards.cards()))
        return 0
    if action == "page":
        _page(out.parent)
        return 0
    if action == "table":
        print(table.verdicts(cards.cards()))
        return 0
    if not claim:
        raise MiniditError(
            f"Name a claim, such as: minidit claims {action} C06. `minidit claims list` shows them."
        )
    card = cards.find(claim)
    if action == "show":
        print(table.shown(card))
    elif action == "verdict":
        print(table.verdicts([card]))
    elif action == "rehearse":
        _rehearse(card, scale)
    elif action == "run":
        _run(card, scale, jobs or (2 if scale == "cpu" else 1), out)
    else:
        _calibrate(card, scale, out)
    return 0


def _page(book: Path) -> None:
    from minidit.publish.claims import write

    for path in write(book):
        print(path)


def _rehearse(card: Card, scale: str) -> None:
    from minidit.claims import court, table

    cost = court.rehearse(card, scale)
    for name, milliseconds in cost.items():
        print(f"{name:>24}: {milliseconds:.1f} ms a step")
    print(table.estimate(card, scale, cost))


def _run(card: Card, scale: str, jobs: int, out: Path) -> None:
    from minidit.claims import court, table
    from minidit.files import write_whole

    print(table.expected(card, scale), flush=True)
    trial = court.run(card, scale, jobs, watch=lambda items, label, total: progress(items, label, total))
    path = write_whole(out / f"{card.id}.{scale}.json", trial.to_json().encode())
    planned = card.scale(scale).budget_core_minutes
    spent = f"{trial.core_minutes:.0f} core minutes of training"
    print(f"{len(trial.runs)} runs took {spent}; {planned:g} were planned.")
    print(f"The evidence is in {path}. `minidit claims verdict {card.id}` applies the rule.")


def _calibrate(card: Card, scale: str, out: Path) -> None:
    from minidit.claims import arms, cost
    from minidit.claims.court import device_of

    experiments = {name: arm.experiment for name, arm in arms.unmatched(card, scale).items()}
    seconds = cost.step_seconds(experiments, device_of(scale), watch=lambda turns: progress(turns, "turns"))
    path = cost.record(card.id, scale, seconds, out)
    for name, value in seconds.items():
        print(f"{name:>24}: {1000 * value:.1f} ms a step, {value / seconds['base']:.2f} of the base")
    print(f"Recorded in {path}.")
