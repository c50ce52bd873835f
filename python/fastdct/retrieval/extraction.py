"""Extraction: a file is read once and becomes a global descriptor and local features.

Source 000 (Temburwar et al., "Deep learning based image retrieval in the JPEG compressed domain", section 3):
the global descriptor is taken at one scale, local features over an image pyramid, here made in the coefficient
domain; of the features whose attention exceeds tau the best few are kept.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastdct.decoder import Decoder
from fastdct.geometry import Box, Window, fit_size
from fastdct.jpeg import JpegImage, Source
from fastdct.models import Delg
from fastdct.reference.transform import Planes
from fastdct.retrieval.features import Features, FeatureSpec
from fastdct.retrieval.pictures import open_picture

_MULTIPLE = 32  # pixels: four blocks, so that the strides of every backbone divide the input
_MAX_ASPECT = 8.0
_MIN_BOX_AREA = 1 / 16


class _Level(NamedTuple):
    """Local features of one scale, in original pixels."""

    keypoints: Tensor  # float32 [n, 2]
    scores: Tensor  # float32 [n]
    descriptors: Tensor  # float32 [n, Dl]


class Extractor:
    """Turns pictures into features with a DELG model.

    Parameters
    ----------
    model
        A trained `fastdct.models.Delg`; it is put in evaluation mode and runs on the device where it is.
    max_features
        Local features kept of one picture, at most (source 000: 200).

    Attributes
    ----------
    spec
        What identifies the features; an index made for another spec refuses them.
    """

    def __init__(self, model: Delg, *, max_features: int = 200) -> None:
        if max_features < 1:
            raise ValueError(f"max_features must be at least 1, not {max_features}")
        self.model = model.eval()
        self.max_features = max_features
        self.spec = spec_of(model)

    def extract(self, source: Source | JpegImage | Planes, *, box: Box | None = None) -> Features:
        """The features of one picture, or of the part of it inside ``box``.

        The picture is scaled, aspect kept, to the model's input area; one of an aspect beyond 8:1 is squeezed
        to 8:1. A box is scaled as the whole picture is (a crop of half the side makes an input of half the
        side), as the protocol of the revisited benchmarks has it: its object then has the size that it has in
        like photos of the index. Enlarging crops to the full input area instead halved mAP for boxes of half the
        side when tried. Only a box of less than a quarter of the side is enlarged, to that quarter, where too few
        cells would be left to describe it.

        Parameters
        ----------
        source
            A path, a buffer, or a picture already read.
        box
            Corners (x1, y1, x2, y2) in pixels of the original upright picture. The part of a box that lies
            outside the picture is cut off.

        Raises
        ------
        JpegError, PictureError, OSError
            The source cannot be read: see `open_picture`.
        ValueError
            The box is empty or lies outside the picture.
        """
        picture = open_picture(source).planes
        height, width = picture.upright_size
        window, area = self._window(box, height, width)
        global_descriptor, levels = self._describe(picture, window, area)
        return self._features(global_descriptor, levels, height, width)

    def _window(self, box: Box | None, height: int, width: int) -> tuple[Window, float]:
        """The window to be described, and the input area at scale 1 that it is scaled to."""
        full = Window((0.0, 0.0, float(width), float(height)))
        window = full if box is None else Window(box).clipped(height, width)
        x1, y1, x2, y2 = window.box
        share = (x2 - x1) * (y2 - y1) / (height * width)
        return window, self.model.config.input_area * max(share, _MIN_BOX_AREA)

    @torch.inference_mode()
    def _describe(self, picture: Planes, window: Window, area: float) -> tuple[Tensor, dict[float, _Level]]:
        """The global descriptor [D] of scale 1, and the local features of each scale of the pyramid."""
        base = self._input(picture, window, area)
        vector, descriptors, attention = self.model(base)
        levels = {}
        for scale in self.model.config.scales:
            if scale == 1:
                levels[scale] = self._level(window, base, descriptors, attention)
            else:
                tensor = self._input(picture, window, area * scale**2)
                levels[scale] = self._level(window, tensor, *self.model.local(tensor))
        return vector[0], levels

    def _input(self, picture: Planes, window: Window, area: float) -> Tensor:
        config = self.model.config
        decoder = Decoder(_input_size(window, area), channels=config.channels, normalize=config.normalize)
        values = torch.from_numpy(decoder.decode(picture, window=window))  # [C, H/8, W/8]
        return values[None].to(next(self.model.parameters()).device)

    def _level(self, window: Window, tensor: Tensor, descriptors: Tensor, attention: Tensor) -> _Level:
        """The features above tau; ``descriptors`` [1, Dl, h, w], ``attention`` [1, 1, h, w]."""
        x1, y1, x2, y2 = window.box
        rows, columns = attention.shape[2:]
        output = (
            torch.tensor([tensor.shape[3], tensor.shape[2]]) * 8
        )  # width and height of the input in pixels
        grid = self.model.keypoint_grid(rows, columns).reshape(-1, 2)  # [h·w, 2]
        keypoints = torch.tensor([x1, y1]) + grid * (torch.tensor([x2 - x1, y2 - y1]) / output)
        scores = attention.reshape(-1)
        kept = scores > self.model.config.attention_threshold
        return _Level(keypoints[kept.cpu()], scores[kept], descriptors[0].flatten(1).T[kept])

    def _features(self, vector: Tensor, levels: dict[float, _Level], height: int, width: int) -> Features:
        scales = torch.cat([torch.full_like(level.scores, scale) for scale, level in levels.items()])
        scores = torch.cat([level.scores for level in levels.values()])
        best = scores.argsort(descending=True, stable=True)[: self.max_features]

        def array(values: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            return np.ascontiguousarray(values.float().cpu().numpy())

        return Features(
            global_descriptor=array(vector),
            keypoints=array(torch.cat([level.keypoints for level in levels.values()])[best.cpu()]),
            scales=array(scales[best]),
            scores=array(scores[best]),
            descriptors=array(torch.cat([level.descriptors for level in levels.values()])[best]),
            height=height,
            width=width,
        )


def _input_size(window: Window, area: float) -> tuple[int, int]:
    x1, y1, x2, y2 = window.box
    width, height = x2 - x1, y2 - y1
    longest = _MAX_ASPECT * min(height, width)
    return fit_size(min(height, longest), min(width, longest), area=area, multiple=_MULTIPLE)


def spec_of(model: Delg) -> FeatureSpec:
    """What identifies the features of ``model``: the digest covers its configuration and every weight."""
    digest = hashlib.sha256(json.dumps(model.config.to_dict(), sort_keys=True).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    config = model.config
    return FeatureSpec(config.name, digest.hexdigest(), config.embedding_dim, config.local_dim)
