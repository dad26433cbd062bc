"""Every network of minidit once more: one image at a time, float64, from the formulas, as slow as it likes.

It reads a state dict and a configuration and shares nothing else with the library. Padding is removed rather
than masked, and tokens that skip are left where they are rather than taken out and put back.
"""

import math

import torch
from slow_parts import angles, attention, cross_attention, inner, linear, mlp, norm, position_table, silu


def block(p, config, x, heads, c, angle, context):
    """c: (1 or tokens, dim) after SiLU; with shared modulation (1, parts * dim)."""
    if config.modulation == "per_block":
        parts = list(linear(p, "modulation.linear", c).chunk(6 if config.gate else 4, dim=1))
    elif config.modulation == "shared":
        parts = list(p["modulation.table"] + c.reshape(-1, x.shape[1]))
    else:
        parts = list(p["modulation.gates"]) if config.gate else []
    for name in ("attention", "mlp"):
        shift, scale = (parts.pop(0), parts.pop(0)) if config.modulation != "none" else (0, 0)
        gate = parts.pop(0) if config.gate else 1
        norms = [inner(p, f"{name}_norms.{i}") for i in range(2)]
        y = x if config.placement == "post" else norm(config.norm, x, norms[0])
        y = y * (1 + scale) + shift
        inside = inner(p, name)
        y = (
            mlp(inside, config.mlp, y)
            if name == "mlp"
            else attention(inside, y, heads, angle, config.qk_norm)
        )
        if config.placement == "sandwich":
            y = norm(config.norm, y, norms[1])
        x = x + config.residual_scale * gate * y
        if config.placement == "post":
            x = norm(config.norm, x, norms[0])
        if name == "attention" and context is not None:
            x = x + config.residual_scale * cross_attention(inner(p, "cross"), x, context, heads)
    return x


def lowest(keys, count):
    return sorted(sorted(range(len(keys)), key=lambda place: keys[place])[:count])


def blocks(p, config, x, c, angle, context, keys, numbers):
    """Blocks by number, from 1, on x (prefix + tokens, dim); keys: (routes, depth) of this image."""
    routes = {"none": "", "tread": f"3-{config.depth - 3}@0.5"}.get(config.route, config.route)
    prefix, active = len(x) - config.tokens, list(range(len(x)))
    for number in numbers:
        for which, route in enumerate(filter(None, routes.split(",") if keys[0] is not None else [])):
            start, end, skip = (float(n) for n in route.replace("@", "-").split("-"))
            if number == start:
                kept = lowest(keys[0][which], config.tokens - int(config.tokens * skip))
                active = [*range(prefix), *(prefix + place for place in kept)]
            if number == end + 1:
                active = list(range(len(x)))
        here = x[active]
        own = c[active] if c is not None and len(c) > 1 else c
        turn = None if angle is None else angle[active]
        after = block(inner(p, f"blocks.{number - 1}"), config, here, config.heads, own, turn, context)
        if keys[1] is not None:
            rate = config.stochastic_depth * number / config.depth
            after = here if keys[1][number - 1] < rate else here + (after - here) / (1 - rate)
        x = x.clone()
        x[active] = after
    return x


def final(p, config, x, c, kind, name="final"):
    p, shift, scale = inner(p, name), 0, 0
    if config.modulation == "per_block":
        shift, scale = linear(p, "modulation.linear", c).chunk(2, dim=1)
    elif config.modulation == "shared":
        shift, scale = p["modulation.table"] + c
    return linear(p, "linear", norm(kind, x, inner(p, "norm")) * (1 + scale) + shift)


def told(p, config, t, condition, image):
    """What one image is told: {"time": (1, dim), "label": (1, dim), "text": (m, dim)}."""
    drop, said = bool(condition.drop[image]), {}
    if config.time_as != "none":
        place = config.time_scale * t + config.time_offset
        turns = [place * config.time_period ** (-k / 128) for k in range(128)]
        features = torch.tensor([[f(turn) for f in (math.cos, math.sin) for turn in turns]]).double()
        said["time"] = linear(p, "time.down", silu(linear(p, "time.up", features)))
    if config.label_as != "none":
        label = config.num_classes if drop else int(condition.labels[image])
        said["label"] = p["label.table.weight"][label][None]
    if config.text_as != "none":
        if drop:
            text = p["text.null"][None]
        elif config.text_as == "modulation":
            text = condition.pooled[image][None]
        else:
            text = condition.text[image][condition.text_mask[image]]
        said["text"] = mlp(inner(p, "text.project"), "gelu", text)
    return said


