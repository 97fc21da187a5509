"""Why the numbers can be trusted: published figures, another engine, measurements, a fit."""
