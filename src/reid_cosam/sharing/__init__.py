"""Networks for others: a folder that holds all that a network needs, and the Hugging Face hub."""
