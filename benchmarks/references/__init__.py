"""What the product is compared with: literal, plain and released implementations, and arithmetic on paper."""
