"""How well a map points, and whether it tells the truth about its network."""
