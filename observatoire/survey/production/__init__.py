"""After the field: weights, figures, what must be hidden, changes, and the file that a release may hold."""
