"""Losses and loops that train the models."""
