"""The firmware's inline assembly as C, so that a host can run the kernels.

A statement becomes a block in which each operand is a 32-bit number and each instruction a line of
C. Addresses fit such a number, because the host has the board's memories where the board has them
(``host/board.c``). What an operand named in `_RECORDS` points to lies on the host's stack, and is
reached by the names of its members, which the core reaches by their places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["translate"]

_STATEMENT = re.compile(r"__asm(?:__)?\s*(?:volatile|__volatile__)?\s*\(")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_STRUCT = re.compile(r"typedef struct \{([^}]*)\} (\w+_t);")
_MEMBER = re.compile(r"(\w+)(?:\[\d+\])?;")
_OPERAND = re.compile(r'\s*(?:\[(?P<name>\w+)\])?\s*"(?P<constraint>[^"]*)"\s*\(')
_REPEAT = re.compile(r"\.rept (\d+)\n(.*?)\.endr\n", re.DOTALL)
# Operands that point to a struct, and which it is.
_RECORDS = {"run": "matrix_run_t", "k": "run_3_t"}
_NOTHING = ("dsb", "isb", "cpsid", "cpsie")
# The flags of four lanes, which one leaves to the other.
_FLAGS = {"ssub8": ("&lanes_ge",), "sel": ("lanes_ge",)}


@dataclass(frozen=True)
class _Operand:
    name: str
    constraint: str
    expression: str

    @property
    def is_record(self) -> bool:
        return self.name in _RECORDS and not self.is_output

    @property
    def is_output(self) -> bool:
        return self.constraint[0] in "+="


def translate(text: str) -> str:
    """Return preprocessed C with every statement of inline assembly in C."""
    records = {
        name: [match.group(1) for match in _MEMBER.finditer(body)]
        for body, name in _STRUCT.findall(text)
    }
    done = []
    at = 0
    for match in _STATEMENT.finditer(text):
        end = _closing(text, match.end())
        done += [text[at : match.start()], _block(text[match.end() : end], records)]
        at = end + 1  # the semicolon ends the block, too
    return "".join([*done, text[at:]])


def _closing(text: str, at: int) -> int:
    """Return where the parenthesis closes in which `at` is."""
    depth = 1
    for token in re.compile(r'"(?:[^"\\]|\\.)*"|[()]').finditer(text, at):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return token.start()
    raise ValueError("a statement of inline assembly does not end")


def _block(statement: str, records: dict[str, list[str]]) -> str:
    """Translate what is between a statement's parentheses."""
    code, *rest = _parts(statement)
    operands = [operand for part in rest[:2] for operand in _operands(part)]
    operands = [
        _Operand(operand.name or str(number), operand.constraint, operand.expression)
        for number, operand in enumerate(operands)
    ]
    text = "".join(_STRING.findall(code)).replace("\\n", "\n").replace("\\t", "\t")
    while _REPEAT.search(text):
        text = _REPEAT.sub(lambda match: match.group(2) * int(match.group(1)), text)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    labels = sorted({line[:-1] for line in lines if re.fullmatch(r"\d+:", line)})
    result = ["do {"]
    result += [f"__label__ asm_{label};" for label in labels]
    result.append("uint32_t flags = 0; uint32_t lanes_ge = 0; (void)flags; (void)lanes_ge;")
    members: dict[str, list[str]] = {}
    for operand in operands:
        if operand.is_record:
            members[operand.name] = records[_RECORDS[operand.name]]
            result.append(
                f"__typeof__({operand.expression}) o_{operand.name} = {operand.expression};"
            )
            continue
        value = (
            f"HOST_NUMBER({operand.expression})" if operand.constraint[0] != "=" else "0xA5A5A5A5u"
        )
        result.append(f"uint32_t o_{operand.name} = {value};")
    result += [_line(line, members) for line in lines]
    result += [
        f"{o.expression} = HOST_VALUE({o.expression}, o_{o.name});" for o in operands if o.is_output
    ]
    result.append("} while (0)")
    return " ".join(result)


