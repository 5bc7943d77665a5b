"""trendbot follows AI news feeds, finds what is rising, and publishes digests with proofs."""

__version__ = "0.1.0"
