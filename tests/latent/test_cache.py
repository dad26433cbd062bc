"""Latents on disk: encoded once, continued where they stopped, refused when stale."""

import json

import pytest
import torch

from minidit.errors import MiniditError
from minidit.latent import cache as module
from minidit.latent.cache import ABOUT, Cache, Shards
from minidit.latent.standard import Standard
from minidit.latent.vae import VAE, VAEConfig


class Counting(VAE):
    """An autoencoder that counts what it encodes, and can be stopped."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(VAEConfig(factor=2, channels=2, width=8))
        self.seen, self.stop_after = 0, float("inf")

    def encode(self, images, noise=None):
        self.seen += len(images)
        if self.seen > self.stop_after:
            raise KeyboardInterrupt
        return super().encode(images, noise)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(module, "SHARD", 8)
    monkeypatch.setattr(module, "PIECE", 4)


@pytest.fixture
def splits():
    torch.manual_seed(1)
    return {
        name: (torch.rand(n, 3, 4, 4), torch.arange(n) % 3) for name, n in (("train", 20), ("held_out", 5))
    }


def cache(folder, coder, source="made up"):
    return Cache(folder, {"source": source}, coder.sha256())


def write(folder, coder, splits):
    cache(folder, coder).write(coder, splits, ("a", "b", "c"))


def test_what_is_read_is_what_was_encoded(tmp_path, splits):
    coder = Counting()
    write(tmp_path, coder, splits)
    made = cache(tmp_path, coder)
    about = made.about()
    parts, labels = made.split("train")
    assert [len(part) for part in parts] == [8, 8, 4] and labels.tolist() == splits["train"][1].tolist()
    shards = Shards(parts, Standard(torch.tensor(about["mean"]), torch.tensor(about["std"])))
    z = coder.encode(splits["train"][0])
    picked = torch.tensor([17, 0, 9])
    assert torch.allclose(shards.standard.invert(shards[picked]), z[picked], atol=1e-5)
    assert shards.shape == z.shape and torch.equal(shards.whole()[picked], shards[picked])
    assert about["class_names"] == ["a", "b", "c"]


def test_statistics_are_the_autoencoders_own_where_it_has_them(tmp_path, splits):
    coder = Counting()
    coder.standard = Standard(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    write(tmp_path / "own", coder, splits)
    assert cache(tmp_path / "own", coder).about()["std"] == [3, 4]


def test_interrupted_it_encodes_only_what_is_missing(tmp_path, splits):
    coder = Counting()
    coder.stop_after = 11  # in the second shard
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, coder, splits)
    assert cache(tmp_path, coder).about() is None
    coder.seen, coder.stop_after = 0, float("inf")
    write(tmp_path, coder, splits)
    assert coder.seen == 25 - 8
    assert cache(tmp_path, coder).about() is not None


def test_other_weights_and_other_images_are_stale(tmp_path, splits):
    coder = Counting()
    write(tmp_path, coder, splits)
    with pytest.raises(MiniditError, match="other images"):
        cache(tmp_path, coder, "others").about()
    with torch.no_grad():
        coder.decoder[0].bias += 1
    with pytest.raises(MiniditError, match="another autoencoder's weights"):
        cache(tmp_path, coder).about()


def test_a_beginning_of_other_latents_is_not_continued(tmp_path, splits):
    coder = Counting()
    coder.stop_after = 11
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, coder, splits)
    with pytest.raises(MiniditError, match="beginning of other latents"):
        cache(tmp_path, coder, "others").write(coder, splits, ("a", "b", "c"))


def test_damage_is_named(tmp_path, splits):
    coder = Counting()
    write(tmp_path, coder, splits)
    (tmp_path / "train-00001.safetensors").write_bytes(b"cut")
    with pytest.raises(MiniditError, match="train-00001"):
        cache(tmp_path, coder).split("train")
    whole = cache(tmp_path, coder).about()
    (tmp_path / "train-00001.safetensors").unlink()  # as the sentence says
    assert cache(tmp_path, coder).about() is None
    coder.seen = 0
    write(tmp_path, coder, splits)
    assert coder.seen == 8 and cache(tmp_path, coder).about() == whole
    assert cache(tmp_path, coder).split("train")[1].tolist() == splits["train"][1].tolist()
    (tmp_path / ABOUT).write_text(json.dumps({"format": "another"}))
    with pytest.raises(MiniditError, match="cannot be read"):
        cache(tmp_path, coder).about()
