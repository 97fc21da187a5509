"""Why the numbers can be trusted: published figures, the other engine, measurements, calibration."""
