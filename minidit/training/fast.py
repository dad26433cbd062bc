"""The same network, asked faster: compiled, in bfloat16 where that is safe."""

import torch
from torch import Tensor, nn

from minidit.flow.flow import Network


def fast(model: nn.Module) -> Network:
    """`model` compiled, with its matrix products in bfloat16; weights, norms and the answer stay float32.

    Made for a GPU. On two cores it loses: bfloat16 is slower there, and compiling takes longer than a run.
    Its answers differ from the model's in the third digit, so say with every number which one was trained.
    """
    compiled = torch.compile(model)

    def network(x: Tensor, t: Tensor, condition: object = None, **options: object) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return compiled(x, t, condition, **options).float()

    return network
