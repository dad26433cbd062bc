"""What cannot be built or run, one row each, and a piece of the sentence that says why."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import minidit
from minidit import Condition, Keys, MiniditError, ModelConfig

MODEL = Path(minidit.__file__).parent / "model"
TOKEN, CROSS = "token", "cross_attention"
UNTOLD = {"time_as": "none", "label_as": "none", "modulation": "none"}
MASKED = {"mask": 0.5}

# the settings, and a piece of the sentence
SETTINGS = [
    ({"mlp": "relu"}, "model.mlp is 'relu'; it must be one of: gelu, swiglu."),
    ({"norm": "batch"}, "model.norm is 'batch'; it must be one of: layer, rms, ada, detach, none."),
    ({"placement": "both"}, "model.placement is 'both'; it must be one of: pre, post, sandwich."),
    ({"qk_norm": "rms"}, "model.qk_norm is 'rms'; it must be one of: False, True, layer."),
    ({"qk_norm": 1}, "model.qk_norm is 1; it must be one of: False, True, layer."),
    ({"position": "rope"}, "model.position is 'rope'; it must be one of: sincos, learned, none."),
    ({"rope": "1d"}, "model.rope is '1d'; it must be one of: none, axial, ddt."),
    ({"time_as": "adaln"}, "model.time_as is 'adaln'; it must be one of: modulation, token, cross_"),
    ({"label_as": "adaln"}, "model.label_as is 'adaln'; it must be one of: modulation, token, cross_"),
    ({"text_as": "adaln"}, "model.text_as is 'adaln'; it must be one of: modulation, token, cross_"),
    ({"modulation": "single"}, "model.modulation is 'single'; it must be one of: per_block, shared, none."),
    ({"zero_init": "all"}, "model.zero_init is 'all'; it must be one of: none, gates, head, both."),
    ({"in_channels": 0}, "model.in_channels is 0; it must be at least 1."),
    ({"patch_size": 0}, "model.patch_size is 0; it must be at least 1."),
    ({"dim": 0}, "model.dim is 0; it must be at least 1."),
    ({"depth": 0}, "model.depth is 0; it must be at least 1."),
    ({"heads": -1}, "model.heads is -1; it must be at least 1."),
    ({"num_classes": 0}, "model.num_classes is 0; it must be at least 1."),
    (MASKED | {"decoder_depth": 0}, "model.decoder_depth is 0; it must be at least 1."),
    (MASKED | {"decoder_dim": 0}, "model.decoder_dim is 0; it must be at least 1."),
    (MASKED | {"decoder_heads": 0}, "model.decoder_heads is 0; it must be at least 1."),
    ({"input_size": (8,)}, "model.input_size is (8,); give a side such as 32, or (height, width)."),
    ({"input_size": (8, 8, 8)}, "model.input_size is (8, 8, 8); give a side such as 32, or (height, width)."),
    ({"input_size": 8.0}, "model.input_size is 8.0; give a side such as 32, or (height, width)."),
    ({"depth": 2.0}, "model.depth is 2.0; it must be a whole number."),
    ({"heads": "2"}, "model.heads is '2'; it must be a whole number."),
    ({"dim": True}, "model.dim is True; it must be a whole number."),
    ({"mlp_ratio": "4"}, "model.mlp_ratio is '4'; it must be a number."),
    ({"gate": "false"}, "model.gate is 'false'; it must be True or False."),
    ({"route": None}, "model.route is None; it must be words."),
    ({"input_size": (8, 0)}, "model.input_size is (8, 0); it must be at least 1."),
    ({"mlp_ratio": 0.0}, "model.mlp_ratio is 0.0; times model.dim 16 it must be at least 1, or the MLP has"),
    ({"mlp": "swiglu", "mlp_ratio": 1 / 16}, "times model.dim 16 it must be at least 1.5, or the MLP has no"),
    ({"stochastic_depth": 1.0}, "model.stochastic_depth is 1.0; it is a share, from 0 to less than 1."),
    ({"stochastic_depth": float("nan")}, "model.stochastic_depth is nan; it is a share"),
    ({"mask": -0.1}, "model.mask is -0.1; it is a share, from 0 to less than 1."),
    ({"residual_scale": 0.0}, "model.residual_scale is 0.0; it must be more than 0."),
    ({"residual_scale": float("inf")}, "model.residual_scale is inf; it must be more than 0."),
    ({"position_scale": 0.0}, "model.position_scale is 0.0; it must be more than 0."),
    ({"time_period": 1.0}, "model.time_period is 1.0; it must be more than 1."),
    ({"time_scale": float("inf")}, "model.time_scale is inf; it must be a finite number."),
    ({"time_offset": float("nan")}, "model.time_offset is nan; it must be a finite number."),
    ({"patch_size": 3, "input_size": (8, 12)}, "(8, 12): choose a patch of 1, 2, 4, or images of another"),
    ({"heads": 3}, "model.heads 3 does not divide model.dim 16"),
    ({"dim": 6, "heads": 1}, "model.dim is 6; it must be a multiple of 4"),
    ({"rope": "axial", "heads": 8}, "a head's width must be a multiple of 4; it is 16 / 8 = 2."),
    ({"norm": "ada", "norm_affine": True}, 'model.norm "ada" has no gain or bias to learn'),
    ({"norm": "detach", "norm_affine": True}, 'model.norm "detach" has no gain or bias to learn'),
    ({"norm": "none", "norm_affine": True}, 'model.norm "none" has no gain or bias to learn'),
    ({"norm": "none", "placement": "post"}, 'model.placement "post" says where the norm stands'),
    ({"norm": "none", "placement": "sandwich"}, 'model.placement "sandwich" says where the norm stands'),
    ({"position": "learned", "position_scale": 2.0}, 'position is "learned". Leave it at 1.'),
    (UNTOLD | {"gate": False, "zero_init": "gates"}, 'model.zero_init "gates" has nothing to zero'),
    ({"modulation": "none"}, "time and label should be told by modulation: set time_as, label_as to"),
    (UNTOLD | {"text_as": "modulation"}, "but text should be told by modulation: set text_as to"),
    ({"time_as": TOKEN, "label_as": CROSS}, 'model.modulation is "per_block", but nothing is told by'),
    ({"text_as": CROSS}, 'model.text_as is "cross_attention", but model.text_dim is 0'),
    (MASKED | {"route": "2-2@0.5"}, "choose one."),
    ({"mask": 0.95}, "model.mask 0.95 hides all 16 tokens"),
    (MASKED | {"modulation": "shared"}, "which shared modulation does not reach"),
    (MASKED | {"decoder_heads": 5}, "model.decoder_heads 5 does not divide model.decoder_dim 24."),
    (MASKED | {"decoder_dim": 18}, "model.decoder_dim is 18; it must be a multiple of 4"),
    (MASKED | {"decoder_heads": 4, "rope": "axial"}, "the decoder's is 24 / 4. Choose other decoder_heads."),
    ({"encoder_depth": 3}, "model.encoder_depth is 3; DDT needs at least one block of its 3"),
    ({"encoder_depth": -1}, "model.encoder_depth is -1; DDT needs at least one block"),
    ({"encoder_depth": 2, "modulation": "shared"}, "DDT's decoder listens to its encoder through modulation"),
    ({"encoder_depth": 2, "time_as": "none"}, "DDT's decoder listens to its encoder through modulation"),
    ({"encoder_depth": 2, "label_as": TOKEN}, "DDT's decoder listens to its encoder through modulation"),
    ({"encoder_depth": 2, "text_as": CROSS, "text_dim": 6}, "DDT's decoder listens to its encoder through"),
    ({"encoder_depth": 2} | MASKED, "model.mask brings a decoder, and so does DDT"),
    (
        {"encoder_depth": 2, "route": "2-3@0.5"},
        "model.route 2-3@0.5 crosses from DDT's encoder (blocks 1 to 2)",
    ),
    ({"route": "tread"}, "model.route tread skips blocks 3 to depth - 3, and depth is 3"),
    ({"route": "2@0.5"}, "model.route is '2@0.5'; write none, tread, or blocks and the share"),
    ({"route": "1-2@0.5,"}, "model.route is '1-2@0.5,'; write none, tread"),
    ({"route": "0-2@0.5"}, "model.route names blocks 0 to 2; there are blocks 1 to 3."),
    ({"route": "2-4@0.5"}, "model.route names blocks 2 to 4; there are blocks 1 to 3."),
    ({"route": "3-2@0.5"}, "model.route names blocks 3 to 2; there are blocks 1 to 3."),
    ({"route": "1-2@1"}, "model.route lets a share of 1.0 skip; it must lie between 0 and 1."),
    ({"route": "1-2@0"}, "model.route lets a share of 0.0 skip; it must lie between 0 and 1."),
    ({"route": "1-2@0.5,2-3@0.5"}, "model.route 2-3 begins before 1-2 has ended"),
    ({"route": "3-3@0.5,1-2@0.5"}, "model.route 1-2 begins before 3-3 has ended"),
]

X, ZERO = torch.zeros(3, 2, 8, 8), torch.zeros(3)
TEXT = {"text_as": CROSS, "text_dim": 6}
CAPTIONS = torch.zeros(3, 4, 6)
ROUTE = {"route": "2-2@0.5"}

# the settings, what is given to the network beside right images and times, and a piece of the sentence
CALLS = [
    ({}, {"x": torch.zeros(3, 2, 9, 8)}, "x has shape (3, 2, 9, 8); this network takes (batch, 2, 8, 8)."),
    ({"input_size": (4, 6)}, {"x": torch.zeros(3, 2, 6, 4)}, "this network takes (batch, 2, 4, 6)."),
    ({}, {"x": torch.zeros(2, 8, 8)}, "x has shape (2, 8, 8)"),
    ({}, {"t": torch.zeros(3, 1)}, "t has shape (3, 1); it must be (3,), one time for each image."),
    ({}, {"condition": torch.tensor([0, 1, 6])}, "labels run from 0 to 6; this network knows 0 to 4, and 5"),
    ({}, {"condition": torch.tensor([0, -1, 1])}, "labels run from -1 to 1"),
    ({}, {"condition": torch.tensor([0, 1])}, "labels has shape (2,); it must be (3,)."),
    ({}, {"condition": torch.zeros(3)}, "labels are torch.float32; they must be whole numbers"),
    ({}, {"condition": Condition(drop=torch.tensor([True]))}, "drop is torch.bool of shape (1,); it must be"),
    (
        {},
        {"condition": Condition(drop=torch.tensor([0, 1, 0]))},
        "drop is torch.int64 of shape (3,); it must",
    ),
    ({}, {"condition": Condition(text=CAPTIONS)}, "class labels only; leave text and pooled empty"),
    ({}, {"condition": Condition(pooled=CAPTIONS[:, 0])}, "class labels only; leave text and pooled empty"),
    (TEXT | {"text_as": "modulation"}, {"condition": Condition(text=CAPTIONS)}, "give pooled, not text."),
    (TEXT, {"condition": Condition(pooled=CAPTIONS[:, 0])}, "give text, not pooled."),
    (TEXT, {"condition": Condition(text=CAPTIONS[..., :5])}, "it must be (3, tokens, 6)."),
    (TEXT, {"condition": Condition(text=CAPTIONS[:2])}, "text has shape (2, 4, 6); it must be"),
    (
        TEXT | {"text_as": "modulation"},
        {"condition": Condition(pooled=CAPTIONS)},
        "pooled has shape (3, 4, 6); it must be (3, 6).",
    ),
    (
        TEXT,
        {"condition": Condition(text=CAPTIONS, text_mask=torch.ones(3, 4))},
        "text_mask is torch.float32 of shape (3, 4); it must be bool of shape (3, 4)",
    ),
    (
        TEXT,
        {"condition": Condition(text=CAPTIONS, text_mask=torch.ones(3, 5, dtype=torch.bool))},
        "it must be bool of shape (3, 4), True at real tokens.",
    ),
    (
        TEXT,
        {"condition": Condition(text=CAPTIONS, text_mask=torch.zeros(3, 4, dtype=torch.bool))},
        "A caption of text_mask has no real token",
    ),
    ({}, {"keys": Keys(route=torch.zeros(3, 1, 16))}, "skips no work in training, so it takes no keys."),
    (
        ROUTE,
        {"keys": Keys(route=torch.zeros(3, 2, 16))},
        "keys.route has shape (3, 2, 16); it must be (3, 1, 16)",
    ),
    (
        ROUTE,
        {"keys": Keys(depth=torch.zeros(3, 3))},
        "keys.depth has shape (3, 3); this network drops nothing",
    ),
    ({"mask": 0.5}, {"keys": Keys(mask=torch.zeros(3, 4))}, "keys.mask has shape (3, 4); it must be (3, 16)"),
    ({}, {"keep": (0, 2)}, "keep names blocks [0, 2]; this network has blocks 1 to 3."),
    ({}, {"keep": (4,)}, "keep names blocks [4]; this network has blocks 1 to 3."),
    (ROUTE, {"keep": (1, 2), "keys": Keys(route=torch.zeros(3, 1, 16))}, "block 2 lies inside a route"),
    (
        {"mask": 0.5},
        {"keep": (1,), "keys": Keys(mask=torch.zeros(3, 16))},
        "the encoder sees some tokens only. Ask for a block outside it, or evaluate without keys.",
    ),
]


def why(action) -> str:
    with pytest.raises(MiniditError) as caught:
        action()
    return str(caught.value)


def build_reason(config, settings):
    return why(lambda: replace(config, **settings))


def call_reason(config, settings, given):
    model = minidit.build(replace(config, **settings))
    return why(lambda: model(**{"x": X, "t": ZERO} | given))


@pytest.mark.parametrize(("settings", "words"), SETTINGS)
def test_settings(config, settings, words):
    assert words in build_reason(config, settings)


@pytest.mark.parametrize(("settings", "given", "words"), CALLS)
def test_calls(config, settings, given, words):
    assert words in call_reason(config, settings, given)


def test_words_of_ddt(config):
    model = minidit.build(config, encoder_depth=2)
    assert "x has shape (3, 2, 8, 7)" in why(lambda: model.decode(X[..., :7], torch.zeros(3, 16, 16)))
    assert "s has shape (3, 4, 16); it must be (3, 16, 16)" in why(
        lambda: model.decode(X, torch.zeros(3, 4, 16))
    )
    assert "t has shape ()" in why(lambda: model.encode(X, torch.tensor(0.0)))


def as_pattern(sentence: ast.expr) -> str:
    """A sentence of the source as a regular expression: anything may stand where a value is put in."""
    parts = sentence.values if isinstance(sentence, ast.JoinedStr) else [sentence]
    return "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in parts)


def sentences(name: str) -> set[str]:
    """Every sentence that a file of the library can say: after MiniditError, or second of a yielded pair."""
    said = []
    for node in ast.walk(ast.parse((MODEL / name).read_text())):
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            said.append(node.value.elts[1])
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MiniditError":
            said += node.args
    return {as_pattern(node) for node in said if isinstance(node, ast.JoinedStr | ast.Constant)}


def test_every_sentence_has_a_row(config):
    said = [build_reason(config, settings) for settings, _ in SETTINGS]
    said += [call_reason(config, settings, given) for settings, given, _ in CALLS]
    model = minidit.build(config, encoder_depth=2)
    said.append(why(lambda: model.decode(X, torch.zeros(3, 4, 16))))
    files = {"refuse.py": 20, "route.py": 5, "check.py": 16}  # and how many sentences at least
    for name, least in files.items():
        patterns = sentences(name)
        assert len(patterns) >= least
        unheard = [pattern for pattern in patterns if not any(re.fullmatch(pattern, one) for one in said)]
        assert not unheard, name
    assert all(one.endswith(".") for one in said)


def test_what_is_not_read_is_not_refused(config):
    hidden = Condition(
        text=CAPTIONS,
        text_mask=torch.tensor([[True] * 4, [False] * 4, [True] * 4]),
        drop=torch.tensor([False, True, False]),
    )
    out = minidit.build(config, **TEXT)(X, ZERO, hidden)  # the caption without tokens is dropped anyway
    assert out.isfinite().all()
    minidit.build(config, label_as="none")(X, ZERO, torch.full((3,), 99))  # no labels are looked up
    assert ModelConfig(input_size=[8, 12]) == ModelConfig(input_size=(8, 12))
