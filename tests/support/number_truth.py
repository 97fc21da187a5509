"""Where the package asks whether a number is true: 0 then counts as none."""

import ast

NUMBERS = {"int", "float"}


def _parts(annotation):
    """Return the names of an annotation's alternatives."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _parts(annotation.left) | _parts(annotation.right)
    return {ast.unparse(annotation)}


def kind(annotation):
    """Return "number", "perhaps" where it may be None, or "" for anything else."""
    if annotation is None:
        return ""
    parts = _parts(annotation)
    if not parts - {"None"} or parts - {"None"} - NUMBERS:
        return ""
    return "perhaps" if "None" in parts else "number"


def declared(trees):
    """Return the kinds of attributes and functions by name, where all of one name agree."""
    found = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, set()).add(kind(node.returns))
            elif isinstance(node, ast.ClassDef):
                for line in node.body:
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                        found.setdefault(line.target.id, set()).add(kind(line.annotation))
    return {name: kinds.copy().pop() for name, kinds in found.items() if len(kinds) == 1}


def _of(node, names, attributes):
    """Return the kind of an expression, as far as annotations tell it."""
    if isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        return "number"
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return attributes.get(node.attr, "")
    if isinstance(node, ast.Call):
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        return attributes.get(name, "")
    return ""


def _local(function):
    """Return the kinds of a function's arguments and annotated variables."""
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    names = {one.arg: kind(one.annotation) for one in every}
    for node in ast.walk(function):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = kind(node.annotation)
    return names


def confused(tree, attributes):
    """Yield (line, source) wherever 0 counts as none.

    That is an ``or`` with a number on either side, and a condition that is a number or None.
    """
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    seen = {}
    for scope, names in [(tree, {}), *((scope, _local(scope)) for scope in scopes)]:
        for node in ast.walk(scope):
            if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
                kinds = [_of(value, names, attributes) for value in node.values]
                last = node.values[-1]
                literal = isinstance(last, ast.Constant) and kinds[-1]
                if literal or "perhaps" in kinds[:-1]:
                    seen[node.lineno, node.col_offset] = ast.unparse(node)
            tests = []
            if isinstance(node, ast.If | ast.IfExp | ast.While):
                tests = [node.test]
            if isinstance(node, ast.BoolOp):
                tests += node.values[:-1]
            if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
                tests = [node.operand]
            for test in tests:
                if _of(test, names, attributes) == "perhaps":
                    seen[node.lineno, node.col_offset] = ast.unparse(node)[:90].split("\n")[0]
    return sorted((line, text) for (line, _), text in seen.items())
