"""Small data sets of images and of features, made for a test."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def drawing(class_: int, exemplar: int, side: int = 24) -> bytes:
    """A PNG file: a dark bar on white whose place tells the class, and a dot for the exemplar."""
    grey = np.full((side, side), 255, np.uint8)
    grey[:, 2 + 2 * class_ : 4 + 2 * class_] = 0
    grey[2 * exemplar : 2 * exemplar + 2, :2] = 40
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="PNG")
    return file.getvalue()


def files(n_classes: int = 4, n_drawings: int = 3) -> dict[str, bytes]:
    """The files of a data set, by name: alphabets of two characters each."""
    return {
        f"images/Alphabet_{class_ // 2}/character{class_ % 2 + 1:02}/{class_:04}_{each:02}.png": (
            drawing(class_, each)
        )
        for class_ in range(n_classes)
        for each in range(n_drawings)
    }


def write_folder(path: Path, content: dict[str, bytes]) -> Path:
    for name, file in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(file)
    return path


def write_zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in content.items():
            archive.writestr(name, file)
    return path


def table(n_classes: int = 6, n_exemplars: int = 3, width: int = 5, seed: int = 0) -> np.ndarray:
    """Features, float32."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_classes, n_exemplars, width)).astype(np.float32)
