"""New names: finding what may be one, and choosing those that surge."""
