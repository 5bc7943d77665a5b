"""What is wrong with a feed, with the evidence and what to do about it."""