def _parts(statement: str) -> list[str]:
    """Split a statement at its colons: code, outputs, inputs, clobbers."""
    parts, depth, start = [], 0, 0
    for token in re.compile(r'"(?:[^"\\]|\\.)*"|[()\[\]:]').finditer(statement):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.group(), 0)
        if token.group() == ":" and depth == 0:
            parts.append(statement[start : token.start()])
            start = token.end()
    return [*parts, statement[start:]]


def _operands(part: str) -> list[_Operand]:
    found, at = [], 0
    while match := _OPERAND.match(part, at):
        end = _closing(part, match.end())
        found.append(_Operand(match["name"] or "", match["constraint"], part[match.end() : end]))
        at = part.find(",", end) + 1 or len(part)
    return found


# ---- one instruction ------------------------------------------------------------------------


def _line(line: str, members: dict[str, list[str]]) -> str:
    if re.fullmatch(r"\d+:", line):
        return f"asm_{line[:-1]}:;"
    mnemonic, _, rest = line.partition(" ")
    arguments = _separated(rest)
    if mnemonic in _NOTHING:
        return ""
    if mnemonic == "wfi":
        return "host_wait();"
    if mnemonic in ("bne", "bpl"):
        condition = "flags != 0" if mnemonic == "bne" else "(int32_t)flags >= 0"
        return f"if ({condition}) goto asm_{arguments[0].rstrip('b')};"
    if mnemonic in ("ldr", "ldrsb", "str", "strb"):
        return _access(mnemonic, arguments, members)
    return _computation(mnemonic, arguments)


def _separated(text: str) -> list[str]:
    """Split at the commas that no bracket encloses."""
    items, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if item.strip()]


def _register(text: str) -> str:
    match = re.fullmatch(r"%\[(\w+)\]|%(\d+)", text)
    if match is None:
        raise ValueError(f"{text!r} is no operand that can be translated")
    return f"o_{match.group(1) or match.group(2)}"


def _value(text: str, shift: str = "") -> str:
    """Return a register, shifted or rotated, or a constant."""
    if text.startswith("#"):
        return f"(uint32_t)({text[1:]})"
    value = _register(text)
    if not shift:
        return value
    kind, amount = shift.split(" #")
    return f"host_{kind}({value}, {amount})"


def _access(mnemonic: str, arguments: list[str], members: dict[str, list[str]]) -> str:
    target = _register(arguments[0])
    inside, _, after = arguments[1][1:].rpartition("]")
    base, *offset = _separated(inside)
    name = _register(base)
    if name[2:] in members:
        number = int(offset[0][1:]) // 4 if offset else 0
        member = f"{name}->{members[name[2:]][number]}"
        if mnemonic == "str":
            return f"{member} = HOST_VALUE({member}, {target});"
        return f"{target} = HOST_NUMBER({member});"
    address = name if not offset else f"{name} + {_value(offset[0], *offset[1:])}"
    lines = [f"const uint32_t at = {address};"]
    if mnemonic in ("ldr", "ldrsb"):
        lines.append(f"{target} = host_{mnemonic}(at);")
    else:
        lines.append(f"host_{mnemonic}(at, {target});")
    if after:
        lines.append(f"{name} = at;")
    if len(arguments) > 2:
        lines.append(f"{name} += {_value(arguments[2])};")
    return "{ " + " ".join(lines) + " }"


def _computation(mnemonic: str, arguments: list[str]) -> str:
    target = _register(arguments[0])
    if mnemonic == "cmp":
        return f"flags = {target} - {_value(arguments[1])};"
    if mnemonic in ("add", "adds", "sub", "subs"):
        first, second = arguments[1:3] if len(arguments) > 2 else (arguments[0], arguments[1])
        sign = "+" if mnemonic.startswith("add") else "-"
        line = f"{target} = {_value(first)} {sign} {_value(second, *arguments[3:])};"
        return line + (f" flags = {target};" if mnemonic.endswith("s") else "")
    if mnemonic == "sxtb16":
        return f"{target} = host_sxtb16({_value(arguments[1], *arguments[2:])});"
    # With two operands the first one is shifted, too.
    operands = arguments if mnemonic == "asr" and len(arguments) == 2 else arguments[1:]
    values = ", ".join([*(_value(item) for item in operands), *_FLAGS.get(mnemonic, ())])
    return f"{target} = host_{mnemonic.partition('.')[0]}({values});"
