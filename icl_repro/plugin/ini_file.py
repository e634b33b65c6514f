"""What the ini file of a suite of claims says, asked outside a session."""

from __future__ import annotations

from pathlib import Path

from _pytest.config.findpaths import determine_setup

from icl_repro.plugin.options import SPREAD_KEY


def measured_spread(folder: Path) -> Path | None:
    """Where it is kept how far trainings of one seed differ, by the ini file that pytest would read
    in `folder`; None if it says nothing.
    """
    root, path, found, _ = determine_setup(
        inifile=None,
        override_ini=None,
        args=[],
        rootdir_cmd_arg=None,
        invocation_dir=folder,
    )
    if path is None or SPREAD_KEY not in found:
        return None
    text = str(found[SPREAD_KEY].value)
    return root / Path(text).expanduser() if text else None
