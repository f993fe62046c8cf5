"""Training on labels, from the job to the model folder."""
