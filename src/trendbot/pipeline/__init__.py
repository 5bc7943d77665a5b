"""The stages that data walks through: poll, tag, group, measure, compose, deliver."""
