"""Parts that several methods share: lengths, batches, seeds, checkpoints, training, selection, scores."""
