"""The small autoencoder: shapes, the posterior's mathematics, the losses, and what is refused."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from minidit.errors import MiniditError
from minidit.latent.critic import PatchCritic
from minidit.latent.loss import LossConfig, critic_loss, perceptual_distance, reconstruction_loss
from minidit.latent.posterior import Posterior
from minidit.latent.stored import read_vae, write_vae
from minidit.latent.vae import VAE, VAEConfig


def vae(**settings):
    torch.manual_seed(0)
    return VAE(VAEConfig(**{"width": 8, **settings}))


def posterior(b=3, c=2, h=2, w=5):
    torch.manual_seed(1)
    return Posterior(torch.randn(b, c, h, w), torch.randn(b, c, h, w))


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_any_factor_and_channels(factor, channels):
    coder, images = vae(factor=factor, channels=channels), torch.randn(2, 3, 16, 24).clamp(-1, 1)
    latents = coder.encode(images)
    assert latents.shape == (2, channels, 16 // factor, 24 // factor)
    assert coder.decode(latents).shape == images.shape
    assert coder.decode(100 * latents).abs().max() <= 1


def test_a_wide_encoder_may_have_a_narrow_decoder():
    size = [sum(p.numel() for p in vae(width=16, decoder_width=d).decoder.parameters()) for d in (8, 16, 0)]
    assert size[0] < size[1] == size[2]


def test_encoding_repeats_without_noise_and_draws_with_it():
    coder, images = vae(), torch.rand(2, 3, 8, 8)
    assert torch.equal(coder.encode(images), coder.encode(images))
    found, noise = coder.posterior(images), torch.randn(2, 4, 2, 2)
    assert torch.allclose(
        coder.encode(images, noise), found.mean + found.logvar.exp().sqrt() * noise, atol=1e-6
    )


def test_kl_is_that_of_two_normals():
    found = posterior()
    theirs = kl_divergence(Normal(found.mean, (found.logvar / 2).exp()), Normal(0.0, 1.0))
    assert torch.allclose(found.kl(), theirs.sum((1, 2, 3)), rtol=1e-5)
    assert Posterior(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)).kl().tolist() == [0, 0]


def test_kl_by_monte_carlo():
    found = Posterior(torch.full((1, 1, 1, 1), 0.7), torch.full((1, 1, 1, 1), math.log(0.25)))
    torch.manual_seed(0)
    z = Posterior(found.mean.expand(1, 1, 1, 200_000), found.logvar.expand(1, 1, 1, 200_000))
    z = z.sample(torch.randn(1, 1, 1, 200_000))
    log_ratio = Normal(0.7, 0.5).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    assert log_ratio.mean().item() == pytest.approx(found.kl().item(), abs=0.01)


def test_a_draw_has_the_posteriors_deviation_and_passes_gradients():
    mean, logvar = torch.zeros(1, 1, 1, 1, requires_grad=True), torch.tensor(math.log(9.0))
    logvar = logvar.reshape(1, 1, 1, 1).requires_grad_()
    z = Posterior(mean, logvar).sample(torch.full((1, 1, 1, 1), 2.0))
    z.sum().backward()
    assert z.item() == pytest.approx(6.0)
    assert (mean.grad.item(), logvar.grad.item()) == (pytest.approx(1), pytest.approx(3.0))


def test_wild_variances_do_not_overflow():
    wild = Posterior.of(torch.cat([torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 1e6)], dim=1))
    assert wild.kl().isfinite().all()


def test_parts_of_the_loss():
    images, made = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)
    found = posterior(b=2)
    parts = reconstruction_loss(LossConfig(kl=0.1, perceptual=2.0), images, made, found, lambda x: [x + 1])
    assert parts["l1"].item() == pytest.approx(0.5)
    assert parts["kl"].item() == pytest.approx(found.kl().mean().item() / 48)
    assert parts["perceptual"].item() == pytest.approx(0, abs=1e-6)  # same direction, other length
    assert parts["total"].item() == pytest.approx(0.5 + 0.1 * parts["kl"].item(), abs=1e-5)


def test_perceptual_distance_of_opposite_features():
    x = torch.ones(2, 3, 4, 4)
    assert perceptual_distance(lambda x: [x, 5 * x], x, -x).item() == pytest.approx(2 * 4.0)


def test_the_critic_is_asked_only_when_given():
    images, found, critic = torch.rand(2, 3, 16, 16), posterior(b=2), PatchCritic(3)
    assert critic(images).shape == (2, 1, 4, 4)
    config = LossConfig(adversarial=0.5)
    parts = reconstruction_loss(config, images, images, found, critic=critic)
    assert parts["total"].item() == pytest.approx(
        (config.kl * parts["kl"] + 0.5 * parts["adversarial"]).item(), abs=1e-6
    )
    assert "adversarial" not in reconstruction_loss(config, images, images, found)


def test_the_hinge_loss_stops_at_one():
    def critic(x):
        return x[:, :1]

    real, made = torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), -3.0)
    assert critic_loss(critic, real, made).item() == 0
    assert critic_loss(critic, made, real).item() == pytest.approx(0.5 * (4 + 3))


def test_a_critic_learns_but_does_not_teach_through_its_own_loss():
    made = torch.rand(2, 3, 16, 16, requires_grad=True)
    critic_loss(PatchCritic(3), torch.rand(2, 3, 16, 16), made).backward()
    assert made.grad is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"factor": 3}, "2, 4 or 8"),
        ({"channels": 0}, "at least 1"),
        ({"width": 10}, "multiple of 4"),
        ({"decoder_width": 6}, "multiple of 4"),
    ],
)
def test_what_cannot_be_built_is_refused(settings, words):
    with pytest.raises(MiniditError, match=words):
        VAEConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "words"), [({"kl": -1.0}, "loss.kl"), ({"critic_from": 1.0}, "loss.critic_from")]
)
def test_weights_without_meaning_are_refused(settings, words):
    with pytest.raises(MiniditError, match=words):
        LossConfig(**settings)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(MiniditError, match="multiples of 4"):
        vae().encode(torch.zeros(1, 3, 8, 10))
    with pytest.raises(MiniditError, match=r"\(batch, 3, height"):
        vae().encode(torch.zeros(1, 1, 8, 8))


def test_a_stored_autoencoder_comes_back(tmp_path):
    coder = vae(factor=2, channels=3)
    coder.latent_mean += 1
    again, images = read_vae(write_vae(tmp_path / "vae.safetensors", coder)), torch.rand(1, 3, 8, 8)
    assert torch.equal(again.encode(images), coder.encode(images))
    assert again.sha256() == coder.sha256() != vae(factor=4).sha256()
    assert again.standard.mean.tolist() == [1, 1, 1]
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    with pytest.raises(MiniditError, match="minidit vae"):
        read_vae(tmp_path / "broken.safetensors")
