"""Exemplars: what the networks are trained on, as vectors and as pictures.

Importing this package imports none of JAX, Pillow, torch and h5py.
"""

from icl_repro.exemplars.about import About as About
from icl_repro.exemplars.about import about as about
from icl_repro.exemplars.about import facts as facts
from icl_repro.exemplars.about import mean_norm as mean_norm
from icl_repro.exemplars.choice import chosen as chosen
from icl_repro.exemplars.choice import handed_on as handed_on
from icl_repro.exemplars.choice import taken_up as taken_up
from icl_repro.exemplars.encoded import EncodedImages as EncodedImages
from icl_repro.exemplars.feature_file import FeatureFile as FeatureFile
from icl_repro.exemplars.glyphs import Glyphs as Glyphs
from icl_repro.exemplars.omniglot import Omniglot as Omniglot
from icl_repro.exemplars.pictures import exemplar_pictures as exemplar_pictures
from icl_repro.exemplars.registry import AnySource as AnySource
from icl_repro.exemplars.source import ExemplarSource as ExemplarSource
from icl_repro.exemplars.source import InvalidSelection as InvalidSelection
from icl_repro.exemplars.source import UnusableExemplars as UnusableExemplars
