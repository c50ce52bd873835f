"""Made-up pictures, small untrained models and features, for the tests."""

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fastdct.models import Delg, delg_resnet18
from fastdct.retrieval import Features, FeatureSpec

SPEC = FeatureSpec("made", "0123456789abcdef", 16, 8)


def photo(seed, *, height=120, width=160):
    """RGB uint8 [height, width, 3]: smooth blobs with sharp rectangles on them."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (8, 10, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).copy()
    for _ in range(12):
        top, left = random.integers(height), random.integers(width)
        pixels[top : top + random.integers(8, 40), left : left + random.integers(8, 40)] = random.integers(
            0, 256, 3
        )
    return pixels


def encoded(pixels, kind="JPEG", **options):
    """The bytes of a picture file."""
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, kind, **({"quality": 92} | options if kind == "JPEG" else options))
    return file.getvalue()


def write_photos(folder: Path, count: int):
    """``count`` JPEG files p0.jpg, p1.jpg, … in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        (folder / f"p{seed}.jpg").write_bytes(encoded(photo(seed)))
    return folder


def tiny_model(seed=0, **changes):
    """An untrained DELG that describes a picture in a few milliseconds."""
    torch.manual_seed(seed)
    config = dataclasses.replace(delg_resnet18().config, width=0.25, embedding_dim=32, input_area=160 * 160)
    return Delg(dataclasses.replace(config, **changes)).eval()


def unit(values):
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def features(seed, *, count=6, spec=SPEC, height=100, width=120):
    """Random features whose values float16 holds exactly enough to be compared."""
    random = np.random.default_rng(seed)
    return Features(
        global_descriptor=unit(random.standard_normal(spec.global_dim)),
        keypoints=(random.random((count, 2)) * [width, height]).astype(np.float32),
        scales=np.ones(count, np.float32),
        scores=random.random(count, dtype=np.float32),
        descriptors=unit(random.standard_normal((count, spec.local_dim))),
        height=height,
        width=width,
    )


def write_quantized(file, network, *, edit=lambda arrays: None):
    """An npz file of random integers in the shapes of ``network``; returns its arrays."""
    random = np.random.default_rng(0)
    steps, arrays = [{"op": "quantize"}], {}
    layers = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)]
    for index, layer in enumerate(layers):
        shape = [*layer.weight.shape, 1, 1][:4]
        key = f"{index:03}"
        spread = np.sqrt(2 / np.prod(shape[1:])) / 74  # integers up to 127 deviate by 74: keeps the variance
        arrays[f"{key}.weight_q"] = random.integers(-127, 128, shape, dtype=np.int8)
        arrays[f"{key}.scale"] = (spread * random.uniform(0.8, 1.2, shape[0])).astype(np.float32)
        arrays[f"{key}.zero_point"] = random.integers(-3, 4, shape[0], dtype=np.int32)
        arrays[f"{key}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
        steps.append({"op": "conv", "key": key, "weight_shape": shape})
    arrays["meta_json"] = np.frombuffer(json.dumps({"ops": steps}).encode(), np.uint8)
    edit(arrays)
    np.savez(file, **arrays)
    return arrays
