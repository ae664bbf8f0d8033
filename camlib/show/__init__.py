"""Maps before the reader's eyes: figures, and the explorer."""
