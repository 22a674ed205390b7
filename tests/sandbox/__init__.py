"""The two pretend services. Written from the API references; imports nothing of ours."""
