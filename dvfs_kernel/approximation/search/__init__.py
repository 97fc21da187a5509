"""Which products to leave out at which loss: plans, evaluated and kept."""
