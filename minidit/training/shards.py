"""A run that is divided over its processes: each holds, and writes, its part of every tensor.

FSDP (Zhao et al. 2023): weights, gradients, AdamW's memory and averages are cut along their first dimension.
A block's weights are gathered when it runs, and let go.
"""

from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.training.world import world


def shard(*networks: nn.Module) -> None:
    """Divide the weights of `networks`, in place, over all processes; optimisers are made afterwards.

    Raises:
        MiniditError: there is one process only.
    """
    if world().size == 1:
        raise MiniditError(
            "A run is sharded over processes, and there is one: start it with torchrun --nproc-per-node 2 "
            "or more, or leave out --shard."
        )
    # half a second to import, which runs on one process are spared
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    device = next(networks[0].parameters()).device.type
    mesh = init_device_mesh(device, (world().size,))
    for network in networks:
        for block in network.blocks:
            fully_shard(block, mesh=mesh)
        # the outer weights too are let go after a forward pass: samples may be drawn between two steps
        fully_shard(network, mesh=mesh, reshard_after_forward=True)


def is_sharded(network: nn.Module) -> bool:
    """Whether the weights are divided over processes."""
    return any(is_divided(parameter) for parameter in network.parameters())


def is_divided(value: Tensor) -> bool:
    """Whether a tensor is a DTensor, of which this process holds a part."""
    return hasattr(value, "to_local")


def like(value: Tensor, place: Tensor) -> Tensor:
    """`value` on the device of `place`, and divided as it is: of a whole tensor, this process's part."""
    value = value.to(place.device)
    if not is_divided(place):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, place.device_mesh, place.placements, src_data_rank=None)


def own(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """This process's part of the divided tensors among `tensors`."""
    return {name: value.to_local() for name, value in tensors.items() if is_divided(value)}


def whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those tensors of which every process holds all."""
    return {name: value for name, value in tensors.items() if not is_divided(value)}


def complete(value: Tensor) -> Tensor:
    """A tensor as a whole, on every process."""
    return value.full_tensor() if is_divided(value) else value
