"""The docstrings under the fields of a type; they are the descriptions that `kubectl explain` shows."""

import ast
import inspect
import textwrap


def descriptions(kind: type) -> dict[str, str]:
    """Return the docstring of each field of a type, by the Python name of the field, in one line each."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    if not isinstance(definition, ast.ClassDef):
        raise TypeError(f"{kind} is no class")
    found = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found
