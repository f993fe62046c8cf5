"""Every network and the random forest on one square of Flanders."""
