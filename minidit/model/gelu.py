"""GELU by its tanh formula, as DiT has it, at half of PyTorch's cost on a processor.

gelu(x) = x/2 (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3) (Hendrycks and Gimpel 2016). Since
(1 + tanh(u)) / 2 = sigmoid(2u), the same function is x sigmoid(2u), and a sigmoid costs a third of a tanh.
The exact GELU, with erf, differs by up to 5e-4: enough to spoil a comparison with published weights.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

from minidit.errors import MiniditError

# 2u = x (A + B x^2)
A = 2 * math.sqrt(2 / math.pi)
B = 0.044715 * A


class _SigmoidGELU(torch.autograd.Function):
    """y = x s with s = sigmoid(x (A + B x^2)), and its derivative s + (1 - s) q with q = y (A + 3 B x^2).

    The derivative is made on the way and kept in place of x: no more memory than PyTorch's own, and a
    backward pass of one product. The second derivative is not there, and asking for it is an error.
    """

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        a = x.new_tensor(A)
        s = torch.addcmul(a, x, x, value=B).mul_(x).sigmoid_()
        y = x * s
        q = torch.addcmul(a, x, x, value=3 * B).mul_(y)
        slope = s.lerp_(x.new_ones(()), q)  # s + q (1 - s), in the memory of s
        return y, slope

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])
        ctx.save_for_forward(output[1])

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, _: None) -> Tensor:
        if torch.is_grad_enabled():  # create_graph=True: what follows would count as a constant
            raise MiniditError(
                "This GELU has a first derivative only, and create_graph=True asks for a second: "
                "differentiate with torch.func.grad or torch.func.jvp, which take PyTorch's own."
            )
        return grad * ctx.saved_tensors[0]

    @staticmethod
    def jvp(ctx: FunctionCtx, tangent: Tensor) -> tuple[Tensor, None]:
        return tangent * ctx.saved_tensors[0], None


def gelu(x: Tensor) -> Tensor:
    """GELU, tanh formula, of each number of x.

    On a GPU, or compiled, PyTorch's own single kernel is best; in torch.func's transforms it has all orders
    of derivatives; and in float16 the square of 256 has no room. Raises MiniditError where a backward pass
    outside of transforms is to be differentiated again.
    """
    in_transform = torch._C._are_functorch_transforms_active()
    own = x.device.type == "cpu" and x.dtype != torch.float16
    if not own or in_transform or torch.compiler.is_compiling():
        return F.gelu(x, approximate="tanh")
    if not torch.is_grad_enabled():
        return torch.addcmul(x.new_tensor(A), x, x, value=B).mul_(x).sigmoid_().mul_(x)
    return _SigmoidGELU.apply(x)[0]
