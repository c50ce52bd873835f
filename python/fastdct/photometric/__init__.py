"""Changes of light, colour and sharpness made on coefficients, where they are linear or simple.

Everything here takes a tensor as a `Decoder` makes it, [..., C, H/8, W/8], normalised or not, and that decoder, which
says what the channels are. Names and factors are torchvision's. Results equal the same change of *unclamped* pixels:
a pixel format would cut off what leaves 0..255, coefficients do not.
"""

from fastdct._extras import require

require("torch", extra="torch")

# Imported after the check above, so that a missing torch is named with the command that installs it.
from fastdct.photometric.blur import gaussian_blur  # noqa: E402
from fastdct.photometric.jitter import ColorJitter  # noqa: E402
from fastdct.photometric.light import (  # noqa: E402
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    drop_bands,
    grayscale,
)
from fastdct.photometric.requantization import quantization_tables, requantize  # noqa: E402

__all__ = [
    "ColorJitter",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "drop_bands",
    "gaussian_blur",
    "grayscale",
    "quantization_tables",
    "requantize",
]


def __dir__() -> list[str]:
    return __all__
