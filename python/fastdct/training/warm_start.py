"""Starting from weights that were trained on ImageNet, as torchvision stores them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fastdct.models import WeightsError
from fastdct.training.tensor_files import load_tensors

IMAGENET = (
    (123.675, 116.28, 103.53),
    (58.395, 57.12, 57.375),
)
"""(mean, std) of RGB in 0..255 by which torchvision's networks are trained."""

STATE_SUFFIXES = (".pth", ".pt", ".safetensors")

# What may be left as it was drawn: the stem (DCT networks have none or their own), the layers that meet the input, since
# theirs depend on its channels, and the classifier, since classes differ.
_FREE = ("conv1.", "bn1.", "norm.", "gate.", "layer1.0.conv1.", "layer1.0.downsample.", "fc.", "classifier.")


def read_state(file: Path) -> dict[str, Tensor]:
    """A state dict from .safetensors, or from .pth or .pt as ``torch.save`` writes it; nothing else is unpickled.

    Raises
    ------
    WeightsError
        The file is missing or damaged, or holds something else than tensors by name.
    """
    if not file.is_file():
        raise WeightsError(
            f"{file}: there is no such file; give a .pth, .pt or .safetensors, or a folder of weights"
        )
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        state = load_tensors(file)
    except (ValueError, SafetensorError) as error:
        raise WeightsError(f"{file}: cannot be read as weights: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{file}: holds something else than tensors by name; give a state dict")
    return state


def take_weights(network: nn.Module, state: Mapping[str, Tensor], *, name: str) -> tuple[str, ...]:
    """Copy the tensors whose names and shapes agree; those of the input and of the classes may differ.

    With exactly 64 DCT channels every stage of a ResNet takes torchvision's weights (Xu et al., "Learning in the
    frequency domain", CVPR 2020, section 3.1); with others the first convolution and the first shortcut stay as drawn.

    Returns
    -------
    tuple[str, ...]
        What stays as it was drawn.

    Raises
    ------
    WeightsError
        A tensor that may not differ is missing or of another shape; ``name`` is what the message calls the weights.
    """
    own = network.state_dict()
    fits = {key for key, value in own.items() if key in state and state[key].shape == value.shape}
    left = tuple(key for key in own if key not in fits and not key.endswith("num_batches_tracked"))
    wrong = [key for key in left if not key.startswith(_FREE)]
    if wrong or not fits:
        key = wrong[0] if wrong else next(iter(own))
        found = f"is {list(state[key].shape)}" if key in state else "is not among them"
        raise WeightsError(
            f"{name}: weights of another network: {key} must be {list(own[key].shape)} and {found}; "
            f"{len(left)} of {len(own)} tensors do not fit"
        )
    network.load_state_dict({key: state[key] for key in fits}, strict=False)
    return left
