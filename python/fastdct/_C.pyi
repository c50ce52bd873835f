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

class ResamplePlan:
    """How a device makes tensors of a batch whose blocks lie in its memory: descriptors, made on the host.

    A picture needs about 600 bytes of them; the weights of its axes are found on the device.
    """

    def __init__(
        self,
        assembly: Assembly,
        pictures: npt.NDArray[np.void],
        planes: npt.NDArray[np.void],
        windows: npt.NDArray[np.float64],
        *,
        workspace_bytes: int,
    ) -> None:
        """Plan pictures [N] (csrc/dct/device/picture.h, 48 bytes each) and their windows [N, 5], as `decode` has them.

        ``planes`` are those of the whole batch (csrc/common/device_plane.h, 24 bytes each). Pictures are taken in
        chunks whose workspace is at most ``workspace_bytes``; one that needs more is a chunk by itself. Not all pictures
        of a batch need be planned, nor all rows of the tensors be filled.

        Raises
        ------
        ValueError
            A window is not inside its picture, a plane has fewer blocks than its picture needs or is none of
            the batch, or a picture is one that `resamples_on_device` refuses.
        """

    @property
    def jobs(self) -> npt.NDArray[np.uint8]:
        """Descriptors, to be copied to the device as they are, aligned to 8 bytes."""
    @property
    def launches(self) -> bytes:
        """What `fastdct._cuda.resample` and `emulation.resample` are told on the host."""
    @property
    def workspace_bytes(self) -> int:
        """Memory of the device that the largest chunk works in; aligned to 16 bytes, contents undefined."""

