"""What the integration tests stand on: processes, ports, deadlines, Redis.  Standard library only."""
