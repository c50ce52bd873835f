import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastdct.frequencies import ZIGZAG
from fastdct.ops import blocks_to_channels, channels_to_blocks
from fastdct.ops.channels_torch import reorder

ROOT = Path(__file__).parent.parent
ORDERS = {"zigzag": ZIGZAG, "natural": np.arange(64)}


def expected(blocks, order):
    """By indexing: [..., Hb, Wb, 8, 8] to [..., 64, Hb, Wb]."""
    flat = blocks.reshape(*blocks.shape[:-2], 64)[..., ORDERS[order]]
    return np.moveaxis(flat, -1, -3)


shapes = st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 9))


@settings(deadline=None)
@given(
    shapes,
    st.sampled_from(["int8", "int16", "float16", "float32", "float64", "bool"]),
    st.sampled_from(sorted(ORDERS)),
    st.booleans(),
)
def test_channels_are_frequencies(shape, dtype, order, as_tensor):
    count, rows, columns = shape
    blocks = (np.random.default_rng(1).normal(0, 50, (count, rows, columns, 8, 8))).astype(dtype)
    given_ = torch.from_numpy(blocks) if as_tensor else blocks
    channels = blocks_to_channels(given_, order=order)
    assert isinstance(channels, type(given_))
    np.testing.assert_array_equal(np.asarray(channels), expected(blocks, order))
    back = channels_to_blocks(channels, order=order)
    np.testing.assert_array_equal(np.asarray(back), blocks)


def test_any_leading_shape_and_any_strides():
    blocks = np.random.default_rng(2).normal(size=(2, 3, 5, 4, 8, 8)).astype(np.float32)
    np.testing.assert_array_equal(blocks_to_channels(blocks), expected(blocks, "zigzag"))
    np.testing.assert_array_equal(blocks_to_channels(blocks[0, 0]), expected(blocks[0, 0], "zigzag"))
    turned = np.swapaxes(blocks, -1, -2)
    np.testing.assert_array_equal(blocks_to_channels(turned), expected(turned, "zigzag"))
    tensor = torch.from_numpy(blocks).to(torch.bfloat16)
    np.testing.assert_array_equal(
        blocks_to_channels(tensor.mT).float(), expected(tensor.mT.float().numpy(), "zigzag")
    )


@pytest.mark.parametrize("to_channels", [True, False])
@pytest.mark.parametrize("zigzag", [True, False])
def test_the_operator_is_a_good_citizen_of_torch(zigzag, to_channels):
    shape = (2, 3, 4, 8, 8) if to_channels else (2, 64, 3, 4)
    values = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    torch.library.opcheck(reorder, (values, zigzag, to_channels))
    assert torch.autograd.gradcheck(lambda x: reorder(x, zigzag, to_channels), (values,))


def test_compiled_code_sees_the_operator():
    blocks = torch.randn(2, 3, 4, 8, 8)
    compiled = torch.compile(lambda x: blocks_to_channels(2 * x) + 1, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(blocks), 2 * blocks_to_channels(blocks) + 1)


@pytest.mark.parametrize(
    ("function", "shape", "message"),
    [
        (blocks_to_channels, (3, 8, 8), r"Hb, Wb, 8, 8"),
        (blocks_to_channels, (1, 3, 3, 8, 4), r"\[1, 3, 3, 8, 4\]"),
        (channels_to_blocks, (63, 3, 3), r"64, Hb, Wb"),
        (channels_to_blocks, (64, 3), r"64, Hb, Wb"),
    ],
)
def test_other_shapes_are_errors(function, shape, message):
    with pytest.raises(ValueError, match=message):
        function(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match=message):
        function(torch.zeros(shape))


def test_other_orders_and_elements_are_errors():
    blocks = np.zeros((1, 1, 8, 8))
    with pytest.raises(ValueError, match="zigzag"):
        blocks_to_channels(blocks, order="raster")
    with pytest.raises(ValueError, match="16 bytes"):
        blocks_to_channels(blocks.astype(np.complex128))


def test_a_device_without_kernel_says_so():
    with pytest.raises(NotImplementedError, match="CPU and CUDA"):
        reorder._init_fn(torch.zeros(1, 1, 8, 8), True, True)


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc")
def test_cuda_source_compiles(tmp_path):
    source = ROOT / "csrc/dct/channels_cuda.cu"
    command = ["nvcc", "-std=c++17", f"-I{ROOT / 'csrc'}", "-Werror", "all-warnings", "-c", str(source)]
    result = subprocess.run(
        [*command, "-o", str(tmp_path / "channels.o")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_zigzag_of_the_core_is_that_of_the_standard():
    blocks = np.arange(64).reshape(1, 1, 8, 8)
    np.testing.assert_array_equal(blocks_to_channels(blocks).ravel(), ZIGZAG)
