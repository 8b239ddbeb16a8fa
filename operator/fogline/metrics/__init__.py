"""What Prometheus sees of the processes of ours."""
