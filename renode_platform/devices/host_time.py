"""What every host asks of the times that a device model gives it."""


def coming(time_ps, now_ps):
    """Return a time that is a whole number and has not passed.

    A model reckons times from ``now_ps()``: one that has passed, or a fraction of a picosecond, is
    a mistake of the model, which a lenient host would turn into another time.

    Raises
    ------
    ValueError
        It is another.
    """
    if isinstance(time_ps, float) or time_ps < now_ps:
        raise ValueError(
            "a device model asks for something at %r ps, and it is %r ps now; a whole number from "
            "then on is allowed" % (time_ps, now_ps)
        )
    return time_ps
