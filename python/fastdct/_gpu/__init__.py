"""Files to coefficients in the memory of a device, and from there to tensors. Needs torch.

The host reads files and copies them, or what it made of them, into page-locked memory; the device does the rest. All of it
is launched on the caller's current stream and never waited for, but where a caller is told what failed on the device.
"""
