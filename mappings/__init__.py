"""What should happen: pure functions, frames and values in, frames out."""
