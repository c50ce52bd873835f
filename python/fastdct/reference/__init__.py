"""The slow, plain version of every kernel: the definition of right."""
