"""The code that speaks to an outlet; one module a kind. No transport knows another, nor the store."""
