"""That no transition is missing from a feed, nor there twice, at whatever moment its writer dies."""
