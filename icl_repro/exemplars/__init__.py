"""Exemplars: what the networks are trained on, as vectors and as pictures.

Importing this package imports neither JAX nor Pillow.
"""

from icl_repro.exemplars.glyphs import Glyphs as Glyphs
from icl_repro.exemplars.pictures import exemplar_pictures as exemplar_pictures
from icl_repro.exemplars.registry import AnySource as AnySource
from icl_repro.exemplars.source import ExemplarSource as ExemplarSource
from icl_repro.exemplars.source import InvalidSelection as InvalidSelection
