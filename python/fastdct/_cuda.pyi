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
def ransac_workspace(num_matches: int, num_pairs: int, max_matches: int) -> int: ...
def ransac(
    source: int,
    target: int,
    offsets: int,
    max_error: int,
    num_matches: int,
    num_pairs: int,
    max_matches: int,
    model: str,
    max_iterations: int,
    confidence: float,
    seed: int,
    min_scale: float,
    max_scale: float,
    max_anisotropy: float,
    allow_reflection: bool,
    workspace: int,
    num_inliers: int,
    num_one_to_one: int,
    score: int,
    models: int,
    inlier_mask: int,
    num_iterations: int,
    stream: int,
    /,
) -> None: ...
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
