"""The benchmark: what this product costs, as ratios against the alternatives (`make bench`)."""
