"""How many bytes a training step needs, counted before anything is allocated."""

from collections import Counter
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call

from minidit.errors import MiniditError
from minidit.model import ModelConfig, build, draw_keys
from minidit.streams import Streams
from minidit.types import Condition, Keys

FLOAT = 4  # bytes of a float32
OUTSIDE = "outside the blocks"
PRECISIONS = {"fp32": False, "bf16": True}  # and whether autocast is on


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes on one device. weights to ema do not depend on the batch; activations are what the forward pass
    keeps for the backward pass, and grow with it.
    """

    weights: int
    gradients: int
    optimizer: int
    ema: int
    activations: int

    @property
    def total(self) -> int:
        """All of them; the most that is held at once lies a little above it, by a layer's working space."""
        return self.weights + self.gradients + self.optimizer + self.ema + self.activations


def memory_estimate(
    config: ModelConfig, batch: int, *, precision: str = "fp32", recompute: bool = False, shards: int = 1
) -> MemoryEstimate:
    """The bytes that training holds with `batch` images at once on one device.

    Weights, gradients and averaged weights are float32, whatever the precision of the products, and AdamW
    remembers two float32 for each weight: 20 bytes a parameter. Nothing is allocated: a forward pass runs
    on tensors that have shapes only, and what autograd would keep of it is added up.

    Args:
        config: the network.
        batch: images that pass through the network at once.
        precision: "fp32", or "bf16" for products under autocast.
        recompute: of each block only its input is kept, and one block is computed again at a time
            (Chen et al. 2016, "Training deep nets with sublinear memory cost").
        shards: devices over which weights, gradients, AdamW's memory and averages are divided (FSDP).

    Raises:
        MiniditError: no such precision, or a batch or shards below 1.
    """
    if precision not in PRECISIONS:
        raise MiniditError(f"precision is {precision!r}; it must be one of: {', '.join(PRECISIONS)}.")
    if batch < 1 or shards < 1:
        raise MiniditError(f"batch is {batch} and shards is {shards}; both must be at least 1.")
    parameters = sum(p.numel() for p in build(config, device="meta").parameters())
    own = -(-FLOAT * parameters // shards)
    kept = kept_for_backward(config, batch, precision)
    activations = sum(kept.values())
    if recompute:
        blocks = [kept[part] for part in kept if part != OUTSIDE]
        inputs = len(blocks) * batch * config.tokens * config.dim * FLOAT
        activations = kept[OUTSIDE] + inputs + max(blocks, default=0)
    return MemoryEstimate(own, own, 2 * own, own, activations)


def kept_for_backward(config: ModelConfig, batch: int, precision: str = "fp32") -> Counter[str]:
    """Bytes that autograd keeps of a forward pass: {"block 1": ..., "outside the blocks": ...}.

    A tensor that several operations keep counts once, where it is kept first; weights do not count. Samples
    that skip a block (stochastic depth) are counted as if they did not.
    """
    skipping = draw_keys(replace(config, stochastic_depth=0.0), batch, Streams(0), 0)
    twin = build(config, device="meta")
    with FakeTensorMode():  # shapes only, and yet a processor's rules for autocast
        shapes = {**dict(twin.named_parameters()), **dict(twin.named_buffers())}
        weights = {name: _shaped(tensor) for name, tensor in shapes.items()}
        image = torch.empty(batch, config.in_channels, *config.image_size)
        keys = Keys(*(None if key is None else torch.empty(key.shape) for key in skipping))
        count = _Count(twin, weights)
        products = torch.autocast("cpu", torch.bfloat16, enabled=PRECISIONS[precision])
        with saved_tensors_hooks(count.keep, lambda held: held), products:
            functional_call(twin, weights, (image, torch.empty(batch), Condition()), {"keys": keys})
    return count.kept


def _shaped(tensor: Tensor) -> Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype, requires_grad=tensor.requires_grad)


class _Count:
    """Adds up what is kept, by the block that is running."""

    def __init__(self, network: nn.Module, weights: dict[str, Tensor]):
        self.kept: Counter[str] = Counter()
        self.held: list[Tensor] = []  # a storage that is freed would lend its address to another
        self.seen = {_storage(weight) for weight in weights.values()}
        self.part = OUTSIDE
        for number, block in enumerate(network.blocks, start=1):
            block.register_forward_pre_hook(lambda *_, number=number: self._enter(f"block {number}"))
            block.register_forward_hook(lambda *_: self._enter(OUTSIDE))

    def _enter(self, part: str) -> None:
        self.part = part

    def keep(self, tensor: Tensor) -> Tensor:
        """A hook: the tensor, after it was counted."""
        storage = _storage(tensor)
        if storage not in self.seen:
            self.seen.add(storage)
            self.held.append(tensor)
            self.kept[self.part] += tensor.untyped_storage().nbytes()
        return tensor


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
