"""From content to messages: templates, contexts, linters."""
