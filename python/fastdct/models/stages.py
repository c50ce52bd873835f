"""Plans of residual stages: how many blocks, how wide, with which strides and kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import nn

from fastdct.models.blocks import BasicBlock, Bottleneck, Version

Block = type[BasicBlock] | type[Bottleneck]
Plan = tuple["Stage", "Stage", "Stage", "Stage"]

DEPTHS: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
_FIRST_BOTTLENECK_DEPTH = 50
_FIRST_PLANES = 64
_NUM_STAGES = 4


@dataclass(frozen=True)
class Stage:
    """A run of blocks of one width.

    Attributes
    ----------
    num_blocks
        0 leaves the stage out.
    planes, outputs
        Channels inside a block and after it.
    stride
        Of the first block.
    kernels
        Side of the spatial convolutions of the first blocks; 3 in the others.
    project
        The first block's shortcut is a convolution even where the shape stays, as Keras's "conv block" has it.
    """

    num_blocks: int
    planes: int
    outputs: int
    stride: int = 1
    kernels: tuple[int, ...] = ()
    project: bool = False

    def build(self, inputs: int, block: Block, *, version: Version) -> nn.Sequential:
        """The stage as a module: [N, inputs, H, W] → [N, outputs, H / stride, W / stride]."""
        blocks = []
        for index in range(self.num_blocks):
            first = index == 0
            blocks.append(
                block(
                    inputs,
                    self.planes,
                    self.outputs,
                    stride=self.stride if first else 1,
                    kernel=self.kernels[index] if index < len(self.kernels) else 3,
                    project=self.project and first,
                    version=version,
                )
            )
            inputs = self.outputs
        return nn.Sequential(*blocks)


def block_of(depth: int) -> Block:
    """The kind of block that networks of a depth are made of.

    Raises
    ------
    ValueError
        There is no such ResNet.
    """
    if depth not in DEPTHS:
        raise ValueError(f"there is no ResNet-{depth}: depth is one of {sorted(DEPTHS)}")
    return BasicBlock if depth < _FIRST_BOTTLENECK_DEPTH else Bottleneck


def published(depth: int, *, width: float = 1.0, strides: Sequence[int] = (1, 2, 2, 2)) -> Plan:
    """The stages of He et al., CVPR 2016, table 1.

    Parameters
    ----------
    width
        Multiplier of every stage's width.
    strides
        Of the first block of each stage.

    Raises
    ------
    ValueError
        ``depth`` or ``strides`` is none of those possible.
    """
    expansion = block_of(depth).expansion
    if len(strides) != _NUM_STAGES or any(stride not in (1, 2) for stride in strides):
        raise ValueError(f"strides are four numbers, each 1 or 2, not {tuple(strides)}")
    planes = [round(_FIRST_PLANES * width) * 2**stage for stage in range(_NUM_STAGES)]
    first, second, third, fourth = (
        Stage(num_blocks, wide, wide * expansion, stride)
        for num_blocks, wide, stride in zip(DEPTHS[depth], planes, strides, strict=True)
    )
    return first, second, third, fourth


def up_sampling(depth: int) -> Plan:
    """UpSampling of Gueguen et al., "Faster neural networks straight from JPEG" (NeurIPS 2018), figure 3.

    28 × 28 blocks enter what is the second stage of a ResNet on 224 × 224 pixels, which then has no stride.
    """
    first, second, third, fourth = map(_projecting, published(depth, strides=(1, 1, 2, 2)))
    return replace(first, num_blocks=0), second, third, fourth


def receptive_field_aware(depth: int, *, share: float = 1.0) -> Plan:
    """UpSampling-RFA of Gueguen et al., figure 3: blocks of growing kernels and of the third stage's width come first.

    A block of 8 × 8 pixels is seen whole by one coefficient, so that 3 × 3 kernels at once make the receptive field
    of early layers far larger than in a network on pixels; kernels 1, 2 and 3 let it grow as it does there.

    Parameters
    ----------
    share
        Width of the first stage as a share of the third's: frequency band selection has n / 64.
    """
    # Santos and Almeida, "The good, the bad, and the ugly" (2020), print 3.86, 5.40, 3.68 and 3.18 GFLOPs for pixels and for
    # 64, 32 and 16 bands; this reading gives 3.858, 5.397, 3.685 and 3.193. Of 379 080 others (kernels of two to four
    # blocks, shortcuts, widths that scale with n, its root or not, bias or batch normalisation counted) none comes
    # nearer to the last three at the printed parameters.
    first, second, third, fourth = map(_projecting, published(depth, strides=(1, 1, 2, 2)))
    wide = replace(
        first,
        planes=round(third.planes * share),
        outputs=round(third.outputs * share),
        kernels=(1, 2, 3)[: first.num_blocks],
    )
    return wide, second, third, fourth


def thinner(plan: Plan) -> Plan:
    """Fewer outputs in the first two stages of UpSampling-RFA: 384 each in a ResNet-50, for 1024 and 512 (ibid.)."""
    first, second, third, fourth = plan
    narrow = replace(first, outputs=third.outputs * 3 // 8)
    return narrow, replace(second, outputs=second.outputs * 3 // 4), third, fourth


def _projecting(stage: Stage) -> Stage:
    return replace(stage, project=True)
