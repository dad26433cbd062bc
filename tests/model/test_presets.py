"""The twelve networks of the paper, counted."""

import pytest

import minidit
from minidit.measure import parameters_by_part

# trainable parameters at 32 x 32 x 4, 1000 classes, learned sigma
TRAINABLE = {
    "DiT-S/8": 33_142_016, "DiT-S/4": 32_920_448, "DiT-S/2": 32_865_056,
    "DiT-B/8": 130_869_248, "DiT-B/4": 130_426_496, "DiT-B/2": 130_315_808,
    "DiT-L/8": 458_578_432, "DiT-L/4": 457_988_224, "DiT-L/2": 457_840_672,
    "DiT-XL/8": 675_664_640, "DiT-XL/4": 675_000_704, "DiT-XL/2": 674_834_720,
}  # fmt: skip


@pytest.mark.parametrize("name", TRAINABLE)
def test_parameter_count(name):
    model = minidit.build(name, device="meta")
    assert (
        model.config
        == minidit.build(name, in_channels=4, input_size=32, num_classes=1000, device="meta").config
    )
    ledger = parameters_by_part(model)
    assert sum(ledger.values()) == TRAINABLE[name]
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == TRAINABLE[name]


def test_every_preset_is_counted():
    assert set(TRAINABLE) == set(minidit.PRESETS)


def test_a_third_of_xl_is_modulation():
    ledger = parameters_by_part(minidit.build("DiT-XL/2", device="meta"))
    assert 100 * ledger["modulation"] / sum(ledger.values()) == pytest.approx(33.07, abs=0.02)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(minidit.MiniditError, match="Did you mean DiT-S/2"):
        minidit.build("DiT-S2")


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(minidit.MiniditError, match="Did you mean num_classes"):
        minidit.build("DiT-S/2", num_class=10)