def resamples_on_device(assembly: Assembly, pictures: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Bool [N]: which pictures a `ResamplePlan` takes; `decode` takes the rest.

    Refused are colours that are neither gray, YCbCr nor RGB, and RGB whose components differ in sampling.
    """

class FrequencyPlan:
    """How a device turns blocks into planes of one frequency each, as ``read_batch(layout="frequency")`` has them."""

    def __init__(self, planes: npt.NDArray[np.void], *, num_frequencies: int) -> None:
        """Plan planes [P]. Each becomes int16 [num_frequencies, Hb, Wb] in zig-zag order, one after the other without gaps."""

    @property
    def jobs(self) -> npt.NDArray[np.uint8]:
        """Descriptors, to be copied to the device as they are, aligned to 8 bytes."""
    @property
    def launches(self) -> bytes:
        """What `fastdct._cuda.frequency_planes` and `emulation.frequency_planes` are told on the host."""
    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Int64 [P + 1]: where the planes begin in the target, in elements; the last is the size of all."""

class ScanBatch:
    """JPEG files made ready for a device to decode: sequential Huffman coding in order, as far as headers tell.

    Making one reads paths and headers and finds what the device needs; files read from paths are held until `write`.
    """

    def __init__(
        self,
        sources: Sequence[str | _Bytes],
        *,
        max_pixels: int,
        num_threads: int,
        subsequence_bits: int = 0,
    ) -> None:
        """Prepare N sources, as `read_batch` takes them. Throws nothing for a bad file.

        ``subsequence_bits``: how much of the entropy-coded data a thread of the device begins with, a multiple of 128 up
        to 16384; 0 chooses it by the sizes of the batch and of each picture. Results do not depend on it.
        """

    def __len__(self) -> int: ...
    def header(self, row: int) -> JpegHeader | None:
        """What the file says; None for rows that the device does not take."""
    @property
    def reasons(self) -> list[str | None]:
        """[N]: None for rows that the device takes; else why the CPU has to read the file, and judge it."""
    @property
    def pictures(self) -> npt.NDArray[np.uint8]:
        """Of the rows that the device takes: csrc/dct/device/picture.h, as bytes."""
    @property
    def planes(self) -> npt.NDArray[np.void]:
        """[P]: components of the rows that the device takes (csrc/common/device_plane.h, 24 bytes each)."""
    @property
    def first_plane(self) -> npt.NDArray[np.int64]:
        """[N + 1]: row i has the planes first_plane[i] .. first_plane[i + 1] - 1; none where there is a reason."""
    @property
    def quantization(self) -> npt.NDArray[np.uint16]:
        """[T, 8, 8], natural order; each table once."""
    @property
    def num_blocks(self) -> int:
        """Blocks of all planes: the coefficients are int16 [num_blocks, 8, 8]."""
    @property
    def num_bytes(self) -> int:
        """Entropy-coded bytes that the device decodes, without stuffing."""
    @property
    def arena_bytes(self) -> int:
        """What `write` writes: descriptors and entropy-coded data, to be copied to the device as they are."""
    @property
    def planes_offset(self) -> int:
        """Where `planes` lie in the arena, in bytes."""
    @property
    def quantization_offset(self) -> int:
        """Where `quantization` lies in the arena, in bytes, aligned to 16."""
    @property
    def workspace_bytes(self) -> int:
        """Memory of the device that decoding works in; aligned to 256 bytes, contents undefined.

        About 10 to 30 times the entropy-coded bytes, more where `subsequence_bits` is small; bounded by file sizes.
        """
    @property
    def launches(self) -> bytes:
        """What `fastdct._cuda.decode_scans` and `emulation.decode_scans` are told on the host."""
    def write(self, arena: int, *, num_threads: int) -> None:
        """Write the arena (host memory, aligned to 256 bytes) and let go of the sources: once only."""

class Shipment:
    """Files decoded here, their coefficients packed for a device (csrc/jpeg/compact/group.h)."""

    @property
    def states(self) -> list[int]:
        """Of each source: 0 shipped, 1 failed, 2 left since there was no room."""
    def error(self, row: int) -> str: ...
    def header(self, row: int) -> JpegHeader: ...
    def warnings(self, row: int) -> list[str]: ...
    def descriptors(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
        """Of what was shipped: pictures (csrc/dct/device/picture.h), whose rows are positions among the sources; their
        planes (csrc/common/device_plane.h); and the planes' quantization, [planes, 64].
        """  # noqa: D205
    def needed(self, row: int) -> tuple[int, int]:
        """Bytes and blocks that a row takes; zeros for one that was left before it was read."""
    @property
    def num_bytes(self) -> int:
        """Of the arena, from its beginning: what the device needs."""
    @property
    def first_group(self) -> int:
        """Byte of the arena at which the groups begin."""
    @property
    def num_groups(self) -> int: ...
    @property
    def end_block(self) -> int: ...

def ship(
    sources: Sequence[str | _Bytes],
    *,
    arena: int,
    num_bytes: int,
    first_block: int,
    end_block: int,
    num_frequencies: int,
    luma_only: bool,
    max_pixels: int,
    num_threads: int,
    stop_at_error: bool,
) -> Shipment:
    """Decode and pack sources, in their order, until ``arena`` (aligned to 16 bytes) or the blocks are full.

    Blocks [``first_block``, ``end_block``) of the coefficients are what `emulation.expand` will fill.
    """

def encode_group(blocks: npt.NDArray[np.int16]) -> tuple[int, bytes]:
    """Form and data of one group of 1..32 blocks [n, 64]. For tests."""

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
def ransac_workspace(*, sizes: tuple[int, int, int], model: str, sampling: str) -> int:
    """Bytes of device memory that `fastdct._cuda.ransac` works in; ``sizes`` and names as there."""

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

class emulation:  # noqa: N801 - a module inside the module
    """What a GPU would do, its threads played in random order, on memory of the host: for tests."""

    @staticmethod
    def ransac(
        *,
        inputs: tuple[int, int, int, int, int, int, int],
        sizes: tuple[int, int, int],
        workspace: int,
        results: tuple[int, int, int, int, int, int],
        model: str,
        sampling: str,
        max_iterations: int,
        confidence: float,
        seed: int,
        min_scale: float,
        max_scale: float,
        max_anisotropy: float,
        allow_reflection: bool,
        order_seed: int,
    ) -> None: ...
    @staticmethod
    def expand(*, arena: int, first_group: int, num_groups: int, coefficients: int, seed: int) -> None: ...
    @staticmethod
    def resample(
        launches: bytes,
        *,
        jobs: int,
        coefficients: int,
        quantization: int,
        workspace: int,
        tensor: int,
        chroma: int,
        seed: int,
    ) -> None: ...
    @staticmethod
    def frequency_planes(
        launches: bytes, *, jobs: int, coefficients: int, target: int, seed: int
    ) -> None: ...
    @staticmethod
    def zero_frequencies(coefficients: int, *, num_blocks: int, num_frequencies: int, seed: int) -> None: ...
    @staticmethod
    def decode_scans(
        launches: bytes, *, arena: int, workspace: int, coefficients: int, statuses: int, seed: int
    ) -> None: ...
    @staticmethod
    def effort_of_scans(launches: bytes, *, arena: int, workspace: int) -> tuple[int, int]:
        """After decoding: bits that threads passed over, and pages (of 1 KB) of the workspace that were filled."""
