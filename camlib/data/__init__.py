"""What networks look at: digits, scenes and photographs, and where each comes from."""
