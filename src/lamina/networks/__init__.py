"""Networks: specs that say what is wanted, layers that map tensors, and the way from one to the other.

Enters: a `Signature` and a seed. Leaves: modules from tensors to scores. Must not know: tables, files, training loops.

Each family is one file: maths, source, spec, ``.build(signature, seed=)``. Every module maps ``(batch, unit)`` with
its own parameters and ``(member, batch, unit)`` with stacked ones (`lamina.networks.layers`), so a fleet needs no code
of its own. A loss is a spec too, and maps scores and truth to one number a row (`lamina.networks.losses`).
"""

from lamina.networks.activations import ACTIVATIONS, ALIASES, Activation, activation
from lamina.networks.attention import Attention
from lamina.networks.augment import Augment
from lamina.networks.convnet import Conv, ConvNet, Pooling
from lamina.networks.fcn import FCN
from lamina.networks.ft_transformer import ColumnsNetwork, FTTransformer
from lamina.networks.hierarchical import Hierarchical
from lamina.networks.inception_time import InceptionTime
from lamina.networks.initialise import Scheme, fill_affine, fill_embedding
from lamina.networks.layers import (
    Activate,
    Affine,
    BatchNorm,
    Concat,
    Dropout,
    Embedding,
    LayerNorm,
    Noise,
    OneHot,
    Residual,
)
from lamina.networks.lenet import LeNet5
from lamina.networks.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Euclidean,
    Focal,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    RootMeanSquaredError,
)
from lamina.networks.mlp import MLP, Hidden, check_hidden, hidden_activations
from lamina.networks.parse import FAMILIES, NETWORK_KINDS, NETWORKS, Network, describe, parse_network
from lamina.networks.perceptron import Perceptron, PerceptronNetwork, PerceptronResult
from lamina.networks.periodic import Periodic, Waves
from lamina.networks.phrases import Phrases
from lamina.networks.piecewise import Piecewise, Ramps, encoders_of, settle
from lamina.networks.reading import Recurrent
from lamina.networks.recurrent_series import RecurrentSeries
from lamina.networks.resnet import ResNet
from lamina.networks.small_images import is_tiny
from lamina.networks.table import FieldsNetwork, Table, TableNetwork, usual_encoders
from lamina.networks.text_transformer import TextTransformer
from lamina.networks.transformer import FeedForward, Stack, Transformer
from lamina.networks.usual import usual_trunk
from lamina.networks.words import Words

__all__ = [
    "ACTIVATIONS",
    "ALIASES",
    "FAMILIES",
    "FCN",
    "LOSSES",
    "MLP",
    "NETWORKS",
    "NETWORK_KINDS",
    "Activate",
    "Activation",
    "Affine",
    "Attention",
    "Augment",
    "BatchNorm",
    "BinaryCrossEntropy",
    "ColumnsNetwork",
    "Concat",
    "Conv",
    "ConvNet",
    "CrossEntropy",
    "Dropout",
    "Embedding",
    "Euclidean",
    "FTTransformer",
    "FeedForward",
    "FieldsNetwork",
    "Focal",
    "Hidden",
    "Hierarchical",
    "Hinge",
    "Huber",
    "InceptionTime",
    "LayerNorm",
    "LeNet5",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Network",
    "Noise",
    "OneHot",
    "Perceptron",
    "PerceptronNetwork",
    "PerceptronResult",
    "Periodic",
    "Phrases",
    "Piecewise",
    "Poisson",
    "Pooling",
    "Quantile",
    "Ramps",
    "Recurrent",
    "RecurrentSeries",
    "ResNet",
    "Residual",
    "RootMeanSquaredError",
    "Scheme",
    "Stack",
    "Table",
    "TableNetwork",
    "TextTransformer",
    "Transformer",
    "Waves",
    "Words",
    "activation",
    "check_hidden",
    "describe",
    "encoders_of",
    "fill_affine",
    "fill_embedding",
    "hidden_activations",
    "is_tiny",
    "parse_network",
    "settle",
    "usual_encoders",
    "usual_trunk",
]
