"""Where a network looks: class activation maps, and the methods that came after."""
