"""Maps under the reader's fingers: the explorer, in a notebook, on a page, and at work on pictures of their own."""
