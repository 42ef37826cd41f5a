"""Programs run by hand, each documented in its folder; nothing in `modellab` imports them."""
