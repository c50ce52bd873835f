"""Native core of fastdct. Private: use the fastdct package."""

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
    source: _Bytes, *, recover: bool, max_pixels: int
) -> tuple[JpegHeader, list[_Component], list[str]]: ...
def write_jpeg(
    height: int, width: int, color_space: str, orientation: int, components: list[_Component]
) -> bytes: ...
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
) -> tuple[
    npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]
]: ...
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
