"""Checks of chapter 9, its middle: a norm's gain and bias, merged into what follows."""

from collections.abc import Callable

import torch
from torch import Tensor

from minidit.teach.draw import tensor, whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import OneOf, expect, shapes_explained


def _merged_wrongly(
    gain: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, right: tuple[Tensor, Tensor]
) -> dict[str, object]:
    """What the common mistakes of 9.4 give."""
    mistakes = {
        "The constant part is W b: you used the weight that had the gain in it already.": (
            right[0],
            bias + right[0] @ shift,
        ),
        "The norm's bias is lost: it goes through W, and becomes a part of the layer's bias.": (
            right[0],
            bias,
        ),
        "The old bias of the layer is lost.": (right[0], weight @ shift),
        "The gain is lost.": (weight, right[1]),
        "You divided by the gain: the new layer has to do what the norm did.": (weight / gain, right[1]),
        "You took 1 + gain: that is how adaLN's scale is meant, not a norm's gain.": (
            weight * (1 + gain),
            right[1],
        ),
    }
    if weight.shape[0] == weight.shape[1]:
        mistakes |= {
            "The gain went to the rows of W: it belongs to what comes in, its columns.": OneOf(
                [
                    (weight * gain[:, None], right[1]),
                    (gain[:, None] * weight, bias + gain * (weight @ shift)),
                ]
            ),
            "W is (out, in): the bias goes through W, not through its transpose.": (
                right[0],
                bias + weight.T @ shift,
            ),
            "The norm's bias must go through W before it can be added.": (right[0], bias + shift),
        }
    return mistakes


@exercise(
    "9.4",
    "merge gain and bias into the next layer",
    hints=(
        "Write the layer out: W (g * y + b) + c. Which part depends on y, and which does not?",
        "g belongs to the numbers that go in, so to the columns of W, which is (out, in). The constant part "
        "is W b + c, with the old W. A square W hides a wrong axis; the check has both kinds.",
        "return weight * gain, bias + weight @ shift",
    ),
)
def merge(answer: Callable, draw: torch.Generator) -> None:
    """merge(gain, shift, weight, bias) -> weight and bias of a layer that needs no gain and no shift."""
    for rows, columns in ((2, 2), (whole(3, 4, draw), 2)):
        gain, shift = 1.5 + tensor(columns, draw=draw).abs(), 0.5 + tensor(columns, draw=draw).abs()
        gain[0] += 1
        weight, bias = 0.3 + tensor(rows, columns, draw=draw).abs(), tensor(rows, draw=draw)
        weight[0, 1] = weight[1, 0] + 1  # no symmetric one, or its transpose would be right
        right = weight * gain, bias + weight @ shift
        mistakes = _merged_wrongly(gain, shift, weight, bias, right)
        given = {"gain": gain, "shift": shift, "weight": weight, "bias": bias}
        with shapes_explained("weight is (out, in), gain and shift are (in,).", given, right[0]):
            got = answer(gain.clone(), shift.clone(), weight.clone(), bias.clone())
        expect(got, right, given, mistakes)


Pair = tuple[Tensor, Tensor]


def _rows(*parts: Tensor) -> Pair:
    """Rows of h, rows of s, bias of h, bias of s -> weight and bias of adaLN's layer."""
    return torch.cat(parts[:2]), torch.cat(parts[2:])


