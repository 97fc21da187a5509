"""What a network may lose: labelled data, accuracy, significance of weights, skipping; training."""
