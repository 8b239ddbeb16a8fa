"""What a published version means for the ModelDeployment that takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fogline.api import (
    GROUP,
    KIND,
    VERSION,
    FormStatus,
    ModelDeployment,
    ModelForm,
    ModelTraining,
    Runtime,
    Variant,
)
from fogline.conditions import Reason, Verdict
from fogline.objects.metadata import Document
from fogline.training.seen import Seen
from fogline.training.verdicts import no, yes


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The version that was published, and what is to be written for it."""

    verdict: Verdict
    """Of the condition `Published`; it holds only once the ModelDeployment is seen to have the version."""
    document: Document | None = None
    """What is applied to the ModelDeployment; None when it has it already, or must not get it."""


def artifacts(training: ModelTraining, forms: tuple[FormStatus, ...], version: int, seen: Seen) -> Artifacts:
    """Say what the ModelDeployment of a training is to get of a version."""
    target = training.spec.publish.model_deployment
    if target is None:
        return Artifacts(yes(Reason.PUBLISHED, f"version {version} is in the store"))
    model = seen.model
    if model is None:
        text = f"version {version} is in the store; there is no ModelDeployment {target.name} to take it"
        return Artifacts(no(Reason.MODEL_DEPLOYMENT_MISSING, text))
    live = {variant.name: variant for variant in model.spec.variants}
    found = {form.form: form for form in forms}
    wanted = {one.name: one.form for one in target.variants}
    if obstacle := _too_open(training, model) or _unfit(wanted, live, found, version):
        return Artifacts(replace(obstacle, message=f"ModelDeployment {target.name}: {obstacle.message}"))
    given = {name: _artifact(found[form], training) for name, form in wanted.items()}
    if all(_has(live[name], artifact) for name, artifact in given.items()):
        text = f"version {version} is in the store and in ModelDeployment {target.name}"
        return Artifacts(yes(Reason.PUBLISHED, text))
    variants = [{"name": name, "artifact": artifact} for name, artifact in given.items()]
    meta = model.metadata
    text = f"version {version} is in the store and on its way into ModelDeployment {target.name}"
    return Artifacts(
        no(Reason.FINISHING, text),
        {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            # the uid keeps it off a namesake that came later, and from making one
            "metadata": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
            "spec": {"variants": variants},
        },
    )


def _too_open(training: ModelTraining, model: ModelDeployment) -> Verdict | None:
    """Keep a model from where data is kept that is less sensitive than what it was trained on."""
    needed, has = training.spec.placement.data_sensitivity, model.spec.placement.data_sensitivity
    if has >= needed:
        return None
    text = f"it is {has}, and the model was trained on data that is {needed}: raise its dataSensitivity"
    return no(Reason.SENSITIVITY_LOWERED, text)


def _unfit(
    wanted: Mapping[str, ModelForm],
    live: Mapping[str, Variant],
    found: Mapping[ModelForm, FormStatus],
    version: int,
) -> Verdict | None:
    for name, form in wanted.items():
        if mismatch := _mismatch(live.get(name), form):
            return no(Reason.VARIANT_MISMATCH, f"variant {name} {mismatch}")
        if form not in found:
            return no(Reason.WAITING_FOR_EARLIER_STEP, f"version {version} has no {form}")
    return None


def _mismatch(variant: Variant | None, form: ModelForm) -> str | None:
    if variant is None:
        return "does not exist"
    serves_saved_models = variant.runtime is Runtime.TENSORFLOW_SERVING
    if serves_saved_models is (form is ModelForm.SAVED_MODEL):
        return None
    return f"has runtime {variant.runtime}, which does not serve {form}"


def _artifact(form: FormStatus, training: ModelTraining) -> dict[str, str]:
    secret = training.spec.publish.reader_secret_name
    return {"uri": form.uri, "sha256": form.sha256, **({"secretName": secret} if secret else {})}


def _has(variant: Variant, artifact: dict[str, str]) -> bool:
    live = variant.artifact
    if live is None:
        return False
    return (live.uri, live.sha256, live.secret_name) == (
        artifact["uri"],
        artifact["sha256"],
        artifact.get("secretName"),
    )
