"""Datasets of JPEG files."""

from fastdct.data.labelled import Labelled, image_folder, labels_csv

__all__ = ["Labelled", "image_folder", "labels_csv"]
