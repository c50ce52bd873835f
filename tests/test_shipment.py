"""Coefficients packed for a device and expanded there: the CPU's, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import fastdct
from fastdct import _C
from fastdct._gpu.descriptors import PICTURE, PLANE
from rows import assert_row, bad_sources, files_of_every_kind

LEVELS = ("portable", "avx2", "avx512")
GROUP = np.dtype([("first_block", "<u8"), ("data", "<u4"), ("num_blocks", "<u2"), ("form", "<u2")])
SHIPPED, FAILED, LEFT = range(3)


def aligned(size):
    """Memory [size] that begins at a multiple of 16, as a device's does."""
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


def unpacked(blocks, *, seed=0):
    """Blocks [n, 64] packed into one group and expanded again, by the emulated GPU; and how many bytes it took."""
    form, data = _C.encode_group(blocks)
    arena = aligned(len(data) + GROUP.itemsize)
    arena[: len(data)] = np.frombuffer(data, np.uint8)
    arena[len(data) :].view(GROUP)[0] = (2, 0, len(blocks), form)
    result = np.full((len(blocks) + 4, 64), 77, np.int16)
    coefficients = aligned(result.nbytes)
    coefficients[:] = result.reshape(-1).view(np.uint8)
    _C.emulation.expand(
        arena=arena.ctypes.data,
        first_group=len(data),
        num_groups=1,
        coefficients=coefficients.ctypes.data,
        seed=seed,
    )
    result = coefficients.view(np.int16).reshape(-1, 64)
    assert (result[[0, 1, -2, -1]] == 77).all()
    return result[2:-2], len(data)


