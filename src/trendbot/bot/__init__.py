"""The Telegram bot: commands and buttons for subscribers."""
