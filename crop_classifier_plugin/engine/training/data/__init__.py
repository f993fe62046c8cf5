"""What a training reads: labelled cubes on disk, patches, normalisation."""
