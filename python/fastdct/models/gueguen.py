"""Networks of Gueguen et al., "Faster neural networks straight from JPEG" (NeurIPS 2018), figure 3.

They take 28 × 28 blocks of luma from 224 × 224 pixels, and chroma on the same grid or on its own of 14 × 14. Their
coefficients need no statistics of a data set: batch normalisation comes first. Santos and Almeida's frequency band
selection ("The good, the bad, and the ugly: neural networks straight from JPEG", 2020) narrows UpSampling-RFA.
Strides sit where Keras has them, in the first convolution of a block ("v1").
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from fastdct.models.classifier import ClassifierConfig
from fastdct.models.resnet import ResNetClassifier, initialise
from fastdct.models.stages import Plan, Stage, block_of, published, receptive_field_aware, thinner


class UpSamplingResNet(ResNetClassifier):
    """UpSampling and UpSampling-RFA: all components on one grid, normalised, into the stages of ``plan``."""

    def __init__(self, config: ClassifierConfig, *, depth: int, plan: Plan) -> None:
        super().__init__(config, depth=depth, plan=plan, version="v1")
        self.norm = nn.BatchNorm2d(self.in_channels)

    def stem(self, x: Tensor) -> Tensor:  # [N, C, H/8, W/8] -> the same shape
        """Normalise."""
        normalised: Tensor = self.norm(x)
        return normalised


class DeconvolutionResNet(ResNetClassifier):
    """Deconvolution-RFA: Cb and Cr are brought to the grid of Y by a learned transposed convolution each."""

    def __init__(self, config: ClassifierConfig, *, depth: int) -> None:
        luma, self._num_cb, num_cr = config.input.counts
        super().__init__(
            config,
            depth=depth,
            in_channels=luma + self._num_cb + num_cr,
            plan=receptive_field_aware(depth),
            version="v1",
        )
        self.deconvolution_cb = nn.ConvTranspose2d(self._num_cb, self._num_cb, 2, stride=2)
        self.deconvolution_cr = nn.ConvTranspose2d(num_cr, num_cr, 2, stride=2)
        self.norm = nn.BatchNorm2d(self.in_channels)

    def stem(self, luma: Tensor, chroma: Tensor) -> Tensor:  # type: ignore[override]
        """[N, Cy, H/8, W/8], [N, Ccb + Ccr, H/16, W/16] → [N, C, H/8, W/8]."""
        cb, cr = chroma[:, : self._num_cb], chroma[:, self._num_cb :]
        parts = (luma, self.deconvolution_cb(cb), self.deconvolution_cr(cr))
        normalised: Tensor = self.norm(torch.cat(parts, dim=1))
        return normalised


class LateConcatResNet(ResNetClassifier):
    """Late-Concat-RFA: Y goes alone to the first block of the third stage, where chroma joins it.

    The identity blocks that follow need the third stage's width. The figure gives both sides of the concatenation that
    width; half of it each is the only even reading that fits, and the thinner form has three quarters and one quarter.

    Parameters
    ----------
    thin
        Late-Concat-RFA-Thinner, whose stages before the concatenation give fewer channels.
    """

    def __init__(self, config: ClassifierConfig, *, depth: int, thin: bool = False) -> None:
        plan = receptive_field_aware(depth)
        super().__init__(config, depth=depth, plan=thinner(plan) if thin else plan, version="v1")
        luma, *chroma = config.input.counts
        third = published(depth)[2]
        quarter, block = third.outputs // 4, block_of(depth)
        from_luma = 3 * quarter if thin else 2 * quarter
        last = Stage(1, third.planes // 2, from_luma, stride=2, project=True)
        entry = replace(last, outputs=third.outputs - from_luma, stride=1, kernels=(1,))
        joined = last.build(self.out_channels[1], block, version="v1")
        self.norm_luma = nn.BatchNorm2d(luma)
        self.norm_chroma = nn.BatchNorm2d(sum(chroma))
        self.chroma = entry.build(sum(chroma), block, version="v1")
        self.layer3 = nn.Sequential(*joined, *list(self.get_submodule("layer3").children())[1:])
        initialise(self)

    def features(self, *inputs: Tensor) -> Tensor:  # -> [N, out_channels[3], h, w]
        """The output of the last stage; see :class:`ResNetClassifier`."""
        self.check_inputs(*inputs)
        luma, chroma = inputs  # [N, Cy, H/8, W/8], [N, Ccb + Ccr, H/16, W/16]
        x = self.stages(self.norm_luma(luma), last=2)  # [N, 512, H/8, W/8]
        first, *rest = self.layer3
        x = torch.cat((first(x), self.chroma(self.norm_chroma(chroma))), dim=1)  # [N, 1024, H/16, W/16]
        for block in rest:
            x = block(x)
        return self.stages(x, first=4)