def by_way(config, said, way):
    return [tokens for name, tokens in said.items() if getattr(config, f"{name}_as") == way]


def with_prefix(angle, prefix):
    return None if angle is None else torch.cat([torch.zeros(prefix, angle.shape[1]), angle])


def tokens_out(p, config, patches, said, keys):
    """Patches (tokens, values) of one image -> patches; keys: (routes, depth, mask) of this image."""
    prefix, context = by_way(config, said, "token"), by_way(config, said, "cross_attention")
    context = torch.cat(context) if context else None
    vectors = by_way(config, said, "modulation")
    vector = sum(vectors) if vectors else None
    c = None if vector is None else silu(vector)
    for_blocks = linear(p, "shared", c) if config.modulation == "shared" else c
    for_final = vector if config.modulation == "shared" else c
    position = p.get("position", 0) if config.position != "sincos" else position_table(config, config.dim)
    angle = None if config.rope == "none" else angles(config, config.dim // config.heads)
    if config.encoder_depth:
        numbers = range(1, config.encoder_depth + 1)
        s = linear(p, "encoder_patch", patches) + position
        s = silu(said["time"] + blocks(p, config, s, c, angle, None, keys, numbers))
        x, numbers = linear(p, "patch", patches) + position, range(numbers.stop, config.depth + 1)
        return final(p, config, blocks(p, config, x, s, angle, None, keys, numbers), s, "layer")
    x = torch.cat([*prefix, linear(p, "patch", patches) + position])
    count, numbers = len(x) - config.tokens, range(1, config.depth + 1)
    angle = with_prefix(angle, count)
    if not config.mask:
        x = blocks(p, config, x, for_blocks, angle, context, keys, numbers)
        return final(p, config, x[count:], for_final, config.norm)
    seen = [*range(len(x))]
    if keys[2] is not None:
        seen = [*range(count), *(count + i for i in lowest(keys[2], int(config.tokens * (1 - config.mask))))]
    return masked(p, config, x, c, angle, context, keys, seen, count)


def masked(p, config, x, c, angle, context, keys, seen, prefix):
    """MaskDiT: the encoder on the tokens `seen`, then the decoder on all places."""
    dim, heads = config.decoder_dim, config.decoder_heads
    few = x[seen]
    for number in range(1, config.depth + 1):
        turn = None if angle is None else angle[seen]
        after = block(inner(p, f"blocks.{number - 1}"), config, few, config.heads, c, turn, context)
        if keys[1] is not None:
            rate = config.stochastic_depth * number / config.depth
            after = few if keys[1][number - 1] < rate else few + (after - few) / (1 - rate)
        few = after
    x = p["mask_token.token"].repeat(len(x), 1)
    x[seen] = final(p, config, few, c, config.norm, "to_decoder")
    if config.position == "sincos":
        x = x + torch.cat([torch.zeros(prefix, dim), position_table(config, dim)])
    elif config.position == "learned":
        x = x + torch.cat([torch.zeros(prefix, dim), p["decoder_position"]])
    turn = None if config.rope == "none" else with_prefix(angles(config, dim // heads), prefix)
    for number in range(config.decoder_depth):
        x = block(inner(p, f"decoder.{number}"), config, x, heads, c, turn, context)
    return final(p, config, x[prefix:], c, config.norm)


def network(p, config, x, t, condition, keys):
    """The output for a batch; p the state dict, keys as minidit.Keys."""
    size, (rows, columns) = config.patch_size, config.grid
    out = torch.zeros(len(x), config.out_channels, *config.image_size, dtype=torch.float64)
    for image in range(len(x)):
        corners = [(r * size, q * size) for r in range(rows) for q in range(columns)]
        patches = [
            torch.stack([x[image, :, y + i, z + j] for i in range(size) for j in range(size)]).flatten()
            for y, z in corners
        ]
        own = [None if key is None else key[image].tolist() for key in keys]
        said = told(p, config, float(t[image]), condition, image)
        for (y, z), patch in zip(
            corners, tokens_out(p, config, torch.stack(patches), said, own), strict=True
        ):
            for i in range(size):
                for j in range(size):
                    start = (i * size + j) * config.out_channels
                    out[image, :, y + i, z + j] = patch[start : start + config.out_channels]
    return out
