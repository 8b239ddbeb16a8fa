"""Where the forms of a version lie."""

from dataclasses import dataclass

from fogline_trainer.run_document import FormName

TFLITE_FILE = "model.tflite"
SAVED_MODEL_FILE = "saved_model.pb"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to publish a network."""

    name: FormName
    folder: str
    """Below the publish URI; it holds the versions."""

    @property
    def is_saved_model(self) -> bool:
        """Whether TensorFlow runs it; LiteRT runs all others."""
        return self.name == "SavedModel"

    @property
    def main_file(self) -> str:
        """The file without which nobody takes a version for whole."""
        return SAVED_MODEL_FILE if self.is_saved_model else TFLITE_FILE


FORMS: dict[FormName, Form] = {
    form.name: form
    for form in (
        Form("SavedModel", "savedmodel"),
        Form("TFLiteFloat32", "tflite-float32"),
        Form("TFLiteFloat16", "tflite-float16"),
        Form("TFLiteDynamicRange", "tflite-dynamic-range"),
        Form("TFLiteInt8", "tflite-int8"),
    )
}
