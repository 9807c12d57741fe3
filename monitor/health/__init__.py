"""How the service is: its pulse, what is well and what is not, the numbers for Prometheus, the words for systemd."""
