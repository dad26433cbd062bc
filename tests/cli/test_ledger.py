"""`minidit ledger`, as a person uses it."""

import pytest

from minidit.cli.main import main
from minidit.latent import ARCHITECTURES
from minidit.measure import autoencoder_ledger, ledger, shares


def said(capsys, *arguments):
    assert main(["ledger", *arguments]) == 0
    return capsys.readouterr().out


def test_the_table_and_where_a_third_sits(capsys):
    out = said(capsys, "DiT-XL/2")
    assert str(ledger("DiT-XL/2")) in out and "118.62 GMAC = 237.24 GFLOP" in out
    assert "adaLN, the blocks' modulation: 33.1% of the parameters, 0.2% of the MACs." in out
    assert said(capsys) == out, "it is what is shown where no network is named"
    assert max(len(line) for line in out.splitlines()) <= 80


def test_settings_are_read_as_what_they_are(capsys):
    shared = said(capsys, "DiT-XL/2", "modulation=shared", "model.qk_norm=true", "input_size=[16,64]")
    expected = ledger("DiT-XL/2", modulation="shared", qk_norm=True, input_size=(16, 64))
    assert shared == f"{expected}\n", "no line on adaLN where each block has but a table"
    routed = said(capsys, "DiT-S/2", "route=tread", "--training")
    assert str(ledger("DiT-S/2", route="tread", training=True)) in routed
    captions = said(capsys, "PixArt-XL/2", "--caption-tokens", "7")
    assert captions == f"{ledger('PixArt-XL/2', caption_tokens=7)}\n"


def test_an_autoencoder_by_its_name(capsys):
    assert said(capsys, "sd-vae") == f"{autoencoder_ledger('sd-vae')}\n"
    assert said(capsys, "taef2", "--resolution", "64") == f"{autoencoder_ledger('taef2', 64)}\n"


def test_all_autoencoders_and_their_shares(capsys, monkeypatch):
    assert set(ARCHITECTURES) == {"sd-vae", "va-vae", "taesd", "taef2"}
    monkeypatch.setattr("minidit.cli.ledger.ARCHITECTURES", ("taesd", "taef2"))  # the quick ones
    out = said(capsys, "autoencoders", "--resolution", "64")
    for name in ("taesd", "taef2"):
        assert str(autoencoder_ledger(name, 64)) in out and str(shares(name, 64)) in out
    assert "A training step: one encoding, and three forward passes" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["DiT-S2"], "Did you mean DiT-S/2?"),
        (["depth=4"], "Name the network before its settings, such as: DiT-S/2 depth=4."),
        (["DiT-S/2", "modulaton=shared"], "Did you mean model.modulation?"),
        (["DiT-S/2", "modulation"], "'modulation' is not an override; write key=value"),
        (["DiT-S/2", "heads=many"], "model.heads is 'many'; it must be a whole number"),
        (["DiT-S/2", "heads=5"], "heads 5 does not divide model.dim 384"),
        (["PixArt-XL/2", "--caption-tokens", "0"], "caption_tokens is 0"),
        (["DiT-S/2", "--resolution", "512"], "--resolution is for autoencoders; the latents of DiT-S/2 are"),
        (["sd-vae", "depth=4"], "sd-vae has no settings here but --resolution"),
        (["sd-vae", "--training"], "sd-vae has no settings here but --resolution"),
        (["sd-vae", "--resolution", "60"], "60 x 60 cannot be cut so"),
        (["autoencoders", "--resolution", "0"], "The resolution is 0"),
    ],
)
def test_wrong_words_get_a_sentence(capsys, arguments, words):
    assert main(["ledger", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err and err.startswith("minidit: ") and err.count("\n") == 1
