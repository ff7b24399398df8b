"""The vocabulary that every other package speaks. Standard library only."""
