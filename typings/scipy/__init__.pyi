"""What the program takes of SciPy, which has no types: without this the checker infers them from its source."""
