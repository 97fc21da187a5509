"""How the other end of a serial line is written down."""

import pytest

import dvfs_kernel as dvfs


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (9600, (9600, 8, "N", 1)),
        ("115200", (115_200, 8, "N", 1)),
        ("115200,8N1", (115_200, 8, "N", 1)),
        (" 9600 7e2 ", (9600, 7, "E", 2)),
        ("1000000, 9O1.5", (1_000_000, 9, "O", 1.5)),
    ],
)
def test_speed_and_frame_are_read(value, key):
    line = dvfs.serial_line(value)
    assert line is not None
    assert line.key()[:4] == key
    assert str(line) == f"{key[0]} baud, {key[1]}{key[2]}{key[3]:g}"


def test_any_follows_the_firmware():
    assert dvfs.serial_line("any") is None


@pytest.mark.parametrize(
    "value", ["", "fast", 0, -5, "49", 27_000_001, "9600,8", "9600,6N1", "9600,8N3", "9" * 5000]
)
def test_what_is_no_line_is_refused_in_one_short_message(value):
    with pytest.raises(dvfs.QuantityError, match=r"50 to 27000000 .* 115200,8N1; 'any'") as caught:
        dvfs.serial_line(value)
    assert len(str(caught.value)) < 400
