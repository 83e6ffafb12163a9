"""Equal-budget search for hyperparameters: which points to train next, and which to take."""
