"""The training loop: module, trainer, checkpoints, evaluation."""
