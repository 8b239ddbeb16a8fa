"""What `make bench` measures: ratios in one run where that is possible, printed and never asserted."""
