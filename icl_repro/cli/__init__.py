"""``icl-repro``: what there is to ask beside ``pytest claims/``, one module a command.

Exit statuses, of every command: 0, it did what was asked and the answer is yes; 1, the answer is no
(something regressed, does not verify, is missing); 2, a mistake in what was typed or in a file that
was named, told in one sentence.
"""

from __future__ import annotations

from icl_repro.cli.main import main

__all__ = ["main"]
