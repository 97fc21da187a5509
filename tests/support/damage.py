"""Damage to files: bytes that flip, move and vanish, and values that readers rarely think of."""

import io
import json
import zipfile

# Texts that stand where a reader expects a word or a number.
WORDS = (
    *("", "0", "-1", "1e999", "-0.0", "nan", "NaN", "inf", "null", "true", "[]", "{}", '"', "\\"),
    *("9" * 30, "9" * 5000, "1e308", "0x" + "F" * 40, "\x00", "\ud800", "é", "\u2028", ",", ";"),
    *("[" * 200, "{" * 200, "../../x", "$(x)", "`x`", "%s", "-", "--", "0.1e-400", "1_000", "\t"),
    *("2147483648", "-2147483649", "18446744073709551616", "65536", "256", "255", "4294967295"),
)
_BYTES = (0, 1, 2, 127, 128, 254, 255)
_NUMBERS = (0, 1, 2, 3, 255, 256, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# As floats: not a number, both infinities, the largest, the least.
_FLOATS = (0x7FC00000, 0x7F800000, 0xFF800000, 0x7F7FFFFF, 0x00000001)


def values(random):
    """Return a value that a document rarely has."""
    return random.choice(
        (
            *(None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**64 - 1, -(2**63), 10**19, 0.5),
            *(1e308, 5e-324, -0.0, "", "x", "\x00", "é" * 50, [], {}, [[]], [None], {"": {}}),
            *("../x", [0] * 300, ["a", 1, None], {"a": 1}, {"schema": 1}, "1e5", "pll:1/2/2"),
        )
    )


def damaged_bytes(data, random):
    """Return bytes with one to eight faults."""
    data = bytearray(data)
    for _ in range(random.randint(1, 8)):
        size = len(data)
        place = random.randrange(size + 1)
        kind = random.randrange(9)
        if kind < 3 and place < size:
            data[place] = random.choice(_BYTES) if kind else data[place] ^ 1 << random.randrange(8)
        elif kind == 3:
            width = random.choice((1, 2, 4, 8))
            number = random.choice((*_NUMBERS, *_FLOATS)) & (1 << 8 * width) - 1
            order = random.choice(("little", "big"))
            place -= place % width * random.randrange(2)
            data[place : place + width] = number.to_bytes(width, order)
        elif kind == 4:
            del data[place : place + random.choice((1, 2, 4, 16, 256))]
        elif kind == 5:
            data[place:place] = data[place : place + random.choice((1, 4, 64))] * random.choice(
                (1, 3)
            )
        elif kind == 6 and random.random() < 0.3:
            del data[place:]
        elif kind == 7:
            word = random.choice(WORDS).encode("utf-8", "surrogatepass")
            data[place : place + random.choice((0, len(word)))] = word
        else:
            begin = random.randrange(size + 1)
            piece = data[begin : begin + random.choice((1, 8, 64))]
            data[place : place + len(piece)] = piece
    return bytes(data)


def damaged_ends(data, random):
    """Return bytes with faults in their first and last few, where headers and tables are."""
    head, tail = random.choice((64, 256)), random.choice((256, 4096, 40960))
    first, last = data[:head], data[-tail:]
    if random.random() < 0.5:
        first = damaged_bytes(first, random)
    else:
        last = damaged_bytes(last, random)
    return first + data[head:-tail] + last


def damaged_archive(data, random):
    """Return a zip archive whose sums are right and one of whose members is damaged."""
    if random.random() < 0.2:
        return damaged_ends(data, random)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(members))
    damage = damaged_json if members[name][:1] == b"{" else damaged_ends
    content = damage(members.pop(name), random)
    if random.random() < 0.9:
        members[random.choice((name, *members)) if random.random() < 0.1 else name] = content
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    return file.getvalue()


def damaged_text(data, random):
    """Return text in which words or lines are others, twice there, or gone."""
    lines = data.decode().splitlines(keepends=True)
    for _ in range(random.randint(1, 4)):
        if not lines:
            break
        place = random.randrange(len(lines))
        kind = random.randrange(6)
        if kind == 0:
            del lines[place]
        elif kind == 1:
            lines.insert(place, random.choice(lines))
        elif kind == 2:
            lines[place] = random.choice(("    ", "\t", "")) + lines[place]
        else:
            words = _words(lines[place])
            if words:
                at = random.randrange(len(words))
                words[at] = random.choice((*WORDS, *_words(random.choice(lines)), words[at] * 2))
                lines[place] = "".join(words)
    return "".join(lines).encode("utf-8", "surrogatepass")


def damaged_json(data, random):
    """Return a document with other values in some places, or with damaged text."""
    if random.random() < 0.2:
        return damaged_text(json.dumps(json.loads(data), indent=1).encode(), random)
    holder = [json.loads(data)]
    for _ in range(random.randint(1, 3)):
        at, key = holder, 0
        while isinstance(at[key], dict | list) and at[key] and random.random() < 0.85:
            at = at[key]
            key = random.choice(list(at) if isinstance(at, dict) else range(len(at)))
        kind = random.randrange(5)
        if kind == 0 and at is not holder:
            del at[key]
        elif kind == 1 and isinstance(at, list) and at is not holder:
            at.append(at[key])
        elif kind == 2 and isinstance(at, dict):
            at[random.choice(("x", "", "schema"))] = values(random)
        else:
            at[key] = values(random)
        if not holder:
            break
    return json.dumps(holder[0]).encode()


def _words(line):
    found, word = [], ""
    for letter in line:
        if letter.isalnum() or letter in "_.+-":
            word += letter
            continue
        found += [word, letter] if word else [letter]
        word = ""
    return [*found, word] if word else found
