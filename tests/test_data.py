"""Tar shards, and datasets in torch's own DataLoader."""

from __future__ import annotations

import io
import multiprocessing
import tarfile
from itertools import chain

import pytest
import torch
from torch.utils.data import DataLoader

from fastdct import Decoder, JpegError
from fastdct.data import (
    DctDataset,
    DctLoader,
    DctStream,
    Sources,
    TarShards,
    Turn,
    image_files,
    image_folder,
)
from fastdct.data.shards import expand
from fastdct.geometry import Compose, RandomHorizontalFlip, RandomResizedCrop
from fastdct.photometric import ColorJitter
from jpegs import make_jpeg

RANDOM = Compose([RandomResizedCrop(), RandomHorizontalFlip()])


def write_tar(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture(scope="module")
def photos():
    return [make_jpeg(40 + seed, 60 - seed, seed=seed) for seed in range(24)]


@pytest.fixture(scope="module")
def shards(photos, tmp_path_factory):
    """Four shards of six samples; the label of a sample is its number."""
    folder = tmp_path_factory.mktemp("shards")
    for shard in range(4):
        members = []
        for number in range(6 * shard, 6 * shard + 6):
            members += [(f"a/{number:03}.jpg", photos[number]), (f"a/{number:03}.cls", b"%d\n" % number)]
        write_tar(folder / f"s-{shard:02}.tar", members)
    return TarShards(f"{folder}/s-{{00..03}}.tar", buffer=5)


def labels_of(samples):
    return [sample.label for sample in samples]


# --- shards --------------------------------------------------------------------------------------------------


def test_a_pattern_stands_for_its_range():
    assert expand("a-{09..11}.tar") == ["a-09.tar", "a-10.tar", "a-11.tar"]
    assert expand("{0..1}/{5..6}") == ["0/5", "0/6", "1/5", "1/6"]
    assert expand("plain.tar") == ["plain.tar"]


def test_samples_come_in_order_with_bytes_label_and_name(shards, photos):
    samples = list(shards.samples())
    assert labels_of(samples) == list(range(24))
    assert [sample.source for sample in samples] == photos
    assert samples[7].name == f"{shards.shards[1]}:a/007.jpg"


def test_shuffled_samples_are_all_there_and_repeat_with_the_turn(shards):
    orders = [labels_of(shards.samples(Turn(epoch, seed=seed))) for epoch in (0, 1) for seed in (0, 1)]
    assert all(sorted(order) == list(range(24)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert labels_of(shards.samples(Turn(1, seed=1))) == orders[3]
    assert orders[0][:6] != sorted(orders[0][:6])


@pytest.mark.parametrize("seed", [None, 3])
def test_readers_share_the_shards(shards, seed):
    parts = [labels_of(shards.samples(Turn(2, rank, 3, seed))) for rank in range(3)]
    assert sorted(chain.from_iterable(parts)) == list(range(24))
    assert sorted(map(len, parts)) == [6, 6, 12]


def test_compressed_shards_other_members_and_names_with_dots_are_read(tmp_path, photos):
    path = write_tar(
        tmp_path / "s.tar.gz",
        [("x/1.seg.png", b"-"), ("x/1.JPEG", photos[0]), ("x/1.json", b"{}"), ("y/1.jpg", photos[1])],
        mode="w:gz",
    )
    samples = list(TarShards([path], label=None).samples())
    assert [(sample.source, sample.label) for sample in samples] == [(photos[0], None), (photos[1], None)]


def test_what_is_wrong_with_a_shard_is_said(tmp_path, photos):
    def reading(members, **options):
        return list(TarShards(write_tar(tmp_path / "s.tar", members), **options).samples())

    with pytest.raises(ValueError, match=r"s\.tar: the sample 'a' has no JPEG among its members \['cls'\]"):
        reading([("a.cls", b"1")])
    with pytest.raises(ValueError, match=r"s\.tar: the sample 'a' has no 'cls'"):
        reading([("a.jpg", photos[0])])
    with pytest.raises(ValueError, match=r"s\.tar: a\.cls is no decimal number: b'cat'"):
        reading([("a.jpg", photos[0]), ("a.cls", b"cat")])
    whole = (tmp_path / "s.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:700])
    with pytest.raises(ValueError, match=r"cut\.tar: cannot be read as a tar shard"):
        list(TarShards(tmp_path / "cut.tar").samples())
    with pytest.raises(ValueError, match=r"absent\.tar: cannot be read"):
        list(TarShards(tmp_path / "absent.tar").samples())
    with pytest.raises(ValueError, match="no shards"):
        TarShards([])
    with pytest.raises(ValueError, match="buffer"):
        TarShards("s.tar", buffer=0)
    with pytest.raises(ValueError, match="1 shards cannot be shared by 2 readers"):
        TarShards(tmp_path / "s.tar").samples(Turn(num_replicas=2))


# --- shards in the loader ------------------------------------------------------------------------------------


def shard_loader(shards, **options):
    decoder = Decoder(32, channels=24, window=RANDOM, on_error="skip", num_threads=2)
    return DctLoader(shards, decoder, **{"batch_size": 5, "shuffle": True, **options})


def test_a_loader_streams_shards(shards, photos):
    loader = DctLoader(shards, Decoder(32, channels=24), batch_size=5)
    batches = list(loader)
    assert [len(batch.tensor) for batch in batches] == [5, 5, 5, 5, 4]
    assert torch.cat([batch.labels for batch in batches]).tolist() == list(range(24))
    expected = Decoder(32, channels=24)(photos).tensor
    assert torch.equal(torch.cat([batch.tensor for batch in batches]), expected)
    with pytest.raises(TypeError, match="not known before they are read"):
        len(loader)
    assert [len(batch.tensor) for batch in DctLoader(shards, Decoder(32), batch_size=5, drop_last=True)] == [
        5
    ] * 4


def test_a_stream_is_drawn_by_name_and_resumed_exactly(shards):
    straight = list(shard_loader(shards))
    rows = {
        label: row
        for batch in straight
        for label, row in zip(batch.labels.tolist(), batch.tensor, strict=True)
    }
    for batch in shard_loader(shards, shuffle=False, batch_size=7, num_threads=1):
        assert all(
            torch.equal(row, rows[label])
            for label, row in zip(batch.labels.tolist(), batch.tensor, strict=True)
        )
    stopped = shard_loader(shards)
    batches = iter(stopped)
    next(batches)
    next(batches)
    resumed = shard_loader(shards)
    resumed.load_state_dict(stopped.state_dict())
    batches.close()
    for batch, expected in zip(resumed, straight[2:], strict=True):
        assert torch.equal(batch.tensor, expected.tensor)
        assert torch.equal(batch.labels, expected.labels)


def test_a_bad_member_is_named_and_a_bad_shard_ends_the_pass(tmp_path, photos):
    members = [("1.jpg", photos[0]), ("2.jpg", b"bad"), ("3.jpg", photos[1])]
    loader = shard_loader(TarShards(write_tar(tmp_path / "s.tar", members), label=None), shuffle=False)
    [batch] = loader
    assert len(batch.tensor) == 2
    assert set(loader.errors) == {f"{tmp_path}/s.tar:2.jpg"}
    with pytest.raises(JpegError, match=r"s\.tar:2\.jpg: "):
        list(DctLoader(TarShards(tmp_path / "s.tar", label=None), Decoder(32), batch_size=2))
    (tmp_path / "cut.tar").write_bytes((tmp_path / "s.tar").read_bytes()[:700])
    with pytest.raises(ValueError, match=r"cut\.tar: cannot be read"):
        list(shard_loader(TarShards(tmp_path / "cut.tar", label=None)))


# --- torch's own loader --------------------------------------------------------------------------------------


def test_a_dataset_gives_tensors_and_labels(photos):
    dataset = DctDataset(Sources(photos, range(24)), Decoder(32, channels=24))
    batches = list(DataLoader(dataset, batch_size=8))
    assert torch.equal(torch.cat([tensor for tensor, _ in batches]), Decoder(32, channels=24)(photos).tensor)
    assert torch.cat([labels for _, labels in batches]).tolist() == list(range(24))
    assert DctDataset(Sources(photos), Decoder(32))[0].shape == (64, 4, 4)
    twice = DctDataset(Sources(photos), Decoder(32), photometric=ColorJitter(contrast=(2.0, 2.0)))
    torch.testing.assert_close(twice[0][1:], 2 * DctDataset(Sources(photos), Decoder(32))[0][1:])


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_worker_processes_decode_and_draw_differently(photos, context):
    """The same picture eight times: two workers, two epochs, all windows distinct, all repeated with the seed."""
    dataset = DctDataset(Sources(photos[:1] * 4, range(4)), Decoder(32, channels=24, window=RANDOM))
    Decoder(32, num_threads=2)(photos[:4])  # the parent's threads do not exist in a forked child

    def passes(number):
        random = torch.Generator().manual_seed(1)
        loader = DataLoader(
            dataset,
            num_workers=2,
            generator=random,
            multiprocessing_context=multiprocessing.get_context(context),
        )
        return [tensor for _ in range(number) for tensor, _ in loader]

    rows = passes(2 if context == "fork" else 1)  # a spawned worker imports torch anew, which takes seconds
    assert not any(torch.equal(one, other) for i, one in enumerate(rows) for other in rows[:i])
    if context == "fork":
        assert all(torch.equal(one, other) for one, other in zip(rows, passes(2), strict=True))


def test_workers_share_a_stream(shards):
    stream = DctStream(shards, Decoder(32, channels=24), seed=1)
    seen = [labels.tolist() for _, labels in DataLoader(stream, batch_size=3, num_workers=2)]
    assert sorted(chain.from_iterable(seen)) == list(range(24))
    stream.epoch = 1
    again = [labels.tolist() for _, labels in DataLoader(stream, batch_size=3, num_workers=2)]
    assert sorted(chain.from_iterable(again)) == list(range(24))
    assert again != seen
    halves = [list(DctStream(shards, Decoder(32), rank=rank, num_replicas=2)) for rank in range(2)]
    assert sorted(label for half in halves for _, label in half) == list(range(24))


def test_a_worker_s_error_names_the_file(tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "bad.jpg").write_bytes(b"no jpeg")
    dataset = DctDataset(image_folder(tmp_path), Decoder(32, on_error="skip"))
    with pytest.raises(RuntimeError, match=r"bad\.jpg"):
        list(DataLoader(dataset, num_workers=1))


# --- files ---------------------------------------------------------------------------------------------------


def test_all_files_below_a_folder(tmp_path):
    with pytest.raises(ValueError, match="no file below it is named as a JPEG"):
        image_files(tmp_path)
    for name in ("b/2.jpg", "1.JPEG", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = image_files(tmp_path)
    assert [found[i].name for i in range(len(found))] == [f"{tmp_path}/1.JPEG", f"{tmp_path}/b/2.jpg"]
    with pytest.raises(ValueError, match="not a folder"):
        image_files(tmp_path / "1.JPEG")
