"""Which sources a run specification can name, for decoding from JSON by the tag ``kind``."""

from typing import TypeAlias

from icl_repro.exemplars.encoded import EncodedImages
from icl_repro.exemplars.feature_file import FeatureFile
from icl_repro.exemplars.glyphs import Glyphs
from icl_repro.exemplars.omniglot import Omniglot

AnySource: TypeAlias = Glyphs | FeatureFile | EncodedImages | Omniglot
"""Every concrete source."""
