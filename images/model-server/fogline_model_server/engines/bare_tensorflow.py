"""TensorFlow without Keras.

TensorFlow ends its own import with one of Keras wherever that is installed. No session needs it, and it costs
a second of every start.
"""

import os
import sys
from importlib import import_module
from typing import Any


def _imported() -> Any:
    if "keras" in sys.modules:
        return import_module("tensorflow")
    hidden: Any = None  # an import of it fails, which TensorFlow takes for an installation without Keras
    sys.modules["keras"] = hidden
    try:
        return import_module("tensorflow")
    finally:
        del sys.modules["keras"]


# warnings of the C++ part say nothing to a user of the server
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
tf: Any = _imported()
