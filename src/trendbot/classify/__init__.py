"""Reading entries: the compiled rules and the learner."""
