"""The parts of a network once more, in float64, from the formulas; they share nothing with the library."""

import math

import torch


def linear(p, name, x):
    return x @ p[f"{name}.weight"].T + p.get(f"{name}.bias", 0)


def silu(x):
    return x / (1 + torch.exp(-x))


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def inner(p, name):
    return {key.removeprefix(f"{name}."): value for key, value in p.items() if key.startswith(f"{name}.")}


def norm(kind, x, p=None, eps=1e-6):
    """Each token by itself; p holds a gain and a bias where there are any."""
    if kind == "none":
        return x
    size, mean = x.shape[1], x.sum(1, keepdim=True) / x.shape[1]
    centred = x if kind == "rms" else x - mean
    squares = (centred**2).sum(1, keepdim=True)
    if kind == "ada":
        y = centred / (torch.sqrt(squares / (size - 1)) + 1e-5)
        return (1 - y / 10) * y
    return centred / torch.sqrt(squares / size + eps) * (p or {}).get("weight", 1) + (p or {}).get("bias", 0)


def position_table(config, dim):
    """(tokens, dim): sines and cosines of the column, then of the row, kept in float32."""
    rows, columns = config.grid
    omega = [10000 ** (-k / (dim // 4)) for k in range(dim // 4)]
    table = []
    for row in range(rows):
        for column in range(columns):
            places = (column / config.position_scale, row / config.position_scale)
            table.append([f(place * w) for place in places for f in (math.sin, math.cos) for w in omega])
    return torch.tensor(table, dtype=torch.float64).float().double()


def angles(config, head):
    """(tokens, head / 2): by how much each pair of a head's numbers turns."""
    rows, columns = config.grid
    omega = [10000 ** (-2 * k / (head // 2)) for k in range(head // 4)]
    table = []
    for row in range(rows):
        for column in range(columns):
            if config.rope == "axial":
                table.append([row * w for w in omega] + [column * w for w in omega])
            else:
                u, v = 16 * row / max(rows - 1, 1), 16 * column / max(columns - 1, 1)
                table.append([place * w for w in omega for place in (v, u)])
    return torch.tensor(table, dtype=torch.float64)


def turned(x, angle):
    """Pairs as complex numbers, times exp(i angle), which the library keeps in float32."""
    pairs = torch.view_as_complex(x.reshape(len(x), -1, 2))
    turn = torch.complex(torch.cos(angle).float().double(), torch.sin(angle).float().double())
    return torch.view_as_real(pairs * turn).flatten(1)


def one_head(q, k, v):
    scores = q @ k.T / math.sqrt(q.shape[1])
    weights = torch.exp(scores - scores.amax(1, keepdim=True))
    return weights / weights.sum(1, keepdim=True) @ v


def attention(p, x, heads, angle, qk_norm):
    q, k, v = linear(p, "qkv", x).chunk(3, dim=1)
    out = []
    for qh, kh, vh in zip(q.chunk(heads, 1), k.chunk(heads, 1), v.chunk(heads, 1), strict=True):
        if qk_norm:
            kind, eps = ("layer", 1e-5) if qk_norm == "layer" else ("rms", 1e-6)
            qh, kh = norm(kind, qh, inner(p, "q_norm"), eps), norm(kind, kh, inner(p, "k_norm"), eps)
        if angle is not None:
            qh, kh = turned(qh, angle), turned(kh, angle)
        out.append(one_head(qh, kh, vh))
    return linear(p, "out", torch.cat(out, dim=1))


def cross_attention(p, x, context, heads):
    q, (k, v) = linear(p, "q", x), linear(p, "kv", context).chunk(2, dim=1)
    parts = zip(q.chunk(heads, 1), k.chunk(heads, 1), v.chunk(heads, 1), strict=True)
    return linear(p, "out", torch.cat([one_head(*part) for part in parts], dim=1))


def mlp(p, kind, x):
    if kind == "gelu":
        return linear(p, "down", gelu(linear(p, "up", x)))
    gate, value = linear(p, "up", x).chunk(2, dim=1)
    return linear(p, "down", silu(gate) * value)
