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
