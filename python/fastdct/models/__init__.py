"""Networks that take DCT tensors, and the weights they come with."""

from fastdct._extras import require

for _module in ("torch", "safetensors"):
    require(_module, extra="torch")

# Imported after the check above, so that a missing torch is named with the command that installs it.
from fastdct.models.classifier import Classifier, ClassifierConfig  # noqa: E402
from fastdct.models.complexity import Complexity, complexity  # noqa: E402
from fastdct.models.config import DelgConfig  # noqa: E402
from fastdct.models.delg import Delg, DelgOutput, delg_resnet18, delg_resnet50, delg_small  # noqa: E402
from fastdct.models.gate import ChannelGate, Gated, GatedOutput  # noqa: E402
from fastdct.models.heads import Attention, GeM, Reduction, Whitening, attention_pool  # noqa: E402
from fastdct.models.inference import for_inference  # noqa: E402
from fastdct.models.inputs import InputSpec  # noqa: E402
from fastdct.models.mobilenet import MobileNetV2  # noqa: E402
from fastdct.models.quantized import load_quantized  # noqa: E402
from fastdct.models.registry import create, names  # noqa: E402
from fastdct.models.resnet import ResNet  # noqa: E402
from fastdct.models.state import WeightsError  # noqa: E402
from fastdct.models.weights import load, load_classifier, save  # noqa: E402
from fastdct.models.wrapping import OnCoefficients, on_coefficients  # noqa: E402

__all__ = [
    "Attention",
    "ChannelGate",
    "Classifier",
    "ClassifierConfig",
    "Complexity",
    "Delg",
    "DelgConfig",
    "DelgOutput",
    "Gated",
    "GatedOutput",
    "GeM",
    "InputSpec",
    "MobileNetV2",
    "OnCoefficients",
    "Reduction",
    "ResNet",
    "WeightsError",
    "Whitening",
    "attention_pool",
    "complexity",
    "create",
    "delg_resnet18",
    "delg_resnet50",
    "delg_small",
    "for_inference",
    "load",
    "load_classifier",
    "load_quantized",
    "names",
    "on_coefficients",
    "save",
]
