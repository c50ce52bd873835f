"""Extraction: a file is read once and becomes a global descriptor and local features.

Source 000 (Temburwar et al., "Deep learning based image retrieval in the JPEG compressed domain", section 3):
the global descriptor is taken at one scale, local features over an image pyramid, here made in the coefficient
domain; of the features whose attention exceeds tau the best few are kept.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fastdct.geometry import Box, ScalePyramid, Window
from fastdct.jpeg import JpegImage, Source
from fastdct.models import Delg
from fastdct.models.inference import for_inference
from fastdct.reference.transform import Planes
from fastdct.retrieval.codec import LocalCodec
from fastdct.retrieval.features import Features, FeatureSpec, Floats
from fastdct.retrieval.pictures import open_picture
from fastdct.retrieval.suppression import suppress

DELG_SCALES = tuple(2 ** (step / 2) for step in range(-4, 3))
"""The pyramid of DELG's local features, 1/4 to 2 (Cao et al., section 4.2)."""

DELG_GLOBAL_SCALES = (0.5**0.5, 1.0, 2**0.5)
"""The scales over which DELG takes the global descriptor."""

_MULTIPLE = 32  # pixels: four blocks, so that the strides of every backbone divide the input
_MAX_ASPECT = 8.0
_MIN_BOX_AREA = 1 / 16


class _Level(NamedTuple):
    """What the network says of a picture at one scale."""

    scale: float
    pixel: Floats  # float32 [2]: a pixel of the network's input in original pixels, across and down
    descriptors: Tensor  # [Dl, h, w]
    attention: Floats  # [h, w]


