"""What our tests notice: the code is changed in one place at a time, and a test has to fail."""
