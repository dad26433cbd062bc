"""What a network is made of, as a record: each debated choice is one axis."""

from dataclasses import dataclass

from minidit.model.refuse import refuse


@dataclass(frozen=True)
class ModelConfig:
    """The settings of a network. They travel in every checkpoint; the defaults are DiT-S/2.

    Images
        in_channels, input_size: what goes in, (batch, in_channels, height, width); input_size is the side
            of a square image, or (height, width).
        patch_size: side of a patch; an image becomes height / patch_size * width / patch_size tokens.
        learn_sigma: twice the output channels, as DiT has them for its learned variance.

    Blocks
        dim, depth, heads: width of a token, number of blocks, attention heads.
        mlp: "gelu" or "swiglu"; mlp_ratio: width of a GELU MLP / dim (SwiGLU takes 2/3 of it, so that both
            have equal parameters); mlp_bias: whether its layers have biases.
        norm: "layer", "rms", "ada", "detach" or "none"; norm_affine: learned gain (and bias, of "layer").
        placement: "pre", "post" or "sandwich": where the norm stands around a branch.
        residual_scale: a number that every branch is multiplied by before it is added to the tokens.
        qkv_bias: biases of queries, keys and values. qk_norm: normalise queries and keys of each head:
            False, True (RMSNorm with gain) or "layer" (LayerNorm with gain and bias).
        position: "sincos", "learned" or "none", added to the tokens; position_scale divides the
            coordinates of "sincos". rope: "none", "axial" (LightningDiT) or "ddt", rotates queries and keys.

    What the network is told
        time_as, label_as, text_as: "modulation", "token" (in context), "cross_attention" or "none".
        num_classes: class labels 0 .. num_classes - 1; label num_classes is the null label.
        text_dim: width of a caption token, or of the pooled caption where text_as is "modulation".
        time_scale, time_offset, time_period: the sinusoidal features see time_scale * t + time_offset, with
            periods from 2 pi to 2 pi * time_period.
        modulation: "per_block" (adaLN), "shared" (adaLN-single) or "none"; gate: whether branches are gated.
        zero_init: what starts at zero: "gates" (modulation, gates and cross-attention of the blocks),
            "head" (the last layer), "both" or "none".

    Work dropped in training, where keys are passed in
        route: "none", "tread", or blocks and the share of tokens that skips them: "3-9@0.5,10-11@0.25".
        stochastic_depth: the share of samples that skips the last block; earlier blocks skip fewer.
        mask: the share of tokens that the encoder never sees; then decoder_depth, decoder_dim and
            decoder_heads are MaskDiT's decoder.

    encoder_depth: of the blocks, so many make DDT's condition encoder; 0 means no DDT.
    """

    in_channels: int = 4
    input_size: int | tuple[int, int] = 32
    patch_size: int = 2
    dim: int = 384
    depth: int = 12
    heads: int = 6
    mlp: str = "gelu"
    mlp_ratio: float = 4.0
    mlp_bias: bool = True
    norm: str = "layer"
    norm_affine: bool = False
    placement: str = "pre"
    residual_scale: float = 1.0
    qkv_bias: bool = True
    qk_norm: bool | str = False
    position: str = "sincos"
    position_scale: float = 1.0
    rope: str = "none"
    time_as: str = "modulation"
    label_as: str = "modulation"
    text_as: str = "none"
    num_classes: int = 1000
    text_dim: int = 0
    time_scale: float = 1000.0
    time_offset: float = 0.0
    time_period: float = 10_000.0
    modulation: str = "per_block"
    gate: bool = True
    zero_init: str = "both"
    route: str = "none"
    stochastic_depth: float = 0.0
    mask: float = 0.0
    decoder_depth: int = 8
    decoder_dim: int = 512
    decoder_heads: int = 16
    encoder_depth: int = 0
    learn_sigma: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be built, in a sentence."""
        if isinstance(self.input_size, list):  # as JSON gives it back
            object.__setattr__(self, "input_size", tuple(self.input_size))
        refuse(self)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of an image."""
        side = self.input_size
        return side if isinstance(side, tuple) else (side, side)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tokens."""
        height, width = self.image_size
        return height // self.patch_size, width // self.patch_size

    @property
    def tokens(self) -> int:
        """Tokens of one image."""
        rows, columns = self.grid
        return rows * columns

    @property
    def out_channels(self) -> int:
        """Channels that come out."""
        return self.in_channels * (2 if self.learn_sigma else 1)

    def told_as(self, way: str) -> list[str]:
        """Which of time, label and text the network is told by `way`."""
        return [name for name in ("time", "label", "text") if getattr(self, f"{name}_as") == way]
