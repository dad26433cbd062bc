"""Check of chapter 8, in training: some labels are hidden, so that one network learns both answers."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect


def _hidden(labels: Tensor, drop: Tensor, classes: int) -> dict[str, Tensor | OneOf]:
    """What the common mistakes of 8.3 give; drop says which labels are to be hidden."""
    null, first = torch.full_like(labels, classes), torch.arange(len(labels))
    return {
        "The coins are read the wrong way round: 0.1 would hide nine in ten.": torch.where(
            drop, labels, null
        ),
        "The null label is the index `classes`; 0 is a class.": torch.where(drop, 0, labels),
        "The null label is the index `classes`; classes - 1 is the last class.": torch.where(
            drop, classes - 1, labels
        ),
        "The null label is the index `classes`; an embedding has no row -1.": torch.where(drop, -1, labels),
        "One coin decided for the whole batch; each image has its own.": OneOf((labels, null)),
        "The first images of the batch are hidden, always; use the coins.": OneOf(
            torch.where(first < k, classes, labels) for k in range(1, len(labels))
        ),
        "Images whose label is hidden stay in the batch; you took them out.": labels[~drop],
        "That says which are hidden; return the labels.": drop,
    }


@exercise(
    "8.3",
    "hide some labels",
    hints=(
        "Each image throws its own coin. Which coins mean hide, if one in ten is to be hidden?",
        "With share 0.1 count how many you hide of 1000: 100 or 900? And look at the labels that you were "
        "given afterwards: are they still whole?",
        "return torch.where(coins < share, classes, labels)",
    ),
)
def hide(answer: Callable, draw: torch.Generator) -> None:
    """hide(labels, share, coins, classes) -> labels, some replaced by the null label."""
    for size in (4, whole(6, 9, draw)):
        classes, share = whole(4, 9, draw), whole(2, 4, draw) / 10
        labels = torch.randint(1, classes - 1, (size,), generator=draw)
        hidden = whole(1, (size - 1) // 2, draw)  # fewer than half, and not the first ones alone
        coins = share + (1 - share) * (0.05 + 0.9 * torch.rand(size, generator=draw))
        coins[torch.randperm(size - 1, generator=draw)[:hidden] + 1] *= share / 2
        given = {"labels": labels, "share": share, "coins": coins, "classes": classes}
        mine, right = labels.clone(), torch.where(coins < share, classes, labels)
        got = answer(mine, share, coins.clone(), classes)
        expect(got, right, given, _hidden(labels, coins < share, classes))
        if not torch.equal(mine, labels):
            raise CheckFailed(
                "not right yet. The result is right, but you wrote into the labels that you were given; "
                "whoever counts on them next finds the null label. Make new ones."
            )
