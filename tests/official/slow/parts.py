"""The pieces that published networks share, one image at a time: tokens are rows of a matrix (tokens, width).

There is no batch here and no reshape: patches, heads, queries and pairs are visited one by one, in float64,
so that a fast implementation has something to be wrong against.
"""

import math

import torch
from torch import Tensor

State = dict[str, Tensor]


def linear(state: State, name: str, x: Tensor) -> Tensor:
    """(..., fan_in) -> (..., fan_out) by `name.weight` and, where the publisher has one, `name.bias`."""
    y = x @ state[f"{name}.weight"].T
    return y + state[f"{name}.bias"] if f"{name}.bias" in state else y


def silu(x: Tensor) -> Tensor:
    """x times the logistic function of x."""
    return x / (1 + torch.exp(-x))


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU in its tanh approximation (Hendrycks and Gimpel, arXiv 1606.08415)."""
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def layer_norm(x: Tensor, eps: float) -> Tensor:
    """Each row less its mean, over its (biased) standard deviation; no weights."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps)


def rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    """Each row over its root mean square (eps 1e-6), times a weight for each column."""
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + 1e-6) * weight


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """adaLN's change of a normalised x: `x (1 + scale) + shift`."""
    return x * (1 + scale) + shift


def slices(vector: Tensor, parts: int) -> list[Tensor]:
    """Cut the last dimension into equal consecutive parts."""
    width = vector.shape[-1] // parts
    return [vector[..., i * width : (i + 1) * width] for i in range(parts)]


def time_features(t: Tensor, period: float = 10000.0) -> Tensor:
    """256 features of one time: 128 cosines first, then 128 sines; frequency k is period^(-k/128)."""
    angles = [t.double() * period ** (-k / 128) for k in range(128)]
    return torch.stack([torch.cos(a) for a in angles] + [torch.sin(a) for a in angles])


def time_embedding(state: State, first: str, second: str, t: Tensor, period: float = 10000.0) -> Tensor:
    """Two linear layers with SiLU between them, on the features of one time -> (width,)."""
    return linear(state, second, silu(linear(state, first, time_features(t, period))))


def sincos_table(width: int, side: int) -> Tensor:
    """DiT's position table (side * side, width): sin and cos of the column, then sin and cos of the row."""
    quarter = width // 4
    omega = [10000.0 ** (-k / quarter) for k in range(quarter)]
    rows = []
    for row in range(side):
        for column in range(side):
            of_column = [f(column * w) for f in (math.sin, math.cos) for w in omega]
            of_row = [f(row * w) for f in (math.sin, math.cos) for w in omega]
            rows.append(of_column + of_row)
    return torch.tensor(rows, dtype=torch.float64)


def convolved_patches(state: State, name: str, image: Tensor) -> Tensor:
    """Tokens (tokens, width) of an image (channels, side, side): a convolution whose stride is its kernel."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    channels, patch = weight.shape[1], weight.shape[2]
    tokens = []
    for top in range(0, image.shape[1], patch):
        for left in range(0, image.shape[2], patch):
            token = bias
            for c in range(channels):
                for dy in range(patch):
                    for dx in range(patch):
                        token = token + weight[:, c, dy, dx] * image[c, top + dy, left + dx]
            tokens.append(token)
    return torch.stack(tokens)


def image_of(tokens: Tensor, channels: int, patch: int) -> Tensor:
    """Image (channels, side, side) of tokens whose numbers run over (row, column, channel) of their patch."""
    grid = math.isqrt(len(tokens))
    image = tokens.new_zeros(channels, grid * patch, grid * patch)
    for index, token in enumerate(tokens):
        top, left = index // grid * patch, index % grid * patch
        for dy in range(patch):
            for dx in range(patch):
                first = (dy * patch + dx) * channels
                image[:, top + dy, left + dx] = token[first : first + channels]
    return image


def attend(q: Tensor, k: Tensor, v: Tensor, real: Tensor | None = None) -> Tensor:
    """One head, query by query -> (queries, head_dim); a key that is not real gets -10000 on its logit."""
    answers = []
    for query in q:
        logits = k @ query / math.sqrt(len(query))
        if real is not None:
            logits = torch.where(real, logits, logits - 10000.0)
        weights = torch.exp(logits - logits.max())
        answers.append((weights / weights.sum()) @ v)
    return torch.stack(answers)


def rotate(x: Tensor, angles: list[list[float]]) -> Tensor:
    """Turn the pair (2i, 2i + 1) of each token by its angle: (a, b) -> (a cos - b sin, b cos + a sin)."""
    turned = []
    for token, its_angles in zip(x, angles, strict=True):
        numbers = []
        for i, angle in enumerate(its_angles):
            a, b = token[2 * i], token[2 * i + 1]
            numbers += [a * math.cos(angle) - b * math.sin(angle), b * math.cos(angle) + a * math.sin(angle)]
        turned.append(torch.stack(numbers))
    return torch.stack(turned)


def self_attention(state: State, name: str, x: Tensor, heads: int, prepare=lambda which, x: x) -> Tensor:
    """Heads over a fused `qkv` whose rows are all of q, then all of k, then all of v; `prepare` sees q and k.

    `prepare(which, x)` gets "q" or "k" and one head's rows (tokens, head_dim): the place of QK-norm and RoPE.
    """
    q, k, v = slices(linear(state, f"{name}.qkv", x), 3)
    answers = []
    for q_head, k_head, v_head in zip(slices(q, heads), slices(k, heads), slices(v, heads), strict=True):
        answers.append(attend(prepare("q", q_head), prepare("k", k_head), v_head))
    return linear(state, f"{name}.proj", torch.cat(answers, dim=1))
