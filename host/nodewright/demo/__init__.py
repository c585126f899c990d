"""A fleet of virtual nodes that shows itself: the real firmware, held against the reference."""