class Extractor:
    """Turns pictures into features with a DELG model.

    Parameters
    ----------
    model
        A trained `fastdct.models.Delg`; a copy of it, made ready for inference, runs on the device where it is.
    max_features
        Local features kept of one picture, at most (source 000: 200).
    scales
        Pyramid of the local features, as factors of a side; the model's own if not given, `DELG_SCALES` for DELG's.
    global_scales
        Scales of the global descriptor. Over several the pooled activations are joined by a power mean, whose exponent
        is that of the pooling (Radenović et al., TPAMI 2019, section 3.5), before they are whitened.
    max_overlap
        Of two features whose receptive fields overlap by more (intersection over union), the better is kept. None keeps
        both: neighbours at one scale overlap by 0.9.
    codec
        What makes the local descriptors smaller.

    Attributes
    ----------
    spec
        What identifies the features; an index made for another spec refuses them.

    Raises
    ------
    ValueError
        A count or a scale is not positive, or ``max_overlap`` is not in (0, 1].
    """

    def __init__(
        self,
        model: Delg,
        *,
        max_features: int = 200,
        scales: Sequence[float] | None = None,
        global_scales: Sequence[float] = (1.0,),
        max_overlap: float | None = None,
        codec: LocalCodec | None = None,
    ) -> None:
        if max_features < 1:
            raise ValueError(f"max_features must be at least 1, not {max_features}")
        if max_overlap is not None and not 0 < max_overlap <= 1:
            raise ValueError(f"max_overlap must be in (0, 1], not {max_overlap}")
        self.model = model.eval()
        self.codec = codec
        self.spec = FeatureSpec(
            model.config.name,
            _fingerprint(model, codec),
            model.config.embedding_dim,
            model.config.local_dim if codec is None else codec.width,
            binary=codec is not None and codec.binary,
            max_features=max_features,
            scales=_checked(model.config.scales if scales is None else scales),
            global_scales=_checked(global_scales),
            max_overlap=max_overlap,
        )
        self._network = for_inference(model)
        self._device = next(model.parameters()).device

    def extract(self, source: Source | JpegImage | Planes, *, box: Box | None = None) -> Features:
        """The features of one picture, or of the part of it inside ``box``.

        The picture is scaled, aspect kept, to the model's input area; one of an aspect beyond 8:1 is squeezed
        to 8:1. A box is scaled as the whole picture is (a crop of half the side makes an input of half the
        side), as the protocol of the revisited benchmarks has it: its object then has the size that it has in
        like photos of the index. Enlarging crops to the full input area instead halved mAP for boxes of half the
        side when tried. Only a box of less than a quarter of the side is enlarged, to that quarter, where too few
        cells would be left to describe it. At no scale is the input smaller than 32 pixels a side.

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
        vector, levels = self._describe(picture, window, area)
        keypoints, scales, scores, descriptors = self._select(levels, window)
        return Features(vector, keypoints, scales, scores, self._encoded(descriptors), height, width)

    def _window(self, box: Box | None, height: int, width: int) -> tuple[Window, float]:
        """The window to be described, and the input area at scale 1 that it is scaled to."""
        full = Window((0.0, 0.0, float(width), float(height)))
        window = full if box is None else Window(box).clipped(height, width)
        x1, y1, x2, y2 = window.box
        share = (x2 - x1) * (y2 - y1) / (height * width)
        return window, self.model.config.input_area * max(share, _MIN_BOX_AREA)

    @torch.inference_mode()
    def _describe(self, picture: Planes, window: Window, area: float) -> tuple[Floats, list[_Level]]:
        """The global descriptor [D], and what the network says at each scale of the local pyramid."""
        local, over = self.spec.scales, self.spec.global_scales
        scales = (*local, *(scale for scale in over if scale not in local))
        pooled, levels = [], []
        for scale, size in zip(scales, _input_sizes(window, area, scales), strict=True):
            tensor = self._input(picture, window, size)  # [1, C, H/8, W/8]
            if scale in over:
                activations, descriptors, attention = self._network.pooled(tensor)
                pooled.append(activations[0])
            else:
                descriptors, attention = self._network.local(tensor)
            if scale in local:
                x1, y1, x2, y2 = window.box
                pixel = np.array([(x2 - x1) / size[1], (y2 - y1) / size[0]], np.float32)
                levels.append(_Level(scale, pixel, descriptors[0], attention[0, 0].float().cpu().numpy()))
        p = self._network.pool.p if len(pooled) > 1 else 1
        joined = torch.stack(pooled).pow(p).mean(dim=0).pow(1 / p)  # [channels]
        vector = self._network.whitening(joined[None])[0]
        return np.ascontiguousarray(vector.float().cpu().numpy()), levels

    def _input(self, picture: Planes, window: Window, size: tuple[int, int]) -> Tensor:
        config = self.model.config
        decoder = config.decoder(size, layout="channels_last")
        values = torch.from_numpy(decoder.decode(picture, window=window))  # [C, H/8, W/8]
        return values[None].to(self._device)

    def _select(self, levels: Sequence[_Level], window: Window) -> tuple[Floats, Floats, Floats, Floats]:
        """Of all levels the best features above tau: keypoints, scales, scores, descriptors, best first."""
        scores = np.concatenate([level.attention.ravel() for level in levels])
        order = np.argsort(-scores, kind="stable")  # [cells]
        order = order[: np.count_nonzero(scores > self.model.config.attention_threshold)]
        if self.spec.max_overlap is None:
            order = order[: self.spec.max_features]
        starts = np.cumsum([0, *(level.attention.size for level in levels)])  # [levels + 1]
        which = np.searchsorted(starts, order, side="right") - 1
        cells = order - starts[which]
        columns = np.array([level.attention.shape[1] for level in levels])[which]
        grid = self.model.config.offset + self.model.config.stride * np.stack(
            [cells % columns, cells // columns], 1
        )
        pixels = np.array([level.pixel for level in levels], np.float32)[which]  # [n, 2]
        keypoints = np.asarray(window.box[:2] + grid * pixels, np.float32)  # [n, 2]
        if self.spec.max_overlap is not None:
            reach = pixels * (self.model.receptive_field / 2)
            boxes = np.concatenate([keypoints - reach, keypoints + reach], axis=1)
            kept = suppress(boxes, max_overlap=self.spec.max_overlap, count=self.spec.max_features)
            keypoints, order, which, cells = keypoints[kept], order[kept], which[kept], cells[kept]
        scales = np.array([level.scale for level in levels], np.float32)[which]
        return keypoints, scales, np.asarray(scores[order], np.float32), _gathered(levels, which, cells)

    def _encoded(self, descriptors: Floats) -> Floats | NDArray[np.uint8]:
        return descriptors if self.codec is None else self.codec.encode(descriptors)


def _gathered(levels: Sequence[_Level], which: NDArray[np.int64], cells: NDArray[np.int64]) -> Floats:
    """The descriptors [n, Dl] of chosen cells, which are counted row by row within their level."""
    found = np.empty((len(cells), levels[0].descriptors.shape[0]), np.float32)
    for number, level in enumerate(levels):
        rows = which == number
        wanted = torch.from_numpy(cells[rows]).to(level.descriptors.device)
        found[rows] = level.descriptors.flatten(1)[:, wanted].T.float().cpu().numpy()
    return found


def _input_sizes(window: Window, area: float, scales: tuple[float, ...]) -> tuple[tuple[int, int], ...]:
    x1, y1, x2, y2 = window.box
    width, height = x2 - x1, y2 - y1
    longest = _MAX_ASPECT * min(height, width)
    pyramid = ScalePyramid(area, scales, multiple=_MULTIPLE)
    return pyramid(min(height, longest), min(width, longest))


def _checked(scales: Sequence[float]) -> tuple[float, ...]:
    if not scales or not all(0 < scale < math.inf for scale in scales) or len(set(scales)) < len(scales):
        raise ValueError(f"scales must be positive, finite and differ, at least one, not {tuple(scales)}")
    return tuple(float(scale) for scale in scales)


def _fingerprint(model: Delg, codec: LocalCodec | None) -> str:
    """Digest of the model's configuration, every weight and the codec."""
    digest = hashlib.sha256(json.dumps(model.config.to_dict(), sort_keys=True).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    if codec is not None:
        digest.update(codec.digest.encode())
    return digest.hexdigest()
