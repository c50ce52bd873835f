"""Kernels as plain functions: numpy arrays or tensors in, dataclasses out."""
