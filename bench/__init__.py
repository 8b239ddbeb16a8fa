"""What `make bench` measures. Ratios in one run where that is possible; figures are printed, never asserted."""
