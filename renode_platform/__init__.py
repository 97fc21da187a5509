"""What Renode loads and the embedded engine reads: platform descriptions and device models."""
