"""``medsins catalog``: what exists."""
