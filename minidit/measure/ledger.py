"""Where the parameters sit."""

from torch import nn

# the first word found in a parameter's name decides
PARTS = ("final", "attention", "mlp", "modulation", "patch", "time", "label")


def parameters_by_part(model: nn.Module) -> dict[str, int]:
    """Trainable parameters of each part of a DiT; the values add up to all of them.

    "modulation" is adaLN in the blocks; that of the last layer counts as "final".
    """
    ledger = dict.fromkeys(PARTS, 0)
    for name, parameter in model.named_parameters():
        part = next(part for part in PARTS if part in name.split("."))
        ledger[part] += parameter.numel()
    return ledger
