"""How much each product of a layer matters, from what calibration images bring to the layer."""
