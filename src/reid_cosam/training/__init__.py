"""What trains a network under Lightning."""
