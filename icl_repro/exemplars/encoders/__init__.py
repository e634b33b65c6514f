"""Encoders: what turns images into feature vectors.

Importing this package imports neither JAX nor torch; an encoder does when it first encodes.
"""

from typing import TypeAlias

from icl_repro.exemplars.encoders.encoder import Encoder as Encoder
from icl_repro.exemplars.encoders.gabor import GaborEncoder as GaborEncoder
from icl_repro.exemplars.encoders.squeezenet import SqueezeNet as SqueezeNet
from icl_repro.exemplars.encoders.torch_network import TorchNetwork as TorchNetwork

AnyEncoder: TypeAlias = GaborEncoder | SqueezeNet | TorchNetwork
"""Every encoder, for decoding from JSON by the tag ``kind``."""
