# %% [markdown]
# # Exercises to chapter 15
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("15.3")` gives one hint at a
# time, three in all.

# %%
from collections.abc import Callable

import torch

import minidit

# %% [markdown]
# ## 15.1 Standardise latents, and back
#
# *10 minutes, easy.* A transformer wants inputs of mean 0 and deviation 1; latents of an autoencoder have neither. Latents are (batch, channels, height, width). Measure a mean and a deviation for each channel of the `training` latents, over all their images and places. With these bring the `fresh` latents to the scale that
# the network wants, and the latents that the network `sampled` back to the scale that the decoder wants. Return both. (A deviation may divide by the number of values, or by one less.)


# %%
def standardise(
    training: torch.Tensor, fresh: torch.Tensor, sampled: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Three batches of latents (b, c, h, w) -> `fresh` for the network, `sampled` for the decoder."""
    ### BEGIN SOLUTION
    mean = training.mean((0, 2, 3), keepdim=True)  # (1, c, 1, 1)
    std = training.std((0, 2, 3), keepdim=True)
    return (fresh - mean) / std, sampled * std + mean
    ### END SOLUTION


# %%
minidit.check("15.1", standardise)

# %% [markdown]
# ## 15.2 Reparameterise
#
# *10 minutes, easy.* The encoder of a variational autoencoder says two numbers for each number of the latent: `mean`, and `logvar`, the logarithm of the variance. Return a latent from that normal distribution, made of `eps`, which is standard normal noise and is handed in. Gradients must come back to both.


# %%
def reparameterise(mean: torch.Tensor, logvar: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    """mean, logvar, eps, all (b, c, h, w) -> latents (b, c, h, w)."""
    ### BEGIN SOLUTION
    return mean + (logvar / 2).exp() * eps
    ### END SOLUTION


# %%
minidit.check("15.2", reparameterise)

# %% [markdown]
# ## 15.3 KL to the standard normal
#
# *15 minutes, medium.* The same encoder is held near the standard normal distribution by a loss, the divergence KL(encoder's || standard normal), in nats. There is a closed form: nothing is drawn. Return the divergence of an image's whole latent, as a mean over the images. It is a loss, so gradients must come through.


# %%
def kl(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """mean, logvar (b, c, h, w) -> a scalar: summed over a latent's numbers, mean over the batch."""
    ### BEGIN SOLUTION
    each = (mean**2 + logvar.exp() - 1 - logvar) / 2  # (b, c, h, w)
    return each.sum((1, 2, 3)).mean()
    ### END SOLUTION


# %%
minidit.check("15.3", kl)

# %% [markdown]
# ## 15.4 Two distances and a floor
#
# *15 minutes, medium.* A judge has turned four sets of images into features, (images, features) each. Autoencoder and transformer were trained on the `training` images, and never saw the `held_out` ones. Row i of `reconstructions` is what the autoencoder made of held-out image i. The `samples` are decoded latents that
# the transformer made. You are given `distance(a, b)`, a Fréchet distance of two crowds: it does not ask which row is which, and it is the larger, the fewer images there are. Return three distances that can be compared with one another: what the autoencoder loses (rFD), what the samples miss (gFD), and what fresh real
# images get (the floor). Which set is in all three? How many images may each have? (Cut a set by keeping its first rows.)


# %%
def distances(
    training: torch.Tensor,
    held_out: torch.Tensor,
    reconstructions: torch.Tensor,
    samples: torch.Tensor,
    distance: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features of four sets, (images, features) each -> rFD, gFD, floor."""
    ### BEGIN SOLUTION
    n = min(map(len, (training, held_out, reconstructions, samples)))
    real = held_out[:n]
    return distance(reconstructions[:n], real), distance(samples[:n], real), distance(training[:n], real)
    ### END SOLUTION


# %%
minidit.check("15.4", distances)

# %% [markdown]
# ## 15.5 The autoencoder's share
#
# *15 minutes, medium.* You are given FLOPs for one image: of the encoder (`encode`), of the decoder (`decode`), and of one forward pass of the transformer (`forward`). The autoencoder is trained already, and frozen. Going back through the transformer costs as much as two forward passes. Return the autoencoder's share of all FLOPs,
# from 0 to 1, three times: in training, where each image is encoded each time that it is seen; in training on kept latents, where each image is encoded once and is seen `epochs` times; and in sampling with `steps` steps. If `guided`, a step asks the network with the class and without.


# %%
def shares(
    encode: float, decode: float, forward: float, epochs: int, steps: int, guided: bool
) -> tuple[float, float, float]:
    """FLOPs of an image, epochs, steps, guidance -> shares in training, in training on kept latents, in sampling."""
    ### BEGIN SOLUTION
    evaluations = steps * (2 if guided else 1)
    return (
        encode / (encode + 3 * forward),
        encode / (encode + 3 * epochs * forward),
        decode / (decode + evaluations * forward),
    )
    ### END SOLUTION


# %%
minidit.check("15.5", shares)

# %% [markdown]
# ## 15.6 MACs and FLOPs of a convolution
#
# *15 minutes, medium.* An autoencoder is made of convolutions, and papers print their cost as "FLOPs" and mean MACs, or the other way round. Count both for one image. The kernel is square, the padding is on all four sides, and `filters` are the channels of the result. Each group of filters sees its own group of channels.
# Count no bias. (The check asks for the first layers of sd-vae too: 128 filters of 3 x 3 at all 256 x 256 pixels.)


# %%
def conv_cost(
    height: int, width: int, channels: int, filters: int, kernel: int, stride: int, padding: int, groups: int
) -> tuple[int, int]:
    """An image's size and channels, and a convolution -> MACs, FLOPs."""
    ### BEGIN SOLUTION
    rows, columns = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
    macs = rows * columns * filters * (channels // groups) * kernel**2
    return macs, 2 * macs
    ### END SOLUTION


# %%
minidit.check("15.6", conv_cost)

# %% [markdown]
# ## 15.7 Decode in tiles
#
# *30 minutes, hard.* A latent is too large to be decoded at once. Along a side, tiles of `tile` latents start every `tile - overlap` latents, beginning with 0; the last one is moved back so that it ends at the border, and each has full size. (A side no longer than `tile` is one tile.) The decoder makes `factor` x `factor` pixels of each latent,
# 3 channels. Blend: along a side of a decoded tile, pixel i of n counts min((i + 1/2) / ramp, (n - i - 1/2) / ramp, 1), where the ramp is the overlap in pixels. A pixel of the tile counts the product of its row's and its column's. At each pixel of the image divide by the sum of what counted there.


# %%
def decode_tiled(
    z: torch.Tensor, decode: Callable[[torch.Tensor], torch.Tensor], tile: int, overlap: int, factor: int
) -> torch.Tensor:
    """Latents z (b, c, h, w), a decoder, lengths in latents, pixels for a latent -> images (b, 3, factor h, factor w)."""

    ### BEGIN SOLUTION
    def starts(side: int) -> list[int]:
        last = max(side - tile, 0)
        return [*range(0, last, tile - overlap), last]

    def weight(pixels: int) -> torch.Tensor:
        i = torch.arange(pixels, dtype=z.dtype) + 0.5
        return torch.minimum(i, pixels - i).div(overlap * factor).clamp(max=1)

    b, _, h, w = z.shape
    total, sums = z.new_zeros(b, 3, factor * h, factor * w), z.new_zeros(factor * h, factor * w)
    for top in starts(h):
        for left in starts(w):
            image = decode(z[:, :, top : top + tile, left : left + tile])
            rows, columns = image.shape[2:]
            counts = weight(rows)[:, None] * weight(columns)  # (rows, columns)
            y, x = factor * top, factor * left
            total[:, :, y : y + rows, x : x + columns] += counts * image
            sums[y : y + rows, x : x + columns] += counts
    return total / sums
    ### END SOLUTION


# %%
minidit.check("15.7", decode_tiled)
