"""Asking strangers' servers, and reading what they say."""
