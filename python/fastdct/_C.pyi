"""Native core of fastdct. Private: use the fastdct package."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__version__: str

class JpegError(ValueError):
    """The cause alone; fastdct.jpeg adds the name of the source."""

class JpegHeader:
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def color_space(self) -> str: ...
    @property
    def process(self) -> str: ...
    @property
    def sampling(self) -> list[tuple[int, int]]: ...
    @property
    def restart_interval(self) -> int: ...
    @property
    def orientation(self) -> int: ...

_Bytes = bytes | bytearray | memoryview | npt.NDArray[np.uint8]
_Component = tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16], tuple[int, int]]

def probe_jpeg(source: _Bytes) -> JpegHeader: ...
def read_jpeg(
    source: _Bytes, *, recover: bool, max_pixels: int, num_threads: int = 1
) -> tuple[JpegHeader, list[_Component], list[str]]: ...
def read_jpeg_through_libjpeg(
    source: _Bytes, *, recover: bool, max_pixels: int
) -> tuple[JpegHeader, list[_Component], list[str]]: ...
def find_anomaly(source: _Bytes) -> str | None:
    """What keeps a file from our own decoder; None when it reads it. For tests: results do not depend on it."""

class RawBatch:
    """The rows of one `read_batch`; giving it as `out` takes its memory."""

    def __len__(self) -> int: ...
    def error(self, row: int) -> str: ...
    def row(self, row: int) -> tuple[JpegHeader, list[_Component], list[str]]: ...
    @property
    def failed_rows(self) -> list[int]: ...
    @property
    def num_bytes(self) -> int: ...

def read_batch(
    sources: Sequence[str | _Bytes],
    *,
    frequency_major: bool,
    num_frequencies: int,
    luma_only: bool,
    max_pixels: int,
    num_threads: int,
    stop_at_error: bool,
    out: RawBatch | None,
) -> RawBatch: ...
def num_available_cpus() -> int: ...
def cpu_level() -> str:
    """``"portable"``, ``"avx2"`` or ``"avx512"``: the processor's, bounded by the environment variable FASTDCT_CPU."""

def write_jpeg(
    height: int, width: int, color_space: str, orientation: int, components: list[_Component]
) -> bytes: ...
def reorder_blocks(
    source: int,
    target: int,
    *,
    num_pictures: int,
    num_blocks: int,
    element_size: int,
    zigzag: bool,
    to_channels: bool,
) -> None: ...

class Assembly:
    def __init__(
        self,
        *,
        output: str,
        size: tuple[int, int],
        chroma_size: tuple[int, int] | None,
        luma: list[int],
        cb: list[int],
        cr: list[int],
        scale: list[float],
        shift: list[float],
        filter: str,
        dtype: str,
        channels_last: bool,
    ) -> None: ...
    @property
    def tensor_bytes(self) -> int: ...
    @property
    def chroma_bytes(self) -> int: ...

_Plane = tuple[npt.NDArray[np.int16] | npt.NDArray[np.float32], list[float], tuple[int, int], tuple[int, int]]

class Picture:
    def __init__(
        self, *, height: int, width: int, orientation: int, colors: str, planes: list[_Plane]
    ) -> None: ...

def coefficients_of(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]: ...
def decode_pixels(source: _Bytes | Picture, *, rgb: int, max_pixels: int, upright: bool) -> None: ...

class PooledMemory:
    def __buffer__(self, flags: int, /) -> memoryview: ...

class MemoryPool:
    def __init__(self) -> None: ...
    def take(self, size: int) -> PooledMemory: ...

def decode(
    assembly: Assembly,
    sources: list[_Bytes | Picture],
    windows: npt.NDArray[np.float64],
    *,
    rows: list[int],
    tensor: int,
    chroma: int,
    num_threads: int,
    max_pixels: int,
    upright: bool,
) -> list[str | None]: ...
def match(
    query: npt.NDArray[np.float32] | npt.NDArray[np.float16] | npt.NDArray[np.uint8],
    candidates: npt.NDArray[np.float32] | npt.NDArray[np.float16] | npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    *,
    metric: str,
    mutual: bool,
    one_to_one: bool,
    max_ratio: float,
    max_distance: float,
    num_threads: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]: ...
def ransac(
    source: npt.NDArray[np.float64],
    target: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    max_error: npt.NDArray[np.float64],
    quality: npt.NDArray[np.float64] | None,
    source_frames: npt.NDArray[np.float64] | None,
    target_frames: npt.NDArray[np.float64] | None,
    *,
    model: str,
    sampling: str,
    max_iterations: int,
    confidence: float,
    seed: int,
    min_scale: float,
    max_scale: float,
    max_anisotropy: float,
    allow_reflection: bool,
    num_threads: int,
) -> tuple[
    npt.NDArray[np.int32],
    npt.NDArray[np.int32],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    npt.NDArray[np.bool_],
    npt.NDArray[np.int32],
]: ...
