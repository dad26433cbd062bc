"""The yardstick: how many FLOPs a second a matrix product reaches here, in the same run.

Utilisation is the network's own FLOPs (minidit.measure.ledger) a second, over the FLOPs a second of one large
square product in the same precision: 1 would mean that nothing but products costs time.
"""

import torch
from timing import Step

SIDE = {"cpu": 1024, "cuda": 8192}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def product(precision: str, device: str = "cpu") -> tuple[Step, int]:
    """A square product into memory that is there already, and its FLOPs: 2 side^3."""
    side = SIDE[device]
    left, right = (torch.randn(side, side, device=device, dtype=DTYPES[precision]) for _ in range(2))
    out = left @ right
    return lambda: torch.matmul(left, right, out=out), 2 * side**3
