"""Which sources a run specification can name, for decoding from JSON by the tag ``kind``."""

from typing import TypeAlias

from icl_repro.exemplars.glyphs import Glyphs

AnySource: TypeAlias = Glyphs
"""Every concrete source: a tagged union once there is more than one."""
