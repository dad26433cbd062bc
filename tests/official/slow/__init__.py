"""Published networks once more: slow, in float64, from the publisher's state dict, without minidit."""
