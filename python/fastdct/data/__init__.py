"""Datasets of JPEG files."""