def plainly_unpacked(form, data, count):
    """By the definition in csrc/jpeg/compact/group.h."""
    if form == 1:
        return np.frombuffer(data, np.int16).reshape(count, 64)
    masks, blocks = np.frombuffer(data, np.uint64, count), np.zeros((count, 64), np.int16)
    blocks[:, 0] = np.frombuffer(data, np.int16, count, offset=8 * count)
    position = 10 * count
    for mask, block in zip(masks.tolist(), blocks, strict=True):
        places = [i for i in range(1, 64) if mask >> i & 1]
        dtype = np.dtype(np.int16 if mask & 1 else np.int8)
        block[places] = np.frombuffer(data, dtype, len(places), offset=position)
        position += len(places) * dtype.itemsize
    assert len(data) == -(-position // 16) * 16
    return blocks


@st.composite
def groups(draw):
    """Blocks as photos have them, and as nobody has them: any share of zeros, of large values and of extremes."""
    count, seed = draw(st.integers(1, 32)), draw(st.integers(0, 1 << 32))
    random = np.random.default_rng(seed)
    largest = random.choice(draw(st.sampled_from([(2,), (2, 129), (2, 40000), (40000,)])), (count, 1))
    values = random.integers(-largest, largest, (count, 64)).clip(-32768, 32767)
    values = values * (random.random((count, 64)) < draw(st.floats(0, 1)))
    extremes = random.choice([-32768, -129, -128, 127, 128, 32767], (count, 64))
    return np.where(random.random((count, 64)) < draw(st.sampled_from([0, 0.01])), extremes, values).astype(
        np.int16
    )


@pytest.mark.parametrize("level", LEVELS)
@given(groups(), st.integers(0, 99))
def test_any_blocks_come_back(level, blocks, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTDCT_CPU", level)
        form, data = _C.encode_group(blocks)
        result, size = unpacked(blocks, seed=seed)
    np.testing.assert_array_equal(result, blocks)
    np.testing.assert_array_equal(plainly_unpacked(form, data, len(blocks)), blocks)
    assert size <= blocks.nbytes


@given(arrays.arrays(np.int16, (3, 64)))
def test_any_value_comes_back(blocks):
    np.testing.assert_array_equal(unpacked(blocks)[0], blocks)


def test_every_value_in_every_place_comes_back(run_all):
    for value in range(-32768, 32768, 1 if run_all else 97):
        blocks = np.roll(np.eye(64, dtype=np.int16)[:32] * np.int16(value), value, axis=1)
        np.testing.assert_array_equal(unpacked(blocks)[0], blocks)


def test_zeros_take_ten_bytes_a_block():
    result, size = unpacked(np.zeros((32, 64), np.int16))
    assert not result.any()
    assert size == 320


@given(groups())
def test_all_levels_write_the_same(blocks):
    written = []
    for level in LEVELS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FASTDCT_CPU", level)
            written.append(_C.encode_group(blocks))
    assert written[1:] == written[:-1]


class Shipped:
    """What `_C.ship` made of sources, expanded."""

    def __init__(self, sources, *, num_bytes=1 << 24, num_blocks=1 << 16, first_block=3, **options):
        settings = {"num_frequencies": 64, "luma_only": False, "max_pixels": 1 << 28, "num_threads": 2}
        arena = aligned(num_bytes)
        self.shipment = _C.ship(
            sources,
            arena=arena.ctypes.data,
            num_bytes=num_bytes,
            first_block=first_block,
            end_block=first_block + num_blocks,
            **{**settings, "stop_at_error": False, **options},
        )
        assert self.shipment.num_bytes <= num_bytes
        assert self.shipment.end_block <= first_block + num_blocks
        self.coefficients = aligned(128 * (first_block + num_blocks)).view(np.int16).reshape(-1, 8, 8)
        _C.emulation.expand(
            arena=arena.ctypes.data,
            first_group=self.shipment.first_group,
            num_groups=self.shipment.num_groups,
            coefficients=self.coefficients.ctypes.data,
            seed=1,
        )
        pictures, planes, self.quantization = self.shipment.descriptors()
        self.pictures, self.planes = pictures.view(PICTURE), planes.view(PLANE)

    def row(self, picture):
        """A picture in the words of `fastdct.read_batch`."""
        header = self.shipment.header(int(picture["row"]))
        following = self.pictures["first_plane"][self.pictures["first_plane"] > picture["first_plane"]]
        last = min([*following.tolist(), len(self.planes)])
        components = [
            fastdct.batch.CoefficientComponent(
                self.coefficients[plane["first_block"] :][: plane["num_rows"] * plane["num_cols"]].reshape(
                    plane["num_rows"], plane["num_cols"], 8, 8
                ),
                self.quantization[plane["quantization"]].reshape(8, 8),
                sampling,
            )
            for plane, sampling in zip(
                self.planes[picture["first_plane"] : last], header.sampling, strict=False
            )
        ]
        fields = header.height, header.width, "", header.color_space, header.orientation
        return fastdct.batch.CoefficientImage(*fields, tuple(components), ())


@pytest.mark.parametrize("options", [{}, {"num_frequencies": 9}, {"num_frequencies": 1}, {"luma_only": True}])
@pytest.mark.parametrize("num_threads", [1, 3])
def test_what_is_shipped_is_what_libjpeg_reads(options, num_threads):
    files = files_of_every_kind()
    shipped = Shipped(files, num_threads=num_threads, **options)
    assert shipped.shipment.states == [SHIPPED] * len(files)
    assert sorted(shipped.pictures["row"]) == list(range(len(files)))
    for picture in shipped.pictures:
        assert_row(shipped.row(picture), files[picture["row"]], **options)


def test_bad_sources_fail_as_they_do_elsewhere(tmp_path):
    sources = [str(s) if hasattr(s, "parts") else s for s in bad_sources(tmp_path)]
    shipped = Shipped(sources)
    assert shipped.shipment.states == [FAILED] * len(sources)
    batch = fastdct.read_batch(sources, on_error="mask", max_pixels=1 << 28)
    for row in range(len(sources)):
        assert shipped.shipment.error(row) == batch.errors[row].cause


@pytest.mark.parametrize("scarce", ["num_bytes", "num_blocks"])
def test_what_has_no_room_is_left_and_its_needs_are_known(scarce):
    files = files_of_every_kind()
    whole = Shipped(files).shipment
    needs = [whole.needed(row)[scarce == "num_blocks"] for row in range(len(files))]
    room = sum(needs[: len(files) // 2])
    shipped = Shipped(files, num_threads=1, **{scarce: room})
    states = shipped.shipment.states
    assert set(states) == {SHIPPED, LEFT}
    for picture in shipped.pictures:
        assert_row(shipped.row(picture), files[picture["row"]])
    first = states.index(LEFT)
    assert shipped.shipment.needed(first)[scarce == "num_blocks"] == needs[first]
    alone = Shipped([files[4]], **{scarce: needs[4] - 1}).shipment
    assert alone.states == [LEFT]
    assert alone.needed(0)[scarce == "num_blocks"] == needs[4]
    assert Shipped([files[4]], **{scarce: needs[4]}).shipment.states == [SHIPPED]


def test_photos_take_a_fraction_of_their_blocks(test_data):
    files = sorted((test_data / "category" / "caltech101").rglob("*.jpg"))[3::400]
    shipment = Shipped([str(file) for file in files], num_bytes=1 << 26, num_blocks=1 << 18).shipment
    assert set(shipment.states) == {SHIPPED}
    assert shipment.num_bytes < 0.25 * 128 * (shipment.end_block - 3)
