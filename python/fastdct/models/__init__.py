"""Networks that take DCT coefficients."""
