import pytest

from fastdct.data import image_folder, is_landmarks, labels_csv, landmarks_csv


def test_class_folders(tmp_path):
    for name in ("b/2.jpg", "a/1.JPEG", "a/deep/3.jpg", "a/notes.txt", "loose.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    data = image_folder(tmp_path)
    assert data.classes == ("a", "b")
    assert [path.name for path in data.sources] == ["1.JPEG", "3.jpg", "2.jpg"]
    assert data.labels == (0, 0, 1)
    assert len(data) == 3
    assert "3 files, 2 classes" in repr(data)


def test_folders_without_photos_are_errors(tmp_path):
    with pytest.raises(ValueError, match="<class>/<photo>"):
        image_folder(tmp_path)
    with pytest.raises(ValueError, match="not a folder"):
        image_folder(tmp_path / "absent")


def test_labels_csv_filters_rows_and_resolves_paths(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,thing,split\nx/1.jpg,dog,train\nx/2.jpg,cat,val\nx/3.jpg,cat,train\n")
    data = labels_csv(table, label_column="thing", where={"split": "train"})
    assert data.sources == (tmp_path / "x/1.jpg", tmp_path / "x/3.jpg")
    assert data.classes == ("cat", "dog")
    assert data.labels == (1, 0)
    elsewhere = labels_csv(table, root="/photos", label_column="thing")
    assert str(elsewhere.sources[0]) == "/photos/x/1.jpg"


def test_tables_saved_by_spreadsheets_begin_with_a_mark(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n1.jpg,a\n", encoding="utf-8-sig")
    assert labels_csv(table).sources == (tmp_path / "1.jpg",)
    table.write_text("landmark_id,images\n7,0a1b2c3d4e5f6789\n", encoding="utf-8-sig")
    assert is_landmarks(table)
    assert landmarks_csv(table).classes == ("7",)


def test_labels_csv_errors_name_table_and_column(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n1.jpg,a\n")
    with pytest.raises(ValueError, match=r"labels\.csv: no column 'path'; its columns are file, label"):
        labels_csv(table)
    with pytest.raises(ValueError, match="no row"):
        labels_csv(table, path_column="file", where={"label": "b"})
    with pytest.raises(ValueError, match=r"absent\.csv"):
        labels_csv(tmp_path / "absent.csv")
    table.write_text("path,label\n1.jpg,a\n2.jpg\n")
    with pytest.raises(ValueError, match=r"labels\.csv: the row '2\.jpg' has no label"):
        labels_csv(table)
    table.write_text("path,label\n" + "x" * 200_000 + ",a\n")
    with pytest.raises(ValueError, match=r"labels\.csv: cannot be read as a CSV table: field larger"):
        labels_csv(table)


# --- Google Landmarks v2 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [None, "elsewhere"])
@pytest.mark.parametrize(
    "text",
    [
        "landmark_id,images\n7,0a1b2c3d4e5f6789 fedcba9876543210\n12,0a1b2c3d4e5f678a\n",
        "id,url,landmark_id\n0a1b2c3d4e5f6789,http://x,7\nfedcba9876543210,,7\n0a1b2c3d4e5f678a,http://y,12\n",
    ],
    ids=["train_clean.csv", "train.csv"],
)
def test_landmarks_are_read_as_published(tmp_path, text, root):
    table = tmp_path / "train.csv"
    table.write_text(text)
    assert is_landmarks(table)
    folder = tmp_path / "train" if root is None else tmp_path / root
    data = landmarks_csv(table, root=None if root is None else folder)
    assert data.classes == ("12", "7")
    assert data.labels == (1, 1, 0)
    assert data.sources == (
        folder / "0" / "a" / "1" / "0a1b2c3d4e5f6789.jpg",
        folder / "f" / "e" / "d" / "fedcba9876543210.jpg",
        folder / "0" / "a" / "1" / "0a1b2c3d4e5f678a.jpg",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.jpg,b\n", "expected the columns landmark_id and images, or id and landmark_id"),
        ("landmark_id,images\n", "there is no row"),
        ("landmark_id,images\n1,../../x\n", r"'\.\./\.\./x' is no identifier"),
        ("landmark_id,images\n1,ab\n", "'ab' is no identifier"),
        ("landmark_id,images\n1\n", "the row '1' has no images"),
        ("id,url,landmark_id\n0a1b2c3d4e5f6789,x\n", "has no landmark_id"),
    ],
)
def test_tables_that_are_no_landmarks_are_refused(tmp_path, text, message):
    table = tmp_path / "train.csv"
    table.write_text(text)
    with pytest.raises(ValueError, match=message):
        landmarks_csv(table)


def test_other_tables_are_told_apart(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\n")
    assert not is_landmarks(tmp_path / "labels.csv")
    assert not is_landmarks(tmp_path / "absent.csv")
