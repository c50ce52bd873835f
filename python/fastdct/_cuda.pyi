"""CUDA kernels of fastdct, where they were built. Private: use the fastdct package."""

def reorder_blocks(
    source: int,
    target: int,
    *,
    num_pictures: int,
    num_blocks: int,
    element_size: int,
    zigzag: bool,
    to_channels: bool,
    stream: int,
) -> None: ...
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
    stream: int,
) -> None:
    """Launch the search of `fastdct.ops.ransac`; returns at once.

    Addresses of device memory: ``inputs`` are source [K, 2], target [K, 2], offsets int64 [P + 1], max_error [P], for PROSAC
    rows int64 [K] of each pair, the best first, and for one-point sampling the frames [K, 2] of source and target, 0 for what
    is not there; ``sizes`` are K, P and the matches of the largest pair, at least; ``workspace`` has
    `fastdct._C.ransac_workspace` bytes, aligned to 256; ``results`` are in the order of `fastdct.ops.RansacResult`.
    """

def find_neighbours(
    query: int,
    candidates: int,
    offsets: int,
    num_query: int,
    num_candidates: int,
    width: int,
    max_rows: int,
    inner_product: bool,
    nearest: int,
    second: int,
    nearest_query: int,
    stream: int,
    /,
) -> None: ...
def expand(*, arena: int, first_group: int, num_groups: int, coefficients: int, stream: int) -> None:
    """Expand a shipment (`fastdct._C.ship`), copied to ``arena``, into int16 [blocks, 64]; returns at once."""

def resample(
    launches: bytes,
    *,
    jobs: int,
    coefficients: int,
    quantization: int,
    workspace: int,
    tensor: int,
    chroma: int,
    stream: int,
) -> None:
    """Launch what a `fastdct._C.ResamplePlan` says; returns at once.

    Addresses of device memory: ``jobs`` are the plan's; ``coefficients`` int16 [blocks, 64], aligned to 16 bytes;
    ``quantization`` uint16 [tables, 64], aligned to 16 bytes; ``workspace`` has the plan's ``workspace_bytes``;
    ``tensor`` and ``chroma`` (0 without a chroma grid) are whole batches, rows as `DevicePicture.row` counts them.
    What the blocks hold does not matter to what is read and written.
    """

def frequency_planes(launches: bytes, *, jobs: int, coefficients: int, target: int, stream: int) -> None:
    """Launch what a `fastdct._C.FrequencyPlan` says; returns at once. ``target`` has ``offsets[-1]`` int16."""

def zero_frequencies(coefficients: int, *, num_blocks: int, num_frequencies: int, stream: int) -> None:
    """Zero what comes after the first ``num_frequencies`` in zig-zag order, in int16 [num_blocks, 64]."""

def decode_scans(
    launches: bytes, *, arena: int, workspace: int, coefficients: int, statuses: int, stream: int
) -> None:
    """Launch the decoding of a `fastdct._C.ScanBatch`; returns at once.

    Addresses of device memory: ``arena`` is a copy of what `ScanBatch.write` wrote, aligned to 256 bytes, and so is
    ``workspace``, of the batch's ``workspace_bytes``; ``coefficients`` int16 [num_blocks, 8, 8], aligned to 128 bytes, is
    written whole; ``statuses`` uint32 [N], one for each source, is written: 0, or what kept the device from decoding that
    row (csrc/jpeg/device/status.h). The blocks of such a row are undefined, and the CPU has to read it; those of other
    rows are the CPU's, bit for bit.
    """
