"""Check of chapter 8, in training: some labels are hidden, so that one network learns both answers."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, OneOf, expect


def _hidden(labels: Tensor, coins: Tensor, share: float, classes: int) -> dict[str, Tensor | OneOf]:
    """What the common mistakes of 8.3 give."""
    null, first = torch.full_like(labels, classes), torch.arange(len(labels))
    drop, rank, exact = coins < share, coins.argsort().argsort(), share * len(labels)
    return {
        "The coins are read the wrong way round: 0.1 would hide nine in ten.": torch.where(
            drop, labels, null
        ),
        "That is the right share, but the coins above are hidden; hide where the coin is below it.": (
            torch.where(coins >= 1 - share, classes, labels)
        ),
        "`share` was not used: a number of your own stands in its place.": OneOf(
            torch.where(coins < fixed, classes, labels) for fixed in (0.1, 0.2)
        ),
        "Exactly the share is hidden, by rank; each coin decides for its own image.": OneOf(
            torch.where(rank < k, classes, labels) for k in (math.floor(exact), math.ceil(exact))
        ),
        "The null label is the index `classes`; 0 is a class.": torch.where(drop, 0, labels),
        "The null label is the index `classes`; classes - 1 is the last class.": torch.where(
            drop, classes - 1, labels
        ),
        "The null label is the index `classes`; an embedding has no row -1.": torch.where(drop, -1, labels),
        "Nothing is hidden, or one coin decided for the whole batch; each image has its own.": labels,
        "Everything is hidden, or one coin decided for the whole batch; each image has its own.": null,
        "The first images of the batch are hidden, always; use the coins.": OneOf(
            torch.where(first < k, classes, labels) for k in range(1, len(labels))
        ),
        "Images whose label is hidden stay in the batch; you took them out.": labels[~drop],
        "That says which are hidden; return the labels.": drop,
    }


def _coins(size: int, share: float, draw: torch.Generator) -> Tensor:
    """Coins (size,) that tell the mistakes apart; the first image is never hidden.

    One lies just below `share` and one just above; one only lies below 0.2; and the number below `share` is
    not the share of the batch, so that counting and throwing differ.
    """
    exact = {math.floor(share * size), math.ceil(share * size)}
    counts = [k for k in range(2, size - 1) if k not in exact]
    k = counts[whole(0, len(counts) - 1, draw)]
    below = 0.21 + (share - 0.22) * torch.rand(k, generator=draw)
    above = share + 0.01 + (0.98 - share) * torch.rand(size - k, generator=draw)
    below[0], below[1], above[0], above[1] = 0.05, share - 0.01, share + 0.01, 0.97
    coins = torch.cat([below, above[1:]])
    while True:
        mixed = torch.cat([above[:1], coins[torch.randperm(size - 1, generator=draw)]])
        rank = mixed.argsort().argsort()
        wrong = [mixed >= share, mixed >= 1 - share, *(rank < count for count in exact)]
        if not any(_first_ones(one) for one in wrong):
            return mixed


def _first_ones(hidden: Tensor) -> bool:
    """Whether the first so many images are hidden, and no others: a mistake of its own."""
    return bool((hidden[:-1] | ~hidden[1:]).all())


def _repeats(answers: list, labels: Tensor, drop: Tensor, classes: int) -> None:
    """The same call must give the same answer: all chance is in the coins."""
    if not all(isinstance(one, Tensor) and one.shape == labels.shape for one in answers):
        return
    if all(torch.equal(one, answers[0]) for one in answers):
        return
    if all(torch.equal(one[~drop], labels[~drop]) and int(one.max()) < classes for one in answers):
        raise CheckFailed("not right yet. A hidden label becomes the null label, not a random class.")
    raise CheckFailed(
        "not right yet. The same labels and coins gave different answers: use the coins given, and draw none."
    )


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
    for share in (whole(3, 4, draw) / 10, whole(6, 7, draw) / 10):
        size, classes = whole(8, 11, draw), whole(4, 9, draw)
        labels = torch.randint(1, classes - 1, (size,), generator=draw)
        coins = _coins(size, share, draw)
        given = {"labels": labels, "share": share, "coins": coins, "classes": classes}
        mine, right = labels.clone(), torch.where(coins < share, classes, labels)
        got = answer(mine, share, coins.clone(), classes)
        again = [answer(labels.clone(), share, coins.clone(), classes) for _ in range(3)]
        _repeats([got, *again], labels, coins < share, classes)
        expect(got, right, given, _hidden(labels, coins, share, classes))
        if not torch.equal(mine, labels):
            raise CheckFailed(
                "not right yet. The result is right, but you wrote into the labels that you were given; "
                "whoever counts on them next finds the null label. Make new ones."
            )
        if got.dtype.is_floating_point:
            raise CheckFailed(
                f"not right yet. The numbers are right, but their type is {got.dtype}; labels are whole "
                "numbers, with which an embedding is indexed. Keep the type of `labels`."
            )
