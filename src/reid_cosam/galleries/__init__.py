"""Galleries of one's own: descriptors of tracklets, what is known of them, and what can be asked of them."""
