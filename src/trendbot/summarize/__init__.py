"""The optional plug for a language model."""
