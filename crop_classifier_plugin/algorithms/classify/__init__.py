"""Series + model -> crop map: one file an algorithm."""
