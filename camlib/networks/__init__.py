"""Networks, untrained or with ImageNet's weights, and their heads."""
