"""JPEG files that look like photos to a decoder, made from nothing: for machines without photos.

    python -m gpu.pictures FOLDER [--count 4096]

A picture is noise whose spectrum falls as photos' do (1 / f), stronger in some places than in others, with a few hard edges;
its coefficients are quantised by the tables of T.81, Annex K, at a quality of about 90, and written by `fastdct.write`. Sizes,
samplings and qualities are mixed; every file is another picture. Bytes, bits a coefficient that is not zero, and zero runs are
near those of photos of the same size (500 x 375 pixels at quality 90: 60 to 120 KB).
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import fastdct
from fastdct import JpegComponent, JpegImage
from fastdct.reference.axis import DCT

LUMA = np.array([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
])  # fmt: skip
CHROMA = np.full((8, 8), 99)
CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
# (width, height) of the picture and how often; the sampling factors of Y, and how often.
SIZES = {(500, 375): 4, (375, 500): 2, (640, 480): 2, (512, 512): 1, (768, 512): 1}
SAMPLINGS = {(2, 2): 7, (2, 1): 1, (1, 1): 2}


def steps(table, quality):
    """libjpeg's scaling of a table; quality of at least 50."""
    return np.clip((table * (200 - 2 * quality) + 50) // 100, 1, 255).astype(np.uint16)


def noise(generator, height, width, *, exponent):
    """float32 [height, width] of unit deviation whose spectrum falls as frequency to the minus ``exponent``."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    parts = generator.standard_normal((2, *frequency.shape), np.float32)
    field = np.fft.irfft2((parts[0] + 1j * parts[1]) / frequency**exponent, (height, width))
    return (field / field.std()).astype(np.float32)


def plane(generator, height, width, *, contrast):
    """Samples float32 about zero, with the spectrum, the unevenness and the edges of photos."""
    shape = noise(generator, height, width, exponent=1.3)
    for _ in range(6):
        angle, offset = generator.uniform(0, 2 * np.pi), generator.uniform(0.2, 0.8)
        x, y = (np.arange(size, dtype=np.float32) - size * offset for size in (width, height))
        shape += np.float32(generator.normal(0, 0.4)) * (np.cos(angle) * x > np.sin(angle) * y[:, None])
    texture = noise(generator, height, width, exponent=0.5)
    rough = np.exp(noise(generator, -(-height // 8), -(-width // 8), exponent=1.2))  # of each block
    texture *= np.kron(rough, np.ones((8, 8), np.float32))[:height, :width]
    return (contrast * (shape + 0.06 * texture)).clip(-128, 127)


def component(samples, quantization, sampling):
    """Blocks of the samples, which are repeated at the edge."""
    height, width = samples.shape
    padded = np.pad(samples, ((0, -height % 8), (0, -width % 8)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8).transpose(0, 2, 1, 3)
    values = np.rint(DCT.astype(np.float32) @ blocks @ DCT.T.astype(np.float32) / quantization)
    return JpegComponent(values.astype(np.int16), quantization, sampling)


def chosen(generator, weights):
    names, counts = list(weights), np.array(list(weights.values()))
    return names[generator.choice(len(names), p=counts / counts.sum())]


def make(seed):
    """The bytes of picture number ``seed``."""
    generator = np.random.default_rng(seed)
    width, height = chosen(generator, SIZES)
    h, v = chosen(generator, SAMPLINGS)
    quality = int(generator.integers(86, 94))
    luma = plane(generator, height, width, contrast=generator.uniform(35, 55))
    size = -(-height // v), -(-width // h)
    parts = [component(luma, steps(LUMA, quality), (h, v))]
    for _ in range(2):
        chroma = plane(generator, *size, contrast=generator.uniform(8, 20))
        parts.append(component(chroma, steps(CHROMA, quality), (1, 1)))
    name = {(2, 2): "4:2:0", (2, 1): "4:2:2", (1, 1): "4:4:4"}[h, v]
    return fastdct.write(JpegImage(height, width, name, "YCbCr", 1, tuple(parts)))


def make_all(folder, count):
    """Write files 0.jpg, 1.jpg, … to ``folder``, on all processors; those already there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in range(count) if not (folder / f"{seed}.jpg").exists()]
    with ProcessPoolExecutor(
        os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    ) as pool:
        for seed, data in zip(missing, pool.map(make, missing, chunksize=16), strict=True):
            (folder / f"{seed}.jpg").write_bytes(data)


def load(folder):
    """The bytes of all files made, in order."""
    paths = sorted(Path(folder).glob("*.jpg"), key=lambda path: int(path.stem))
    return [path.read_bytes() for path in paths]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=4096)
    options = parser.parse_args()
    make_all(options.folder, options.count)
    sizes = [path.stat().st_size for path in options.folder.glob("*.jpg")]
    print(
        f"{len(sizes)} files of {np.mean(sizes) / 1000:.0f} KB on average, {min(sizes)} to {max(sizes)} bytes"
    )


if __name__ == "__main__":
    main()