def _right(gain: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    """Rows of h and of s, and the bias of each, as they must be."""
    (upper, lower), (h, s) = weight.chunk(2), bias.chunk(2)
    return upper + shift[:, None] * lower, gain[:, None] * lower, h + shift * (1 + s), gain * (1 + s) - 1


def _forgotten(gain: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> dict[str, object]:
    """What it gives to forget a part of the formula."""
    (upper, lower), (h, s) = weight.chunk(2), bias.chunk(2)
    h_rows, s_rows, h_bias, s_bias = _right(gain, shift, weight, bias)
    return {
        "The 1 of 1 + s is forgotten where s' is made: s' = g (1 + s) - 1.": OneOf(
            [_rows(h_rows, s_rows, h_bias, gain * s), _rows(h_rows, s_rows, h_bias, gain * (1 + s))]
        ),
        "The 1 of 1 + s is forgotten where h' is made: the bias is scaled by 1 + s.": _rows(
            h_rows, s_rows, h + shift * s, s_bias
        ),
        "The 1 of 1 + s is forgotten in both: s' = g (1 + s) - 1, and h' = h + b (1 + s).": OneOf(
            [
                _rows(h_rows, s_rows, h + shift * s, gain * s),
                _rows(h_rows, s_rows, h + shift * s, gain * (1 + s)),
            ]
        ),
        "The bias is scaled by 1 + s, and s depends on the condition: it belongs into the weight too.": OneOf(
            [_rows(upper, s_rows, h + shift, s_bias), _rows(upper, s_rows, h_bias, s_bias)]
        ),
        "Only adaLN's bias was changed: s moves with the condition, so its weight changes too.": _rows(
            upper, lower, h_bias, s_bias
        ),
    }


def _mixed_up(gain: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> dict[str, object]:
    """What it gives to take one part for another."""
    (upper, lower), (h, s) = weight.chunk(2), bias.chunk(2)
    g, b = gain[:, None], shift[:, None]
    h_rows, s_rows, h_bias, s_bias = _right(gain, shift, weight, bias)
    return {
        "h' needs the old s: you had put the gain into it already.": OneOf(
            [
                _rows(upper + b * s_rows, s_rows, h + shift * (1 + s_bias), s_bias),
                _rows(upper + b * s_rows, s_rows, h_bias, s_bias),
                _rows(h_rows, s_rows, h + shift * (1 + s_bias), s_bias),
            ]
        ),
        "The shift h is added after the gain: the gain does not touch it.": OneOf(
            [
                _rows(g * h_rows, s_rows, gain * h_bias, s_bias),
                _rows(g * upper + b * lower, s_rows, gain * h + shift * (1 + s), s_bias),
            ]
        ),
        "The first half of the rows makes h, the second s: you took them the other way round.": OneOf(
            [
                _rows(g * upper, lower + b * upper, gain * (1 + h) - 1, s + shift * (1 + h)),
                _rows(lower + b * upper, g * upper, s + shift * (1 + h), gain * (1 + h) - 1),
            ]
        ),
        "h and s are swapped in what you return: h comes first.": _rows(s_rows, h_rows, s_bias, h_bias),
    }


@exercise(
    "9.5",
    "merge gain and bias into adaLN",
    hints=(
        "Write (1 + s)(g y + b) + h as (1 + s') y + h'. What are s' and h', in terms of s, h, g and b?",
        "s' = g (1 + s) - 1 and h' = h + b (1 + s), with the old s. Both are linear in (h, s), and there is "
        "a constant part: it goes into adaLN's bias. Change the rows of h first: they need the old s.",
        "H, S = weight.chunk(2); h, s = bias.chunk(2); "
        "cat([H + b[:, None] * S, g[:, None] * S]), cat([h + b * (1 + s), g * (1 + s) - 1])",
    ),
)
def into_adaln(answer: Callable, draw: torch.Generator) -> None:
    """into_adaln(gain, shift, weight, bias) -> weight and bias of adaLN's layer that do it all."""
    dim, told = 2, whole(2, 3, draw)
    gain, shift = 1.5 + tensor(dim, draw=draw).abs(), 0.5 + tensor(dim, draw=draw).abs()
    weight, bias = 0.3 + tensor(2 * dim, told, draw=draw).abs(), 0.4 + tensor(2 * dim, draw=draw).abs()
    inputs = (gain, shift, weight, bias)
    right, mistakes = _rows(*_right(*inputs)), _forgotten(*inputs) | _mixed_up(*inputs)
    given = {"gain": gain, "shift": shift, "weight": weight, "bias": bias}
    with shapes_explained("weight is (2 dim, told), gain and shift are (dim,).", given, right[0]):
        got = answer(gain.clone(), shift.clone(), weight.clone(), bias.clone())
    expect(got, right, given, mistakes)
